"""The dashboards are what their tables of panels make, what Grafana's published schema wants, of metrics there are."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from pydantic import ValidationError

from dashboards.builder import form
from dashboards.builder.__main__ import made, write
from tests.dashboards import boards, promql

SCHEMAS = Path(__file__).parents[1] / "data" / "grafana"
EXPECTED = {"fleet", "site", "device", "interfaces", "power", "servers", "inspection", "tickets", "agent"}
CHINESE = re.compile("[\u3400-\u9fff]")
DOCUMENT = boards.DASHBOARDS.parent / "docs" / "dashboards.md"


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return loaded


DASHBOARD = Draft7Validator(schema("dashboard"))
PANELS = schema("panels")["definitions"]["Panels"]["properties"]
PANEL_TYPES = {"stat": "stat", "timeseries": "timeseries", "table": "table", "bargauge": "bargauge", "state-timeline": "stateTimeline"}  # fmt: skip  # noqa: E501


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def problems(board: dict[str, Any]) -> list[str]:
    """Return what the published schemas of dashboards and of panel types have against a dashboard."""
    found = [error.message for error in DASHBOARD.iter_errors(board)]
    for panel in panels(board):
        own = PANEL_TYPES[panel["type"]]
        parts = {own: panel["options"], f"{own}Field": panel["fieldConfig"]["defaults"].get("custom", {})}
        for name in parts.keys() & PANELS.keys():
            found += [f"{panel['title']}: {e.message}" for e in Draft7Validator(PANELS[name]).iter_errors(parts[name])]
    return found


def test_what_is_committed_is_what_the_builder_makes():
    committed = {f"{path.parent.name}/{path.name}": path.read_text("utf-8") for path in boards.FILES}
    assert committed == made(), "right form: make dashboards"


def test_there_are_nine_dashboards_in_both_languages():
    assert sorted(boards.NAMES) == sorted(f"{lang}/{name}" for lang in ("zh", "en") for name in EXPECTED)


def test_the_builder_removes_the_files_of_a_dashboard_that_is_no_more(tmp_path: Path):
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "old.json").write_text("{}")
    write(tmp_path)
    assert not (tmp_path / "zh" / "old.json").exists()
    assert (tmp_path / "zh" / "fleet.json").exists()


@pytest.mark.parametrize("name", boards.NAMES)
def test_grafana_s_published_schema_accepts_it(name: str):
    assert problems(boards.read(name)) == []


def test_every_unit_is_one_that_grafana_knows():
    units = set(json.loads((SCHEMAS / "units.json").read_text("utf-8")))
    asked = {look.unit for board in form.boards() for panel in board.panels for look in (panel, *panel.columns)}
    assert asked - {""} <= units


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("refresh",), 30),
        (("panels", 0, "options"), None),
        (("panels", 0, "options", "colorMode"), "rainbow"),
        (("panels", 0, "gridPos", "w"), "wide"),
        (("panels", 0, "fieldConfig", "defaults", "thresholds", "steps"), [{"color": 1}]),
        (("templating", "list", 0, "hide"), "yes"),
        (("panels", 10, "fieldConfig", "defaults", "custom", "lineWidth"), "thin"),
        (("titel",), "fleet"),
    ],
)
def test_the_schema_would_see_a_mistake(path: tuple[str | int, ...], value: Any):
    board: Any = copy.deepcopy(boards.read("zh/fleet"))
    *way, last = path
    place = board
    for step in way:
        place = place[step]
    place[last] = value
    if path[-1] == "options":
        assert list(DASHBOARD.iter_errors(board))
    else:
        assert problems(board)


@pytest.mark.parametrize("name", boards.NAMES)
def test_every_query_is_promql_of_metrics_and_labels_there_are(name: str):
    board, known = boards.read(name), promql.known()
    asked = [(query.panel, boards.filled(board, query.expr, "4m")) for query in boards.queries(board)]
    asked += [(each["name"], boards.asked_of(each, board)[0]) for each in boards.variables(board)]
    strange = [
        (panel, metric, labels - known.get(metric, set()))
        for panel, expr in asked
        for metric, labels in promql.selected(expr)
        if metric not in known or labels - known[metric]
    ]
    assert strange == []


def test_no_panel_of_the_fleet_reads_a_figure_of_every_port_or_a_day_of_every_device():
    ports = {name for name, labels in promql.known().items() if "ifIndex" in labels and not name.startswith("site:")}
    for name in ("fleet", "inspection", "tickets", "agent"):
        for query in boards.queries(boards.read(f"zh/{name}")):
            selected = {metric for metric, _ in promql.selected(boards.filled(boards.read(f"zh/{name}"), query.expr))}
            assert not selected & ports, query.panel
            assert "device_up" not in selected or "_over_time" not in query.expr, query.panel
    for rule in promql.rules("alerts"):
        windows = {metric for metric, _ in promql.selected(rule["expr"])} if "_over_time" in rule["expr"] else set()
        assert windows <= {"up"}, rule["alert"]


def test_every_recorded_series_is_used_by_a_panel_or_an_alert():
    own = [rule["record"] for rule in promql.rules("rules") if ":" in rule["record"]]  # others are of snmp_exporter
    asked = [query.expr for name in boards.NAMES for query in boards.queries(boards.read(name))]
    asked += [rule["expr"] for folder in ("alerts", "rules") for rule in promql.rules(folder)]
    assert own
    assert [name for name in own if not any(name in expr for expr in asked)] == []


@pytest.mark.parametrize("name", boards.NAMES)
def test_a_variable_of_one_value_is_matched_as_it_is_and_one_of_several_as_a_pattern(name: str):
    board = boards.read(name)
    asked = " ".join(query.expr for query in boards.queries(board))
    for each in boards.variables(board):
        used = set(re.findall(rf'(=~?)"\${each["name"]}"', asked))
        assert used <= {"=~" if each["multi"] else "="}, each["name"]


@pytest.mark.parametrize("name", boards.NAMES)
def test_panels_neither_overlap_nor_leave_the_grid(name: str):
    taken: set[tuple[int, int]] = set()
    for panel in boards.read(name)["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", boards.NAMES)
def test_links_lead_to_dashboards_of_the_same_language_and_to_netpatrol(name: str):
    lang = name.partition("/")[0]
    uids = {boards.read(other)["uid"] for other in boards.NAMES if other.startswith(lang)}
    urls = re.findall(r'"url": "([^"]+)"', json.dumps(boards.read(name), ensure_ascii=False))
    assert urls
    for url in urls:
        inside = re.fullmatch(r"/d/([\w-]+)\?.+", url)
        assert (inside and inside[1] in uids) or url.startswith("${netpatrol_url}/"), url


@pytest.mark.parametrize("name", boards.NAMES)
def test_a_link_by_a_cell_s_value_is_on_a_column_of_names(name: str):
    for panel in panels(boards.read(name)):
        assert "__value" not in json.dumps(panel["fieldConfig"]["defaults"])
        renamed = panel.get("transformations", [{}, {"options": {"renameByName": {}}}])[1]["options"]["renameByName"]
        figures = {title for column, title in renamed.items() if column.startswith("Value")}
        linked = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"] if "__value" in json.dumps(o)}
        assert not linked & figures


def test_one_can_drill_down_from_the_fleet_to_an_interface_and_to_a_ticket():
    def leads_to(name: str) -> set[str]:
        text = json.dumps(boards.read(f"zh/{name}"))
        return set(re.findall(r"/d/netpatrol-(\w+)-zh", text)) | ({"ticket"} if "/tickets/$" in text else set())

    assert "site" in leads_to("fleet")
    assert "device" in leads_to("site")
    assert {"interfaces", "ticket"} <= leads_to("device")
    assert "ticket" in leads_to("tickets")
    assert "${netpatrol_url}/reports/" in json.dumps(boards.read("zh/inspection"))


@pytest.mark.parametrize("name", [name for name in boards.NAMES if name.startswith("en/")])
def test_the_english_one_has_no_chinese_and_the_chinese_one_speaks_it(name: str):
    chinese = boards.read(name.replace("en/", "zh/"))
    assert not CHINESE.search(json.dumps(boards.read(name), ensure_ascii=False))
    untranslated = [p["title"] for p in panels(chinese) if not CHINESE.search(p["title"])]
    assert set(untranslated) <= {"CPU"}
    assert CHINESE.search(chinese["title"])


def test_uids_and_panel_ids_are_unique():
    uids = [boards.read(name)["uid"] for name in boards.NAMES]
    assert len(set(uids)) == len(uids)
    for name in boards.NAMES:
        ids = [panel["id"] for panel in boards.read(name)["panels"]]
        assert len(set(ids)) == len(ids)


def test_a_panel_that_may_be_empty_says_so_itself_and_in_the_document():
    may = {(board.name, panel.title.en) for board in form.boards() for panel in board.panels if panel.empty}
    text = DOCUMENT.read_text("utf-8")
    assert may
    assert [title for _, title in sorted(may) if title not in text] == []
    for board, title in may:
        (panel,) = [panel for panel in panels(boards.read(f"en/{board}")) if panel["title"] == title]
        assert panel["fieldConfig"]["defaults"]["noValue"]


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ({"kind": "stat"}, "every other panel something"),
        ({"kind": "row", "expr": "up"}, "a row asks nothing"),
        ({"kind": "table", "expr": "up"}, "columns are for tables"),
        ({"kind": "stat", "expr": "up", "unti": "s"}, "Extra inputs are not permitted"),
        ({"kind": "table", "columns": [{"title": {"zh": "甲", "en": "A"}}]}, "needs label or expr"),
        (
            {"kind": "table", "sort": ["-B"], "columns": [{"title": {"zh": "甲", "en": "A"}, "expr": "up"}]},
            "none of its columns",
        ),
    ],
)
def test_a_mistake_in_a_table_of_panels_is_named(panel: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        form.Panel(title={"zh": "题", "en": "Title"}, **panel)
