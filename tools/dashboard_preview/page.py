"""A dashboard as one HTML page: panels at their places on the grid."""

import re
from html import escape

from tools.dashboard_preview.prometheus import Labels, Points, Source
from tools.dashboard_preview.svg import Line, Named, graph, timeline
from tools.dashboard_preview.tables import Found, properties, table
from tools.dashboard_preview.values import COLOURS, Json, colour_of, text_of

STEP, WIDTH = 34, 1560  # pixels: of a grid row, of the grid
STYLE = """
body {margin: 0; background: #111217; color: #ccccdc; font: 13px "Noto Sans CJK SC", sans-serif}
h1 {font-size: 18px; font-weight: 500; margin: 10px 14px 2px}
p {margin: 0 14px 6px; color: #9a9ca8}
.board {position: relative; margin: 6px 10px}
.panel {position: absolute; background: #181b1f; border: 1px solid #2b2e35; border-radius: 3px; overflow: hidden;
  box-sizing: border-box; padding: 6px 10px}
.title {font-weight: 500; margin-bottom: 4px}
.stat {font-size: 30px; font-weight: 500; text-align: center; padding-top: 14px}
table {border-collapse: collapse; width: 100%}
th {text-align: left; color: #6e9fff; font-weight: 500; font-size: 12px}
td, th {padding: 3px 8px; border-bottom: 1px solid #25282d; white-space: nowrap}
.legend {font-size: 11px; color: #b8bac4; white-space: nowrap; overflow: hidden}
.bar {height: 14px; display: inline-block; vertical-align: middle}
"""


def page(board: Json, source: Source) -> str:
    """Return the page. Raises OSError where Prometheus does not answer."""
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    panels = "".join(_panel(panel, source) for panel in board["panels"])
    asked = [each for each in board["templating"]["list"] if each["type"] == "query"]
    chosen = "　".join(f"{each['label']}: {_chosen(each, source)}" for each in asked)
    return (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><h1>{escape(board["title"])}</h1>'
        f"<p>{escape(chosen)}</p>"
        f'<div class="board" style="width:{WIDTH}px;height:{bottom * STEP}px">{panels}</div>'
    )


def _chosen(variable: Json, source: Source) -> str:
    return source.chosen.get(variable["name"]) or str(variable.get("current", {}).get("text", "-"))


def _panel(panel: Json, source: Source) -> str:
    at = panel["gridPos"]
    width, height = at["w"] * WIDTH / 24 - 6, at["h"] * STEP - 6
    place = f"left:{at['x'] * WIDTH / 24}px;top:{at['y'] * STEP}px;width:{width}px;height:{height}px"
    title = f'<div class="title">{escape(panel["title"])}</div>'
    found = [(target, source.ask(target)) for target in panel.get("targets", [])]
    drawn = table(panel, found) if panel["type"] == "table" else _drawn(panel, found, width - 20, height - 40)
    return f'<div class="panel" style="{place}">{title}{drawn}</div>'


def _drawn(panel: Json, found: Found, width: float, height: float) -> str:
    field = panel["fieldConfig"]["defaults"]
    called = {each["matcher"]["options"]: properties(each) for each in panel["fieldConfig"]["overrides"]}
    named = [_line(target, labels, points, called) for target, series in found for labels, points in series]
    if not named:
        return f'<div class="stat">{escape(field.get("noValue", "No data"))}</div>'
    match panel["type"]:
        case "stat":
            value = named[0].points[-1][1]
            return f'<div class="stat" style="color:{colour_of(value, field)}">{escape(text_of(value, field))}</div>'
        case "bargauge":
            return _bars(named, field, width)
        case "state-timeline":
            return timeline(named, field, width, height)
        case _:
            return graph(named, field, width, height)


def _line(target: Json, labels: Labels, points: Points, called: Json) -> Line:
    legend = re.sub(r"\{\{(\w+)\}\}", lambda m: labels.get(m[1], ""), target["legendFormat"]).strip()
    if legend == "__auto":
        legend = " ".join(value for name, value in labels.items() if name != "__name__")
    override = called.get(legend, {})
    colour = COLOURS.get(override.get("color", {}).get("fixedColor", ""), "")
    return Line(override.get("displayName", legend), points, colour)


def _bars(named: Named, field: Json, width: float) -> str:
    values = sorted(((line.points[-1][1], line.name) for line in named), reverse=True)
    top = field.get("max") or max(values[0][0], 1e-9)
    rows = (
        f'<tr><td>{escape(name)}</td><td><span class="bar" style="background:{colour_of(value, field)};'
        f'width:{max(2, width * 0.45 * value / top):.0f}px"></span> {escape(text_of(value, field))}</td></tr>'
        for value, name in values
    )
    return f"<table>{''.join(rows)}</table>"
