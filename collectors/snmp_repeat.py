"""Decode a device's readings one after another: where only figures changed, what the last one showed stands. Pure.

Most of decoding is labels, row joins and telling series apart, and of a device that is read every minute all that comes
out the same. So what a reading looked like is kept: which rows its tables had, what its texts said. The next one that
looks the same is decoded by taking the figures of whole columns (a `Grid`) and reading anew only the metrics of which
an object changed. A device that is read for the first time is held against another of its kind: they differ in names
and figures, hardly in their tables. Any other reading is decoded from the start.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from collectors import snmp_decode, snmp_facts, snmp_grids
from collectors.columns import Grid, Samples
from collectors.model import Rows, Sample, Value
from collectors.oid_text import split
from collectors.profiles.rules import Profile
from collectors.profiles.words import Oid
from collectors.snmp_decode import NOTHING, Decoded, Read
from collectors.snmp_grids import Column, Indexes, Labelled, Table

T = TypeVar("T")
C = TypeVar("C", bound=Collection[Any])

MAX_SHARED = 1_000_000  # members of all that is shared: tables whose rows come and go bring new ones with every reading
MAX_KINDS = 500  # of devices, by profile and the columns they have; a reading of each is kept, some 30 kB
MAX_LIKE = 20_000  # rows of all columns in such a reading; one of more is hardly that of another device too


@dataclass(frozen=True, slots=True)
class _Kind:
    """What follows from a profile and the columns that were read, whatever is in them."""

    profile: Profile
    columns: frozenset[Oid]
    of_metrics: Sequence[frozenset[Oid]]  # those of them that each metric needs
    of_facts: frozenset[Oid]
    tables: Mapping[int, Table]  # metrics that can stand in grids


class Shared:
    """Hands out one object for all that are equal: devices of one kind have the same columns, and often rows."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}
        self._members = 0  # of what is known
        self._kinds: dict[Any, _Kind] = {}
        self._looks: dict[Any, _Look] = {}

    def one(self, thing: C) -> C:
        """Return the first thing that was equal to this one."""
        known: C | None = self._known.get(thing)
        if known is not None:
            return known
        self._members += 1 + len(thing)
        if self._members > MAX_SHARED:
            self._known.clear()
            self._members = 1 + len(thing)
        self._known[thing] = thing
        return thing

    def kind(self, profile: Profile, columns: frozenset[Oid]) -> _Kind:
        """Return what follows from the columns that were read."""
        key = (profile.name, columns)
        known = self._kinds.get(key)
        if known is None or known.profile is not profile:
            if len(self._kinds) >= MAX_KINDS:
                self._kinds.clear()
            of_metrics = [self.one(_present(snmp_decode.objects_of(metric), columns)) for metric in profile.metrics]
            of_facts = self.one(_present((oid for oid, _ in snmp_facts.objects(profile)), columns))
            known = self._kinds[key] = _Kind(profile, columns, of_metrics, of_facts, snmp_grids.tables(profile.metrics))
        return known

    def remember(self, look: "_Look") -> None:
        """Keep how a device looked, for others of its kind."""
        if sum(map(len, look.indexes)) > MAX_LIKE:
            return
        if len(self._looks) >= MAX_KINDS:
            self._looks.clear()
        self._looks[look.kind.profile.name, look.kind.columns] = look

    def look(self, profile: Profile, rows: Rows) -> "_Look | None":
        """Return how a device looked of which the same was read; None where there was none."""
        known = self._looks.get((profile.name, frozenset(rows)))
        return known if known is not None and known.kind.profile is profile else None


class Decoder:
    """Decodes the readings of one device by one profile. Equal to `snmp_decode.decode` but for the samples' order."""

    def __init__(self, profile: Profile, shared: Shared | None = None) -> None:
        self._profile = profile
        self._shared = shared or Shared()
        self._last: _Look | None = None

    def decode(self, rows: Rows) -> Decoded:
        """Turn rows into samples and facts."""
        again = self._last.again(rows, self._shared) if self._last is not None else None
        self._last = again or self._look(rows)
        return self._last.decoded

    def _look(self, rows: Rows) -> "_Look":
        """Decode a reading that is not as the last one was. No other device has its rows: what they remember is its."""
        other = self._shared.look(self._profile, rows)
        look = other.again(rows, self._shared) if other is not None else None
        if look is None:
            look = _look(self._profile, rows, self._shared)
            self._shared.remember(look)
        return look.with_rows_of(self._last)


