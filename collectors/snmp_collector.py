"""Reads one device over SNMP by its profile: what to ask in which order, when to stop, and what is missing then."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from collectors import convert, snmp, snmp_decode
from collectors.errors import AuthFailed, BadData, CollectError, Refused, TimedOut, Unreachable
from collectors.model import Cost, Device, Failure, Reading, Rows, SnmpTransport, Value
from collectors.oid_text import rows_of, split
from collectors.profiles.rules import Profile
from collectors.snmp_repeat import Decoder, Shared

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
FACTS = {"sys_object_id": SYS_OBJECT_ID, "sys_descr": SYS_DESCR}
MAX_GET = 20  # scalars in one step: what is lost together
MAX_KNOWN = 100_000  # devices that a reading is remembered of
MAX_SILENT = 2  # steps in a row without an answer, after which the rest is not asked for


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says it is; empty texts, and why, when it did not. `seconds` is how long it took to answer.

    `answers` are the texts of the objects it was asked for beside; `unsaid` is why there are none.
    """

    sys_object_id: str
    sys_descr: str
    failure: CollectError | None
    seconds: float
    answers: Mapping[str, str] = field(default_factory=dict)
    unsaid: CollectError | None = None
    requests: int = 1


Probes = Callable[[str, str], Sequence[str]]
"""(sysObjectID, sysDescr) → the OIDs to ask for beside, before the device is known."""


def no_probes(sys_object_id: str, sys_descr: str) -> Sequence[str]:
    """Ask for nothing beside."""
    return ()


class SnmpCollector:
    """Speaks SNMP to one device at a time."""

    protocol = "snmp"

    def __init__(self, open_snmp: snmp.OpenSnmp = snmp.open_transport) -> None:
        self._open = open_snmp
        self._asked: dict[str, _Asked] = {}  # profile → what to ask
        self._shared = Shared()
        self._known: dict[str, _Known] = {}  # device → what its last reading looked like

    def wants(self, device: Device) -> bool:
        """Say whether the inventory gives access over this protocol."""
        return device.snmp is not None

    async def identify(self, device: Device, probes: Probes = no_probes) -> Identity:
        """Ask a device what it is, with one request; with one more for `probes`. Never raises for the device's sake."""
        began = time.monotonic()
        try:
            transport = await self._open(device)
            try:
                began = time.monotonic()
                values = await transport.get((SYS_OBJECT_ID, SYS_DESCR))
                words = (convert.text(values.get(SYS_OBJECT_ID)), convert.text(values.get(SYS_DESCR)))
                said = Identity(*words, None, time.monotonic() - began)
                return await _probed(said, transport, probes(*words))
            finally:
                await transport.close()
        except CollectError as error:
            return Identity("", "", error, time.monotonic() - began)

    async def read(self, device: Device, profile: Profile) -> Reading:
        """Read what the profile names. A device's fault is a Failure in the Reading, never an exception."""
        began = time.monotonic()
        asked = self._asked_of(profile)
        try:
            transport = await self._open(device)
        except CollectError as error:
            failure = Failure.of(self.protocol, "connect", error, asked.expected)
            return Reading(failures=(failure,), expected=asked.expected, cost=Cost(seconds=time.monotonic() - began))
        known = self._known_of(device, profile)
        harvest = _Harvest(profile, transport, dict(zip(asked.tables, known.sizes, strict=False)))
        try:
            await harvest.gather(asked.steps)
        finally:
            await transport.close()
        known.sizes = self._shared.one(tuple(map(harvest.sizes.get, asked.tables)))
        decoded = known.decoder.decode(harvest.rows)
        return Reading(
            samples=decoded.samples,
            facts={**_system_facts(harvest.rows), **decoded.facts},
            failures=(*harvest.failures, *(_unreadable(profile, problem) for problem in decoded.problems)),
            expected=asked.expected,
            answered=harvest.answered,
            cost=Cost(requests=transport.requests, seconds=time.monotonic() - began),
        )

    def _asked_of(self, profile: Profile) -> "_Asked":
        known = self._asked.get(profile.name)
        if known is None or known.profile is not profile:
            known = self._asked[profile.name] = _Asked(profile, _steps(profile), snmp_decode.expected(profile))
        return known

    def _known_of(self, device: Device, profile: Profile) -> "_Known":
        known = self._known.get(device.name)
        if known is None or known.profile is not profile:
            while len(self._known) >= MAX_KNOWN:
                del self._known[next(iter(self._known))]
            known = self._known[device.name] = _Known(profile, Decoder(profile, self._shared))
        return known


