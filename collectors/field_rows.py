"""Turn rows of named fields into samples: what the output of commands and the variables of NUT share. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

from collectors import convert, series
from collectors.model import Sample, Value
from collectors.profiles.rules import Column, Symbol, Tag

Row = Mapping[str, Value]
Made = tuple[str, tuple[Sample, ...]]
"""A row's index, and its samples."""


def name_of(symbol: Symbol) -> str | None:
    """Return the sample name a symbol becomes."""
    return "device_limit" if symbol.limit is not None else symbol.sample


def names_of(symbols: Iterable[Symbol]) -> frozenset[str]:
    """Return the sample names symbols become."""
    return frozenset(name for symbol in symbols if (name := name_of(symbol)))


def completed(fields: Mapping[str, str | None], columns: Iterable[Column]) -> Row:
    """Return a row with what columns take out of its fields under their own names."""
    return {**fields, **{column.key: convert.extract(column, fields.get(column.field or "")) for column in columns}}


def samples(
    rows: Iterable[tuple[str, Row]],
    symbols: Sequence[Symbol],
    tags: Sequence[Tag],
    failed: Callable[[Symbol, convert.NotANumber], object],
) -> Iterator[Made]:
    """Yield each row's samples. `failed` is told of a value that is no number."""

    def one(symbol: Symbol, row: Row, labels: Mapping[str, str], entity: str) -> Sample | None:
        try:
            return convert.sample(symbol, row, labels, entity=entity)
        except convert.NotANumber as error:
            failed(symbol, error)
            return None

    for index, row in rows:
        labels = convert.labels(tags, partial(_tag, row, index), row, index)
        every = (one(symbol, row, labels, index if tags else "") for symbol in symbols)
        yield index, tuple(each for each in every if each is not None)


def added_up(made: Iterable[Made]) -> tuple[Sample, ...]:
    """Return one sample a series: the sum over all rows."""
    totals: dict[series.Series, Sample] = {}
    for each in chain.from_iterable(found for _, found in made):
        before = totals.get(series.series(each))
        totals[series.series(each)] = replace(each, value=each.value + (before.value if before else 0))
    return tuple(totals.values())


def _tag(row: Row, index: str, tag: Tag) -> Value:
    if tag.value is not None:
        return tag.value
    if tag.symbol is not None:
        return convert.extract(tag.symbol, row.get(tag.symbol.field or ""))
    return row.get(tag.column) if tag.column is not None else index