@dataclass(frozen=True, slots=True)
class _Part:
    """A metric that is no grid: its objects, what it made, and what of that stands."""

    group: int  # the metric's number
    objects: frozenset[Oid]
    read: Read
    stands: tuple[Sample | None, ...]

    def again(self, read: Read) -> "_Part":
        """Return the part with other figures of the same series."""
        if read is self.read:
            return self
        return _Part(self.group, self.objects, read, tuple(map(_valued, self.stands, read.samples)))


@dataclass(frozen=True, slots=True)
class _Look:
    """A reading as it looked, and what it decoded to."""

    kind: _Kind
    counted: tuple[Oid, ...]  # columns that make anything
    indexes: tuple[Indexes, ...]  # their rows
    figures: tuple[Oid, ...]  # those of them that stand in a grid
    told: tuple[Oid, ...]  # the others, and those that label a grid
    shown: tuple[tuple[Value, ...], ...]  # their values
    shaping: frozenset[Oid]  # columns that make the labels of a grid
    parts: tuple[_Part, ...]
    tables: tuple[int, ...]  # metrics that stand in grids
    grids: tuple[Grid, ...]
    facts: Mapping[str, str]

    @property
    def decoded(self) -> Decoded:
        plain = (sample for part in self.parts for sample in part.stands if sample is not None)
        problems = (line for part in self.parts for line in part.read.problems)
        return Decoded(Samples(plain, self.grids), self.facts, tuple(problems))

    def again(self, rows: Rows, shared: Shared) -> "_Look | None":
        """Decode a reading of the same columns by what is other in it; None where other tables stand in grids now."""
        if rows.keys() != self.kind.columns:
            return None
        indexes = tuple(map(_same, self.indexes, (tuple(rows[oid]) for oid in self.counted)))
        moved = _others(self.counted, self.indexes, indexes)
        shown = tuple(map(_same, self.shown, _shown(rows, self.told)))
        changed = moved | _others(self.told, self.shown, shown)
        grids = self._grids(rows, moved, changed)
        parts = self._parts(rows, changed) if grids is not None else None
        if grids is None or parts is None:
            return None
        same = changed.isdisjoint(self.kind.of_facts)
        return replace(
            self,
            indexes=shared.one(tuple(map(shared.one, indexes))) if moved else self.indexes,
            shown=shown,
            parts=parts,
            grids=grids,
            facts=self.facts if same else snmp_facts.facts(self.kind.profile, rows),
        )

    def _grids(self, rows: Rows, moved: Set[Oid], changed: Set[Oid]) -> tuple[Grid, ...] | None:
        """Take the figures, and label the grids anew where that changed; None where other tables stand in grids now."""
        labelled: Labelled = {}
        tables = self.kind.tables
        for number in tables.keys() - self.tables:
            of = changed & self.kind.of_metrics[number]
            if (of - tables[number].figures or of & moved) and tables[number].columns(rows, labelled):
                return None
        if moved.isdisjoint(self.figures) and changed.isdisjoint(self.shaping):
            grids = tuple(grid for each in self.grids if (grid := _refilled(each, rows)) is not None)
            return grids if len(grids) == len(self.grids) else None
        columns = [column for number in self.tables for column in tables[number].columns(rows, labelled)]
        if tuple(column.oid for column in columns) != self.figures:
            return None
        known = {oid: grid.columns[name] for grid in self.grids for name, oid in grid.oids.items()}
        shared = [replace(column, values=_same(known[column.oid], column.values)) for column in columns]
        return tuple(snmp_grids.grids(shared, [grid.rows for grid in self.grids]))

    def _parts(self, rows: Rows, changed: Set[Oid]) -> tuple[_Part, ...] | None:
        """Read anew what changed; None where it has names now that stand in a grid."""
        metrics = self.kind.profile.metrics
        reads = {
            part.group: part.read
            if changed.isdisjoint(part.objects)
            else snmp_decode.read(metrics[part.group], rows, part.group)
            for part in self.parts
        }
        if all(_same_series(part.read, reads[part.group]) for part in self.parts):
            return tuple(part.again(reads[part.group]) for part in self.parts)
        names = {name for grid in self.grids for name in grid.columns}
        return _settled(self.kind, reads) if names.isdisjoint(_names(reads.values())) else None

    def with_rows_of(self, last: "_Look | None") -> "_Look":
        """Return the same with the rows of the device's last look where they are equal, else with rows of its own."""
        known = [grid.rows for grid in last.grids] if last is not None else []
        return replace(self, grids=tuple(replace(g, rows=snmp_grids.one_of(known, g.rows.bare())) for g in self.grids))


