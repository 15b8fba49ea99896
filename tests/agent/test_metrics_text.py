"""The text format, read back by the Prometheus client's own parser."""

import math
import unicodedata
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from agent import metrics_text
from agent.metrics_labels import MAX_TEXT
from agent.metrics_text import block, join
from collectors.model import Sample
from collectors.vocabulary import VOCABULARY, Meaning

TOP = {"device": "core-1", "site": "hq"}
LABELS = {"ifIndex": "1", "ifName": "Gi0/1", "ifDescr": "GigabitEthernet0/1", "ifAlias": "uplink"}

Parsed = list[tuple[str, dict[str, str], float]]


def parse(page: str) -> Parsed:
    return [(s.name, s.labels, s.value) for family in text_string_to_metric_families(page) for s in family.samples]


def written(samples: Iterable[Sample], top: Mapping[str, str] = TOP) -> Parsed:
    return parse(join([block(top, samples, VOCABULARY)], VOCABULARY))


def shown(text: str) -> str:
    """Say what a reader gets to see of a text."""
    hidden = (unicodedata.category(c) in {"Cc", "Cs"} and c != "\n" for c in text[:MAX_TEXT])
    return "".join("\ufffd" if hide else c for c, hide in zip(text, hidden, strict=False))


def test_a_sample_is_a_line_with_the_devices_labels_first():
    page = join([block(TOP, [Sample("ifHCInOctets", LABELS, 2**63)], VOCABULARY)], VOCABULARY)
    assert page.splitlines()[2:] == [
        'ifHCInOctets{device="core-1",site="hq",ifAlias="uplink",ifDescr="GigabitEthernet0/1",'
        'ifIndex="1",ifName="Gi0/1"} 9223372036854775808'
    ]


@given(st.text(), st.text())
def test_any_label_value_comes_back_as_it_is_shown(device: str, alias: str):
    samples = written([Sample("ifMtu", {"ifAlias": alias}, 1500)], {"device": device})
    assert samples == [("ifMtu", {"device": shown(device), "ifAlias": shown(alias)}, 1500.0)]


@pytest.mark.parametrize(
    "hostile",
    [
        '"} 1\nevil{x="',
        "\\",
        '\\"',
        "\\n",
        "a\nb",
        "\x00",
        "\r\n",
        "\x1b[31m",
        "接入层",
        "\udcff",
        "\u2028",
        "{}",
        "a,b=c",
        " ",
    ],
)
def test_hostile_text_makes_one_sample_and_no_other(hostile):
    assert written([Sample("device_up", {"ifAlias": hostile}, 1)]) == [
        ("device_up", {**TOP, "ifAlias": shown(hostile)}, 1.0)
    ]


def test_an_endless_text_is_cut():
    ((_, labels, _),) = written([Sample("device_up", {"entity": "x" * 100_000}, 1)])
    assert labels["entity"] == "x" * MAX_TEXT


@pytest.mark.parametrize(
    ("name", "valid"),
    [("a-b", "a_b"), ("1st", "label_1st"), ("__name__", "label___name__"), ("", "label_"), ("名", "_"), ("a{b", "a_b")],
)
def test_a_label_name_of_any_form_becomes_a_valid_one(name, valid):
    ((_, labels, _),) = written([Sample("device_up", {name: "x"}, 1)])
    assert labels == {**TOP, valid: "x"}


def test_a_devices_own_label_cannot_pass_it_off_as_another():
    ((_, labels, _),) = written([Sample("device_up", {"device": "core-2"}, 1)])
    assert labels["device"] == "core-1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (2**64 - 1, "18446744073709551615"), (-5, "-5"), (0.25, "0.25"), (1e-7, "1e-07"),
        (1e300, "1e+300"), (True, "1"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (10**400, "+Inf"),
        (-(10**400), "-Inf"),
    ],
)  # fmt: skip
def test_a_value_is_written_as_prometheus_reads_it(value, text):
    assert metrics_text.number(value) == text


@given(st.one_of(st.integers(), st.floats()))
def test_any_value_comes_back(value: float):
    ((_, _, read),) = written([Sample("device_up", {}, value)])
    assert read == value or (math.isnan(read) and math.isnan(value)) or abs(value) > 1e308 or read == float(value)


def test_a_series_that_comes_twice_is_written_once():
    twice = [Sample("ifMtu", LABELS, 1500), Sample("ifMtu", dict(reversed(LABELS.items())), 9000)]
    assert [value for _, _, value in written(twice)] == [1500.0]


def test_texts_that_look_the_same_when_shown_are_one_series():
    assert len(written([Sample("ifMtu", {"ifAlias": "\x00"}, 1), Sample("ifMtu", {"ifAlias": "\x01"}, 2)])) == 1


def test_a_name_outside_the_vocabulary_is_left_out():
    assert written([Sample("evil_total{}", {}, 1), Sample("device_up", {}, 1)]) == [("device_up", TOP, 1.0)]


def test_a_metric_stands_together_over_all_devices_under_one_help_and_type():
    samples = [Sample("ifMtu", LABELS, 1500), Sample("device_up", {}, 1)]
    page = join([block({"device": name}, samples, VOCABULARY) for name in ("a", "b")], VOCABULARY)
    assert [line.split("{")[0] for line in page.splitlines()] == [
        "# HELP device_up 1 when the device answered over its management protocol, else 0",
        "# TYPE device_up gauge",
        "device_up",
        "device_up",
        "# HELP ifMtu Largest packet in octets (RFC 2863)",
        "# TYPE ifMtu gauge",
        "ifMtu",
        "ifMtu",
    ]


def test_help_is_escaped():
    meanings = {"device_up": Meaning("gauge", "one\\two\nthree")}
    page = join([block({}, [Sample("device_up", {}, 1)], meanings)], meanings)
    assert page.splitlines()[0] == r"# HELP device_up one\\two\nthree"
    assert parse(page) == [("device_up", {}, 1.0)]


@pytest.mark.parametrize(
    ("name", "mib"), [("ifHCInOctets", True), ("bgpPeerState", True), ("device_up", False), ("ups_load_ratio", False)]
)
def test_names_of_a_mib_are_told_by_their_capitals(name, mib):
    assert metrics_text.is_mib_name(name) is mib
