"""Keep and give back what was measured, found and ticketed. What to conclude from it is decided elsewhere."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, insert, or_, select, true

from agent import tickets as rules
from agent.model import Finding, FindingState, Run, Severity, Ticket, TicketChange, TicketStatus, Track
from agent.store import bodies, codec, recurrence, rows, spool, tables
from agent.store.ahead import AHEAD, finding_by, ticket_by
from agent.store.engine import Database, insert_new, open_database, upsert
from agent.store.errors import NotFound, StoreError
from agent.store.numbers import TicketNumbers
from agent.store.rows import Key, RunSummary
from agent.store.spool import Spooled
from agent.waivers import FindingChange
from collectors.model import Snapshot

_CHUNK = 500  # names in one IN (…): below every database's limit


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of the devices recorded, as of the writing transaction it is in."""

    findings: Mapping[Key, Finding]  # cleared ones too
    tickets: Mapping[Key, Ticket]  # not closed, resolved ones too
    new_number: Callable[[], str]  # the next ticket number; used up only if the transaction commits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided, and the run that came of it."""

    findings: tuple[Finding, ...] = ()
    changes: tuple[TicketChange, ...] = ()
    tickets: tuple[Ticket, ...] = ()  # those at work after the changes, and those the changes resolved
    run: Run | None = None


