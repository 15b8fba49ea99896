"""Tables as HTML: queries merged by the labels they share, columns named and sorted as the panel says. Pure."""

from collections.abc import Mapping
from html import escape
from typing import Any

from tools.dashboard_preview.prometheus import Series
from tools.dashboard_preview.values import Json, colour_of, text_of

Found = list[tuple[Json, list[Series]]]
"""Each target with its series."""

Row = dict[str, Any]


def table(panel: Json, found: Found) -> str:
    """Draw a table panel; where there is nothing, what it says then."""
    names: Mapping[str, str] = panel["transformations"][1]["options"]["renameByName"]
    fields = {each["matcher"]["options"]: properties(each) for each in panel["fieldConfig"]["overrides"]}
    rows = merged(found)
    if not rows:
        return escape(panel["fieldConfig"]["defaults"].get("noValue", "No data"))
    for by in reversed(panel["options"].get("sortBy", [])):
        column = next(name for name, title in names.items() if title == by["displayName"])
        rows.sort(key=lambda row, column=column: _rank(row.get(column)), reverse=by["desc"])  # type: ignore[misc]
    head = "".join(f"<th>{escape(title)}</th>" for title in names.values())
    body = "".join(f"<tr>{_cells(row, names, fields)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def merged(found: Found) -> list[Row]:
    """Return one row for each set of values of the labels that all series share."""
    labelled = [set(labels) for _, series in found for labels, _ in series]
    shared = sorted(set.intersection(*labelled)) if labelled else []
    rows: dict[tuple[str, ...], Row] = {}
    for target, series in found:
        value = f"Value #{target['refId']}" if len(found) > 1 else "Value"
        for labels, points in series:
            row = rows.setdefault(tuple(labels[name] for name in shared), {})
            row |= {**labels, value: points[-1][1]}
    return list(rows.values())


def properties(override: Json) -> dict[str, Any]:
    """Return an override's properties by their name."""
    return {each["id"]: each["value"] for each in override["properties"]}


def _rank(value: Any) -> tuple[bool, float, str]:
    return value is not None, value if isinstance(value, float) else 0.0, str(value)


def _cells(row: Row, names: Mapping[str, str], fields: Mapping[str, Json]) -> str:
    return "".join(_cell(row.get(name), fields.get(title, {})) for name, title in names.items())


def _cell(value: float | str | None, field: Json) -> str:
    if value is None:
        return "<td></td>"
    shown, colour = escape(text_of(value, field)), colour_of(value, field)
    linked = "links" in field and not field.get("thresholds")
    return f'<td style="color:{"#6e9fff" if linked else colour}">{shown}</td>'
