"""Rows of the daemon at work: fleets of growing size, polled for some rounds, with and without dead devices."""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from subprocess import Popen, TimeoutExpired
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import goals, simulator
from benchmarks.bench import Bench, Case, Columns
from benchmarks.daemon import Poll, Records
from benchmarks.figures import percentile
from benchmarks.programs import running
from benchmarks.simulator import DEAD_EVERY, SLOW_EVERY, Fleet

SMALLER_ROUNDS = 3  # of what the largest fleet is compared with
FAULTY_ROUNDS, ALIVE_ROUNDS = 5, 3  # in turn: the dead are dead for so many rounds, then they answer for so many
COLD = 4  # rounds whose durations do not count: polls are compared with none before, the dead asked as often as others
SETTLING = 1  # the same, after the dead have changed


class Spell(NamedTuple):
    """A time, in seconds, monotonic: in which the dead answered, or did not."""

    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, and how often."""

    faulty: int  # rounds
    interval: float  # seconds
    spells: int = 0  # in which the dead answer, ALIVE_ROUNDS each

    @property
    def rounds(self) -> int:
        return self.faulty + self.spells * ALIVE_ROUNDS

    @property
    def seconds(self) -> float:
        return self.rounds * self.interval


def cases(rounds: int, interval: float, sizes: Sequence[int] | None) -> list[Case]:
    """Return a row for each size.

    The largest has dead devices for all rounds and, in between and in the same daemon, none for some more; the others
    are polled for no more than show how they compare.
    """
    *smaller, largest = sizes or goals.FLEET_SIZES
    plans = {size: Plan(min(rounds, SMALLER_ROUNDS), interval) for size in smaller}
    plans[largest] = Plan(rounds, interval, spells=rounds // FAULTY_ROUNDS)

    def measure(devices: int) -> Callable[[Bench], Columns]:
        return lambda bench: _measured(bench, plans[devices], devices)

    return [Case(goals.FLEET, goals.fleet_row(size), measure(size)) for size in plans]


def _measured(bench: Bench, plan: Plan, devices: int) -> Columns:
    folder = bench.workshop.folder
    with (
        simulator.fleet(bench.workshop, devices, dead_every=DEAD_EVERY, slow_every=SLOW_EVERY) as fleet,
        TemporaryDirectory(dir=folder) as data,
    ):
        options = {"first": fleet.first, "port": fleet.port, "devices": devices, "data": data}
        options |= {"rounds": plan.rounds, "interval": plan.interval, "profile": "bench_switch"}
        words = [f"--{name}={value}" for name, value in options.items()]
        log = folder / "daemon.log"
        with running([sys.executable, "-m", "benchmarks.daemon", *words], None, log) as process:
            spells = _spells(process, fleet, plan)
            said, _ = process.communicate(timeout=plan.seconds + 600)
        if process.returncode:
            raise RuntimeError(f"the daemon ended with {process.returncode}: {log.read_text('utf-8')[-2000:]}")
    return figures(Records.from_json(said), fleet, plan, spells)


def _spells(daemon: "Popen[str]", fleet: Fleet, plan: Plan) -> list[Spell]:
    """Let the dead answer from time to time, and return when."""
    spells: list[Spell] = []
    for _ in range(plan.spells):
        _wait(daemon, plan.faulty / plan.spells * plan.interval)
        fleet.change_the_dead(answer=True)
        began = time.monotonic()
        _wait(daemon, ALIVE_ROUNDS * plan.interval)
        fleet.change_the_dead(answer=False)
        spells.append(Spell(began, time.monotonic()))
    return spells


def _wait(process: "Popen[str]", seconds: float) -> None:
    """Wait so long, or until a process ends. It says nothing before."""
    with suppress(TimeoutExpired):
        process.wait(seconds)


def figures(records: Records, fleet: Fleet, plan: Plan, spells: Sequence[Spell] = ()) -> Columns:
    """Return a row. Durations are of live devices that are not slow, of rounds in which all is as it was."""
    turns, dead = _turns(records), fleet.dead
    apart = dead | fleet.slow
    live = [address for address in fleet.addresses if address not in dead]
    results = [poll.result for address in live for poll in turns.get(address, [])]
    prompt = [poll for poll in records.polls if poll.device not in apart]
    faulty, calm = _spans(records.polls, plan, spells)
    return {
        "rounds": plan.rounds,
        "late rounds": sum(late(turns.get(address, []), plan) for address in live),
        "polls left out": records.polls_left_out,
        **_durations(_rounds(prompt, faulty, plan.interval), ""),
        **(_compared(prompt, faulty, calm, plan.interval) if spells else {}),
        "spurious time-outs": sum(result in ("down", "timeout") for result in results),
        "ms CPU a poll": records.cpu / max(1, len(records.polls)) * 1e3,
        "share of one core": records.cpu / max(1.0, records.seconds),
        "GB in RAM": records.most_memory / 1e9,
        "s p99 of loop lag": percentile(records.lags, 0.99),
    }


def _compared(polls: Sequence[Poll], faulty: Sequence[Spell], calm: Sequence[Spell], interval: float) -> Columns:
    """Hold each time without dead devices against those with some right before and after: the machine is the same."""
    ratios = []
    for number, spell in enumerate(calm):
        around = _p99s(_rounds(polls, faulty[number : number + 2], interval))
        within = _p99s(_rounds(polls, [spell], interval))
        if around and within:
            ratios.append(median(around) / median(within))
    return _durations(_rounds(polls, calm, interval), ", none dead") | {
        "p99 against none dead": median(ratios or [0.0])
    }


def _spans(polls: Sequence[Poll], plan: Plan, spells: Sequence[Spell]) -> tuple[list[Spell], list[Spell]]:
    """Return the times with dead devices, and those without, in which all has settled."""
    settling = SETTLING * plan.interval
    begins = min((poll.began for poll in polls), default=0.0)
    starts = [begins + min(COLD, plan.rounds - 1) * plan.interval, *(spell.ended + settling for spell in spells)]
    ends = [*(spell.began for spell in spells), begins + plan.seconds]
    return list(map(Spell, starts, ends)), [Spell(spell.began + settling, spell.ended) for spell in spells]


def _rounds(polls: Iterable[Poll], spans: Sequence[Spell], interval: float) -> list[list[float]]:
    """Return how long polls took, by the whole rounds that some spans have."""
    found: defaultdict[tuple[Spell, int], list[float]] = defaultdict(list)
    for poll in polls:
        for span in spans:
            number = int((poll.began - span.began) // interval)
            if number >= 0 and span.began + (number + 1) * interval <= span.ended + interval / 100:
                found[span, number].append(poll.seconds)
    return list(found.values())


def _durations(rounds: Sequence[Sequence[float]], when: str) -> Columns:
    """Return the middle of the rounds' percentiles, which one bad moment does not move, and the worst round."""
    p99s = _p99s(rounds)
    return {
        f"s p50{when}": median([percentile(each, 0.5) for each in rounds] or [0.0]),
        f"s p99{when}": median(p99s or [0.0]),
        f"s p99{when}, worst round": max(p99s, default=0.0),
    }


def _p99s(rounds: Iterable[Sequence[float]]) -> list[float]:
    return [percentile(each, 0.99) for each in rounds]


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
