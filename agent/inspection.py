"""One inspection: read every device of a scope twice, judge, settle findings and tickets, keep the run."""

import asyncio
import secrets
import tempfile
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from agent import dependencies, judging
from agent.checks.rules import Check
from agent.configs.backup import Backup
from agent.configs.round import joined
from agent.judging import Judgement, Key
from agent.model import Entry, Inventory, ManualAnswer, Run, Track
from agent.store import Decide, Known, Spooled, Store, StoreError, completed, spool
from agent.topology import nearby, standing_of
from collectors.model import Snapshot

Gather = Callable[[Sequence[Entry], Mapping[str, Snapshot], Callable[[Snapshot], None]], Awaitable[dict[str, Snapshot]]]
"""(entries, what is known of each from before, called as each is done) → snapshot of every entry by name."""

BackUp = Callable[[Sequence[Entry], Mapping[str, Snapshot], str], Awaitable[Mapping[str, Backup]]]
"""(entries, what was just read of each, run) → what became of the configurations that can be backed up, by device."""


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
    answers: tuple[ManualAnswer, ...] = ()  # of people, to manual items
    back_up: BackUp | None = None  # None: configurations are left alone


@dataclass(frozen=True, slots=True)
class Inspected:
    """The run, and whether it is stored. If not, `problem` says why, and it waits in the file `spooled`.

    Where no disk takes that file, `unsaved` is its text, for the caller to show.
    """

    run: Run
    problem: StoreError | None = None
    spooled: Path | None = None
    unsaved: str = ""


async def run(
    with_: Inspector,
    entries: Sequence[Entry],
    scope: Mapping[str, str],
    done: Callable[[Snapshot, int], None] = lambda snapshot, reading: None,
) -> Inspected:
    """Inspect. `done(snapshot, reading)` is called as each device's reading (1 or 2) is in.

    1. Load the snapshots and tracks from before.
    2. Read every device; read again after the window, so that rates are of now and a finding is confirmed. Within
       the window back up configurations; what they tell is part of both readings.
    3. Judge both readings: the first against what was stored, the second against that or, if nothing was, the first.
       Rates that cannot be told from what was stored (the device restarted since) are those between the two.
    4. In one transaction settle findings and tickets and keep the run. If the store fails, spool the run.
    """
    started, names = with_.now(), [entry.name for entry in entries]
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    before, tracks = await asyncio.to_thread(_remember, with_, names)
    first = await with_.gather(entries, before, lambda snapshot: done(snapshot, 1))
    polls = 2 if with_.window else 1
    backups, _ = await asyncio.gather(_back_up(with_, entries, first, run_id), _wait(with_))
    first = {name: joined(snapshot, backups.get(name), first=True) for name, snapshot in first.items()}
    judged = _judge_all(with_, entries, first, before, tracks, backups, polls=polls)
    if with_.window:
        second = await with_.gather(entries, before | first, lambda snapshot: done(snapshot, 2))
        second = {name: joined(snapshot, backups.get(name), first=False) for name, snapshot in second.items()}
        # a reading of a device that was silent then is nothing to compare with
        answered = {name: snapshot for name, snapshot in before.items() if snapshot.up}
        base = {name: answered.get(name, one.snapshot) for name, one in judged.items()}
        confirmed = {key: track for one in judged.values() for key, track in one.tracks.items()}
        recent = {name: one.snapshot for name, one in judged.items()}
        judged = _judge_all(with_, entries, second, base, {**tracks, **confirmed}, backups, polls=polls, recent=recent)
        judged = {name: _with_cost(one, first[name]) for name, one in judged.items()}
    return await asyncio.to_thread(_settle, with_, judged, scope, started, run_id)


async def _back_up(
    with_: Inspector, entries: Sequence[Entry], first: Mapping[str, Snapshot], run_id: str
) -> Mapping[str, Backup]:
    return {} if with_.back_up is None else await with_.back_up(entries, first, run_id)


async def _wait(with_: Inspector) -> None:
    if with_.window:
        await with_.sleep(with_.window)


def _remember(with_: Inspector, names: Sequence[str]) -> tuple[dict[str, Snapshot], dict[Key, Track]]:
    """Load what is known from before; nothing if the store cannot be read: then the end of the run says so."""
    try:
        return with_.store.latest(names), with_.store.tracks(names)
    except StoreError:
        return {}, {}


