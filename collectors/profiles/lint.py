"""Find what a profile file has wrong that its form alone cannot show: names nothing has, regexes, formats. Pure."""

import re
from collections.abc import Iterable, Iterator

from collectors.profiles.rules import Column, FieldSource, Metric, Nut, Profile, RowColumn, Symbol, Tag
from collectors.vocabulary import VOCABULARY
from collectors.yamlfile import Document, KeyPath, Problem
from collectors.yamlform import named

_ARC = re.compile(r"\{[1-9]\d?\}")
_SYSOBJECTID = re.compile(r"\d+(\.\d+)+(\.\*)?")

Complaint = tuple[KeyPath, str]


def lint(profile: Profile, document: Document) -> list[Problem]:
    """Return every problem of a profile, with its line."""
    return [document.problem(at, message) for at, message in _complaints(profile, document)]


def _complaints(profile: Profile, document: Document) -> Iterator[Complaint]:
    yield from named(profile.name, document)
    for n, oid in enumerate(profile.sysobjectid):
        if not _SYSOBJECTID.fullmatch(oid):
            yield ("sysobjectid", n), f"{oid!r} is not an OID (right form: 1.3.6.1.4.1.9.1.1745, or 1.3.6.1.4.1.9.1.*)"
    if profile.sysdescr is not None:
        yield from _regex(("sysdescr",), profile.sysdescr)
    for n, probe in enumerate(profile.probe):
        yield from _regex(("probe", n, "match"), probe.match or "")
    for n, metric in enumerate(profile.metrics):
        yield from _metric(("metrics", n), metric)
    for n, command in enumerate(profile.cli.commands if profile.cli else ()):
        at = ("cli", "commands", n)
        if command.regex is not None:
            yield from _regex((*at, "regex"), command.regex)
            yield from _regex((*at, "beside"), command.beside or "")
        yield from _symbols(at, command.symbols)
        yield from _tags(at, command.metric_tags, command.symbols)
    yield from _facts(profile)
    yield from _nut(profile.nut) if profile.nut else ()


def _nut(nut: Nut) -> Iterator[Complaint]:
    for fact, columns in nut.facts.items():
        for column in columns:
            yield from _variable(("nut", "facts", fact), column)
    for n, rows in enumerate(nut.rows):
        at = ("nut", "rows", n)
        if rows.each is not None and rows.of is not None:
            yield at, "has both each and of: give one"
        yield from _regex((*at, "words"), rows.words)
        yield from _one_group((*at, "each"), rows.each) if rows.each is not None else ()
        for column in (*rows.symbols, *rows.columns):
            yield from _variable(at, column)
        yield from _symbols(at, rows.symbols)
        yield from _tags(at, rows.metric_tags, rows.symbols)


def _variable(at: KeyPath, column: Column) -> Iterator[Complaint]:
    yield from _extract(at, column)
    if column.field is None:
        yield at, f"{column.key!r} is an OID: NUT has variables (right form: {{field: battery.charge}})"


def _one_group(at: KeyPath, pattern: str) -> Iterator[Complaint]:
    wrong = list(_regex(at, pattern))
    yield from wrong
    if not wrong and re.compile(pattern).groups != 1:
        yield at, f"{pattern!r} needs one group: what tells its rows apart (right form: '^outlet\\.(\\d+)\\.')"


def _facts(profile: Profile) -> Iterator[Complaint]:
    for fact, first in profile.metadata.device.fields.items():
        source: FieldSource | None = first
        while source is not None:
            yield from _field(("metadata", "device", "fields", fact), source)
            source = source.fallback
    for n, table in enumerate(profile.metadata.tables):
        at = ("metadata", "tables", n)
        yield from _extract(at, table.symbol)
        yield from _known((*at, "where"), table.where, {c.key for c in table.columns})


def _field(at: KeyPath, source: FieldSource) -> Iterator[Complaint]:
    for column in source.all_symbols:
        yield from _extract(at, column)
    if source.format is not None:
        try:
            source.format.format(*["x" for _ in source.all_symbols])
        except (AttributeError, IndexError, KeyError, ValueError, TypeError):
            yield at, f"format {source.format!r} is not one of its symbols' texts (right form: '{{0}}.{{1}}')"


