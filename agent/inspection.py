"""One inspection: read every device of a scope twice, judge, settle findings and tickets, keep the run."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from agent import judging
from agent.checks.rules import Check
from agent.judging import Judgement, Key
from agent.model import Entry, Inventory, Run, Track
from agent.store import Decide, Known, Outcome, Spooled, Store, StoreError, spool
from collectors.model import Snapshot

Gather = Callable[[Sequence[Entry], Mapping[str, Snapshot], Callable[[Snapshot], None]], Awaitable[dict[str, Snapshot]]]
"""(entries, what is known of each from before, called as each is done) → snapshot of every entry by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspector:
    """What an inspection works with. `window` is the pause between the two readings, in seconds; 0: one reading."""

    inventory: Inventory
    rules: Mapping[str, Check]
    store: Store
    spool: Path  # folder of runs that could not be stored
    gather: Gather
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    window: float = 10.0


@dataclass(frozen=True, slots=True)
class Inspected:
    """The run, and whether it is stored. If not, `problem` says why, and it waits in the file `spooled`."""

    run: Run
    problem: StoreError | None = None
    spooled: Path | None = None


async def run(
    with_: Inspector,
    entries: Sequence[Entry],
    scope: Mapping[str, str],
    done: Callable[[Snapshot, int], None] = lambda snapshot, reading: None,
) -> Inspected:
    """Inspect. `done(snapshot, reading)` is called as each device's reading (1 or 2) is in.

    1. Load the snapshots and tracks from before.
    2. Read every device; read again after the window, so that rates are of now and a finding is confirmed.
    3. Judge both readings: the first against what was stored, the second against that or, if nothing was, the first.
    4. In one transaction settle findings and tickets and keep the run. If the store fails, spool the run.
    """
    started, names = with_.now(), [entry.name for entry in entries]
    before, tracks = await asyncio.to_thread(_remember, with_, names)
    first = await with_.gather(entries, before, lambda snapshot: done(snapshot, 1))
    polls = 2 if with_.window else 1
    judged = _judge_all(with_, entries, first, before, tracks, polls=polls)
    if with_.window:
        await with_.sleep(with_.window)
        second = await with_.gather(entries, before | first, lambda snapshot: done(snapshot, 2))
        # a reading of a device that was silent then is nothing to compare with
        answered = {name: snapshot for name, snapshot in before.items() if snapshot.up}
        base = {name: answered.get(name, one.snapshot) for name, one in judged.items()}
        confirmed = {key: track for one in judged.values() for key, track in one.tracks.items()}
        judged = _judge_all(with_, entries, second, base, {**tracks, **confirmed}, polls=polls)
        judged = {name: _with_cost(one, first[name]) for name, one in judged.items()}
    return await asyncio.to_thread(_settle, with_, judged, tracks, scope, started)


def _remember(with_: Inspector, names: Sequence[str]) -> tuple[dict[str, Snapshot], dict[Key, Track]]:
    """Load what is known from before; nothing if the store cannot be read: then the end of the run says so."""
    try:
        return with_.store.latest(names), with_.store.tracks(names)
    except StoreError:
        return {}, {}


def _judge_all(
    with_: Inspector,
    entries: Sequence[Entry],
    snapshots: Mapping[str, Snapshot],
    before: Mapping[str, Snapshot],
    tracks: Mapping[Key, Track],
    *,
    polls: int,
) -> dict[str, Judgement]:
    return {
        e.name: judging.judge(
            with_.rules, e, snapshots[e.name], previous=before.get(e.name), tracks=tracks, polls_cap=polls
        )
        for e in entries
    }


def _with_cost(one: Judgement, first: Snapshot) -> Judgement:
    """Count both readings: the report says what the inspection asked of the device."""
    return replace(one, snapshot=replace(one.snapshot, cost=first.cost + one.snapshot.cost))


def _settle(
    with_: Inspector,
    judged: Mapping[str, Judgement],
    tracks: Mapping[Key, Track],
    scope: Mapping[str, str],
    started: datetime,
) -> Inspected:
    now = with_.now()
    devices = tuple(one.device_result for one in judged.values())
    bare = Run(
        id=f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}",
        started_at=started,
        finished_at=now,
        scope=scope,
        devices=devices,
        coverage=judging.coverage(devices),
    )

    def run_of(outcome: Outcome) -> Run:
        return replace(bare, findings=outcome.findings, changes=outcome.changes, tickets=outcome.tickets)

    spooled = Spooled(
        id=bare.id,
        now=now,
        snapshots=tuple(one.snapshot for one in judged.values()),
        judged=tuple(j for one in judged.values() for j in one.judged),
        not_applicable=tuple(pair for one in judged.values() for pair in one.unconcerned),
        run=bare,
    )
    decide = decide_of(with_.inventory, with_.rules, spooled)
    remembered = {**tracks, **{j.result.key: j.track for j in spooled.judged}}
    try:
        outcome = with_.store.record(spooled.snapshots, remembered, decide, run_of, now=now)
    except StoreError as error:
        as_new = decide(Known({}, {}, lambda: ""))
        return _keep(with_.spool, spooled, replace(bare, findings=as_new.findings), error)
    return Inspected(outcome.run or run_of(outcome))


def decide_of(inventory: Inventory, rules: Mapping[str, Check], spooled: Spooled) -> Decide:
    """Return what settles the findings and tickets of a run, now or when its spooled file is taken in."""
    return judging.decider(inventory, rules, spooled.judged, spooled.not_applicable, spooled.now)


def _keep(folder: Path, spooled: Spooled, shown: Run, problem: StoreError) -> Inspected:
    try:
        return Inspected(shown, problem, spool.save(folder, spooled))
    except StoreError as error:
        return Inspected(shown, StoreError(f"{problem}; {error}"))
