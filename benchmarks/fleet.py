"""Rows of the daemon at work: fleets of growing size, polled for some rounds, with and without dead devices."""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import goals, simulator
from benchmarks.bench import Bench, Case, Columns
from benchmarks.daemon import Records
from benchmarks.figures import percentile
from benchmarks.programs import running
from benchmarks.simulator import DEAD_EVERY, SLOW_EVERY, Fleet


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, and how often."""

    rounds: int
    interval: float  # seconds


def cases(rounds: int, interval: float, sizes: Sequence[int] | None) -> list[Case]:
    """Return a row for each size, and one of the largest with none dead. Each takes rounds x interval."""
    plan = Plan(rounds, interval)
    chosen = sizes or goals.FLEET_SIZES

    def row(name: str, devices: int, *, faults: bool) -> Case:
        return Case(goals.FLEET, name, lambda bench: _measured(bench, plan, devices, faults=faults))

    some = [row(f"{size:,} devices, 2 % dead, 1 % slow", size, faults=True) for size in chosen]
    return [*some, row(f"{chosen[-1]:,} devices, none dead", chosen[-1], faults=False)]


def _measured(bench: Bench, plan: Plan, devices: int, *, faults: bool) -> Columns:
    dead, slow = (DEAD_EVERY, SLOW_EVERY) if faults else (0, 0)
    folder = bench.workshop.folder
    with (
        simulator.fleet(bench.workshop, devices, dead_every=dead, slow_every=slow) as fleet,
        TemporaryDirectory(dir=folder) as data,
    ):
        options = {"first": fleet.first, "port": fleet.port, "devices": devices, "data": data}
        options |= {"rounds": plan.rounds, "interval": plan.interval, "profile": "bench_switch"}
        words = [f"--{name}={value}" for name, value in options.items()]
        log = folder / "daemon.log"
        with running([sys.executable, "-m", "benchmarks.daemon", *words], None, log) as process:
            said, _ = process.communicate(timeout=plan.rounds * plan.interval + 600)
        if process.returncode:
            raise RuntimeError(f"the daemon ended with {process.returncode}: {log.read_text('utf-8')[-2000:]}")
    return figures(Records(**json.loads(said)), fleet, plan)


def figures(records: Records, fleet: Fleet, plan: Plan) -> Columns:
    """Return a row. A round is late when a device's poll took longer than the interval, or never began.

    Durations are of live devices that are not slow, the first round left out: it finds an empty store.
    """
    prompt = set(fleet.addresses) - fleet.dead - fleet.slow
    took = [seconds for n, name, seconds in _numbered(records) if name in prompt and (n > 0 or plan.rounds == 1)]
    polled = Counter(name for name, *_ in records.polls)
    missing = sum(max(0, plan.rounds - polled[address]) for address in fleet.addresses)
    overlong = sum(seconds > plan.interval for _, _, seconds, _ in records.polls)
    lost = sum(name not in fleet.dead and result in ("down", "timeout") for name, _, _, result in records.polls)
    return {
        "late rounds": missing + overlong,
        "polls left out": records.polls_left_out,
        "s p50 of live": median(took) if took else 0.0,
        "s p99 of live": percentile(took, 0.99),
        "spurious time-outs": lost,
        "ms CPU a poll": records.cpu / max(1, len(records.polls)) * 1e3,
        "CPU of one core": records.cpu / (plan.rounds * plan.interval),
        "GB in RAM": records.most_memory / 1e9,
        "s p99 of loop lag": percentile(records.lags, 0.99),
    }


def _numbered(records: Records) -> list[tuple[int, str, float]]:
    """Return each poll with its number among its device's."""
    before: defaultdict[str, int] = defaultdict(int)
    found = []
    for name, _, seconds, _ in sorted(records.polls, key=lambda poll: poll[1]):
        found.append((before[name], name, seconds))
        before[name] += 1
    return found
