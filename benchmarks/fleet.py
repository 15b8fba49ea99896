"""Rows of the daemon at work: fleets of growing size, polled for some rounds, with and without dead devices."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from benchmarks import goals, simulator
from benchmarks.bench import Bench, Case, Columns
from benchmarks.daemon import Poll, Records
from benchmarks.figures import percentile
from benchmarks.programs import running
from benchmarks.simulator import DEAD_EVERY, SLOW_EVERY, Fleet

SMALLER_ROUNDS, ALIVE_ROUNDS = 3, 6  # of what the largest fleet is compared with
COLD = 2  # rounds whose durations do not count: there is nothing yet to compare a poll with


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, and how often."""

    rounds: int
    interval: float  # seconds


def cases(rounds: int, interval: float, sizes: Sequence[int] | None) -> list[Case]:
    """Return a row for each size, and one of the largest with none dead. Each takes rounds x interval.

    The largest with dead ones is polled for all rounds, the others for no more than show how they compare.
    """
    *smaller, largest = sizes or goals.FLEET_SIZES

    def row(devices: int, most: int, *, faults: bool) -> Case:
        plan, what = Plan(min(rounds, most), interval), "2 % dead, 1 % slow" if faults else "none dead"
        name = f"{devices:,} devices, {what}"
        return Case(goals.FLEET, name, lambda bench: _measured(bench, plan, devices, faults=faults))

    some = [row(size, SMALLER_ROUNDS, faults=True) for size in smaller]
    return [*some, row(largest, rounds, faults=True), row(largest, ALIVE_ROUNDS, faults=False)]


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
    return figures(Records.from_json(said), fleet, plan)


def figures(records: Records, fleet: Fleet, plan: Plan) -> Columns:
    """Return a row. Durations are of live devices that are not slow, without the first two rounds."""
    turns, dead, slow = _turns(records), fleet.dead, fleet.slow
    live = [address for address in fleet.addresses if address not in dead]
    took = [
        poll.seconds
        for address in live
        if address not in slow
        for poll in turns.get(address, [])[min(COLD, plan.rounds - 1) :]
    ]
    results = [poll.result for address in live for poll in turns.get(address, [])]
    return {
        "rounds": plan.rounds,
        "late rounds": sum(late(turns.get(address, []), plan) for address in live),
        "polls left out": records.polls_left_out,
        "s p50 of live": percentile(took, 0.5),
        "s p99 of live": percentile(took, 0.99),
        "spurious time-outs": sum(result in ("down", "timeout") for result in results),
        "ms CPU a poll": records.cpu / max(1, len(records.polls)) * 1e3,
        "share of one core": records.cpu / (plan.rounds * plan.interval),
        "GB in RAM": records.most_memory / 1e9,
        "s p99 of loop lag": percentile(records.lags, 0.99),
    }


def late(polls: Sequence[Poll], plan: Plan) -> int:
    """Return how many rounds of a live device had no poll that ended in them. They begin when a poll is due.

    That is the earliest a poll began, each put back by the rounds before it: the first one may have waited.
    """
    if not polls:
        return plan.rounds
    due = min(poll.began - n * plan.interval for n, poll in enumerate(polls))
    done = {int((poll.began + poll.seconds - due) // plan.interval) for poll in polls}
    return len(set(range(plan.rounds)) - done)


def _turns(records: Records) -> dict[str, list[Poll]]:
    """Return each device's polls, in order."""
    found: defaultdict[str, list[Poll]] = defaultdict(list)
    for poll in sorted(records.polls, key=lambda poll: poll.began):
        found[poll.device].append(poll)
    return found
