"""Run benchmarks in turn, round after round, and say what came out: `python -m benchmarks [NAME …]`."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from subprocess import SubprocessError

from benchmarks import burst, fleet, logins, machine, polling, report, scraping
from benchmarks.bench import Bench, Case
from benchmarks.figures import Results
from benchmarks.programs import Lacking

RESULTS = Path("build/benchmarks.json")
ROUNDS = 5

CASES: dict[str, Callable[[], list[Case]]] = {
    "polling": polling.cases,
    "burst": burst.cases,
    "scraping": scraping.cases,
    "logins": logins.cases,
}


TABLES = ("decoding", "exposition")
"""Modules here whose `measure` returns rows of text: measured once, and only printed. Those that are there are run."""


def run(cases: Sequence[Case], bench: Bench, results: Results) -> None:
    """Measure every case once a round. One the machine lacks something for is not tried again; one that fails is."""
    never: set[Case] = set()
    for number in range(bench.rounds):
        for case in cases:
            if case in never:
                continue
            where = f"round {number + 1} of {bench.rounds} | {case.table} | {case.row}"
            try:
                columns = case.measure(bench)
            except (Lacking, RuntimeError, OSError, SubprocessError) as problem:
                results.lacking[case.table, case.row] = str(problem)
                never |= {case} if isinstance(problem, Lacking) else set()
                _say(f"{where}: left out: {problem}")
                continue
            results.add(number, case.table, case.row, columns)
            _say(f"{where}: {', '.join(f'{value:.4g} {name}' for name, value in columns.items())}")


def main() -> int:
    """Measure what is asked for (default: all but the fleet), keep it as JSON beside earlier runs, and print it all."""
    given = _arguments()
    document = report.read(given.results) if given.results.exists() else report.empty()
    for name, results in _measured(given):
        document["runs"][name] = report.run_of(results, " ".join(["python -m benchmarks", *sys.argv[1:]]))
        given.results.parent.mkdir(parents=True, exist_ok=True)
        given.results.write_text(json.dumps(document, indent=1), "utf-8")
    print(report.text(document))
    for name in _tables(given):
        print(f"\n{name}\n{report.aligned(import_module(f'benchmarks.{name}').measure())}")
    if given.write:
        given.write.write_text(report.page(document), "utf-8")
    return 0


def _measured(given: argparse.Namespace) -> Iterator[tuple[str, Results]]:
    wanted = [] if given.only_write else given.names or list(CASES)
    short = [name for name in wanted if name in CASES]
    if short:
        results = Results()
        with Bench(rounds=given.rounds) as bench:
            run([case for name in short for case in CASES[name]()], bench, results)
        yield "short", results
    if "fleet" in wanted:
        results = Results()
        with Bench(rounds=1) as bench:
            run(fleet.cases(given.fleet_rounds, given.interval, given.devices), bench, results)
        yield "fleet", results


def _tables(given: argparse.Namespace) -> list[str]:
    wanted = [] if given.only_write else given.names or TABLES
    return [name for name in TABLES if name in wanted and find_spec(f"benchmarks.{name}")]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join([*CASES, *TABLES])}; fleet (long: not by default)"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds of each row (default {ROUNDS})")
    parser.add_argument("--results", type=Path, default=RESULTS, help=f"JSON to keep (default {RESULTS})")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write docs/performance.md from what is kept")
    parser.add_argument("--only-write", action="store_true", help="measure nothing")
    parser.add_argument(
        "--fleet-rounds", type=int, default=3, help="rounds of the fleet (default 3; the goal is of 30)"
    )
    parser.add_argument("--interval", type=float, default=60.0, help="seconds between a fleet's rounds (default 60)")
    parser.add_argument("--devices", type=int, nargs="*", help="sizes of the fleet (default 100 1000 10000)")
    given = parser.parse_args()
    unknown = set(given.names) - {*CASES, *TABLES, "fleet"}
    if unknown:
        parser.error(
            f"no benchmark is called {', '.join(sorted(unknown))} (there are: {', '.join([*CASES, *TABLES])}, fleet)"
        )
    return given


def _say(line: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} load {machine.busy():.1f} | {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
