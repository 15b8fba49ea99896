"""One dashboard as Grafana's JSON: variables, links, and panels laid out on the grid."""

from collections.abc import Iterator

from dashboards.builder.form import Board, Lang, Panel, VariableName, Words
from dashboards.builder.look import DATASOURCE, Json, uid
from dashboards.builder.panels import panel

SCHEMA_VERSION = 39  # of Grafana 10.3; later ones bring it up to date when they load it
WIDTH = 24
TIMEZONES: dict[Lang, str] = {"zh": "Asia/Shanghai", "en": "browser"}

# what each variable matches, and the series its values come from; those before it narrow it
_LABELS: dict[VariableName, str] = {
    "customer": "customer",
    "site": "site",
    "class": "device_class",
    "device": "device",
    "interface": "ifName",
    "job": "job",
    "instance": "instance",
}
_SERIES: dict[VariableName, str] = {
    "interface": "ifOperStatus",
    "job": "netpatrol_build_info",
    "instance": "netpatrol_build_info",
}


def board(source: Board, words: Words, lang: Lang) -> Json:
    """Return the dashboard. It is the same whenever it is made from the same source."""
    filled = {
        "scope": scope(source, "customer", "site", "class", "device"),
        "site": scope(source, "customer", "site"),
        "agent": scope(source, "job", "instance"),
        "lang": lang,
    }
    return {
        "uid": uid(source.name, lang),
        "title": source.title[lang],
        "description": source.about[lang],
        "tags": ["netpatrol", f"netpatrol-{lang}"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": source.refresh,
        "time": {"from": source.since, "to": "now"},
        "timezone": TIMEZONES[lang],
        "links": _links(lang),
        "templating": {"list": _variables(source, words, lang)},
        "annotations": {"list": []},
        "panels": list(_laid_out(source.panels, words, lang, filled)),
    }


def scope(source: Board, *only: VariableName) -> str:
    """Return the label matchers of these variables, of those that the dashboard has."""
    return ",".join(_matcher(source, name) for name in source.variables if name in only)


def _matcher(source: Board, name: VariableName) -> str:
    """Grafana escapes what is special to a regular expression only where several values may be chosen."""
    return f'{_LABELS[name]}{"=" if name in source.single else "=~"}"${name}"'


def _links(lang: Lang) -> list[Json]:
    common = {"asDropdown": False, "icon": "external link", "includeVars": True, "keepTime": True, "tooltip": ""}
    others = {
        "type": "dashboards",
        "title": "netpatrol",
        "tags": [f"netpatrol-{lang}"],
        "url": "",
        "targetBlank": False,
    }
    own = common | {"type": "link", "tags": [], "targetBlank": True, "includeVars": False, "keepTime": False}
    pages = {"tickets": {"zh": "工单", "en": "Tickets"}, "reports": {"zh": "巡检报告", "en": "Reports"}}
    return [
        common | others | {"asDropdown": True},
        *(
            own | {"title": title[lang], "url": f"${{netpatrol_url}}/{page}?lang={lang}"}
            for page, title in pages.items()
        ),
    ]


def _variables(source: Board, words: Words, lang: Lang) -> list[Json]:
    datasource: Json = {
        "name": "datasource",
        "type": "datasource",
        "label": {"zh": "数据源", "en": "Data source"}[lang],
        "query": "prometheus",
        "hide": 0,
        "refresh": 1,
        "includeAll": False,
        "multi": False,
        "options": [],
    }
    url: Json = {
        "name": "netpatrol_url",
        "type": "textbox",
        "label": {"zh": "netpatrol 网址", "en": "netpatrol URL"}[lang],
        "query": "http://localhost:9469",
        "current": {"text": "http://localhost:9469", "value": "http://localhost:9469"},
        "hide": 0,
        "options": [],
    }
    return [datasource, *(_variable(source, index, words, lang) for index in range(len(source.variables))), url]


def _variable(source: Board, index: int, words: Words, lang: Lang) -> Json:
    name, one = source.variables[index], source.variables[index] in source.single
    before = [_matcher(source, each) for each in source.variables[:index]]
    offered = "|".join(source.classes) if name == "class" and source.classes else ".*"
    if offered != ".*":
        before.append(f'{_LABELS[name]}=~"{offered}"')
    matched = f"{{{','.join(before)}}}" if before else ""
    query = f"label_values({_SERIES.get(name, 'device_up')}{matched}, {_LABELS[name]})"
    made: Json = {
        "name": name,
        "type": "query",
        "label": words.variables[name][lang],
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": f"variable-{name}"},
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "multi": not one,
        "includeAll": not one,
        "options": [],
    }
    everything = {"text": {"zh": "全部", "en": "All"}[lang], "value": "$__all"}
    return made if one else made | {"allValue": offered, "current": everything}


def _laid_out(panels: list[Panel], words: Words, lang: Lang, filled: dict[str, str]) -> Iterator[Json]:
    x = y = height = 0
    for number, source in enumerate(panels, start=1):
        w, h = (WIDTH, 1) if source.kind == "row" else (source.w, source.h)
        if x + w > WIDTH:
            x, y, height = 0, y + height, 0
        place = {"x": x, "y": y, "w": w, "h": h}
        yield {"id": number, "gridPos": place, **panel(source, words, lang, filled)}
        x, height = x + w, max(height, h)
