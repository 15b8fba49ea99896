"""Labels as Prometheus reads them: a table's rows at once as each by itself, whatever a device calls things."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.metrics_labels import MAX_TEXT, Endings, _label_name, clean, inside, outside
from agent.metrics_text import Layout, layout
from collectors.columns import Grid, Rows, Samples
from collectors.model import Sample
from collectors.vocabulary import VOCABULARY

TOP = {"device": "core-1", "site": "hq"}
NAMES = ("ifName", "ifAlias", "entity", "device", "état", "__x", "_x", "9", "")
TEXTS = st.one_of(
    st.sampled_from(('"', "\\", "a\nb", "%s", "机房", "a\tb", "\ud800", "", "x" * (MAX_TEXT + 1))), st.text(max_size=6)
)
SAME = st.lists(st.sampled_from(NAMES), unique=True, max_size=4).flatmap(
    lambda names: st.lists(st.fixed_dictionaries(dict.fromkeys(names, TEXTS)), max_size=5)
)
OTHER = st.lists(st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=4), max_size=5)
ROWS = st.one_of(SAME, OTHER)


def ending(labels: Mapping[str, str]) -> str:
    own: dict[str, str] = {}
    for name in sorted(labels):
        if (valid := _label_name(name)) not in TOP:
            own.setdefault(valid, clean(labels[name]))
    return f",{inside(own)}}} " if own else "} "


@given(ROWS)
def test_the_rows_of_a_table_end_as_each_by_itself(labels: list[dict[str, str]]):
    endings = Endings(TOP)
    assert list(endings.of(Rows(labels))) == [endings.one(each) for each in labels] == list(map(ending, labels))


@given(SAME.filter(bool), st.data())
def test_rows_with_further_labels_end_with_them_too(labels: list[dict[str, str]], data: st.DataObject):
    rows = Rows(labels)
    picks = data.draw(st.lists(st.integers(0, len(labels) - 1), max_size=6).map(tuple))
    names = data.draw(st.sampled_from(((), ("direction",), ("entity", "state"))))
    texts = tuple(tuple(data.draw(TEXTS) for _ in names) for _ in picks)
    added = rows.with_labels(names, picks, texts)
    endings = Endings(TOP)
    assert list(endings.of(rows)) == list(map(ending, rows))
    assert list(endings.of(added)) == list(map(ending, added))
    assert list(added) == [added[at] for at in range(len(added))]


@given(st.dictionaries(st.sampled_from(("ifName", "entity", "_x")), TEXTS.map(clean), max_size=3))
def test_labels_are_read_back_as_they_were_written(labels: dict[str, str]):
    assert outside(f"{{{inside(labels)}}} ".encode()) == labels


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ({"ifName": 'ge"1'}, r'{device="core-1",site="hq",ifName="ge\"1"} '),
        ({}, '{device="core-1",site="hq"} '),
        ({"site": "elsewhere"}, '{device="core-1",site="hq"} '),
    ],
    ids=["own labels", "none", "one of the top's names"],
)
def test_what_all_rows_begin_with_is_put_before_how_they_end(labels: dict[str, str], text: str):
    samples = [Sample("ifMtu", labels, 1500)]
    assert layout(TOP, samples, VOCABULARY).rows() == [text.encode()]
    bare = layout({}, samples, VOCABULARY).rows()[0].decode()
    assert bare == (f"{{{inside(labels)}}} " if labels else " ")


def test_devices_of_one_kind_share_where_their_figures_stand():
    def laid_out(device: str) -> Layout:
        rows = Rows({"ifIndex": str(n), "ifName": f"ge{n}", "ifAlias": f"{device}-{n}"} for n in range(4))
        samples = Samples((Sample("device_up", {}, 1),), (Grid(rows, {"ifMtu": [1] * 4, "ifSpeed": [2] * 4}),))
        return layout({"device": device}, samples, VOCABULARY)

    one, other = laid_out("a"), laid_out("b")
    assert one.order is other.order
    assert one.names is other.names
    assert one.starts is other.starts
    assert one.rows()[1] == b'{device="a",ifAlias="a-0",ifIndex="0",ifName="ge0"} '
    assert other.rows()[1] == b'{device="b",ifAlias="b-0",ifIndex="0",ifName="ge0"} '
