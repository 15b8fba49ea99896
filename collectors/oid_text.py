"""OIDs as text: taking them apart, ordering them, and finding an instance among the rows that were read. Pure."""

from collections.abc import Mapping

from collectors.model import Rows, Value
from collectors.profiles.words import Oid


def rows_of(values: Mapping[Oid, Value]) -> Rows:
    """Put the answers of a get into rows: `X.0` is column X, row "0"."""
    rows: Rows = {}
    for oid, value in values.items():
        column, index = split(oid)
        rows.setdefault(column, {})[index] = value
    return rows


def column_of(instance: Oid, index: str) -> Oid:
    """Take a row's index off an instance."""
    return instance.removesuffix(f".{index}")


def split(oid: Oid) -> tuple[Oid, str]:
    """Split the last arc off an OID."""
    column, _, index = oid.rpartition(".")
    return column, index


def by_arcs(dotted: str) -> list[tuple[int, str]]:
    """Order OIDs and indexes as numbers, whatever they are."""
    return [(len(arc), arc) for arc in dotted.split(".")]


def instance_value(rows: Rows, oid: Oid) -> Value:
    """Find an instance wherever the column ends: got as a scalar, or walked in a table."""
    end = oid.rfind(".")
    while end > 0:
        value = rows.get(oid[:end], {}).get(oid[end + 1 :])
        if value is not None:
            return value
        end = oid.rfind(".", 0, end)
    return None
