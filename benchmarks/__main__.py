"""Run every benchmark and print its table."""

import asyncio
import platform

from benchmarks import decoding, walking


def main() -> None:
    """Print the machine, then each benchmark's rows."""
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {platform.system()}")
    for title, rows in (("decoding", decoding.measure()), ("walking", asyncio.run(walking.measure()))):
        print(f"\n{title}")
        for row in rows:
            print("  " + "  ".join(f"{cell:>14}" if n else f"{cell:<34}" for n, cell in enumerate(row)))


if __name__ == "__main__":
    main()
