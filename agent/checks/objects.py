"""What a series of a check is called within its device: unique, and the same in every reading. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import compress

from agent.checks.rules import Check
from collectors.columns import Grid, Rows
from collectors.model import Sample

CHANGES = frozenset({"state", "health", "role", "ifAlias", "ifDescr"})
"""Labels that say how a thing is, or is called, at present: they tell no two things apart."""

MAX_TEXT = 200


def matches(check: Check, labels: Mapping[str, str]) -> bool:
    """Say whether a series of the check's sample is one of those it judges."""
    return all(labels.get(label, "") in values for label, values in check.where.items()) and not any(
        labels.get(label, "") in values for label, values in check.where_not.items()
    )


def chosen(check: Check, rows: Rows) -> bytes:
    """Return for each of the rows 1 if the check judges it, else 0."""
    key = (chosen, check)
    if key not in rows.memo:
        rows.memo[key] = bytes(matches(check, labels) for labels in rows)
    found: bytes = rows.memo[key]
    return found


def series(check: Check, singles: Iterable[Sample], grids: Iterable[Grid]) -> Iterator[Sample]:
    """Yield the series that the check judges, among those of its sample."""
    yield from (sample for sample in singles if matches(check, sample.labels))
    for grid in grids:
        column = grid.columns[check.sample]
        for at in compress(range(len(column)), chosen(check, grid.rows)):
            yield Sample(check.sample, grid.rows[at], column[at])


def named(check: Check, series: Iterable[Sample], known: Collection[str] = ()) -> dict[str, list[Sample]]:
    """Sort the series of a check by object.

    Different things with the same name get what tells them apart behind it (`Fan #2`); so does the last one left of
    them, as `known` still has its longer name. Series that nothing tells apart share one object.
    """
    by_name: dict[str, list[Sample]] = {}
    for sample in series:
        by_name.setdefault(_name(check, sample.labels), []).append(sample)
    found: dict[str, list[Sample]] = {}
    for name, samples in by_name.items():
        told = {_told_apart(check, sample.labels) for sample in samples}
        for sample in samples:
            longer = f"{name} #{_told_apart(check, sample.labels)}"
            found.setdefault(longer if len(told) > 1 or longer in known else name, []).append(sample)
    return found


def _name(check: Check, labels: Mapping[str, str]) -> str:
    first = next((labels[label] for label in check.object if labels.get(label)), "")
    return _line([first, *(labels.get(label, "") for label in check.qualify)])


def _told_apart(check: Check, labels: Mapping[str, str]) -> str:
    if labels.get("ifIndex"):
        return labels["ifIndex"]
    said = {*check.object, *check.qualify, *CHANGES}
    return _line(labels[label] for label in sorted(labels) if label not in said)


def _line(texts: Iterable[str]) -> str:
    return " ".join(" ".join(text.split()) for text in texts if text)[:MAX_TEXT]
