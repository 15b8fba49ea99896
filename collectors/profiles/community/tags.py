"""Translate a community file's tags: of one metric, of all metrics, and fixed ones. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from collectors.profiles.community import names
from collectors.profiles.community.notes import Notes
from collectors.profiles.community.symbols import column_of, mapping_of, pattern_of
from collectors.profiles.reading import Reading
from collectors.profiles.rules import Column, Tag
from collectors.profiles.words import IndexSlice
from collectors.yamlfile import KeyPath

MAX_GLOBAL = 100
LAST = 127  # arcs of an OID: an end that is none

_KEYS = (
    *("tag", "column", "symbol", "symbols", "index", "index_transform", "mapping", "match", "tags", "table", "value"),
    *("OID", "MIB", "lookup_symbol", "name", "enum", "poll_time_sec"),
)


@dataclass(slots=True)
class GlobalTags:
    """Tags of all metrics of a device: of every one, of the scalars (Kentik), of the rows of a table (Kentik)."""

    all: list[Tag] = field(default_factory=list)
    scalars: list[Tag] = field(default_factory=list)
    rows: list[Tag] = field(default_factory=list)


def tags_of(data: Any, path: KeyPath, notes: Notes) -> list[Tag]:
    """Translate the tags of one metric."""
    return [tag for at, each in notes.listed(data, path) for tag in _tag(each, at, notes)]


def global_tags(data: Any, path: KeyPath, notes: Notes) -> GlobalTags:
    """Translate the tags of all metrics. Kentik's are `column:`s; a scalar one of those is for the scalars only."""
    found = GlobalTags()
    for at, each in notes.listed(data, path):
        if len(found.all) + len(found.scalars) + len(found.rows) >= MAX_GLOBAL:
            notes.add(at, "form", f"at most {MAX_GLOBAL} tags of all metrics")
            break
        kentik = isinstance(each, dict) and "column" in each
        for tag in _tag(each, at, notes):
            of_a_row = kentik and tag.symbol is not None and not (tag.symbol.OID or "").endswith(".0")
            kept = found.rows if of_a_row else found.scalars if kentik else found.all
            kept.append(tag if of_a_row else _scalar(tag))
    return found


def fixed_tags(data: Any, path: KeyPath, notes: Notes) -> list[Tag]:
    """Translate `static_tags`: `key:value` (Datadog), or {tag, value} (Netdata)."""
    found = []
    for at, each in notes.listed(data, path):
        notes.spend()
        if isinstance(each, dict):
            name, value = each.get("tag"), each.get("value")
        else:
            name, _, value = str(each).partition(":")
        if name and value:
            found.append(Tag(tag=names.label(str(name)), value=str(value)))
        else:
            notes.add(at, "form", "key:value, or tag and value")
    return found


def _scalar(tag: Tag) -> Tag:
    """Read a device's own object as a whole instance: `.0` is often left out."""
    column = tag.symbol
    if column is None or column.OID is None or column.OID.endswith(".0"):
        return tag
    return tag.model_copy(update={"symbol": column.model_copy(update={"OID": f"{column.OID}.0"})})


def _tag(data: Any, path: KeyPath, notes: Notes) -> Iterator[Tag]:
    notes.spend()
    if isinstance(data, str):
        yield from fixed_tags([data], path[:-1], notes)
        return
    found = notes.mapping(data, path, _KEYS)
    if found is None:
        return
    if found.get("lookup_symbol") is not None:
        notes.add((*path, "lookup_symbol"), "lookup", found.get("tag") or "")
        return
    slices = slices_of(found.get("index_transform"), (*path, "index_transform"), notes)
    if slices is None:
        return
    for column in _columns(found, path, notes):
        yield from _of_column(found, column, slices, path, notes)


def _columns(found: Mapping[str, Any], path: KeyPath, notes: Notes) -> Iterator[Column | None]:
    """Yield the columns a tag is read from, None for one that is read from the row's index or fixed."""
    key = next((key for key in ("column", "symbol") if found.get(key) is not None), None)
    if found.get("symbols") is not None:
        columns = (column_of(each, at, notes) for at, each in notes.listed(found["symbols"], (*path, "symbols")))
        yield from (column for column in columns if column is not None)
    elif key is None or _is_index(found, found[key]):
        yield from _bare(found, path, notes)
    else:
        legacy = isinstance(found[key], str)  # OID beside `symbol: sysName`
        data = {"OID": found.get("OID"), "name": found[key]} if legacy else found[key]
        column = column_of(data, (*path, key), notes)
        if column is not None:
            yield column


