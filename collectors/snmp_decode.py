"""Say what to read of a device for a profile, and turn the rows that came back into samples and facts. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from collectors import convert, series
from collectors.model import Rows, Sample, Value
from collectors.profiles.rules import (
    Column,
    FieldSource,
    IndexSlice,
    Metric,
    Profile,
    RowColumn,
    Symbol,
    TableFact,
    Tag,
)
from collectors.profiles.words import Oid
from collectors.vocabulary import SEVERAL

MAX_FACTS_JOINED = 32  # chassis of a stack


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What to ask: instances to get, and columns to walk, those of one table side by side."""

    scalars: tuple[Oid, ...] = ()
    tables: tuple[tuple[Oid, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the rows say. `problems` are values that could not be read, one line an object."""

    samples: tuple[Sample, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
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
        tuple(sorted(scalars, key=_arcs)),
        tuple(tuple(sorted(columns, key=_arcs)) for _, columns in sorted(tables.items(), key=lambda kv: _turn(kv[0]))),
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


def rows_of(values: Mapping[Oid, Value]) -> Rows:
    """Put the answers of a get into rows: `X.0` is column X, row "0"."""
    rows: Rows = {}
    for oid, value in values.items():
        column, index = split(oid)
        rows.setdefault(column, {})[index] = value
    return rows


def split(oid: Oid) -> tuple[Oid, str]:
    """Split the last arc off an OID."""
    column, _, index = oid.rpartition(".")
    return column, index


def decode(profile: Profile, rows: Rows) -> Decoded:
    """Turn rows into samples and facts. What one row or object has wrong becomes a problem and costs no other.

    A figure made of several objects cites no OID.
    """
    made: list[series.Made] = []
    problems: list[str] = []
    computed: set[tuple[str, Oid | None]] = set()
    for number, metric in enumerate(profile.metrics):
        reader = _Reader(metric, rows)
        made += [
            series.Made(number, row.index, samples, metric.fallback)
            for row in reader.rows()
            if (samples := tuple(reader.samples(row)))
        ]
        problems += reader.problems()
        computed |= reader.computed
    found = series.distinct(made)
    cited = (replace(each, oid=None) if (each.name, each.oid) in computed else each for each in found)
    return Decoded(tuple(cited), _facts(profile, rows), tuple(problems))


# ---- what to read ----


def _objects(profile: Profile) -> Iterator[tuple[Oid, bool]]:
    """Yield every OID of a profile, and whether it is an instance to get."""
    for metric in profile.metrics:
        for column in _columns(metric):
            if column.OID is not None:
                yield column.OID, _is_instance(metric, column.OID)
    for source in profile.metadata.device.fields.values():
        yield from ((oid, True) for oid in _sources(source))
    for fact in profile.metadata.tables:
        yield from ((column.OID, False) for column in (fact.symbol, *fact.columns) if column.OID is not None)


def _columns(metric: Metric) -> list[Column]:
    return [*metric.all_symbols, *metric.columns, *(tag.symbol for tag in metric.metric_tags if tag.symbol)]


def _is_instance(metric: Metric, oid: Oid) -> bool:
    """A scalar may stand among a table's columns: it is the same for all rows."""
    return metric.table is None or oid.endswith(".0")


def _sources(source: FieldSource | None) -> Iterator[Oid]:
    while source is not None:
        yield from (column.OID for column in source.all_symbols if column.OID is not None)
        source = source.fallback


def _name(symbol: Symbol) -> str | None:
    return "device_limit" if symbol.limit is not None else symbol.sample


def _needs(metric: Metric, symbol: Symbol) -> set[Oid]:
    """The objects a symbol's samples and their labels depend on."""
    keys = {*symbol.plus, *symbol.minus, *symbol.times, *symbol.per, *symbol.where, *metric.where, *metric.where_not}
    keys |= {key for key in (symbol.si_scale, symbol.precision, metric.rows) if key}
    if symbol.later_than is not None:
        keys |= {symbol.later_than.column, symbol.later_than.clock}
    for tag in metric.metric_tags:
        keys |= {key for key in (tag.column, tag.via, *tag.named) if key}
    read = [
        symbol,
        *(c for c in _columns(metric) if c.key in keys),
        *(t.symbol for t in metric.metric_tags if t.symbol),
    ]
    return {column.OID for column in read if column.OID is not None}


def _turn(table: Oid) -> tuple[bool, list[tuple[int, str]]]:
    """Order tables by OID, those outside of 1.3 (LLDP) last: an agent that chokes on them has told the rest by then."""
    return not table.startswith("1.3."), _arcs(table)


def _arcs(dotted: str) -> list[tuple[int, str]]:
    """Order OIDs and indexes as numbers, whatever they are."""
    return [(len(arc), arc) for arc in dotted.split(".")]


# ---- rows to samples ----


@dataclass(frozen=True, slots=True)
class _Row:
    index: str
    values: convert.Row
    labels: Mapping[str, str]


class _Reader:
    """Reads one metric's rows, and keeps count of what it could not read."""

    def __init__(self, metric: Metric, rows: Rows) -> None:
        self._metric = metric
        self._rows = rows
        self._columns = _columns(metric)[: len(metric.all_symbols) + len(metric.columns)]
        self.computed: set[tuple[str, Oid | None]] = set()  # (sample, instance) of figures made of several objects
        self._failed: dict[str, list[str]] = {}

    def rows(self) -> Iterator[_Row]:
        """Yield the rows that count, by index; a row is there when one of the metric's symbols has it."""
        for index in self._indexes():
            values = _named_arcs(index) | {c.key: convert.extract(c, self._value(c, index)) for c in self._columns}
            if self._in_use(index, values) and convert.counts(values, self._metric.where, self._metric.where_not):
                tags = convert.labels(self._metric.metric_tags, partial(self._tag, index, values), values, index)
                yield _Row(index, values, tags)

    def samples(self, row: _Row) -> Iterator[Sample]:
        for symbol in self._metric.all_symbols:
            entity = row.index if self._metric.table is not None else symbol.key
            try:
                sample = convert.sample(
                    symbol, row.values, row.labels, entity=entity, oid=self._instance(symbol, row.index)
                )
            except convert.NotANumber as error:
                self._failed.setdefault(symbol.key, []).append(f"{row.index}: {error}")
            else:
                if sample is not None:
                    if symbol.computed:
                        self.computed.add((sample.name, sample.oid))
                    yield sample

    def problems(self) -> list[str]:
        return [f"{key}: {len(rows)} unreadable, first of row {rows[0]}" for key, rows in self._failed.items()]

    def _in_use(self, index: str, values: convert.Row) -> bool:
        """Say whether a row is one of as many as the device says it uses; where it does not say, all are."""
        used = convert.text(values.get(self._metric.rows)) if self._metric.rows else ""
        last = split(index)[1]
        return not (used.isdecimal() and last.isdecimal()) or int(last) <= int(used)

    def _indexes(self) -> list[str]:
        if self._metric.table is None:
            return ["0"]
        columns = (s.OID for s in self._metric.all_symbols if s.OID is not None and not s.OID.endswith(".0"))
        return sorted({index for column in columns for index in self._rows.get(column, {})}, key=_arcs)

    def _instance(self, symbol: Symbol, index: str) -> Oid | None:
        if symbol.OID is None or _is_instance(self._metric, symbol.OID):
            return symbol.OID
        return f"{symbol.OID}.{index}"

    def _value(self, column: Column, index: str) -> Value:
        if not isinstance(column, RowColumn):
            return self._cell(column.OID, index)
        if column.index is not None:
            return _arc(column.index, index)
        return self._cell(column.OID, _sliced(column.index_transform, index))

    def _cell(self, oid: Oid | None, index: str) -> Value:
        if oid is None:
            return None
        if _is_instance(self._metric, oid):
            return _instance_value(self._rows, oid)
        return self._rows.get(oid, {}).get(index)

    def _tag(self, index: str, values: convert.Row, tag: Tag) -> Value:
        if tag.value is not None:
            return tag.value
        if tag.column is not None:
            return values.get(tag.column)
        if tag.symbol is not None:
            return convert.extract(tag.symbol, self._cell(tag.symbol.OID, _joined(tag, index, values)))
        if tag.index is not None:
            return _arc(tag.index, index)
        return _sliced(tag.index_transform, index)


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
    if not parts:
        return index
    arcs = index.split(".")
    return ".".join(arc for part in parts for arc in arcs[part.start : part.end + 1])


def _instance_value(rows: Rows, oid: Oid) -> Value:
    """Find an instance wherever the column ends: got as a scalar, or walked in a table."""
    arcs = oid.split(".")
    for end in range(len(arcs) - 1, 1, -1):
        value = rows.get(".".join(arcs[:end]), {}).get(".".join(arcs[end:]))
        if value is not None:
            return value
    return None


# ---- facts ----


def _facts(profile: Profile, rows: Rows) -> dict[str, str]:
    facts = {name: _fact(source, rows) for name, source in profile.metadata.device.fields.items()}
    for table in profile.metadata.tables:
        facts[table.fact] = facts.get(table.fact) or _table_fact(table, rows)
    return {name: words for name, words in facts.items() if words}


def _fact(source: FieldSource | None, rows: Rows) -> str:
    while source is not None:
        words = _said(source, rows)
        if words:
            return words
        source = source.fallback
    return ""


def _said(source: FieldSource, rows: Rows) -> str:
    """Return what one source says, without its fall-back: its symbols in words, the first of them, or a fixed text."""
    texts = [convert.text(convert.extract(c, _instance_value(rows, c.OID or ""))) for c in source.all_symbols]
    if source.mapping:
        texts = [source.mapping.get(words, "") for words in texts]
    if source.format is not None:
        return convert.clean(source.format.format(*texts)) if all(texts) else ""
    return next(filter(None, texts), source.value or "")


def _table_fact(fact: TableFact, rows: Rows) -> str:
    found: dict[str, None] = {}
    column = fact.symbol
    for index, value in sorted(rows.get(column.OID or "", {}).items(), key=lambda kv: _arcs(kv[0])):
        row = {c.key: convert.extract(c, rows.get(c.OID or "", {}).get(index)) for c in fact.columns}
        words = convert.text(convert.extract(column, value)) if convert.counts(row, fact.where) else ""
        if words and len(found) < (1 if fact.first else MAX_FACTS_JOINED):
            found[words] = None
    return "" if fact.fact in SEVERAL and len(found) < 2 else ", ".join(found)
