"""Decode a device's readings one after another: where only figures changed, what the last one showed stands. Pure.

Most of decoding is labels, row joins and telling series apart, and of a device that is read every minute all that comes
out the same. So what a reading looked like is kept: which rows its tables had, what its texts said. The next one that
looks the same is decoded by taking the figures of whole columns (a `Grid`) and reading anew only the metrics of which
an object changed. Any other is decoded from the start.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from collectors import snmp_decode, snmp_facts
from collectors.columns import Grid, Labels, Samples, packed
from collectors.columns import Rows as LabelRows
from collectors.model import Rows, Sample, Value
from collectors.oid_text import column_of, split
from collectors.profiles.rules import Metric, Profile, Symbol
from collectors.profiles.words import Oid
from collectors.snmp_decode import Decoded, Read

T = TypeVar("T")
Indexes = tuple[str, ...]

MAX_SHARED = 100_000

PLAIN_SYMBOL = frozenset({"OID", "name", "sample"})
PLAIN_METRIC = frozenset({"MIB", "table", "symbols", "metric_tags", "columns", "where", "where_not"})


class Shared:
    """Hands out one object for all that are equal: devices of one kind have the same columns, and often rows."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def one(self, thing: T) -> T:
        """Return the first thing that was equal to this one."""
        if len(self._known) >= MAX_SHARED:
            self._known.clear()
        same: T = self._known.setdefault(thing, thing)
        return same


class Decoder:
    """Decodes the readings of one device by one profile. Equal to `snmp_decode.decode` but for the samples' order."""

    def __init__(self, profile: Profile, shared: Shared | None = None) -> None:
        self._profile = profile
        self._shared = shared or Shared()
        self._last: _Look | None = None

    def decode(self, rows: Rows) -> Decoded:
        """Turn rows into samples and facts."""
        again = self._last.again(rows) if self._last is not None else None
        if again is None:
            known = [grid.rows for grid in self._last.grids] if self._last is not None else []
            again = _look(self._profile, rows, known, self._shared)
        self._last = again
        return again.decoded


@dataclass(frozen=True, slots=True)
class _Part:
    """A metric that is no grid: its objects, what it made, and what of that stands."""

    group: int
    metric: Metric
    objects: frozenset[Oid]
    read: Read
    stands: tuple[Sample | None, ...]

    def again(self, rows: Rows) -> "_Part | None":
        """Read the metric anew; None where its series are others than before."""
        read = snmp_decode.read(self.metric, rows, self.group)
        before, now = self.read.samples, read.samples
        if len(now) != len(before) or any(map(_other, before, now)):
            return None
        stands = tuple(_valued(stood, made) for stood, made in zip(self.stands, now, strict=True))
        return replace(self, read=read, stands=stands)


@dataclass(frozen=True, slots=True)
class _Look:
    """A reading as it looked, and what it decoded to."""

    profile: Profile
    columns: frozenset[Oid]  # all that was read
    indexes: tuple[tuple[Oid, Indexes], ...]  # of each column that counts
    figures: tuple[Oid, ...]  # columns that stand in a grid
    told: tuple[Oid, ...]  # columns that make anything else
    shown: tuple[tuple[Value, ...], ...]  # their values
    shaping: frozenset[Oid]  # columns that make the labels of a grid
    of_facts: frozenset[Oid]
    parts: tuple[_Part, ...]
    grids: tuple[Grid, ...]
    facts: Mapping[str, str]

    @property
    def decoded(self) -> Decoded:
        plain = (sample for part in self.parts for sample in part.stands if sample is not None)
        problems = (line for part in self.parts for line in part.read.problems)
        return Decoded(Samples(plain, self.grids), self.facts, tuple(problems))

    def again(self, rows: Rows) -> "_Look | None":
        """Decode a reading that looks like this one; None for one that does not."""
        if rows.keys() != self.columns or any(tuple(rows[oid]) != known for oid, known in self.indexes):
            return None
        if not all(_whole(rows[oid].values()) for oid in self.figures):
            return None
        shown = _shown(rows, self.told)
        changed = {oid for oid, now, was in zip(self.told, shown, self.shown, strict=True) if now != was}
        if not changed.isdisjoint(self.shaping):
            return None
        parts = [part if changed.isdisjoint(part.objects) else part.again(rows) for part in self.parts]
        standing = tuple(part for part in parts if part is not None)
        if len(standing) < len(parts):
            return None
        same = changed.isdisjoint(self.of_facts)
        return replace(
            self,
            shown=shown,
            parts=standing,
            grids=tuple(_refilled(grid, rows) for grid in self.grids),
            facts=self.facts if same else snmp_facts.facts(self.profile, rows),
        )


def _shown(rows: Rows, oids: Iterable[Oid]) -> tuple[tuple[Value, ...], ...]:
    return tuple(tuple(rows[oid].values()) for oid in oids)


def _whole(values: Iterable[Value]) -> bool:
    """Say whether all values are integers."""
    return set(map(type, values)) <= {int}


def _other(before: Sample, now: Sample) -> bool:
    return before.name != now.name or before.labels != now.labels


