"""Rows of command output that depend on one another: what fills down, what may stand beside, what is counted."""

import pytest

from collectors.cli_parse import parse
from collectors.profiles.rules import Command
from tests.collectors.commands import cli, figures

FANS = {
    "command": "show fans",
    "regex": r"^ *(?P<slot>Slot \d+):$|^ *Fan (?P<fan>\d+) +(?P<state>\w+)$",
    "filldown": ["slot"],
    "beside": r"Fan +Status|-+",
    "metric_tags": [
        {"tag": "entity", "column": "slot", "format": "{} fan {fan}"},
        {"tag": "entity", "column": "fan", "format": "Fan {}"},
    ],
    "symbols": [
        {"field": "state", "labels": {"kind": "fan"}, "states": {"Ok": "ok ok"}, "sample": "device_state"},
    ],
}


def test_a_group_that_fills_down_holds_until_it_matches_again() -> None:
    parsed = parse(cli(FANS), {"show fans": "Fan 0 Ok\nSlot 1:\n Fan 1 Ok\n Fan 2 Ok\nSlot 2:\n Fan 1 Ok\n"})
    assert [each.labels["entity"] for each in parsed.samples] == [
        "Fan 0",
        "Slot 1 fan 1",
        "Slot 1 fan 2",
        "Slot 2 fan 1",
    ]
    assert parsed.failures == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Fan   Status", None),
        ("  -----  ", None),
        ("", None),
        ("Fan 2 is missing its blade", "'Fan 2 is missing its blade'"),
        ("Slot 9 does not answer", "'Slot 9 does not answer'"),
    ],
)
def test_a_line_that_neither_matches_nor_may_stand_beside_is_told_and_costs_no_other(
    line: str, told: str | None
) -> None:
    parsed = parse(cli(FANS), {"show fans": f"Slot 1:\nFan 1 Ok\n{line}\nFan 3 Ok\n"})
    assert [each.labels["entity"] for each in parsed.samples] == ["Slot 1 fan 1", "Slot 1 fan 3"]
    assert [(each.kind, each.message) for each in parsed.failures] == (
        [("parse", f"show fans: the output is not understood, from {told}")] if told else []
    )


def test_fields_of_a_template_do_not_fill_down() -> None:
    with pytest.raises(ValueError, match="filldown and beside belong to a regex"):
        Command.model_validate({"command": "show x", "template": "cisco_ios", "beside": ".*"})


def test_lines_are_counted_by_a_label_and_none_is_a_zero() -> None:
    log = {
        "command": "show log",
        "add_up": True,
        "regex": r"^(?P<header>Log):|-(?P<severity>[0-7])-",
        "metric_tags": [{"tag": "level", "column": "severity", "mapping": {"3": "error", "4": "warning"}}],
        "symbols": [
            {
                "field": "header",
                "present": True,
                "scale": 0,
                "labels": {"level": "error"},
                "sample": "device_log_messages",
            },
            {"field": "severity", "present": True, "sample": "device_log_messages"},
        ],
    }
    assert figures(parse(cli(log), {"show log": "Log:\n"})) == {"device_log_messages error": 0}
    assert figures(parse(cli(log), {"show log": "Log:\na-3-x\nb-4-y\nc-3-z\n"})) == {
        "device_log_messages error": 2,
        "device_log_messages warning": 1,
    }


def test_a_command_that_is_a_fallback_stands_only_where_none_before_gave_the_like() -> None:
    detail = {
        "command": "show neighbours detail",
        "optional": True,
        "regex": r"^(?P<port>\S+) hears (?P<name>\S+)",
        "metric_tags": [{"tag": "local_port", "column": "port"}, {"tag": "remote_name", "column": "name"}],
        "symbols": [{"field": "port", "present": True, "sample": "device_neighbour"}],
    }
    brief = {**detail, "command": "show neighbours", "fallback": "whole"}
    outputs = {"show neighbours": "1 hears core-sw-...\n2 hears other\n"}
    assert len(parse(cli(detail, brief), outputs).samples) == 2
    both = parse(cli(detail, brief), {**outputs, "show neighbours detail": "1 hears core-switch-1\n"})
    assert [each.labels["remote_name"] for each in both.samples] == ["core-switch-1"]
