"""What a sample is labelled with: the vocabulary's labels, from tags of its row."""

from typing import Any

import pytest

from collectors import convert
from collectors.model import Value
from collectors.profiles.rules import Tag
from tests.collectors.symbols import symbol, temperature


def test_labels_are_the_vocabularys_and_the_entity_falls_back() -> None:
    row_labels = {"ifIndex": "3", "entity": ""}
    sample = convert.sample(temperature(), {"it": 20}, row_labels, entity="7.1", oid="1.3.6.1.9.1.7.1")
    assert sample is not None
    assert sample.labels == {"entity": "7.1"}
    assert sample.oid == "1.3.6.1.9.1.7.1"


def test_fixed_labels_go_before_the_rows() -> None:
    sample = convert.sample(temperature(labels={"entity": "CPU"}), {"it": 20}, {"entity": "row"})
    assert sample is not None
    assert sample.labels == {"entity": "CPU"}


@pytest.mark.parametrize(
    ("of", "entity"), [("device_temperature_celsius", "PSU 1"), ("ups_input_voltage_volts", ""), ("ifInErrors", "")]
)
def test_a_limit_names_the_sample_and_its_entity(of: str, entity: str) -> None:
    limit = symbol(limit={"sample": of, "level": "critical", "direction": "above"}, scale=0.1)
    sample = convert.sample(limit, {"it": 700}, {"entity": "PSU 1", "line": "2"})
    assert sample is not None
    assert sample.name == "device_limit"
    assert sample.labels == {"sample": of, "entity": entity, "level": "critical", "direction": "above"}
    assert sample.value == 70


@pytest.mark.parametrize(
    ("tag", "raw", "text"),
    [
        ({}, b"Fan", "Fan"),
        ({"format": "Slot {}"}, 3, "Slot 3"),
        ({"format": "Slot {}"}, None, ""),
        ({"format": "Slot {}"}, b"\0", ""),
        ({"mapping": {"1": "left"}}, 1, "left"),
        ({"mapping": {"1": "left"}, "format": "{} fan"}, 2, "2 fan"),
        ({"format": "{1}/{2} {0}"}, b"Fan", "4/9 Fan"),
        ({"format": "{3} {0}"}, b"Fan", ""),
        ({"format": "{} in {board}"}, b"Fan", "Fan in LPU{0}"),
    ],
)
def test_a_tag_is_mapped_and_formatted(tag: dict[str, Any], raw: Value, text: str) -> None:
    assert convert.tag_text(Tag(tag="entity", **tag), raw, {"board": b"LPU{0}"}, "4.9") == text


def test_the_first_tag_of_a_name_with_text_wins() -> None:
    tags = [Tag(tag="entity", column="name"), Tag(tag="entity", column="descr"), Tag(tag="line", column="descr")]
    row: dict[str, Value] = {"name": b"  ", "descr": b"Fan tray"}
    assert convert.labels(tags, lambda tag: row[tag.column or ""]) == {"entity": "Fan tray", "line": "Fan tray"}
