"""Translate a community file's metrics: scalars, and tables with the tags of their rows. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from collectors.profiles.community import names
from collectors.profiles.community.notes import Notes
from collectors.profiles.community.symbols import INERT, Made, oid_of, symbol_of
from collectors.profiles.community.tags import fixed_tags, tags_of
from collectors.profiles.rules import Metric, Tag
from collectors.profiles.words import Oid, Table
from collectors.vocabulary import Meaning
from collectors.yamlfile import KeyPath

Ours = Mapping[tuple[str, Oid], Metric]
"""(sample name, object it is read from) → how our own profiles read it."""

_KEYS = (
    *("MIB", "table", "symbol", "symbols", "metric_tags", "metric_type", "forced_type", "options", "static_tags"),
    *("OID", "name", *INERT),
)
_ROW = Tag(tag="index")  # what tells a table's rows apart, whatever their tags are


@dataclass(slots=True)
class Metrics:
    """What the metrics of one file come to."""

    metrics: list[Metric] = field(default_factory=list)
    ours: list[Metric] = field(default_factory=list)  # of our own profiles, which read objects of the file
    meanings: dict[str, Meaning] = field(default_factory=dict)


def translate(data: Any, notes: Notes, ours: Ours) -> Metrics:
    """Translate the `metrics` of a file.

    A symbol that our own profiles read from the same object under the same name is read as they do, with their labels;
    one whose name means something else here is exported with `snmp_` before it.
    """
    found = Metrics()
    for path, each in notes.listed(data, ("metrics",)):
        notes.spend()
        entry = notes.mapping(each, path, _KEYS)
        if entry is None:
            continue
        table, tags, made = _entry(entry, path, notes)
        kept = [theirs for one in made if (theirs := _theirs(one, path, notes, ours, found)) is not None]
        if kept:
            found.metrics.append(_metric(entry, table, tags, kept))
    return found


def _entry(entry: Mapping[str, Any], path: KeyPath, notes: Notes) -> tuple[Table | None, list[Tag], list[Made]]:
    tags = fixed_tags(entry.get("static_tags"), (*path, "static_tags"), notes)
    if entry.get("table") is None:
        if entry.get("metric_tags") is not None:
            found = tags_of(entry["metric_tags"], (*path, "metric_tags"), notes)
            tags += [tag for tag in found if tag.symbol is not None or tag.value is not None]  # it has no index
        return None, tags, list(_scalars(entry, path, notes))
    tags += tags_of(entry.get("metric_tags"), (*path, "metric_tags"), notes)
    table = _table(entry["table"], (*path, "table"), notes)
    kind = entry.get("metric_type") or entry.get("forced_type")
    row = _row(table, tags)
    symbols = notes.listed(entry.get("symbols"), (*path, "symbols"))
    if entry.get("symbol") is not None:
        symbols = [((*path, "symbol"), entry["symbol"]), *symbols]
    if not symbols:
        notes.add(path, "form", "symbols: what is read of the table")
    made = (symbol_of(each, at, notes, kind=kind, options=entry.get("options"), row=row) for at, each in symbols)
    return table, [_ROW, *tags], [one for one in made if one is not None]


def _scalars(entry: Mapping[str, Any], path: KeyPath, notes: Notes) -> Iterator[Made]:
    kind, options = entry.get("metric_type") or entry.get("forced_type"), entry.get("options")
    given = notes.listed(entry.get("symbols"), (*path, "symbols"))
    if isinstance(entry.get("symbol"), dict):
        given = [((*path, "symbol"), entry["symbol"]), *given]
    elif entry.get("symbol") is not None or entry.get("OID") is not None:
        given = [(path, {"OID": entry.get("OID"), "name": entry.get("name") or entry.get("symbol")}), *given]
    if not given:
        notes.add(path, "form", "symbol, or table and symbols")
    for at, each in given:
        made = symbol_of(each, at, notes, kind=kind, options=options)
        if made is not None:
            yield made


def _table(data: Any, path: KeyPath, notes: Notes) -> Table:
    """Return a table; it is only named by its OID, so one without is `table`."""
    if isinstance(data, str):
        return Table(OID="0.0", name=data)
    found = data if isinstance(data, dict) else {}
    oid = oid_of(found, path, notes) if "OID" in found else None
    return Table(OID=oid or "0.0", name=str(found.get("name") or oid or "table")[:200])


def _row(table: Table, tags: list[Tag]) -> Oid | None:
    """Return a column that a row of the table has: the first its tags are read from."""
    own = (tag.symbol.OID for tag in tags if tag.symbol and tag.symbol.OID and not tag.index_transform)
    return next((oid for oid in own if oid.startswith(f"{table.OID}.")), None)


def _theirs(made: Made, path: KeyPath, notes: Notes, ours: Ours, found: Metrics) -> Made | None:
    """Return a symbol under the name it is exported by; None for one that our own profiles read, which is taken."""
    own = ours.get((made.name, made.symbol.OID or ""))
    if own is not None and made.symbol.scale == 1:
        behind = own.model_copy(update={"fallback": True})
        if behind not in found.ours:
            found.ours.append(behind)
        return None
    name = names.apart(made.name)
    if name != made.name:
        notes.add(path, "renamed", name)
        made = replace(made, symbol=made.symbol.model_copy(update={"sample": name, "name": name}))
    found.meanings[name] = same(found.meanings.get(name), made.meaning)
    return made


def same(first: Meaning | None, second: Meaning) -> Meaning:
    """Return the one meaning of a name that two places give: of two types it has none."""
    if first is None or first.type == second.type:
        return first or second
    return replace(first, type="untyped")


def _metric(entry: Mapping[str, Any], table: Table | None, tags: list[Tag], made: list[Made]) -> Metric:
    symbols = [one.symbol for one in made]
    if table is None:  # `.0` is often left out: then both are asked for, and the first that is there counts
        symbols += [s.model_copy(update={"OID": f"{s.OID}.0"}) for s in symbols if not f"{s.OID}".endswith(".0")]
    twice = Counter(s.name for s in symbols)
    symbols = [s.model_copy(update={"name": f"{s.name} {s.OID}"}) if twice[s.name] > 1 else s for s in symbols]
    return Metric(MIB=str(entry.get("MIB") or "")[:200], table=table, symbols=symbols, metric_tags=tags)


def labelled(metric: Metric, tags: list[Tag]) -> Metric:
    """Return a metric with more tags."""
    return metric.model_copy(update={"metric_tags": [*metric.metric_tags, *tags]}) if tags else metric