async def _probed(said: Identity, transport: SnmpTransport, oids: Sequence[str]) -> Identity:
    """Add what a device answers to probes. One that does not like them has said what it is all the same."""
    if not oids:
        return said
    try:
        values = await transport.get(oids)
    except CollectError as error:
        return replace(said, unsaid=error, requests=transport.requests)
    return replace(said, answers={oid: convert.text(values.get(oid)) for oid in oids}, requests=transport.requests)


@dataclass(slots=True)
class _Known:
    """What is known of a device between its readings.

    `sizes`: the rows of each table when it was last read; None for one that was not read whole then.
    """

    profile: Profile
    decoder: Decoder
    sizes: tuple[int | None, ...] = ()


# ---- what to ask ----


@dataclass(frozen=True, slots=True)
class _Step:
    """What is read, and lost, together: some scalars, or the columns of one table; or of some `tables` likely empty."""

    what: str
    objects: tuple[str, ...]
    is_table: bool
    tables: "tuple[_Step, ...]" = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of each device of a profile, and the samples that may come of it."""

    profile: Profile
    steps: Sequence[_Step]
    expected: frozenset[str]

    @property
    def tables(self) -> Iterator[str]:
        """The first column of each table."""
        return (step.objects[0] for step in self.steps if step.is_table)


def _steps(profile: Profile) -> list[_Step]:
    plan = snmp_decode.plan(profile)
    scalars = tuple(dict.fromkeys((SYS_DESCR, SYS_OBJECT_ID, *plan.scalars)))
    chunks = (scalars[at : at + MAX_GET] for at in range(0, len(scalars), MAX_GET))
    return [
        *(_Step("scalars", chunk, is_table=False) for chunk in chunks),
        *(_Step(_table_name(profile, columns), columns, is_table=True) for columns in plan.tables),
    ]


def _table_name(profile: Profile, columns: Sequence[str]) -> str:
    """Name a table as the profile does; by its entry's OID where it does not."""
    for metric in profile.metrics:
        if metric.table is not None and any(symbol.OID in columns for symbol in metric.all_symbols):
            return metric.table.name
    return split(columns[0])[0]


# ---- asking ----