def _metric(at: KeyPath, metric: Metric) -> Iterator[Complaint]:
    columns = [*metric.all_symbols, *metric.columns]
    keys = {c.key for c in columns}
    if not metric.all_symbols:
        yield at, "reads nothing: give symbol, or table and symbols"
    yield from _sources(at, columns)
    yield from _known((*at, "where"), metric.where, keys)
    yield from _known((*at, "where_not"), metric.where_not, keys)
    yield from _known((*at, "rows"), [metric.rows] if metric.rows else [], keys)
    yield from _symbols(at, metric.all_symbols)
    for symbol in metric.all_symbols:
        yield from _known(at, _references(symbol), keys)
    yield from _tags(at, metric.metric_tags, metric.all_symbols)
    for tag in metric.metric_tags:
        yield from _known((*at, "metric_tags"), (key for key in (tag.column, tag.via, *_named(tag)) if key), keys)


def _references(symbol: Symbol) -> Iterator[str]:
    yield from (*symbol.plus, *symbol.minus, *symbol.times, *symbol.per, *symbol.where)
    yield from (key for key in (symbol.si_scale, symbol.precision) if key)
    if symbol.later_than is not None:
        yield from (symbol.later_than.column, symbol.later_than.clock)


def _named(tag: Tag) -> list[str]:
    try:
        return tag.named
    except ValueError:
        return []  # _tags tells


def _known(at: KeyPath, wanted: Iterable[str], keys: set[str]) -> Iterator[Complaint]:
    for key in wanted:
        if key not in keys and not _ARC.fullmatch(key):
            yield at, f"{key!r} is no column read here (there are: {', '.join(sorted(keys)) or 'none'})"


def _sources(at: KeyPath, columns: Iterable[Column]) -> Iterator[Complaint]:
    """One key must not stand for two things of a row."""
    seen: dict[str, tuple[object, ...]] = {}
    for column in columns:
        yield from _source(at, column)
        source = (column.OID, column.extract_value, column.unsigned, *_places(column))
        if seen.setdefault(column.key, source) != source:
            yield at, f"{column.key!r} names two different columns: give them different names"


def _places(column: Column) -> tuple[object, ...]:
    return (column.index, column.index_transform) if isinstance(column, RowColumn) else (None, [])


def _source(at: KeyPath, column: Column) -> Iterator[Complaint]:
    if column.OID is None and getattr(column, "index", None) is None:
        yield at, f"{column.key!r} is a field: an SNMP metric reads OIDs"


def _symbols(at: KeyPath, symbols: Iterable[Symbol]) -> Iterator[Complaint]:
    for symbol in symbols:
        yield from _extract(at, symbol)
        if symbol.sample is None and symbol.limit is None:
            yield at, f"{symbol.key!r} becomes nothing: give sample or limit, or move it to columns"


def _tags(at: KeyPath, tags: Iterable[Tag], symbols: Iterable[Symbol]) -> Iterator[Complaint]:
    samples = {s.limit.sample if s.limit else s.sample for s in symbols}
    labels = {label for sample in samples if sample for label in VOCABULARY[sample].labels}
    for n, tag in enumerate(tags):
        here = (*at, "metric_tags", n)
        if tag.tag not in labels:
            yield here, f"{tag.tag!r} is no label of these samples (there are: {', '.join(sorted(labels)) or 'none'})"
        if tag.symbol is not None:
            yield from _extract(here, tag.symbol)
            yield from _source(here, tag.symbol)
        try:
            tag.format.format(*"x" * 64, **dict.fromkeys(tag.named, "x"))
        except (AttributeError, IndexError, KeyError, ValueError, TypeError):
            yield here, f"format {tag.format!r} is not one of a text (right form: 'Slot {{}}', 'Fan {{1}}/{{2}}')"


def _extract(at: KeyPath, column: Column) -> Iterator[Complaint]:
    if column.extract_value is not None:
        yield from _regex(at, column.extract_value)


def _regex(at: KeyPath, pattern: str) -> Iterator[Complaint]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield at, f"{pattern!r} is not a regular expression: {error}"
