"""What people read: figures, limits, states and reasons, in both languages and on one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks import evaluate, load
from agent.describe import describe, limit_text, measured_text, value_text
from agent.model import Result, Severity
from tests.agent.said import entry, sample, snapshot

OK, WARNING, CRITICAL, UNKNOWN = Severity
CHECKS = load()


def result(check: str, severity: Severity = WARNING, **more: object) -> Result:
    return Result("core-1", check, "", severity, **more)


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (0.783, "ratio", "78.3%", "78.3%"),
        (1, "ratio", "100%", "100%"),
        (0.00123, "ratio", "0.123%", "0.123%"),
        (0.00004, "ratio", "0.004%", "0.004%"),
        (78.0, "celsius", "78 °C", "78 °C"),
        (-0.0, "celsius", "0 °C", "0 °C"),
        (-0.00001, "celsius", "0 °C", "0 °C"),
        (219.96, "volts", "220 V", "220 V"),
        (3.295, "volts", "3.29 V", "3.29 V"),
        (-21.53, "dbm", "-21.5 dBm", "-21.5 dBm"),
        (12345.6, "rpm", "12346 rpm", "12346 rpm"),
        (50.02, "hertz", "50 Hz", "50 Hz"),
        (0.0123, "seconds", "12.3 ms", "12.3 ms"),
        (-0.5, "seconds", "-500 ms", "-500 ms"),
        (0, "seconds", "0 s", "0 s"),
        (1.5, "seconds", "1.5 s", "1.5 s"),
        (7200, "seconds", "2 小时", "2 h"),
        (0, "duration", "0 秒", "0 s"),
        (59.6, "duration", "1 分", "1 min"),
        (1500, "duration", "25 分", "25 min"),
        (90061, "duration", "1 天 1 小时", "1 d 1 h"),
        (86459, "duration", "1 天", "1 d"),
        (-3600, "duration", "-1 小时", "-1 h"),
        (0, "bytes", "0 B", "0 B"),
        (1536, "bytes", "1.5 KiB", "1.5 KiB"),
        (5 * 1024**3, "bytes", "5 GiB", "5 GiB"),
        (2**80, "bytes", "1073741824 PiB", "1073741824 PiB"),
        (3, "count", "3", "3"),
        (1.25, "", "1.25", "1.25"),
        (1e20, "", "1e+20", "1e+20"),
        (None, "ratio", "—", "—"),
        (float("nan"), "celsius", "—", "—"),
        (float("inf"), "duration", "—", "—"),
        (10**400, "bytes", "—", "—"),
    ],
)
def test_a_value_is_written_as_people_write_its_unit(value, unit, zh, en):
    assert (value_text(value, unit, "zh"), value_text(value, unit, "en")) == (zh, en)


HOT = {"value": 78, "limit": 70.0, "limit_source": "device", "direction": "above"}
LOW = {"value": 0.4, "limit": 0.9, "limit_source": "customer", "direction": "below"}
DEFAULT = {"value": 0.8, "limit": 0.75, "limit_source": "check", "direction": "above"}


@pytest.mark.parametrize(
    ("check", "severity", "more", "zh", "en"),
    [
        (
            "temperature",
            CRITICAL,
            HOT,
            "设备温度：78 °C，上限 70 °C（设备门限）",
            "Temperature: 78 °C, limit 70 °C (the device's own)",
        ),
        (
            "ups_battery_charge",
            WARNING,
            LOW,
            "UPS 电池电量：40%，下限 90%（客户设定）",
            "UPS battery charge: 40%, lower limit 90% (the customer's)",
        ),
        ("cpu", WARNING, DEFAULT, "CPU 利用率：80%，上限 75%（默认）", "CPU utilisation: 80%, limit 75% (default)"),
        ("fan", CRITICAL, {"text": "notPresent"}, "风扇状态：notPresent", "Fan state: notPresent"),
        ("reachability", CRITICAL, {"value": 0, "direction": "in"}, "设备可达性：无应答", "Reachability: no answer"),
        (
            "uplink_down",
            CRITICAL,
            {"value": 1, "text": "lowerLayerDown"},
            "上联端口中断：中断（lowerLayerDown）",
            "Uplink down: down (lowerLayerDown)",
        ),
        (
            "cpu",
            UNKNOWN,
            {"reason": "timeout"},
            "CPU 利用率：未采集（超时无应答）",
            "CPU utilisation: not measured (no answer in time)",
        ),
        ("cpu", UNKNOWN, {}, "CPU 利用率：未知", "CPU utilisation: Unknown"),
        (
            "fan",
            UNKNOWN,
            {"reason": "unsupported", "text": "??"},
            "风扇状态：未采集（设备不支持 · ??）",
            "Fan state: not measured (not supported by the device · ??)",
        ),
    ],
)
def test_a_result_is_one_line(check, severity, more, zh, en):
    found = result(check, severity, **more)
    assert (describe(CHECKS[check], found, "zh"), describe(CHECKS[check], found, "en")) == (zh, en)


def test_a_fault_that_could_not_be_measured_again_says_why():
    stale = result("temperature", CRITICAL, **HOT, reason="timeout", detail="no answer from 10.0.0.1")
    assert describe(CHECKS["temperature"], stale, "en") == (
        "Temperature: 78 °C (no answer in time · no answer from 10.0.0.1), limit 70 °C (the device's own)"
    )


@pytest.mark.parametrize(
    ("check", "more", "zh", "en"),
    [
        ("temperature", HOT, "上限 70 °C（设备门限）", "limit 70 °C (the device's own)"),
        ("fan", {"text": "failed"}, "状态正常", "healthy"),
        ("reachability", {"value": 0, "direction": "in"}, "应为有应答", "should be: answers"),
        ("ntp", {"value": 0, "direction": "in"}, "应为已同步", "should be: synchronised"),
        ("temperature", {}, "—", "—"),
    ],
)
def test_the_limit_says_whose_it_is_or_what_is_right(check, more, zh, en):
    found = result(check, **more)
    assert (limit_text(CHECKS[check], found, "zh"), limit_text(CHECKS[check], found, "en")) == (zh, en)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_devices_words_stay_on_one_line_and_short(lang):
    hostile = result("fan", CRITICAL, text="a\r\n{0}{x}\t" + "b" * 500)
    line = measured_text(CHECKS["fan"], hostile, lang)
    assert line.startswith("a {0}{x} bb")
    assert "\n" not in line
    assert len(line) <= 160


@given(st.sampled_from(sorted(CHECKS)), st.floats() | st.integers(), st.text(), st.sampled_from(["zh", "en"]))
def test_whatever_is_judged_can_be_said(name, value, text, lang):
    check = CHECKS[name]
    labels = {"entity": text, "state": text, "health": "critical", "kind": "fan", "role": "uplink"}
    labels |= {label: values[0] for label, values in check.where.items()}
    found = evaluate(
        {name: check},
        entry((check.classes or ["router"])[0]),
        snapshot([sample(check.sample, value, **labels)]),
        previous=None,
        tracks={},
    )
    for judged in found.judged:
        line = describe(check, judged.result, lang)
        assert line.startswith(check.title[lang])
        assert len(line.splitlines()) == 1