def _shown(rows: Rows, oids: Iterable[Oid]) -> Iterator[tuple[Value, ...]]:
    return (tuple(rows[oid].values()) for oid in oids)


def _same(was: T, now: T) -> T:
    """Return what was if it is equal: devices of a kind share it."""
    return was if now == was else now


def _others(oids: Iterable[Oid], was: Iterable[object], now: Iterable[object]) -> set[Oid]:
    return {oid for oid, one, other in zip(oids, was, now, strict=True) if one is not other}


def _same_series(before: Read, now: Read) -> bool:
    if before is now:
        return True
    was, made = before.samples, now.samples
    return len(was) == len(made) and all(map(_same_one, was, made))


def _same_one(before: Sample, now: Sample) -> bool:
    return before.name == now.name and before.labels == now.labels


def _valued(stood: Sample | None, made: Sample) -> Sample | None:
    """Return what stood of a sample with its present value."""
    if stood is None or stood.value == made.value:
        return stood
    return Sample(stood.name, stood.labels, made.value, stood.oid)


def _refilled(grid: Grid, rows: Rows) -> Grid | None:
    """Return the grid with other figures; None where they are not whole."""
    columns = {}
    for name, oid in grid.oids.items():
        column = snmp_grids.whole(rows[oid].values())
        if column is None:
            return None
        columns[name] = _same(grid.columns[name], column)
    return Grid(grid.rows, columns, grid.oids, grid.indexes)


# ---- the first look ----


def _look(profile: Profile, rows: Rows, shared: Shared) -> _Look:
    """Decode a reading from the start, and see which of its metrics are grids."""
    kind, labelled = shared.kind(profile, shared.one(frozenset(rows))), Labelled()
    grids = {number: columns for number, table in kind.tables.items() if (columns := table.columns(rows, labelled))}
    others = [number for number in range(len(profile.metrics)) if number not in grids]
    reads = {number: _read(kind, number, rows) for number in others}
    for number in _clashing(grids, reads.values()):
        del grids[number]
        reads[number] = _read(kind, number, rows)
    parts = _settled(kind, reads)
    columns = [column for number in sorted(grids) for column in grids[number]]
    figures = tuple(column.oid for column in columns)
    shaping = frozenset[Oid]().union(*(kind.of_metrics[n] - {each.oid for each in of} for n, of in grids.items()))
    told = tuple(sorted(shaping | kind.of_facts.union(*(part.objects for part in parts))))
    counted = tuple(sorted({*told, *figures}))
    return _Look(
        kind=kind,
        counted=shared.one(counted),
        indexes=shared.one(tuple(shared.one(tuple(rows[oid])) for oid in counted)),
        figures=shared.one(figures),
        told=shared.one(told),
        shown=tuple(_shown(rows, told)),
        shaping=shared.one(shaping),
        parts=parts,
        tables=tuple(sorted(grids)),
        grids=tuple(snmp_grids.grids(columns, ())),
        facts=snmp_facts.facts(profile, rows),
    )


def _read(kind: _Kind, number: int, rows: Rows) -> Read:
    """Read one metric. Most have no object on any one device."""
    there = any(rows[oid] for oid in kind.of_metrics[number])
    return snmp_decode.read(kind.profile.metrics[number], rows, number) if there else NOTHING


def _settled(kind: _Kind, reads: Mapping[int, Read]) -> tuple[_Part, ...]:
    numbers = sorted(reads)
    stands = snmp_decode.settle([reads[number] for number in numbers])
    return tuple(
        _Part(number, kind.of_metrics[number], reads[number], tuple(stood))
        for number, stood in zip(numbers, stands, strict=True)
    )


def _clashing(grids: Mapping[int, Sequence[Column]], reads: Iterable[Read]) -> list[int]:
    """Return the metrics whose names others have too: which series then stand is told by all of them together."""
    names, taken = Counter(column.name for columns in grids.values() for column in columns), _names(reads)
    return [n for n, columns in grids.items() if any(names[c.name] > 1 or c.name in taken for c in columns)]


def _names(reads: Iterable[Read]) -> set[str]:
    """Return the names of what was read, and those it says something of."""
    made = [sample for read in reads for sample in read.samples]
    return {sample.name for sample in made} | {sample.labels.get("sample", "") for sample in made}


def _present(oids: Iterable[Oid], columns: frozenset[Oid]) -> frozenset[Oid]:
    """Return the columns in which objects are found: an instance is in any column that its OID begins with."""
    return frozenset(column for oid in oids for column in _above(oid) if column in columns)


def _above(oid: Oid) -> Iterator[Oid]:
    while oid:
        yield oid
        oid, _ = split(oid)
