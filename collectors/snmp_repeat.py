"""Decode a device's readings one after another: where only figures changed, what the last one showed stands. Pure.

Most of decoding is labels, row joins and telling series apart, and of a device that is read every minute all that comes
out the same. So what a reading looked like is kept: which rows its tables had, what its texts said. The next one that
looks the same is decoded by taking the figures of whole columns (a `Grid`) and reading anew only the metrics of which
an object changed. Any other is decoded from the start.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from collectors import convert, snmp_decode, snmp_facts
from collectors.columns import Grid, Labels, Samples, packed
from collectors.columns import Rows as LabelRows
from collectors.model import Rows, Sample, Value
from collectors.oid_text import split
from collectors.profiles.rules import Metric, Profile, Symbol
from collectors.profiles.words import Oid
from collectors.snmp_decode import Decoded, Read
from collectors.vocabulary import VOCABULARY

T = TypeVar("T")
Indexes = tuple[str, ...]

MAX_SHARED = 100_000
MAX_KINDS = 1_000  # of devices, by profile and the columns they have

PLAIN_SYMBOL = frozenset({"OID", "name", "sample"})
PLAIN_METRIC = frozenset({"MIB", "table", "symbols", "metric_tags", "columns", "where", "where_not"})


class Shared:
    """Hands out one object for all that are equal: devices of one kind have the same columns, and often rows."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}
        self._objects: dict[Any, tuple[Profile, Sequence[frozenset[Oid]], frozenset[Oid]]] = {}

    def one(self, thing: T) -> T:
        """Return the first thing that was equal to this one."""
        if len(self._known) >= MAX_SHARED:
            self._known.clear()
        same: T = self._known.setdefault(thing, thing)
        return same

    def objects(self, profile: Profile, columns: frozenset[Oid]) -> tuple[Sequence[frozenset[Oid]], frozenset[Oid]]:
        """Return which of the columns read each metric needs, and which the facts do."""
        key = (profile.name, columns)
        known = self._objects.get(key)
        if known is None or known[0] is not profile:
            if len(self._objects) >= MAX_KINDS:
                self._objects.clear()
            of_metrics = [self.one(_present(snmp_decode.objects_of(metric), columns)) for metric in profile.metrics]
            of_facts = self.one(_present((oid for oid, _ in snmp_facts.objects(profile)), columns))
            known = self._objects[key] = profile, of_metrics, of_facts
        return known[1:]


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
    metrics = dict(enumerate(profile.metrics))
    grids = {number: columns for number, metric in metrics.items() if (columns := _columns(metric, rows))}
    reads = {number: snmp_decode.read(metrics[number], rows, number) for number in metrics.keys() - grids.keys()}
    for number in _clashing(grids, reads.values()):
        del grids[number]
        reads[number] = snmp_decode.read(metrics[number], rows, number)
    all_columns = shared.one(frozenset(rows))
    objects, of_facts = shared.objects(profile, all_columns)
    numbers = sorted(reads)
    stands = snmp_decode.settle([reads[number] for number in numbers])
    parts = tuple(
        _Part(number, metrics[number], objects[number], reads[number], tuple(stood))
        for number, stood in zip(numbers, stands, strict=True)
    )
    columns = [column for number in sorted(grids) for column in grids[number]]
    figures = tuple(column.oid for column in columns)
    shaping = frozenset().union(*(objects[n] - {column.oid for column in of} for n, of in grids.items()))
    told = tuple(sorted(shaping | of_facts.union(*(part.objects for part in parts))))
    return _Look(
        profile=profile,
        columns=all_columns,
        indexes=shared.one(tuple((oid, tuple(rows[oid])) for oid in sorted({*told, *figures}))),
        figures=shared.one(figures),
        told=shared.one(told),
        shown=_shown(rows, told),
        shaping=shared.one(shaping),
        of_facts=of_facts,
        parts=parts,
        grids=tuple(_grids(columns, known)),
        facts=snmp_facts.facts(profile, rows),
    )


def _clashing(grids: Mapping[int, Sequence["_Column"]], reads: Iterable[Read]) -> list[int]:
    """Return the metrics whose names others have too: which series then stand is told by all of them together."""
    names = Counter(column.name for columns in grids.values() for column in columns)
    made = [sample for read in reads for sample in read.samples]
    taken = {sample.name for sample in made} | {sample.labels.get("sample", "") for sample in made}
    return [n for n, columns in grids.items() if any(names[c.name] > 1 or c.name in taken for c in columns)]


def _present(oids: Iterable[Oid], columns: frozenset[Oid]) -> frozenset[Oid]:
    """Return the columns in which objects are found: an instance is in any column that its OID begins with."""
    return frozenset(column for oid in oids for column in _above(oid) if column in columns)


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


def _columns(metric: Metric, rows: Rows) -> list[_Column]:
    """Return the columns of a metric that can stand in grids; none where one of them can not, as all hang together."""
    if metric.table is None or not metric.model_fields_set <= PLAIN_METRIC or not all(map(_is_plain, metric.symbols)):
        return []
    asked = {s.OID: s.sample for s in metric.symbols if s.OID and s.sample and rows.get(s.OID)}
    if any(oid.endswith(".0") for oid in snmp_decode.objects_of(metric)) or len(set(asked.values())) < len(asked):
        return []
    tags = snmp_decode.labels_of_rows(metric, rows) if asked else {}
    if not all(_whole(rows[oid].values()) and rows[oid].keys() <= tags.keys() for oid in asked):
        return []
    labels: dict[Any, dict[str, Labels]] = {}  # label names → by index: one object for all columns of a row
    columns = []
    for oid, name in asked.items():
        of = labels.setdefault(VOCABULARY[name].labels if name in VOCABULARY else None, {})
        for index in rows[oid]:
            if index not in of:
                of[index] = convert.labels_of(name, tags[index], index)
        own = tuple(of[index] for index in rows[oid])
        if len({tuple(each.values()) for each in own}) < len(own):
            return []  # rows to be told apart
        columns.append(_Column(oid, name, tuple(rows[oid]), own, cast(list[int | float], list(rows[oid].values()))))
    return columns


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
