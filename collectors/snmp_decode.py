"""Say what to read of a device for a profile, and turn the rows that came back into samples and facts. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from collectors import convert, series, snmp_facts
from collectors.model import Rows, Sample, Value
from collectors.oid_text import by_arcs, instance_value, split
from collectors.profiles.rules import Column, Metric, Profile, RowColumn, Symbol, Tag
from collectors.profiles.words import IndexSlice, Oid


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What to ask: instances to get, and columns to walk, those of one table side by side."""

    scalars: tuple[Oid, ...] = ()
    tables: tuple[tuple[Oid, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the rows say. `problems` are values that could not be read, one line an object."""

    samples: Sequence[Sample] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def plan(profile: Profile) -> ReadPlan:
    """Return what to read for a profile: each object once, however many metrics use it."""
    scalars: dict[Oid, None] = {}
    tables: dict[Oid, dict[Oid, None]] = {}
    for oid, is_instance in _objects(profile):
        if is_instance:
            scalars[oid] = None
        else:
            tables.setdefault(split(oid)[0], {})[oid] = None
    return ReadPlan(
        tuple(sorted(scalars, key=by_arcs)),
        tuple(tuple(sorted(tables[table], key=by_arcs)) for table in sorted(tables, key=_turn)),
    )


def expected(profile: Profile) -> frozenset[str]:
    """Return the sample names a profile can produce over SNMP."""
    return frozenset(name for metric in profile.metrics for symbol in metric.all_symbols if (name := _name(symbol)))


def samples_of(profile: Profile, columns: Iterable[Oid]) -> frozenset[str]:
    """Return the sample names that are incomplete or wrongly labelled when these objects could not be read."""
    lost = set(columns)
    return frozenset(
        name
        for metric in profile.metrics
        for symbol in metric.all_symbols
        if (name := _name(symbol)) and not lost.isdisjoint(_needs(metric, symbol))
    )


@dataclass(frozen=True, slots=True)
class Read:
    """One metric's rows, as made; what of it could not be read; and the figures that are made of several objects."""

    made: tuple[series.Made, ...]
    problems: tuple[str, ...]
    computed: frozenset[tuple[str, Oid | None]]  # (sample, instance)

    @property
    def samples(self) -> tuple[Sample, ...]:
        return tuple(sample for row in self.made for sample in row.samples)


LONE_SYMBOL = frozenset({"MIB", "symbol"})
_NONE = frozenset[tuple[str, Oid | None]]()  # Python makes a new one each time it is asked for an empty one
NOTHING = Read((), (), _NONE)
"""What most metrics of a profile read of any one device."""


def read(metric: Metric, rows: Rows, group: int) -> Read:
    """Read one metric; its rows become a group of their own."""
    if metric.symbol is not None and metric.model_fields_set <= LONE_SYMBOL and not metric.symbol.computed:
        return _read_one(metric.symbol, rows, group)
    reader = _Reader(metric, rows)
    made = tuple(
        series.Made(group, row.index, samples, metric.fallback)
        for row in reader.rows()
        if (samples := tuple(reader.samples(row)))
    )
    return (
        Read(made, tuple(reader.problems()), frozenset(reader.computed) or _NONE) if made or reader.failed else NOTHING
    )


def _read_one(symbol: Symbol, rows: Rows, group: int) -> Read:
    """Read a metric that is one object and nothing beside it."""
    row = {symbol.key: convert.extract(symbol, instance_value(rows, symbol.OID or ""))}
    try:
        sample = convert.sample(symbol, row, {}, entity=symbol.key, oid=symbol.OID)
    except convert.NotANumber as error:
        return Read((), (f"{symbol.key}: 1 unreadable, first of row 0: {error}",), _NONE)
    return NOTHING if sample is None else Read((series.Made(group, "0", (sample,)),), (), _NONE)


def labels_of_rows(metric: Metric, rows: Rows) -> dict[str, Mapping[str, str]]:
    """Return the tags of a metric's rows that count, by index."""
    return {row.index: row.labels for row in _Reader(metric, rows, _row_keys(metric)).rows()}


def settle(reads: Sequence[Read]) -> list[list[Sample | None]]:
    """Return what each sample of each read becomes, every series once; None for what does not stand.

    A figure made of several objects cites no OID.
    """
    computed = frozenset[tuple[str, Oid | None]]().union(*(each.computed for each in reads))
    becomes = iter(series.settled([row for each in reads for row in each.made]))

    def cited(sample: Sample | None) -> Sample | None:
        return replace(sample, oid=None) if sample is not None and (sample.name, sample.oid) in computed else sample

    return [[cited(sample) for _ in each.made for sample in next(becomes)] for each in reads]


def decode(profile: Profile, rows: Rows) -> Decoded:
    """Turn rows into samples and facts. What one row or object has wrong becomes a problem and costs no other."""
    reads = [read(metric, rows, number) for number, metric in enumerate(profile.metrics)]
    samples = (sample for each in settle(reads) for sample in each if sample is not None)
    problems = (line for each in reads for line in each.problems)
    return Decoded(tuple(samples), snmp_facts.facts(profile, rows), tuple(problems))


# ---- what to read ----


def _objects(profile: Profile) -> Iterator[tuple[Oid, bool]]:
    """Yield every OID of a profile, and whether it is an instance to get."""
    for metric in profile.metrics:
        yield from ((oid, _is_instance(metric, oid)) for oid in objects_of(metric))
    yield from snmp_facts.objects(profile)


def objects_of(metric: Metric) -> list[Oid]:
    """Return every OID that a metric reads."""
    return [column.OID for column in _columns(metric) if column.OID is not None]


def _columns(metric: Metric) -> list[Column]:
    return [*metric.all_symbols, *metric.columns, *(tag.symbol for tag in metric.metric_tags if tag.symbol)]


def _is_instance(metric: Metric, oid: Oid) -> bool:
    """A scalar may stand among a table's columns: it is the same for all rows."""
    return metric.table is None or oid.endswith(".0")


def _name(symbol: Symbol) -> str | None:
    return "device_limit" if symbol.limit is not None else symbol.sample


def _needs(metric: Metric, symbol: Symbol) -> set[Oid]:
    """The objects a symbol's samples and their labels depend on."""
    keys = {*symbol.plus, *symbol.minus, *symbol.times, *symbol.per, *symbol.where} | _row_keys(metric)
    keys |= {key for key in (symbol.si_scale, symbol.precision) if key}
    if symbol.later_than is not None:
        keys |= {symbol.later_than.column, symbol.later_than.clock}
    read = [
        symbol,
        *(c for c in _columns(metric) if c.key in keys),
        *(t.symbol for t in metric.metric_tags if t.symbol),
    ]
    return {column.OID for column in read if column.OID is not None}


def _row_keys(metric: Metric) -> set[str]:
    """The keys of the columns by which a metric's rows count, and are labelled."""
    keys = {metric.rows, *metric.where, *metric.where_not}
    for tag in metric.metric_tags:
        keys |= {tag.column, tag.via, *tag.named}
    return {key for key in keys if key}


def _turn(table: Oid) -> tuple[bool, list[tuple[int, str]]]:
    """Order tables by OID, those outside of 1.3 (LLDP) last: an agent that chokes on them has told the rest by then."""
    return not table.startswith("1.3."), by_arcs(table)


# ---- rows to samples ----


@dataclass(frozen=True, slots=True)
class _Row:
    index: str
    values: convert.Row
    labels: Mapping[str, str]


Cell = Callable[[str], Value]
"""Index of a row → what a column has there."""


class _Reader:
    """Reads one metric's rows, and keeps count of what it could not read. `keys`: of the columns to read; else all."""

    def __init__(self, metric: Metric, rows: Rows, keys: Collection[str] | None = None) -> None:
        self._metric = metric
        self._rows = rows
        self._symbols = [(symbol, symbol.key) for symbol in metric.all_symbols]
        columns = ((column.key, column) for column in (*metric.all_symbols, *metric.columns))
        self._cells = {key: self._cells_of(column) for key, column in columns if keys is None or key in keys}
        self.computed: set[tuple[str, Oid | None]] = set()  # (sample, instance) of figures made of several objects
        self.failed: dict[str, list[str]] = {}

    def rows(self) -> Iterator[_Row]:
        """Yield the rows that count, by index; a row is there when one of the metric's symbols has it."""
        metric = self._metric
        telling = {metric.rows, *metric.where, *metric.where_not}
        first = [(key, cell) for key, cell in self._cells.items() if key in telling]
        others = [(key, cell) for key, cell in self._cells.items() if key not in telling]
        for index in self._indexes():
            values = _named_arcs(index)
            values.update((key, cell(index)) for key, cell in first)
            if self._in_use(index, values) and convert.counts(values, metric.where, metric.where_not):
                values.update((key, cell(index)) for key, cell in others)
                tags = convert.labels(metric.metric_tags, partial(self._tag, index, values), values, index)
                yield _Row(index, values, tags)

    def samples(self, row: _Row) -> Iterator[Sample]:
        for symbol, key in self._symbols:
            if row.values.get(key) is None:
                continue
            entity = row.index if self._metric.table is not None else key
            try:
                sample = convert.sample(
                    symbol, row.values, row.labels, entity=entity, oid=self._instance(symbol, row.index)
                )
            except convert.NotANumber as error:
                self.failed.setdefault(key, []).append(f"{row.index}: {error}")
            else:
                if sample is not None:
                    if symbol.computed:
                        self.computed.add((sample.name, sample.oid))
                    yield sample

    def problems(self) -> list[str]:
        return [f"{key}: {len(rows)} unreadable, first of row {rows[0]}" for key, rows in self.failed.items()]

    def _in_use(self, index: str, values: convert.Row) -> bool:
        """Say whether a row is one of as many as the device says it uses; where it does not say, all are."""
        used = convert.text(values.get(self._metric.rows)) if self._metric.rows else ""
        last = split(index)[1]
        return not (used.isdecimal() and last.isdecimal()) or int(last) <= int(used)

    def _indexes(self) -> list[str]:
        if self._metric.table is None:
            return ["0"]
        columns = (s.OID for s in self._metric.all_symbols if s.OID is not None and not s.OID.endswith(".0"))
        return sorted({index for column in columns for index in self._rows.get(column, {})}, key=by_arcs)

    def _instance(self, symbol: Symbol, index: str) -> Oid | None:
        if symbol.OID is None or _is_instance(self._metric, symbol.OID):
            return symbol.OID
        return f"{symbol.OID}.{index}"

    def _cells_of(self, column: Column) -> Cell:
        """Return how to read a column. One read as it is costs a look-up."""
        if isinstance(column, RowColumn) and column.index is not None:
            arc = column.index
            return lambda index: convert.extract(column, _arc(arc, index))
        if column.OID is None or _is_instance(self._metric, column.OID):
            value = convert.extract(column, self._cell(column.OID, ""))
            return lambda index: value
        cells = self._rows.get(column.OID, {})
        parts = _parts(column.index_transform) if isinstance(column, RowColumn) else ()
        if parts:
            return lambda index: convert.extract(column, cells.get(_some_arcs(parts, index)))
        return cells.get if convert.is_as_read(column) else lambda index: convert.extract(column, cells.get(index))

    def _cell(self, oid: Oid | None, index: str) -> Value:
        if oid is None:
            return None
        if _is_instance(self._metric, oid):
            return instance_value(self._rows, oid)
        return self._rows.get(oid, {}).get(index)

    def _tag(self, index: str, values: convert.Row, tag: Tag) -> Value:
        if tag.value is not None:
            return tag.value
        if tag.column is not None:
            return values.get(tag.column)
        if tag.symbol is not None:
            return convert.extract(tag.symbol, self._cell(tag.symbol.OID, _joined(tag, index, values)))
        return of_index(tag, index)


def of_index(tag: Tag, index: str) -> str | None:
    """Return the part of a row's index that a tag without a column takes; None where there is none."""
    return _arc(tag.index, index) if tag.index is not None else _sliced(tag.index_transform, index)


def _joined(tag: Tag, index: str, values: convert.Row) -> str:
    """Return the index by which a tag's column is read: the row's own, a part of it, or what a pointer says."""
    if tag.via is not None:
        return convert.text(values.get(tag.via)).strip(".")
    return _sliced(tag.index_transform, index)


def _arc(number: int, index: str) -> str | None:
    """Return an arc of an index, counted from 1."""
    arcs = index.split(".")
    return arcs[number - 1] if 0 < number <= len(arcs) else None


def _named_arcs(index: str) -> dict[str, Value]:
    """Return the arcs of an index under the names that formats have for them: {1}, {2} …"""
    return {f"{{{n}}}": arc for n, arc in enumerate(index.split("."), start=1)}


def _sliced(parts: Sequence[IndexSlice], index: str) -> str:
    return _some_arcs(_parts(parts), index) if parts else index


def _parts(parts: Sequence[IndexSlice]) -> tuple[tuple[int, int], ...]:
    return tuple((part.start, part.end) for part in parts)


@lru_cache(maxsize=16_384)
def _some_arcs(parts: tuple[tuple[int, int], ...], index: str) -> str:
    """Return some arcs of an index: (first, last) each, counted from 0."""
    arcs = index.split(".")
    return ".".join(arc for first, last in parts for arc in arcs[first : last + 1])
