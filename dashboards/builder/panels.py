"""One panel of a table of panels, as Grafana's JSON. The options are those of @grafana/schema's panel types."""

from collections.abc import Mapping

from dashboards.builder.form import Column, Lang, Meant, Panel, Query, Words
from dashboards.builder.look import DATASOURCE, Json, field

TYPES = {"timeline": "state-timeline"}
_REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_OPTIONS: Mapping[str, Json] = {
    "stat": {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": _REDUCE,
        "showPercentChange": False,
        "textMode": "auto",
        "wideLayout": True,
    },
    "timeseries": {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    "timeline": {
        "legend": _LEGEND,
        "tooltip": {"mode": "single", "sort": "none"},
        "showValue": "never",
        "mergeValues": True,
        "rowHeight": 0.8,
        "alignValue": "left",
    },
    "bargauge": {
        "displayMode": "basic",
        "legend": _LEGEND | {"showLegend": False},
        "maxVizHeight": 300,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": "horizontal",
        "reduceOptions": _REDUCE,
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "color",
    },
    "table": {"cellHeight": "sm", "showHeader": True, "frameIndex": 0, "showTypeIcons": False},
}
_CUSTOM: Mapping[str, Json] = {
    "timeseries": {"lineWidth": 1, "fillOpacity": 8, "showPoints": "never", "spanNulls": False},
    "timeline": {"lineWidth": 0, "fillOpacity": 80},
    "table": {"align": "auto", "filterable": True, "inspect": False, "cellOptions": {"type": "auto"}},
}


def panel(source: Panel, words: Words, lang: Lang, filled: Mapping[str, str]) -> Json:
    """Return a panel without its id and place. `filled` is what <words> in queries stand for."""
    if source.kind == "row":
        return {"type": "row", "title": source.title[lang], "collapsed": False, "panels": []}
    made: Json = {
        "type": TYPES.get(source.kind, source.kind),
        "title": source.title[lang],
        "datasource": DATASOURCE,
        "targets": [_target(query, index, source, lang, filled) for index, query in enumerate(source.asked)],
        "fieldConfig": {"defaults": _defaults(source, words, lang), "overrides": _overrides(source, words, lang)},
        "options": dict(_OPTIONS[source.kind]),
    }
    said = source.help or source.empty
    if said:
        made["description"] = said[lang]
    if source.kind == "table":
        made["transformations"] = _transformations(source, lang, filled)
        made["options"] = made["options"] | _sorted(source, lang)
    return made


def _target(query: Query, index: int, source: Panel, lang: Lang, filled: Mapping[str, str]) -> Json:
    now = source.kind in ("stat", "bargauge", "table")
    legend = query.legend if isinstance(query.legend, str) else query.legend[lang]
    return {
        "refId": _ref(index),
        "datasource": DATASOURCE,
        "expr": fill(query.expr, filled),
        "legendFormat": fill(legend, filled) or "__auto",
        "instant": now,
        "range": not now,
        "format": "table" if source.kind == "table" else "time_series",
        "editorMode": "code",
    }


def fill(expr: str, filled: Mapping[str, str]) -> str:
    """Return an expression on one line, with what its <words> stand for."""
    for word, text in filled.items():
        expr = expr.replace(f"<{word}>", text)
    return " ".join(expr.split())


def _ref(index: int) -> str:
    return chr(ord("A") + index)


def _defaults(source: Panel, words: Words, lang: Lang) -> Json:
    defaults = field(source, words, lang)
    if source.empty:
        defaults["noValue"] = "–" if source.kind == "stat" else source.empty[lang]
    custom = dict(_CUSTOM.get(source.kind, {}))
    if source.kind == "timeseries":
        defaults["color"] = {"mode": "palette-classic"}
        custom["stacking"] = {"mode": "normal" if source.stack else "none", "group": "A"}
        custom["thresholdsStyle"] = {"mode": "dashed" if source.steps else "off"}
    return defaults | ({"custom": custom} if custom else {})


def _overrides(source: Panel, words: Words, lang: Lang) -> list[Json]:
    named = [(value, _named(meant, lang)) for value, meant in words.maps[source.names].items()] if source.names else []
    columns = [(column.title[lang], _properties(column, words, lang)) for column in source.columns]
    return [
        {"matcher": {"id": "byName", "options": name}, "properties": properties}
        for name, properties in [*named, *columns]
        if properties
    ]


def _named(meant: Meant, lang: Lang) -> list[Json]:
    color = {"mode": "fixed", "fixedColor": meant.color}
    return [{"id": "displayName", "value": meant[lang]}, *([{"id": "color", "value": color}] if meant.color else [])]


# ---- tables: one query a column, merged by the labels they share ----


def _properties(column: Column, words: Words, lang: Lang) -> list[Json]:
    properties = [{"id": name, "value": value} for name, value in field(column, words, lang).items()]
    if column.width:
        properties.append({"id": "custom.width", "value": column.width})
    if column.steps or column.map:
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    return properties


def _transformations(source: Panel, lang: Lang, filled: Mapping[str, str]) -> list[Json]:
    names = _names(source, filled)
    organise = {
        "excludeByName": {"Time": True},
        "indexByName": {name: index for index, name in enumerate(names)},
        "renameByName": {name: column.title[lang] for name, column in zip(names, source.columns, strict=True)},
    }
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": organise}]


def _names(source: Panel, filled: Mapping[str, str]) -> list[str]:
    """Return what Grafana calls each column: a label, `Value #A`, or `Value` where there is one query only."""
    refs = (f"Value #{_ref(index)}" for index in range(len(source.asked)))
    only = len(source.asked) == 1
    return [
        fill(column.label, filled) if column.label else "Value" if only else next(refs) for column in source.columns
    ]


def _sorted(source: Panel, lang: Lang) -> Json:
    titles = {column.title.en: column.title[lang] for column in source.columns}
    return {"sortBy": [{"displayName": titles[by.removeprefix("-")], "desc": by[0] == "-"} for by in source.sort]}