def _valued(stood: Sample | None, made: Sample) -> Sample | None:
    """Return what stood of a sample with its present value."""
    return stood if stood is None or stood.value == made.value else replace(stood, value=made.value)


def _refilled(grid: Grid, rows: Rows) -> Grid:
    values = {name: cast(list[int], list(rows[oid].values())) for name, oid in grid.oids.items()}
    return replace(grid, columns={name: packed(each) for name, each in values.items()})


# ---- the first look ----


def _look(profile: Profile, rows: Rows, known: Sequence[LabelRows], shared: Shared) -> _Look:
    """Decode a reading from the start, and see which of its metrics are grids. `known` are rows to use again."""
    reads = snmp_decode.read_all(profile, rows)
    stands = snmp_decode.settle(reads)
    columns: list[_Column] = []
    parts: list[_Part] = []
    shaping: set[Oid] = set()
    for number, metric in enumerate(profile.metrics):
        made = list(_columns(metric, rows, reads[number], stands[number]))
        objects = shared.one(_present(snmp_decode.objects_of(metric), rows))
        if made:
            columns += made
            shaping |= objects - {column.oid for column in made}
        else:
            parts.append(_Part(number, metric, objects, reads[number], tuple(stands[number])))
    of_facts = shared.one(_present((oid for oid, _ in snmp_facts.objects(profile)), rows))
    told = tuple(sorted(shaping | of_facts.union(*(part.objects for part in parts))))
    figures = tuple(column.oid for column in columns)
    return _Look(
        profile=profile,
        columns=shared.one(frozenset(rows)),
        indexes=shared.one(tuple((oid, tuple(rows[oid])) for oid in sorted({*told, *figures}))),
        figures=shared.one(figures),
        told=shared.one(told),
        shown=_shown(rows, told),
        shaping=shared.one(frozenset(shaping)),
        of_facts=of_facts,
        parts=tuple(parts),
        grids=tuple(_grids(columns, known)),
        facts=snmp_facts.facts(profile, rows),
    )


def _present(oids: Iterable[Oid], rows: Rows) -> frozenset[Oid]:
    """Return the columns in which objects are found: an instance is in any column that its OID begins with."""
    return frozenset(column for oid in oids for column in _above(oid) if column in rows)


def _above(oid: Oid) -> Iterator[Oid]:
    while oid:
        yield oid
        oid, _ = split(oid)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of plain figures, one for each of its rows."""

    oid: Oid
    name: str
    indexes: tuple[str, ...]
    labels: tuple[Labels, ...]
    values: list[int | float]


def _columns(metric: Metric, rows: Rows, read: Read, stands: Sequence[Sample | None]) -> Iterator[_Column]:
    """Yield the columns of a metric that can stand in grids; none where one of them can not, as all hang together."""
    if metric.table is None or not metric.model_fields_set <= PLAIN_METRIC or not all(map(_is_plain, metric.symbols)):
        return
    untouched = len(stands) == len(read.samples) and all(map(_is, stands, read.samples))
    if not untouched or read.problems or any(oid.endswith(".0") for oid in snmp_decode.objects_of(metric)):
        return
    by_oid: dict[Oid, dict[str, Sample]] = {}
    for row in read.made:
        for sample in row.samples:
            by_oid.setdefault(column_of(sample.oid or "", row.index), {})[row.index] = sample
    asked = {symbol.OID: rows[symbol.OID] for symbol in metric.symbols if symbol.OID and rows.get(symbol.OID)}
    if by_oid.keys() != asked.keys() or len(asked) < sum(bool(rows.get(s.OID or "")) for s in metric.symbols):
        return
    whole = all(_whole(column.values()) and column.keys() == by_oid[oid].keys() for oid, column in asked.items())
    for oid, column in asked.items() if whole else ():
        samples = [by_oid[oid][index] for index in column]
        labels = tuple(sample.labels for sample in samples)
        yield _Column(oid, samples[0].name, tuple(column), labels, [sample.value for sample in samples])


def _is(one: object, other: object) -> bool:
    return one is other


def _is_plain(symbol: Symbol) -> bool:
    """Say whether a symbol's figure is the object's value as it is."""
    return symbol.sample is not None and symbol.model_fields_set <= PLAIN_SYMBOL


def _grids(columns: Sequence[_Column], known: Sequence[LabelRows]) -> Iterator[Grid]:
    """Put columns with the same rows side by side."""
    together: dict[tuple[str, ...], list[list[_Column]]] = {}
    for column in columns:
        groups = together.setdefault(column.indexes, [])
        fitting = (g for g in groups if g[0].labels == column.labels and all(column.name != c.name for c in g))
        group = next(fitting, None)
        if group is None:
            groups.append([column])
        else:
            group.append(column)
    for indexes, groups in together.items():
        for group in groups:
            labels = group[0].labels
            yield Grid(
                rows=next((rows for rows in known if tuple(rows) == labels), None) or LabelRows(labels),
                columns={column.name: packed(column.values) for column in group},
                oids={column.name: column.oid for column in group},
                indexes=indexes,
            )
