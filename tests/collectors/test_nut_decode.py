"""NUT variables become the samples other UPS give; what they do not say is not made up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import nut_decode, profiles, replay, series
from collectors.model import Health
from collectors.profiles.rules import Nut
from collectors.vocabulary import FACTS, KINDS, VOCABULARY
from tests.collectors.played_cases import DEVICES, lines

RULES = profiles.load()["nut"].nut or Nut()


def said(variables: dict[str, str], about: str = "") -> list[str]:
    """Return the samples whose line has `about` in it."""
    return [line for line in lines(nut_decode.decode(RULES, variables).samples) if about in line]


def states(status: str, **more: str) -> set[str]:
    """Return kind, health and state of everything a status comes to."""
    found = nut_decode.decode(RULES, {"ups.status": status, **more}).samples
    return {" ".join(map(s.labels.get, ("kind", "health", "state"))) for s in found if s.name == "ups_state"}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("OL", {"output ok onLine", "battery ok batteryNormal"}),
        ("OL CHRG", {"output ok onLine", "battery ok batteryNormal", "battery ok charging"}),
        ("OB DISCHRG", {"output warning onBattery", "battery ok batteryNormal", "battery ok discharging"}),
        ("OB LB", {"output warning onBattery", "battery critical lowBattery"}),
        ("OL RB", {"output ok onLine", "battery critical batteryNeedsReplacing"}),
        ("OL HB", {"output ok onLine", "battery warning highBattery"}),
        ("OL BYPASS", {"output ok onLine", "output warning onBypass", "battery ok batteryNormal"}),
        ("BYPASS", {"output warning onBypass"}),
        ("OL TRIM", {"output ok onLine", "output ok onTrim", "battery ok batteryNormal"}),
        ("OL BOOST", {"output ok onLine", "output ok onBoost", "battery ok batteryNormal"}),
        ("OL OVER", {"output ok onLine", "output critical outputOverload", "battery ok batteryNormal"}),
        ("OL CAL", {"output ok onLine", "battery ok calibrating", "battery ok batteryNormal"}),
        ("OFF", {"output critical off"}),
        ("FSD OB LB", {"other critical shutdownImminent", "output warning onBattery", "battery critical lowBattery"}),
        ("WAIT", {"other unknown WAIT"}),
        ("OL OK", {"output ok onLine", "battery ok batteryNormal", "other unknown OK"}),
        ("ol", {"other unknown ol"}),
        ("", set()),
    ],
)
def test_each_flag_of_the_status_is_a_state_and_an_unknown_one_is_never_ok(status: str, expected: set[str]) -> None:
    assert states(status) == expected


@pytest.mark.parametrize(
    ("status", "alarm", "count", "expected"),
    [
        ("OL", None, ["ups_alarms 0"], set()),
        ("OL ALARM", None, ["ups_alarms 1"], set()),
        (
            "OL ALARM",
            "Replace battery! Manual bypass mode! Fuse fault!",
            ["ups_alarms 3"],
            {"battery critical batteryNeedsReplacing", "output warning onBypass", "other critical fuseFailure"},
        ),
        (
            "OL ALARM",
            "[phase B out of order][Fan failure]",
            ["ups_alarms 2"],
            {"other unknown phase B out of order", "fan critical fanFailure"},
        ),
        ("OL ALARM", " ! !", ["ups_alarms 1"], set()),
    ],
)
def test_alarms_are_counted_and_told_each_by_its_part(
    status: str, alarm: str | None, count: list[str], expected: set[str]
) -> None:
    more = {} if alarm is None else {"ups.alarm": alarm}
    assert said({"ups.status": status, **more}, "ups_alarms") == count
    assert states(status, **more) == {"output ok onLine", "battery ok batteryNormal"} | expected


def test_without_a_status_nothing_is_said_to_be_well() -> None:
    assert said({"battery.charge": "100", "ups.load": "5"}) == [
        "ups_battery_charge_ratio 1.0",
        'ups_load_ratio{line="1"} 0.05',
    ]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"battery.date": "2001/09/25"}, []),  # what every APC Back-UPS says
        ({"battery.date": "not set"}, []),
        ({"battery.date": "00/00/00"}, []),
        ({"battery.date": "09/25/19"}, ["ups_battery_replaced_timestamp_seconds 1569369600"]),
        ({"battery.date": "2019-09-25"}, ["ups_battery_replaced_timestamp_seconds 1569369600"]),
        (
            {"battery.date": "2001/09/25", "battery.mfr.date": "2019/09/25"},
            ["ups_battery_replaced_timestamp_seconds 1569369600"],
        ),
        ({"battery.voltage": "2.27"}, []),  # of one cell
        ({"battery.voltage": "021,52"}, ["ups_battery_voltage_volts 21.52"]),
        ({"battery.temperature": "0.0", "ups.temperature": "000"}, []),  # no probe
        ({"battery.runtime": "0"}, []),
        ({"battery.runtime": "0", "ups.status": "LB"}, ["ups_battery_runtime_seconds 0"]),
        ({"battery.runtime": "65535"}, []),
        ({"battery.charge": "101"}, []),
        ({"battery.charge": "unknown"}, []),
        ({"battery.charge.low": "0", "input.transfer.low": "0"}, []),
        ({"input.voltage": "000.0"}, ['ups_input_voltage_volts{line="1"} 0.0']),
        ({"device.uptime": "3 days"}, []),
        ({"outlet.0.status": "on", "outlet.count": "1", "outlet.desc": "all"}, []),
        ({"ups.vendor.extra": "17", "experimental.x.y": "1"}, []),
    ],
)
def test_what_drivers_fill_in_for_not_known_is_no_figure(variables: dict[str, str], expected: list[str]) -> None:
    assert [line for line in said(variables) if "ups_state" not in line and "ups_alarms" not in line] == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"input.voltage": "230", "input.L1-N.voltage": "231"}, ['ups_input_voltage_volts{line="1"} 231']),
        ({"input.L1.voltage": "231", "input.L2.voltage": "229"}, [
            'ups_input_voltage_volts{line="1"} 231', 'ups_input_voltage_volts{line="2"} 229',
        ]),
        ({"input.phases": "3", "input.voltage": "400"}, []),
        ({"input.L1-L2.voltage": "400"}, ['device_voltage_volts{entity="Input L1-L2"} 400']),
        ({"output.phases": "3", "ups.load": "40"}, ['ups_load_ratio{line="total"} 0.4']),
        ({"ups.L2.load": "40"}, ['ups_load_ratio{line="2"} 0.4']),
        ({"ups.load": "30", "output.phases": "3", "output.L2.power.percent": "40"}, ['ups_load_ratio{line="2"} 0.4']),
    ],
)  # fmt: skip
def test_a_phase_has_its_line_and_a_sum_is_not_taken_for_one(variables: dict[str, str], expected: list[str]) -> None:
    assert said(variables) == expected


def test_a_pdu_is_told_apart_from_a_ups_by_what_it_says_it_is() -> None:
    electric = {"input.voltage": "230", "ups.status": "OL"}
    assert "ups_input_voltage_volts" in " ".join(said(electric))
    assert "ups_" not in " ".join(said({**electric, "device.type": "pdu"}))


@pytest.mark.parametrize("serial", ["0", "000000000000", "unknown", "N/A", "", "0000-0000"])
def test_a_serial_that_is_filled_in_is_none(serial: str) -> None:
    facts = nut_decode.decode(RULES, {"device.serial": serial, "ups.serial": serial, "ups.mfr": "APC"}).facts
    assert facts == {"vendor": "APC"}


def test_a_value_that_is_no_number_costs_no_other_and_says_what_is_missing() -> None:
    reading = nut_decode.decode(RULES, {"battery.charge": "many\x1b", "battery.voltage": "54.2"})
    (failure,) = reading.failures
    assert lines(reading.samples) == ["ups_battery_voltage_volts 54.2"]
    assert (failure.kind, failure.what, failure.samples) == ("parse", "battery.charge", {"ups_battery_charge_ratio"})


@pytest.mark.parametrize(("variables", "expected"), [({"device.uptime": "60"}, True), ({"ups.load": "1"}, False)])
def test_what_is_optional_is_expected_only_of_a_ups_that_has_it(variables: dict[str, str], expected: bool) -> None:
    found = nut_decode.decode(RULES, variables).expected
    assert ("device_uptime_seconds" in found) is expected
    assert "ups_battery_charge_ratio" in found


def test_more_outlets_than_any_pdu_has_are_not_all_read() -> None:
    variables = {f"outlet.{n}.status": "on" for n in range(1, 5000)}
    assert len(said(variables)) <= nut_decode.MAX_ROWS + 1


NAMES = sorted({name for case in DEVICES.glob("nut/*") for name in replay.read_variables(case / "variables.dev")})
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["OL", "OB LB", "pdu", "ups", "3", "0", "-1", "nan", "1e999", "2001/09/25"]
)


@given(st.dictionaries(st.sampled_from(NAMES) | st.from_regex(r"[a-z0-9.L-]{1,30}", fullmatch=True), TEXTS))
def test_whatever_a_server_says_only_the_vocabulary_comes_of_it(variables: dict[str, str]) -> None:
    reading = nut_decode.decode(RULES, variables)
    assert reading.facts.keys() <= FACTS
    assert len({series.series(sample) for sample in reading.samples}) == len(reading.samples)
    for sample in reading.samples:
        assert sample.name in reading.expected
        assert tuple(sample.labels) == VOCABULARY[sample.name].labels
        assert math.isfinite(sample.value)
        assert sample.labels.get("kind", "other") in KINDS
        assert sample.labels.get("health", "ok") in set(Health)
        assert all(text.isprintable() for text in sample.labels.values())
