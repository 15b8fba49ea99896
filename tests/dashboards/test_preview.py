"""The preview draws what a dashboard says of figures, and nothing that a device said can act in it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.dashboards import boards
from tools.dashboard_preview.page import page
from tools.dashboard_preview.prometheus import Series
from tools.dashboard_preview.tables import merged
from tools.dashboard_preview.values import COLOURS, colour_of, text_of

HOSTILE = "<script>alert(1)</script>"


@dataclass
class Answers:
    """Stands for a Prometheus that answers every query with the same series."""

    series: list[Series]
    chosen: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def ask(self, target: dict[str, Any]) -> list[Series]:
        self.asked.append(target["expr"])
        return self.series


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.877, "percentunit", "87.7%"),
        (2.4e9, "bps", "2.4 Gb/s"),
        (0.0, "bps", "0 b/s"),
        (-1500.0, "bps", "-1.5 kb/s"),
        (3 * 1024**3, "bytes", "3 GB"),
        (5400.0, "s", "1.5 h"),
        (0.012, "s", "12.0 ms"),
        (-90.0, "s", "-1.5 min"),
        (41.0, "celsius", "41 °C"),
        (229.6, "volt", "229.6 V"),
        (17.0, "", "17"),
        (float("nan"), "bps", "-"),
    ],
)
def test_a_figure_is_shown_in_its_unit(value: float, unit: str, shown: str):
    assert text_of(value, {"unit": unit}) == shown


@pytest.mark.parametrize(
    ("value", "colour"), [(-1.0, "red"), (0.0, "orange"), (3599.0, "orange"), (3600.0, "green"), ("text", "text")]
)
def test_a_colour_is_the_last_threshold_s(value: float | str, colour: str):
    steps = [{"value": None, "color": "red"}, {"value": 0, "color": "orange"}, {"value": 3600, "color": "green"}]
    assert colour_of(value, {"thresholds": {"steps": steps}}) == COLOURS[colour]


def test_a_mapped_value_is_a_word_in_its_colour():
    mapped = {"mappings": [{"options": {"1": {"text": "正常", "color": "green"}, "fan": {"text": "风扇"}}}]}
    assert (text_of(1.0, mapped), colour_of(1.0, mapped)) == ("正常", COLOURS["green"])
    assert (text_of("fan", mapped), text_of("disk", mapped)) == ("风扇", "disk")


def test_rows_are_merged_by_the_labels_that_all_queries_share():
    a: list[Series] = [({"site": "hq", "title": "总部"}, [(0, 9.0)]), ({"site": "branch", "title": "分部"}, [(0, 2.0)])]
    b: list[Series] = [({"site": "branch"}, [(0, 1.0)])]
    assert merged([({"refId": "A"}, a), ({"refId": "B"}, b)]) == [
        {"site": "hq", "title": "总部", "Value #A": 9.0},
        {"site": "branch", "title": "分部", "Value #A": 2.0, "Value #B": 1.0},
    ]


@pytest.mark.parametrize("name", boards.NAMES)
def test_every_dashboard_can_be_drawn_with_figures_and_without(name: str):
    board = boards.read(name)
    labels = dict.fromkeys(("device", "site", "customer", "entity", "ifName", "object", "ticket"), HOSTILE)
    some, none = Answers([(labels, [(0.0, 1.0), (60.0, float("nan")), (120.0, 2.0)])]), Answers([])
    drawn, empty = page(board, some), page(board, none)
    assert HOSTILE not in drawn
    assert "&lt;script&gt;" in drawn or name.endswith("agent")
    assert some.asked == none.asked == [query.expr for query in boards.queries(board)]
    assert all(panel["title"] in empty for panel in board["panels"])


def test_a_table_without_rows_says_why():
    assert "没有处理中的工单" in page(boards.read("zh/tickets"), Answers([]))
