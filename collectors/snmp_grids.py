"""Put the tables of a reading side by side: which columns are plain figures of rows that are told apart. Pure.

A profile labels many tables by the same tags (ifTable, ifXTable): their rows are labelled once, and column by column.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import repeat
from typing import Any, cast

from collectors import convert, snmp_decode
from collectors.columns import Grid, Labels, Rows, packed
from collectors.model import Number, Value
from collectors.model import Rows as Read
from collectors.profiles.rules import Metric, Symbol, Tag
from collectors.profiles.words import Oid
from collectors.vocabulary import VOCABULARY

Indexes = tuple[str, ...]
Labelled = dict[Any, "tuple[Labels, ...] | None"]
"""Tables that are labelled alike, the names of their labels, the rows → the labels; None: they cannot be told apart."""

PLAIN_COLUMN = frozenset({"OID", "name"})
PLAIN_SYMBOL = PLAIN_COLUMN | {"sample"}
PLAIN_METRIC = frozenset({"MIB", "table", "symbols", "metric_tags", "columns", "where", "where_not"})
PLAIN_TAG = frozenset({"tag", "symbol", "index", "value", "index_transform"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of plain figures, one for each of its rows."""

    oid: Oid
    name: str
    indexes: Indexes
    labels: tuple[Labels, ...]
    values: Sequence[Number]


@dataclass(frozen=True, slots=True)
class Table:
    """A metric whose figures can stand in grids. `alike`: the first metric of the profile that labels its rows so."""

    metric: Metric
    asked: tuple[tuple[Oid, str], ...]  # columns, and the samples they become
    alike: int

    @property
    def figures(self) -> Set[Oid]:
        """The columns that become samples."""
        return {oid for oid, _ in self.asked}

    def columns(self, rows: Read, labelled: Labelled) -> list[Column]:
        """Return the columns that were read; none where one of them can stand in no grid, as all hang together.

        `labelled` has the labels of this reading's rows that are known, and takes more.
        """
        asked = {oid: name for oid, name in self.asked if rows.get(oid)}
        if len(set(asked.values())) < len(asked):
            return []
        found = []
        for oid, name in asked.items():
            indexes, values = tuple(rows[oid]), whole(rows[oid].values())
            labels = self._labels(name, indexes, rows, labelled) if values is not None else None
            if labels is None or values is None:
                return []
            found.append(Column(oid, name, indexes, labels, values))
        return found

    def _labels(self, name: str, indexes: Indexes, rows: Read, labelled: Labelled) -> tuple[Labels, ...] | None:
        names = VOCABULARY[name].labels if name in VOCABULARY else None
        key = self.alike, names, indexes
        if key not in labelled:
            texts = _texts(self.metric, rows, indexes)
            labelled[key] = None if texts is None else _told_apart(names, texts, indexes)
        return labelled[key]


def tables(metrics: Sequence[Metric]) -> dict[int, Table]:
    """Return the metrics that can stand in grids, by their number."""
    found: dict[int, Table] = {}
    for number, metric in enumerate(metrics):
        if _is_plain(metric):
            same = (n for n, other in found.items() if _are_alike(metric, other.metric))
            asked = tuple((symbol.OID, symbol.sample) for symbol in metric.symbols if symbol.OID and symbol.sample)
            found[number] = Table(metric, asked, next(same, number))
    return found


def _is_plain(metric: Metric) -> bool:
    """Say whether a metric is a table, and its figures are the objects' values as they are."""
    plain = metric.table is not None and metric.model_fields_set <= PLAIN_METRIC
    return (
        plain
        and all(map(_is_figure, metric.symbols))
        and not any(oid.endswith(".0") for oid in snmp_decode.objects_of(metric))
    )


def _is_figure(symbol: Symbol) -> bool:
    return symbol.sample is not None and symbol.model_fields_set <= PLAIN_SYMBOL


def _are_alike(metric: Metric, other: Metric) -> bool:
    """Say whether the same row has the same labels in two tables."""
    return _is_tagged_only(metric) and _is_tagged_only(other) and metric.metric_tags == other.metric_tags


def _is_tagged_only(metric: Metric) -> bool:
    """Say whether all rows count, and each label is of its own column or of the index."""
    return not metric.where and not metric.where_not and all(map(_is_simple, metric.metric_tags))


def _is_simple(tag: Tag) -> bool:
    return tag.model_fields_set <= PLAIN_TAG and (tag.symbol is None or not tag.index_transform)


def whole(values: Iterable[Value]) -> Sequence[Number] | None:
    """Return values side by side (packed); None where one of them is no integer."""
    figures = cast(list[int], list(values))
    try:
        return array("Q", figures)
    except (TypeError, OverflowError):
        return packed(figures) if set(map(type, figures)) <= {int} else None


# ---- labels, column by column ----


def _texts(metric: Metric, rows: Read, indexes: Indexes) -> dict[str, list[str]] | None:
    """Return each tag's texts, one a row; None where some of the rows do not count."""
    if not _is_tagged_only(metric):
        tags = snmp_decode.labels_of_rows(metric, rows)
        if not tags.keys() >= set(indexes):
            return None
        return {tag.tag: [tags[index].get(tag.tag, "") for index in indexes] for tag in metric.metric_tags}
    found: dict[str, list[str]] = {}
    for tag in metric.metric_tags:
        texts, first = _tag_texts(tag, rows, indexes), found.get(tag.tag)
        found[tag.tag] = texts if first is None else [one or other for one, other in zip(first, texts, strict=True)]
    return found


def _tag_texts(tag: Tag, rows: Read, indexes: Indexes) -> list[str]:
    if tag.value is not None:
        return [convert.text(tag.value)] * len(indexes)
    if tag.symbol is None:
        return [convert.text(snmp_decode.of_index(tag, index)) for index in indexes]
    column = map(rows.get(tag.symbol.OID or "", {}).get, indexes)
    if not tag.symbol.model_fields_set <= PLAIN_COLUMN:
        column = map(convert.extract, repeat(tag.symbol), column)
    return list(map(convert.text, column))


def _told_apart(
    names: Sequence[str] | None, texts: Mapping[str, list[str]], indexes: Indexes
) -> tuple[Labels, ...] | None:
    """Return each row's labels (convert.labels_of); None where rows share them all. `names`: the vocabulary's."""
    none = [""] * len(indexes)
    entity = [words or index for words, index in zip(texts.get("entity", none), indexes, strict=True)]
    chosen = [name for name in texts if name != "entity"] if names is None else names
    columns = [entity if name == "entity" else texts.get(name, none) for name in chosen]
    rows = list(zip(*columns, strict=True)) if columns else [()] * len(indexes)
    if len(set(rows)) < len(rows):
        return None
    if names is None:
        return tuple({name: words for name, words in zip(chosen, row, strict=True) if words} for row in rows)
    return tuple(dict(zip(chosen, row, strict=True)) for row in rows)


# ---- side by side ----


def grids(columns: Iterable[Column], known: Sequence[Rows]) -> Iterator[Grid]:
    """Put columns with the same rows side by side. `known` are rows to use again."""
    together: dict[Indexes, list[list[Column]]] = {}
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
            yield Grid(
                rows=one_of(known, Rows(group[0].labels)),
                columns={column.name: column.values for column in group},
                oids={column.name: column.oid for column in group},
                indexes=indexes,
            )


def one_of(known: Iterable[Rows], rows: Rows) -> Rows:
    """Return those of the known rows that are equal, or these."""
    return next((each for each in known if tuple(each) == tuple(rows)), rows)
