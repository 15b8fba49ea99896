"""collectors/cli_parse.py."""

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collectors import profiles
from collectors.cli_parse import Parsed, expected, parse
from collectors.profiles.rules import Cli
from tests.collectors.commands import cli, figures

NTP = {
    "command": "show clock",
    "regex": r"^Clock is (?P<status>\w+), stratum (?P<stratum>\S+)",
    "symbols": [
        {"field": "status", "enum": {"synchronized": 1, "unsynchronized": 0}, "sample": "device_ntp_synchronized"},
        {"field": "stratum", "sample": "device_ntp_stratum"},
    ],
}
SLOTS = {
    "command": "show slots",
    "regex": r"^(?P<slot>\d+) +(?P<state>\w+) +(?P<celsius>\S+)$",
    "metric_tags": [{"tag": "entity", "column": "slot", "format": "Slot {}"}],
    "symbols": [
        {"field": "celsius", "sample": "device_temperature_celsius"},
        {
            "field": "state",
            "labels": {"kind": "module"},
            "states": {"Normal": "ok normal", "Fault": "critical fault", "Absent": "skip absent"},
            "sample": "device_state",
        },
    ],
}


def kinds(parsed: Parsed) -> list[tuple[str, str]]:
    return [(each.kind, each.what) for each in parsed.failures]


def test_a_match_of_the_regex_becomes_samples() -> None:
    parsed = parse(cli(NTP), {"show clock": "Clock is synchronized, stratum 3\n"})
    assert figures(parsed) == {"device_ntp_synchronized": 1, "device_ntp_stratum": 3}
    assert parsed.failures == ()


def test_each_line_is_a_row_with_its_own_labels_and_an_empty_slot_is_none() -> None:
    parsed = parse(cli(SLOTS), {"show slots": "1 Normal 41\n2 Fault 88.5\n3 Absent -\n"})
    assert figures(parsed) == {
        "device_temperature_celsius Slot 1": 41,
        "device_temperature_celsius Slot 2": 88.5,
        "device_state Slot 1 module normal ok": 1,
        "device_state Slot 2 module fault critical": 1,
    }


def test_rows_that_do_not_count_are_left_out() -> None:
    one = parse(cli({**SLOTS, "where": {"state": ["Fault"]}}), {"show slots": "1 Normal 41\n2 Fault 88\n"})
    other = parse(cli({**SLOTS, "where_not": {"state": ["Fault"]}}), {"show slots": "1 Normal 41\n2 Fault 88\n"})
    assert figures(one).keys() == {"device_temperature_celsius Slot 2", "device_state Slot 2 module fault critical"}
    assert figures(other).keys() == {"device_temperature_celsius Slot 1", "device_state Slot 1 module normal ok"}


def test_the_same_row_twice_is_one_and_different_rows_of_one_name_are_told_apart() -> None:
    parsed = parse(cli(SLOTS), {"show slots": "1 Normal 41\n1 Normal 41\n1 Normal 55\n"})
    temperatures = {name: value for name, value in figures(parsed).items() if name.startswith("device_temp")}
    assert sorted(temperatures.values()) == [41, 55]


def test_rows_of_one_series_are_added_up_where_the_profile_says_so() -> None:
    summary = {
        "command": "show log summary",
        "add_up": True,
        "regex": r"^(?P<slot>\d+) (?P<errors>\d+) (?P<warnings>\d+)$",
        "symbols": [
            {"field": "errors", "labels": {"level": "error"}, "sample": "device_log_messages"},
            {"field": "warnings", "labels": {"level": "warning"}, "sample": "device_log_messages"},
        ],
    }
    parsed = parse(cli(summary), {"show log summary": "1 2 30\n2 3 40\n3 0 0\n"})
    assert figures(parsed) == {"device_log_messages error": 5, "device_log_messages warning": 70}


def test_a_template_of_ntc_templates_gives_rows_and_lists_become_one_text() -> None:
    version = {
        "command": "show version",
        "template": "cisco_ios",
        "facts": {
            "serial": "serial[0]",
            "stack_serials": "serial",
            "os_version": "version",
            "contact": "release",
        },
    }
    output = (
        "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E9, RELEASE SOFTWARE (fc2)\n"
        "acc-3 uptime is 1 day\nProcessor board ID FDO1\nProcessor board ID FDO2\n"
    )
    assert parse(cli(version), {"show version": output}).facts == {
        "serial": "FDO1",
        "stack_serials": "FDO1, FDO2",
        "os_version": "15.2(7)E9",
        "contact": "fc2",
    }


def test_a_fact_is_the_first_row_s_that_has_it_without_control_characters() -> None:
    esn = {"command": "show esn", "regex": r"^ESN: (?P<esn>.*)$", "facts": {"serial": "esn"}}
    assert parse(cli(esn), {"show esn": "ESN: \nESN: A\u202eB1\nESN: C2\n"}).facts == {"serial": "AB1"}