def _is_index(found: Mapping[str, Any], symbol: Any) -> bool:
    """Netdata: a symbol without OID beside `index_transform` only names that part of the index."""
    sliced = found.get("index_transform") is not None or found.get("index") is not None
    return sliced and isinstance(symbol, dict) and "OID" not in symbol and symbol.get("format") in (None, "ip_address")


def _bare(found: Mapping[str, Any], path: KeyPath, notes: Notes) -> Iterator[Column | None]:
    if found.get("OID") is not None:
        column = column_of({"OID": found["OID"], "name": found.get("name") or ""}, path, notes)
        if column is not None:
            yield column
    elif any(found.get(key) is not None for key in ("index", "index_transform", "value")):
        yield None
    else:
        notes.add(path, "form", "symbol, column, index or value")


def _of_column(
    found: Mapping[str, Any], column: Column | None, slices: list[IndexSlice], path: KeyPath, notes: Notes
) -> Iterator[Tag]:
    if found.get("match") is not None:
        yield from _parts(found, column, slices, path, notes)
        return
    name = _name(found, column)
    if not name:
        notes.add(path, "form", "tag: the tag's name")
        return
    inner: dict[str, Any] = next((found[key] for key in ("column", "symbol") if isinstance(found.get(key), dict)), {})
    mapping = mapping_of(found, path, notes) or mapping_of(inner, path, notes)
    index = _index(found.get("index"), (*path, "index"), notes) if column is None else None
    if column is None and index is None and found.get("index") is not None:
        return
    value = found.get("value") if column is None and index is None and not slices else None
    yield Tag(tag=names.label(name), symbol=column, index=index, value=value, index_transform=slices, mapping=mapping)


def _parts(
    found: Mapping[str, Any], column: Column | None, slices: list[IndexSlice], path: KeyPath, notes: Notes
) -> Iterator[Tag]:
    """`match` and `tags`: several tags of one text."""
    templates = found.get("tags")
    if column is None or not isinstance(templates, dict):
        notes.add((*path, "match"), "form", "a symbol, a pattern, and tags of its groups")
        return
    try:
        pattern = pattern_of(found["match"], (*path, "match"), notes)
    except ValueError:
        return  # named
    octets = column.reading.octets if column.reading else None
    for name, template in templates.items():
        notes.spend()
        reading = Reading(octets=octets, pattern=pattern, becomes=str(template or ""))
        taken = column.model_copy(update={"reading": reading})
        yield Tag(tag=names.label(str(name)), symbol=taken, index_transform=slices)


def _name(found: Mapping[str, Any], column: Column | None) -> str:
    inner = found.get("column")
    said = inner.get("tag") if isinstance(inner, dict) else None
    return str(found.get("tag") or said or (column.name if column is not None else "") or "")


def _index(given: object, path: KeyPath, notes: Notes) -> int | None:
    if given is None:
        return None
    if not str(given).isdecimal() or not 1 <= int(str(given)[:9]) <= LAST:
        notes.add(path, "form", "the number of an arc of the index, from 1")
        return None
    return int(str(given))


def slices_of(data: Any, path: KeyPath, notes: Notes) -> list[IndexSlice] | None:
    """Translate `index_transform`; None, named, where it is wrong. `drop_right` arcs at the end are left out."""
    slices = []
    for at, each in notes.listed(data, path):
        said = each if isinstance(each, dict) else {}
        start, end, drop = (str(said.get(key) or "0") for key in ("start", "end", "drop_right"))
        if not (start + end + drop).isdecimal() or len(start + end + drop) > 9 or "start" not in said:
            notes.add(at, "form", "start and end: numbers of arcs, from 0")
            return None
        last = -int(drop) - 1 if int(drop) else int(end)
        slices.append(IndexSlice(start=int(start), end=LAST if last == 0 and int(start) else last))
    return slices
