"""python -m tests.fuzz [--seconds 60] [--seed N]: malformed messages for the SNMP engine; exit 1 if they harm it."""

import argparse
import asyncio
import secrets
import sys
import time

from tests.fuzz.bench import SLOWEST, Bench, Tally

ROUND = 5_000  # messages of one seed
MOST_GROWN = 20.0  # MB


async def fuzz(seconds: float, seed: int) -> Tally:
    """Feed messages for so long; every round has a seed of its own, one more than the one before."""
    until = time.monotonic() + seconds
    total = Tally()
    while time.monotonic() < until:
        print(f"seed {seed}", flush=True)
        bench = Bench(seed)
        tally = bench.run(ROUND)
        bench.close()
        total.messages += tally.messages
        total.taken += tally.taken
        total.refused += tally.refused
        total.slowest = max(total.slowest, tally.slowest)
        total.grown += max(0.0, tally.grown)
        for kind, count in tally.errors.items():
            total.errors[kind] = total.errors.get(kind, 0) + count
        seed += 1
    return total


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long; default 60")
    parser.add_argument("--seed", type=int, default=None, help="of the first round; default: any")
    asked = parser.parse_args()
    tally = asyncio.run(fuzz(asked.seconds, secrets.randbelow(10**9) if asked.seed is None else asked.seed))
    print(tally)
    if tally.slowest > SLOWEST or tally.grown > MOST_GROWN:
        print(f"allowed are {SLOWEST * 1000:g} ms and +{MOST_GROWN:g} MB", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