UNSUPPORTED = [
    "               ^\nError: Unrecognized command found at '^' position.",
    "Error:Incomplete command found at '^' position.",
    "          ^\n % Unrecognized command found at '^' position.",
    " % Wrong parameter found at '^' position.",
    "              ^\n% Invalid input detected at '^' marker.\n",
    '% Ambiguous command:  "show c"',
    "Ambiguous input: c",
    "Incomplete input: show",
    "Invalid input -> clok\nType ? for a list",
    '              ^\n% Error: Invalid input at "^" marker.',
    "% Unknown command: show clock",
    "-bash: chronyc: command not found",
    "sh: 1: chronyc: not found",
    "bash: line 1: /opt/x: No such file or directory",
    "cat: /sys/class/dmi/id/sys_vendor: No such file or directory",
    "System has not been booted with systemd as init system (PID 1). Can't operate.\n"
    "Failed to connect to bus: Host is down",
    "% BGP instance not found",
    "% OSPF is not enabled in vrf default",
    "ospfd is not running",
]
REFUSED = [
    "Error: You do not have permission to run the command or the command is incomplete.",
    "Permission denied.",
    "% Authorization failed.",
    "Command authorization failed.",
    "cat: /etc/shadow: Permission denied",
]


@pytest.mark.parametrize("output", UNSUPPORTED)
def test_a_command_the_device_does_not_have_is_unsupported(output: str) -> None:
    parsed = parse(cli(NTP), {"show clock": output})
    assert kinds(parsed) == [("unsupported", "show clock")]
    assert parsed.failures[0].samples == parsed.expected == {"device_ntp_synchronized", "device_ntp_stratum"}


@pytest.mark.parametrize("output", UNSUPPORTED)
def test_an_optional_command_the_device_does_not_have_costs_nothing(output: str) -> None:
    parsed = parse(cli({**NTP, "optional": True}, SLOTS), {"show clock": output})
    assert parsed.failures == ()
    assert parsed.expected == {"device_temperature_celsius", "device_state"}


@pytest.mark.parametrize("output", REFUSED)
@pytest.mark.parametrize("optional", [False, True])
def test_a_command_the_user_may_not_run_is_refused(output: str, optional: bool) -> None:
    parsed = parse(cli({**NTP, "optional": optional}), {"show clock": output})
    assert kinds(parsed) == [("refused", "show clock")]
    assert output.strip().split("\n")[0][:30] in parsed.failures[0].message
    assert parsed.expected == {"device_ntp_synchronized", "device_ntp_stratum"}


def test_a_refusal_quoted_in_long_output_is_none() -> None:
    log = "\n".join(f"line {n}" for n in range(20)) + "\n% Invalid input detected at '^' marker.\n"
    assert kinds(parse(cli(NTP), {"show clock": f"Clock is synchronized, stratum 2\n{log}"})) == []


def test_output_that_is_not_understood_names_the_command_and_the_first_line() -> None:
    parsed = parse(cli(NTP), {"show clock": "\n\x1b[31mThe time is 12:00\nand so on\n" + "more\n" * 9})
    assert kinds(parsed) == [("parse", "show clock")]
    message = r"show clock: the output is not understood, from '\x1b[31mThe time is 12:00'"
    assert parsed.failures[0].message == message
    assert parsed.failures[0].samples == {"device_ntp_synchronized", "device_ntp_stratum"}


def test_the_line_a_template_does_not_know_is_named() -> None:
    status = {
        "command": "display ntp status",
        "template": "huawei_vrp",
        "symbols": [{"field": "clock_stratum", "sample": "device_ntp_stratum"}],
    }
    output = " clock status: synchronized\nSomething else entirely, at length: " + "x" * 500
    parsed = parse(cli(status), {"display ntp status": output})
    assert kinds(parsed) == [("parse", "display ntp status")]
    assert "from 'Something else entirely" in parsed.failures[0].message
    assert len(parsed.failures[0].message) < 200


def test_a_template_that_finds_none_of_the_facts_is_not_understood() -> None:
    version = {"command": "show version", "template": "cisco_ios", "facts": {"os_version": "version"}}
    assert kinds(parse(cli(version), {"show version": "Nothing of the kind\n" * 8})) == [("parse", "show version")]


def test_a_value_that_is_no_number_costs_its_own_sample_only() -> None:
    parsed = parse(cli(NTP), {"show clock": "Clock is synchronized, stratum high\n"})
    assert figures(parsed) == {"device_ntp_synchronized": 1}
    assert kinds(parsed) == [("parse", "show clock")]
    assert parsed.failures[0].samples == {"device_ntp_stratum"}


def test_no_output_is_no_row_and_no_failure() -> None:
    parsed = parse(cli(SLOTS), {"show slots": "\n"})
    assert (parsed.samples, parsed.failures) == ((), ())


def test_a_command_that_was_not_run_says_nothing_and_stays_expected() -> None:
    parsed = parse(cli(NTP, SLOTS), {"show slots": "1 Normal 41\n"})
    assert parsed.failures == ()
    assert "device_ntp_stratum" in parsed.expected