def _judge_all(  # noqa: PLR0917
    with_: Inspector,
    entries: Sequence[Entry],
    snapshots: Mapping[str, Snapshot],
    before: Mapping[str, Snapshot],
    tracks: Mapping[Key, Track],
    backups: Mapping[str, Backup],
    *,
    polls: int,
    recent: Mapping[str, Snapshot] = MappingProxyType({}),
) -> dict[str, Judgement]:
    return {
        e.name: judging.judge(
            with_.rules,
            e,
            snapshots[e.name],
            previous=before.get(e.name),
            tracks=tracks,
            recent=recent.get(e.name),
            polls_cap=polls,
            details=backups[e.name].details if e.name in backups else {},
        )
        for e in entries
    }


def _with_cost(one: Judgement, first: Snapshot) -> Judgement:
    """Count both readings: the report says what the inspection asked of the device."""
    return replace(one, snapshot=replace(one.snapshot, cost=first.cost + one.snapshot.cost))


def _settle(
    with_: Inspector, judged: Mapping[str, Judgement], scope: Mapping[str, str], started: datetime, run_id: str
) -> Inspected:
    now = with_.now()
    devices = tuple(one.device_result for one in judged.values())
    bare = Run(
        id=run_id,
        started_at=started,
        finished_at=now,
        scope=scope,
        sites=_sites(with_.inventory.entries[name] for name in judged),
        devices=devices,
        coverage=judging.coverage(devices),
        answers=with_.answers,
    )

    spooled = Spooled(
        id=bare.id,
        now=now,
        snapshots=tuple(one.snapshot for one in judged.values()),
        judged=tuple(j for one in judged.values() for j in one.judged),
        not_applicable=tuple(pair for one in judged.values() for pair in one.unconcerned),
        run=bare,
    )
    decide = decide_of(with_.inventory, with_.rules, spooled, with_.store.latest)
    remembered = {j.result.key: j.track for j in spooled.judged}
    run_of = completed(bare)
    try:
        outcome = with_.store.record(spooled.snapshots, remembered, decide, run_of, now=now)
    except StoreError as error:
        as_new = decide(Known({}, {}, lambda: ""))
        return _keep(with_.spool, spooled, replace(bare, findings=as_new.findings), error)
    return Inspected(outcome.run or run_of(outcome))


def _sites(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the sites of devices, each with its customer."""
    return {entry.site.name: entry.site.customer.name for entry in entries if entry.site}


def decide_of(
    inventory: Inventory,
    rules: Mapping[str, Check],
    spooled: Spooled,
    latest: Callable[[Collection[str]], Mapping[str, Snapshot]],
) -> Decide:
    """Return what settles the findings and tickets of a run, now or when its spooled file is taken in.

    All its devices are settled together, as if read at the end; what was measured of one since it was read stands.
    `latest` gives the newest snapshots of others.
    """
    standings = {s.device: standing_of(s, settled=spooled.now.timestamp()) for s in spooled.snapshots}
    others: Mapping[str, Snapshot] = {}
    if dependencies.concern_others(spooled.judged, rules, standings):
        with suppress(StoreError):
            others = latest(nearby(inventory, standings).difference(standings))
    return judging.decider(
        inventory,
        rules,
        spooled.judged,
        spooled.not_applicable,
        spooled.now,
        standings={name: standing_of(snapshot) for name, snapshot in others.items()} | standings,
        polled_since=None,
        read={s.device: s.taken_at for s in spooled.snapshots},
    )


def _keep(folder: Path, spooled: Spooled, shown: Run, problem: StoreError) -> Inspected:
    """Spool the run: beside the store, or where temporary files lie, often another disk; else hand out its text."""
    try:
        return Inspected(shown, problem, spool.save(folder, spooled))
    except StoreError as error:
        problem = StoreError(f"{problem}; {error}")
    try:
        elsewhere = Path(tempfile.mkdtemp(prefix="netpatrol-"))  # only its owner may look into it
        return Inspected(shown, problem, spool.save(elsewhere, spooled))
    except (StoreError, OSError):
        return Inspected(shown, problem, unsaved=spool.to_text(spooled))
