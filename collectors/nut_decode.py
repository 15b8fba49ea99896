"""Turn a UPS's NUT variables into samples and facts, by the `nut` rules of a profile. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping

from collectors import convert, field_rows, series
from collectors.model import Failure, Reading
from collectors.profiles.rules import Nut, NutRows, Symbol
from collectors.terminal import quote

MAX_ROWS = 500  # outlets of a PDU, words of a text

Variables = Mapping[str, str]
"""Name → text, as `upsc` prints them."""


def expected(nut: Nut) -> frozenset[str]:
    """Return the sample names the rules can produce."""
    return frozenset().union(*(field_rows.names_of(rows.symbols) for rows in nut.rows))


def decode(nut: Nut, variables: Variables) -> Reading:
    """Return samples and facts. A value that is no number is a Failure `parse`, and costs no other.

    `expected` is without what is optional and not there.
    """
    made: list[series.Made] = []
    failures: list[Failure] = []
    had: list[NutRows] = []
    for number, rows in enumerate(nut.rows):
        found = list(_made(number, rows, variables, failures))
        made += found
        if any(row.samples for row in found) or not rows.optional:
            had.append(rows)
    here = expected(nut.model_copy(update={"rows": had}))
    return Reading(series.distinct(made), _facts(nut, variables), tuple(failures), here)


def _made(number: int, rows: NutRows, variables: Variables, failures: list[Failure]) -> Iterator[series.Made]:
    def failed(symbol: Symbol, error: convert.NotANumber) -> None:
        what = symbol.field or symbol.key
        failures.append(Failure("nut", "parse", what, f"{what}: {quote(str(error))}", field_rows.names_of([symbol])))

    found = field_rows.samples(_rows(rows, variables), rows.symbols, rows.metric_tags, failed)
    for index, samples in [("", field_rows.added_up(found))] if rows.add_up else found:
        yield series.Made(number, index, samples, rows.fallback)


def _rows(rows: NutRows, variables: Variables) -> Iterator[tuple[str, field_rows.Row]]:
    columns = [*rows.columns, *rows.symbols]
    for index, fields in _fields(rows, variables):
        row = field_rows.completed({**variables, **fields}, columns)
        if convert.counts(row, rows.where, rows.where_not):
            yield index, row


def _fields(rows: NutRows, variables: Variables) -> Iterable[tuple[str, Mapping[str, str]]]:
    if rows.of is not None:
        found = re.finditer(rows.words, variables.get(rows.of, ""))
        return [(str(n), {"word": match[0].strip()}) for n, match in zip(range(1, MAX_ROWS + 1), found, strict=False)]
    if rows.each is None:
        return [("", {})]
    groups: dict[str, dict[str, str]] = {}
    for name, text in variables.items():
        if (match := re.match(rows.each, name)) is not None and len(groups) <= MAX_ROWS:
            groups.setdefault(match[1] or "", {}).setdefault(name[match.end() :], text)
    return [(index, groups[index]) for index in sorted(groups, key=lambda index: (len(index), index))]


def _facts(nut: Nut, variables: Variables) -> dict[str, str]:
    found: dict[str, str] = {}
    for fact, columns in nut.facts.items():
        texts = (convert.text(convert.extract(column, variables.get(column.field or ""))) for column in columns)
        found[fact] = next(filter(None, texts), "")
    return {fact: words for fact, words in found.items() if words}