def test_one_failing_command_costs_no_other() -> None:
    parsed = parse(cli(NTP, SLOTS), {"show clock": "?\n" * 9, "show slots": "1 Normal 41\n"})
    assert kinds(parsed) == [("parse", "show clock")]
    assert len(parsed.samples) == 2


def test_what_is_expected_is_every_name_of_every_command_that_may_be_there() -> None:
    limit = {
        "command": "show limits",
        "regex": r"(?P<max>\d+)",
        "symbols": [
            {
                "field": "max",
                "limit": {"sample": "device_temperature_celsius", "level": "critical", "direction": "above"},
            }
        ],
    }
    assert expected(cli(NTP, limit)) == {"device_ntp_synchronized", "device_ntp_stratum", "device_limit"}
    assert expected(cli(NTP, limit), without={"show clock"}) == {"device_limit"}
    assert figures(parse(cli(limit), {"show limits": "70"})) == {
        "device_limit device_temperature_celsius critical above": 70
    }


BUILTIN = [
    (name, profile.cli) for name, profile in sorted(profiles.load().items()) if profile.cli and profile.cli.commands
]


@pytest.mark.parametrize(("name", "built_in"), BUILTIN, ids=[name for name, _ in BUILTIN])
def test_every_template_a_profile_names_exists(name: str, built_in: Cli) -> None:
    outputs = {each.command: "-" for each in built_in.commands if each.template}
    assert [each for each in parse(built_in, outputs).failures if each.kind == "profile"] == []


@pytest.mark.parametrize(("name", "built_in"), BUILTIN, ids=[name for name, _ in BUILTIN])
@given(noise=st.text(st.characters(exclude_categories=("Cs",)), max_size=200))
@example(noise="\n0\n")
def test_no_profile_fails_or_measures_on_noise(name: str, built_in: Cli, noise: str) -> None:
    parsed = parse(built_in, {each.command: f"~ {noise}" for each in built_in.commands})
    assert parsed.samples == ()
    assert all(each.what and each.message for each in parsed.failures)


@pytest.mark.parametrize(("name", "built_in"), BUILTIN, ids=[name for name, _ in BUILTIN])
def test_no_regex_of_a_profile_runs_over_lines_without_end(name: str, built_in: Cli) -> None:
    """From every start to the end of the output takes minutes on what a hostile device can print."""
    endless = re.compile(r"\[\\s\\S\][*+]|\(\?\w*s|\|\\n\)[*+]|\\n\)[*+]")
    assert [each.command for each in built_in.commands if endless.search(each.regex or "")] == []


@pytest.mark.parametrize("nothing", ["\n" * 20_000, (" " * 1_990 + "\n") * 10], ids=["blank lines", "spaces"])
@pytest.mark.parametrize(("name", "built_in"), BUILTIN, ids=[name for name, _ in BUILTIN])
def test_no_command_of_a_profile_takes_long_over_nothing(name: str, built_in: Cli, nothing: str) -> None:
    for each in built_in.commands:
        began = time.process_time()
        parse(Cli(device_type="x", commands=[each]), {each.command: f"x\n{nothing}"})
        assert time.process_time() - began < 1.0, each.command


def test_more_output_than_is_read_is_said() -> None:
    parsed = parse(cli(NTP, SLOTS), {"show clock": "Clock is synchronized, stratum 3\n" * 40_000})
    assert (parsed.samples, kinds(parsed)) == ((), [("parse", "show clock")])
    assert "1,319,999 characters" in parsed.failures[0].message or "1,320,000 characters" in parsed.failures[0].message


def test_a_line_is_read_to_a_length() -> None:
    parsed = parse(cli(NTP), {"show clock": "Clock is synchronized, stratum 3" + "3" * 50_000 + "\n"})
    assert figures(parsed) == {"device_ntp_synchronized": 1}


@pytest.mark.parametrize(
    "answer",
    [
        "% LLDP is not enabled",
        "Error: Global LLDP is not enabled.",
        "LLDP is not configured.",
        "              ^\n% Invalid command at '^' marker.",
        "% Invalid input (at token 1: 'lldp')",
        "command parse error before 'lldp'\nCommand fail. Return code -61",
        "             ^\nunknown command.",
        "error: the l2cpd-service subsystem is not running",
        "bad command name health (line 1 column 8)",
        "expected end of command (line 1 column 20)",
        "Invalid syntax.",
        "Server error : LLDP is not enabled",
        "                 ^\n%Error 20200: Invalid input detected at '^' marker.",
        "% BGP not active",
        "% BGP inactive",
        "Error: BGP is not enabled.",
        "OSPF instance is not running",
    ],
)
def test_each_family_says_in_its_own_words_that_it_does_not_do_that(answer: str) -> None:
    parsed = parse(cli(NTP), {"show clock": answer})
    assert kinds(parsed) == [("unsupported", "show clock")]
    assert parse(cli({**NTP, "optional": True}), {"show clock": answer}) == Parsed()