@dataclass(slots=True)
class _Harvest:
    """What came back of one device so far."""

    profile: Profile
    transport: SnmpTransport
    before: Mapping[str, int | None]  # rows of each table when it was last read whole, by its first column
    rows: Rows = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    answered: bool = False  # it said anything at all
    sizes: dict[str, int] = field(default_factory=dict)  # the same of this reading
    _gave: bool = False  # it gave data
    _silent: int = 0  # steps in a row without an answer
    _gone: CollectError | None = None  # why there is no use in asking more

    async def gather(self, steps: Sequence[_Step]) -> None:
        """Take the steps one after another; when the device is gone, what is left is one failure."""
        order = self._in_order(steps)
        for number, step in enumerate(order):
            if self._gone is not None:
                self._give_up(order[number:], self._gone)
                return
            if step.tables:
                await self._look(step)
            else:
                await (self._walk(step) if step.is_table else self._get(step))

    def _in_order(self, steps: Sequence[_Step]) -> Sequence[_Step]:
        """Put the tables that were empty together, and last."""
        empty = [step for step in steps if self.before.get(step.objects[0]) == 0]
        if not empty:
            return steps
        objects = tuple(oid for step in empty for oid in step.objects)
        together = _Step(_names(empty), objects, is_table=True, tables=tuple(empty))
        return [*(step for step in steps if self.before.get(step.objects[0]) != 0), together]

    async def _look(self, step: _Step) -> None:
        """Walk tables together that are likely empty; where that fails each by itself, to know which it was."""
        walk = await self.transport.walk(step.objects, rows=0)
        if walk.failure is None:
            for each in step.tables:
                self._add_table(each, {column: walk.rows.get(column, {}) for column in each.objects})
            return
        self._silent += isinstance(walk.failure, TimedOut)
        if self._silent >= MAX_SILENT:
            self._gone = walk.failure
        self.before = {}
        await self.gather(step.tables)

    async def _get(self, step: _Step) -> None:
        """Get scalars; where the device refuses them together, find out which."""
        try:
            values = await self.transport.get(step.objects)
        except Refused as error:
            self.answered = True
            if len(step.objects) == 1:
                self._failed(_Step(step.objects[0], step.objects, is_table=False), error)
                return
            middle = len(step.objects) // 2
            for half in (step.objects[:middle], step.objects[middle:]):
                if self._gone is None:
                    await self._get(_Step(step.what, half, is_table=False))
        except CollectError as error:
            self._failed(step, error)
        else:
            self._add(rows_of(dict(values)))

    async def _walk(self, step: _Step) -> None:
        walk = await self.transport.walk(step.objects, rows=self.before.get(step.objects[0]))
        if walk.failure is None:
            self._add_table(step, walk.rows)
            return
        if any(walk.rows.values()):
            self._add(walk.rows)
        self._failed(step, walk.failure)

    def _add_table(self, step: _Step, rows: Rows) -> None:
        self.sizes[step.objects[0]] = max(map(len, rows.values()), default=0)
        self._add(rows)

    def _add(self, rows: Rows) -> None:
        self.answered = self._gave = True
        self._silent = 0
        for column, values in rows.items():
            self.rows.setdefault(column, {}).update(values)

    def _failed(self, step: _Step, error: CollectError) -> None:
        self.failures.append(Failure.of("snmp", step.what, error, self._lost([step])))
        self.answered |= isinstance(error, AuthFailed | Refused | BadData)
        self._silent = self._silent + 1 if isinstance(error, TimedOut) else 0
        hopeless = isinstance(error, Unreachable) or (isinstance(error, AuthFailed | TimedOut) and not self._gave)
        if hopeless or self._silent >= MAX_SILENT:
            self._gone = error

    def _give_up(self, steps: Sequence[_Step], error: CollectError) -> None:
        words = type(error)(f"not asked for, after: {error}")
        self.failures.append(Failure.of("snmp", _names(steps), words, self._lost(steps)))

    def _lost(self, steps: Iterable[_Step]) -> frozenset[str]:
        return snmp_decode.samples_of(self.profile, [oid for step in steps for oid in step.objects])


def _names(steps: Iterable[_Step]) -> str:
    return ", ".join(dict.fromkeys(step.what for step in steps))


# ---- what else it says ----


def _system_facts(rows: Rows) -> dict[str, str]:
    found = {name: convert.text(_scalar(rows, oid)) for name, oid in FACTS.items()}
    return {name: words for name, words in found.items() if words}


def _scalar(rows: Rows, oid: str) -> Value:
    column, index = split(oid)
    return rows.get(column, {}).get(index)


def _unreadable(profile: Profile, problem: str) -> Failure:
    """Make a failure of a value that is not what its symbol reads."""
    symbols = (symbol for metric in profile.metrics for symbol in metric.all_symbols)
    oids = [symbol.OID for symbol in symbols if symbol.OID and problem.startswith(f"{symbol.key}: ")]
    what = problem.partition(": ")[0]
    return Failure("snmp", "parse", what, problem, snmp_decode.samples_of(profile, oids))
