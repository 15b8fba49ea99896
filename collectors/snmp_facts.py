"""Say what a device's facts (vendor, model, serial …) are read from, and read them. Pure."""

from collections.abc import Iterator

from collectors import convert
from collectors.model import Rows
from collectors.oid_text import by_arcs, instance_value
from collectors.profiles.rules import FieldSource, Profile, TableFact
from collectors.profiles.words import Oid
from collectors.vocabulary import SEVERAL

MAX_JOINED = 32  # chassis of a stack


def objects(profile: Profile) -> Iterator[tuple[Oid, bool]]:
    """Yield every OID that facts are read from, and whether it is an instance to get."""
    for source in profile.metadata.device.fields.values():
        yield from ((oid, True) for oid in _sources(source))
    for fact in profile.metadata.tables:
        yield from ((column.OID, False) for column in (fact.symbol, *fact.columns) if column.OID is not None)


def facts(profile: Profile, rows: Rows) -> dict[str, str]:
    """Return what the rows say of the profile's facts; not those without text."""
    found = {name: _fact(source, rows) for name, source in profile.metadata.device.fields.items()}
    for table in profile.metadata.tables:
        found[table.fact] = found.get(table.fact) or _table_fact(table, rows)
    return {name: words for name, words in found.items() if words}


def _fact(source: FieldSource | None, rows: Rows) -> str:
    while source is not None:
        words = _said(source, rows)
        if words:
            return words
        source = source.fallback
    return ""


def _said(source: FieldSource, rows: Rows) -> str:
    """Return what one source says, without its fall-back: its symbols in words, the first of them, or a fixed text."""
    texts = [convert.text(convert.extract(c, instance_value(rows, c.OID or ""))) for c in source.all_symbols]
    if source.mapping:
        texts = [source.mapping.get(words, "") for words in texts]
    if source.format is not None:
        return convert.clean(source.format.format(*texts)) if all(texts) else ""
    return next(filter(None, texts), source.value or "")


def _table_fact(fact: TableFact, rows: Rows) -> str:
    found: dict[str, None] = {}
    column = fact.symbol
    for index, value in sorted(rows.get(column.OID or "", {}).items(), key=lambda kv: by_arcs(kv[0])):
        row = {c.key: convert.extract(c, rows.get(c.OID or "", {}).get(index)) for c in fact.columns}
        words = convert.text(convert.extract(column, value)) if convert.counts(row, fact.where) else ""
        if words and len(found) < (1 if fact.first else MAX_JOINED):
            found[words] = None
    return "" if fact.fact in SEVERAL and len(found) < 2 else ", ".join(found)


def _sources(source: FieldSource | None) -> Iterator[Oid]:
    while source is not None:
        yield from (column.OID for column in source.all_symbols if column.OID is not None)
        source = source.fallback