Decide = Callable[[Known], Outcome]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of the spooled runs: those now in the store, and one line for each that is not."""

    outcomes: tuple[Outcome, ...] = ()
    problems: tuple[StoreError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    snapshots: Sequence[rows.Values]  # of each device one
    tracks: Mapping[Key, Track]
    now: datetime
    others: Collection[str] = ()
    late: bool = False  # taken in long after `now`

    @classmethod
    def of(
        cls, snapshots: Iterable[Snapshot], tracks: Mapping[Key, Track], now: datetime, others: Collection[str] = ()
    ) -> Self:
        """Take the newest snapshot of each device, and pack it: while nobody is shut out yet."""
        newest = {s.device: s for s in sorted(snapshots, key=lambda s: s.taken_at)}
        return cls(list(map(rows.snapshot_row, newest.values())), tracks, now, others)

    @property
    def devices(self) -> set[str]:
        return {s["device"] for s in self.snapshots} | {device for device, _, _ in self.tracks} | {*self.others}


class Store:
    """The store of one data folder. Its methods raise StoreError, and may be called from many threads."""

    def __init__(self, database: Database, zone: tzinfo) -> None:
        self._database = database
        self._zone = zone

    @classmethod
    def open(cls, where: str | Path, *, wait: float = 5.0, zone: str = "Asia/Shanghai") -> Self:
        """Open a store by path or `sqlite:///` URL; make it, or bring its schema up to date, if need be.

        `wait` is how long, in seconds, others may hold it; `zone` is where the day of a ticket's number begins.
        """
        return cls(open_database(where, wait), ZoneInfo(zone))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def latest(self, devices: Collection[str] | None = None) -> dict[str, Snapshot]:
        """Return the newest snapshot of each device (None: of all) that has one."""
        with self._database.reading() as connection:
            found = _of_devices(connection, select(tables.snapshots), tables.snapshots, devices)
            known: bodies.RowsByLabels = {}
            return {row.device: bodies.unpack_snapshot(row.body, known) for row in found}

    def tracks(self, devices: Collection[str] | None = None) -> dict[Key, Track]:
        """Return what judging remembers of each device (None: of all)."""
        with self._database.reading() as connection:
            return rows.tracks_of(_of_devices(connection, select(tables.tracks), tables.tracks, devices))

    def record(
        self,
        snapshots: Iterable[Snapshot],
        tracks: Mapping[Key, Track],
        decide: Decide,
        run_of: Callable[[Outcome], Run] | None = None,
        *,
        now: datetime,
        devices: Collection[str] = (),
    ) -> Outcome:
        """Store one judged reading of some devices, whole or not at all, and return what `decide` made of it.

        1. Pack the snapshots. 2. Shut out other writers. 3. Read the devices' findings and tickets. 4. `decide`.
        5. Write snapshots (the newest of each device; never over a newer one), tracks (beside those of objects not
        judged now), findings, tickets with their history, and the run that `run_of` makes of the outcome. 6. Commit.

        `devices` are those judged, where not all of them have a snapshot or tracks to be written.
        Raises StoreError; whatever `decide` or `run_of` raise goes through. Then nothing was written.
        """
        reading = _Reading.of(snapshots, tracks, now, devices)
        with self._database.writing() as connection:
            return self._record(connection, reading, decide, run_of)

    def take_in(self, directory: Path, decide_of: Callable[[Spooled], Decide]) -> TakenIn:
        """Record what waits in a spool directory, oldest first, each once whoever else tries; remove its file.

        `decide_of` gives for each what `record` would have been given. A file that cannot be read or recorded stays.
        """
        outcomes: list[Outcome] = []
        problems: list[StoreError] = []
        for path, found in spool.load_all(directory):
            if isinstance(found, StoreError):
                problems.append(found)
                continue
            try:
                outcome = self._take_in(found, decide_of(found))
            except StoreError as error:
                problems.append(error)
                continue
            outcomes.extend([outcome] if outcome else [])
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                problems.append(StoreError(f"{path} is taken in, and cannot be removed: {error.strerror}: delete it"))
        return TakenIn(tuple(outcomes), tuple(problems))

    def change(self, number: str, action: str, actor: str, text: str, now: datetime) -> TicketChange:
        """Do to a ticket what a person asks. Raises NotFound, and TicketError where the ticket does not allow it."""
        with self._database.writing() as connection:
            change = rules.act(_ticket(connection, number), action, actor, text, now)
            _write_changes(connection, [change])
            return change

    def decide(self, finding: str, decided: Callable[[Finding], FindingChange]) -> FindingChange:
        """Do to a finding what a person decides. Raises NotFound; whatever `decided` raises goes through."""
        with self._database.writing() as connection:
            change = decided(_finding(connection, finding))
            upsert(connection, tables.findings, [rows.finding_row(change.finding)])
            connection.execute(insert(tables.finding_events).values(rows.event_row(change)))
            return change

    def decisions(self, finding: str) -> tuple[Finding, tuple[FindingChange, ...]]:
        """Return a finding, and what people decided of it, oldest first. Raises NotFound."""
        table = tables.finding_events
        with self._database.reading() as connection:
            found = _finding(connection, finding)
            events = connection.execute(select(table).where(table.c.finding == finding).order_by(table.c.id))
            return found, tuple(codec.unpack(FindingChange, row.body) for row in events)

    def findings(
        self, *, devices: Collection[str] | None = None, cleared: bool = False, severity: Severity | None = None
    ) -> tuple[Finding, ...]:
        """Return findings, worst and then oldest first; cleared ones too if asked; those of one severity if given."""
        table = tables.findings
        wanted = select(table).where(true() if cleared else table.c.state != FindingState.CLEARED.value)
        if severity is not None:
            wanted = wanted.where(table.c.severity == int(severity))
        with self._database.reading() as connection:
            found = [rows.finding_of(row) for row in _of_devices(connection, wanted, table, devices)]
        return tuple(sorted(found, key=lambda f: (-f.result.severity.rank, f.first_seen, f.result.key)))

    def tickets(
        self,
        *,
        devices: Collection[str] | None = None,
        statuses: Collection[TicketStatus] | None = None,
        sites: Collection[str] | None = None,
        since: datetime | None = None,
    ) -> tuple[Ticket, ...]:
        """Return tickets, newest first; None: of every device, status, site, age (opened, or back, `since` then)."""
        table = tables.tickets
        wanted = select(table).where(
            _any_of(table.c.status, None if statuses is None else [s.value for s in statuses]),
            _any_of(table.c.site, sites),
            true() if since is None else or_(table.c.opened_at >= since, table.c.recurred_at >= since),
        )
        with self._database.reading() as connection:
            found = [rows.ticket_of(row) for row in _of_devices(connection, wanted, table, devices)]
        return tuple(sorted(found, key=lambda t: (t.opened_at, t.number), reverse=True))

    def recurred(self, since: datetime) -> tuple[Ticket, ...]:
        """Return tickets as they were each time before their fault came back, those whose clocks began since then."""
        with self._database.reading() as connection:
            return recurrence.ended(connection, since)

    def ticket(self, number: str) -> Ticket:
        """Return a ticket. Raises NotFound."""
        with self._database.reading() as connection:
            return _ticket(connection, number)

    def history(self, number: str) -> tuple[TicketChange, ...]:
        """Return every change of a ticket, oldest first. Raises NotFound."""
        table = tables.ticket_events
        with self._database.reading() as connection:
            _ticket(connection, number)
            found = connection.execute(select(table).where(table.c.number == number).order_by(table.c.id))
            return tuple(codec.unpack(TicketChange, row.body) for row in found)

    def runs(self, limit: int = 20, *, now: datetime | None = None) -> tuple[RunSummary, ...]:
        """Return the runs, newest first; with `now`, those still to come last: a clock made them that was ahead."""
        table = tables.runs
        to_come = [] if now is None else [table.c.finished_at > now + AHEAD]
        order = (*to_come, table.c.started_at.desc(), table.c.id.desc())
        wanted = select(table.c.summary).order_by(*order).limit(limit)
        with self._database.reading() as connection:
            return tuple(codec.unpack(RunSummary, row.summary) for row in connection.execute(wanted))

    def run(self, run_id: str) -> Run:
        """Return a run. Raises NotFound."""
        with self._database.reading() as connection:
            row = connection.execute(select(tables.runs.c.body).where(tables.runs.c.id == run_id)).one_or_none()
        if row is None:
            raise NotFound(f"there is no run {run_id}: see `netpatrol report --list`")
        return bodies.unpack_run(row.body)

    def run_before(self, run: Run) -> Run | None:
        """Return the last run of the same scope that started before another, however long ago."""
        table = tables.runs
        earlier = select(table.c.id, table.c.summary).where(table.c.started_at < run.started_at)
        wanted = earlier.order_by(table.c.started_at.desc(), table.c.id.desc())
        with self._database.reading() as connection, connection.execute(wanted) as newest_first:
            found = next((r.id for r in newest_first if codec.unpack(RunSummary, r.summary).scope == run.scope), None)
        return None if found is None else self.run(found)

    def _take_in(self, spooled: Spooled, decide: Decide) -> Outcome | None:
        """Record a spooled run unless it is there already, spooled or not."""
        run, tracks = spooled.run, {j.result.key: j.track for j in spooled.judged}
        reading = replace(_Reading.of(spooled.snapshots, tracks, spooled.now), late=True)
        with self._database.writing() as connection:
            stored = connection.execute(select(tables.runs.c.id).where(tables.runs.c.id == spooled.id)).one_or_none()
            if stored or not insert_new(connection, tables.taken_in, {"id": spooled.id, "at": spooled.now}):
                return None
            return self._record(connection, reading, decide, completed(run) if run else None)

    def _record(
        self,
        connection: Connection,
        reading: _Reading,
        decide: Decide,
        run_of: Callable[[Outcome], Run] | None,
    ) -> Outcome:
        numbers = TicketNumbers(connection, reading.now.astimezone(self._zone).date())
        outcome = decide(_known(connection, reading, numbers))
        _write_reading(connection, reading)
        upsert(connection, tables.findings, [rows.finding_row(f) for f in outcome.findings])
        _write_changes(connection, outcome.changes)
        numbers.save()
        if run_of is None:
            return outcome
        run = run_of(outcome)
        connection.execute(insert(tables.runs).values(rows.run_row(run)))
        return replace(outcome, run=run)


def completed(run: Run) -> Callable[[Outcome], Run]:
    """Return what puts into a run how its findings and tickets were settled."""
    return lambda outcome: replace(run, findings=outcome.findings, changes=outcome.changes, tickets=outcome.tickets)


def _known(connection: Connection, reading: _Reading, numbers: Callable[[], str]) -> Known:
    devices, now = reading.devices, None if reading.late else reading.now
    found = _of_devices(connection, select(tables.findings), tables.findings, devices)
    not_closed = select(tables.tickets).where(tables.tickets.c.status != TicketStatus.CLOSED.value)
    at_work = _of_devices(connection, not_closed, tables.tickets, devices)
    return Known(
        {f.result.key: finding_by(f, now) for f in map(rows.finding_of, found)},
        {(t.device, t.check, t.object): ticket_by(t, now) for t in map(rows.ticket_of, at_work)},
        numbers,
    )


def _write_reading(connection: Connection, reading: _Reading) -> None:
    latest = None if reading.late else reading.now + AHEAD
    upsert(connection, tables.snapshots, reading.snapshots, not_before="taken_at", latest=latest)
    devices = {device for device, _, _ in reading.tracks}
    before = rows.tracks_of(_of_devices(connection, select(tables.tracks), tables.tracks, devices))
    merged = rows.track_rows({**before, **reading.tracks}, reading.now)
    upsert(connection, tables.tracks, merged, not_before="updated_at", latest=latest)


def _ticket(connection: Connection, number: str) -> Ticket:
    row = connection.execute(select(tables.tickets).where(tables.tickets.c.number == number)).one_or_none()
    if row is None:
        raise NotFound(f"there is no ticket {number}: see `netpatrol tickets` (right form: T-20261122-0001)")
    return rows.ticket_of(row)


def _finding(connection: Connection, finding: str) -> Finding:
    row = connection.execute(select(tables.findings).where(tables.findings.c.id == finding)).one_or_none()
    if row is None:
        raise NotFound(f"there is no finding {finding}: see `netpatrol findings` (right form: 3f2a9c0d1e4b)")
    return rows.finding_of(row)


def _write_changes(connection: Connection, changes: Iterable[TicketChange]) -> None:
    for change in changes:
        upsert(connection, tables.tickets, [rows.ticket_row(change.ticket)])
        connection.execute(insert(tables.ticket_events).values(rows.event_row(change)))


def _any_of(column: ColumnElement[Any], values: Collection[str] | None) -> ColumnElement[bool]:
    return true() if values is None else column.in_(list(values))


def _of_devices(
    connection: Connection, wanted: Select[Any], table: Table, devices: Collection[str] | None
) -> Iterator[Row[Any]]:
    if devices is None:
        yield from connection.execute(wanted)
        return
    names = sorted(set(devices))
    for start in range(0, len(names), _CHUNK):
        yield from connection.execute(wanted.where(table.c.device.in_(names[start : start + _CHUNK])))
