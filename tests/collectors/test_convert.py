"""Raw values become text, numbers and samples, whatever a device sends."""

import math
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collectors import convert
from collectors.convert import NotANumber
from collectors.model import Value
from collectors.profiles.rules import Column, Symbol
from tests.collectors.symbols import symbol, temperature

VALUES = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.binary(max_size=60),
    st.text(max_size=60),
    st.from_regex(r"[+-]?[\d,.]{0,50}([eE][+-]?\d{0,4})? ?\w{0,3}", fullmatch=True),
)


def state(states: dict[str, str], kind: str = "fan") -> Symbol:
    return symbol(sample="device_state", labels={"kind": kind}, states=states)


def made(of: Symbol, value: Value, **row: Value) -> float | None:
    sample = convert.sample(of, {of.key: value, **row}, {"entity": "x"})
    return None if sample is None else sample.value


# ---- text ----


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (None, ""),
        (42, "42"),
        (1.5, "1.5"),
        ("192.0.2.1", "192.0.2.1"),
        (b"GigabitEthernet0/0/1", "GigabitEthernet0/0/1"),
        (b"eth0\0\0\0", "eth0"),
        ("机房三楼".encode(), "机房三楼"),
        ("机房三楼".encode("gbk"), "机房三楼"),
        ("核心机".encode("gbk"), "核心机"),  # six octets, and no address
        ("朱镕基大路".encode("gbk"), "朱镕基大路"),  # a hanzi outside GB 2312
        (b"CPU 41\xb0C", "CPU 41°C"),
        (b"Onduleur \xe9t\xe9", "Onduleur été"),
        (bytes.fromhex("001a2b3c4d5e"), "00:1a:2b:3c:4d:5e"),
        (bytes.fromhex("d4c19eb2a0f3"), "d4:c1:9e:b2:a0:f3"),  # an address without control octets
        (bytes.fromhex("001a2b3c4d00"), "00:1a:2b:3c:4d:00"),
        (bytes.fromhex("0a000001"), "0a:00:00:01"),
        (b"\x1b[31mred alert\x1b[0m", "[31mred alert[0m"),
        (b"Cisco IOS\r\nTechnical  Support\r\n", "Cisco IOS Technical Support"),
        ("a\u202egpj.exe\u200b\u2028b", "agpj.exe b"),
        (b"x" * 5000, "x" * convert.MAX_TEXT),
        (b"", ""),
    ],
)
def test_a_raw_value_becomes_text_for_people(raw: Value, text: str) -> None:
    assert convert.text(raw) == text


@given(VALUES)
@example(b"\x80\x81\x82")
@example("\ud800")
def test_no_text_has_control_characters_or_is_too_long(raw: Value) -> None:
    words = convert.text(raw)
    assert len(words) <= convert.MAX_TEXT
    assert words == words.strip()
    assert not [c for c in words if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    words.encode("utf-8")


# ---- numbers ----


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (7, 7),
        (-1, -1),
        (2**64 - 1, 2**64 - 1),
        (0.5, 0.5),
        (b"23.5 C", 23.5),
        (b"1,234", 1234),
        (b"40.2MiB", 42152755),
        (b"1e308MiB", None),
        (b"940.0 KiB", 962560),
        (b"3.8GiB", 4080218931),
        (b"12 MB", 12),
        (b"1,234,567.5 W", 1234567.5),
        (b"12,5", 12.5),
        (b"-40", -40),
        (b"+3.3 V", 3.3),
        (b".5", 0.5),
        (b"28 %", 28),
        (b"1e3", 1000.0),
        (b"41\xb0C", 41),
        ("65535", 65535),
        (b"18446744073709551615", 2**64 - 1),
        (None, None),
        (b"", None),
        (b"N/A", None),
        (b"--", None),
        (math.nan, None),
        (math.inf, None),
        (b"1e999", None),
    ],
)
def test_a_raw_value_becomes_a_number(raw: Value, number: float | None) -> None:
    assert convert.number(raw) == number


@pytest.mark.parametrize(
    "raw", [b"busy", b"10.1.2.3", b"3h20m", b"2026-11-22", b"0x1F", b"\x07\xe8\x0b\x16", b"1 of 2", b"9" * 50]
)
def test_text_that_is_no_number_is_refused(raw: bytes) -> None:
    with pytest.raises(NotANumber):
        convert.number(raw)


@given(VALUES)
def test_every_number_is_finite(raw: Value) -> None:
    try:
        number = convert.number(raw)
    except NotANumber:
        return
    assert number is None or isinstance(number, int) or math.isfinite(number)


# ---- columns and rows ----


@pytest.mark.parametrize(
    ("fields", "raw", "value"),
    [
        ({}, b"as it is", b"as it is"),
        ({"extract_value": r"Version (\S+)"}, b"OS Version 5.170, build 9", "5.170,"),
        ({"extract_value": r"\d+\.\d+"}, b"load 0.25 now", "0.25"),
        ({"extract_value": r"Version (\S+)"}, b"no such word", None),
        ({"unsigned": True}, -1294967296, 3000000000),
        ({"unsigned": True}, 5, 5),
        ({"unsigned": True}, -(2**40), -(2**40)),
        ({"hex": True}, b"\x80\x00ABC", "8000414243"),
        ({"hex": True}, 12, 12),
        ({"extract_value": "x"}, None, None),
    ],
)
def test_a_column_reads_its_value(fields: dict[str, Any], raw: Value, value: Value) -> None:
    assert convert.extract(Column(OID="1.3.6.1.9.1", **fields), raw) == value


@pytest.mark.parametrize(
    ("where", "where_not", "counts"),
    [
        ({}, {}, True),
        ({"type": ["8", "9"]}, {}, True),
        ({"type": ["9"]}, {}, False),
        ({"type": ["8"], "name": ["fan"]}, {}, False),
        ({"absent": [""]}, {}, True),
        ({"absent": ["1"]}, {}, False),
        ({}, {"type": ["8"]}, False),
        ({}, {"absent": ["8"]}, True),
    ],
)
def test_a_row_counts_by_its_raw_values(
    where: dict[str, list[str]], where_not: dict[str, list[str]], counts: bool
) -> None:
    assert convert.counts({"type": 8, "name": b"PSU"}, where, where_not) is counts


# ---- figures ----


@pytest.mark.parametrize(
    ("fields", "raw", "row", "value"),
    [
        ({}, 21, {}, 21),
        ({"scale": 0.1}, 235, {}, 23.5),
        ({"scale": 0.1}, 3, {}, 0.3),
        ({"scale": -0.01, "offset": 1}, 88, {}, 0.12),
        ({"scale": 1024}, 2**53 + 1, {}, (2**53 + 1) * 1024),
        ({"minus": ["free", "cached"]}, 100, {"free": 30, "cached": b"20"}, 50),
        ({"minus": ["free"]}, 100, {}, None),
        ({"times": ["unit"]}, 100, {"unit": 4096}, 409600),
        ({"times": ["unit"]}, 100, {"unit": None}, None),
        ({"per": "total"}, 25, {"total": 100}, 0.25),
        ({"per": "total"}, 25, {"total": 0}, None),
        ({"per": "total"}, 25, {}, None),
        ({"minus": ["free"], "times": ["unit"], "per": "total"}, 90, {"free": 10, "unit": 2, "total": 16}, 10),
        ({"si_scale": "s", "precision": "p"}, 27450, {"s": 8, "p": 1}, 2.745),
        ({"si_scale": "s", "precision": "p"}, 3, {"s": 10, "p": 0}, 3000),
        ({"si_scale": "s", "precision": "p"}, 3, {"s": 9, "p": -4}, 3),
        ({"si_scale": "s", "precision": "p"}, 3, {}, 3),
        ({"min": -50, "max": 150}, -273, {}, None),
        ({"min": -50, "max": 150}, 151, {}, None),
        ({"min": -50, "max": 150}, 150, {}, 150),
        ({"scale": 0.1, "max": 150}, 1500, {}, 150),
        ({"skip": ["-1", "65535"]}, 65535, {}, None),
        ({"skip": ["-1", "65535"]}, b"65535", {}, None),
        ({"where": {"status": ["1"]}}, 20, {"status": 1}, 20),
        ({"where": {"status": ["1"]}}, 20, {"status": 2}, None),
        ({"enum": {"1": 1, "2": 0}}, 2, {}, 0),
        ({"enum": {"yes": 1}}, b"YES", {}, 1),
        ({"enum": {"1": 1}}, 3, {}, None),
        ({"to_dbm": True, "scale": 0.001}, 500, {}, -3.01),
        ({"to_dbm": True}, 0, {}, None),
    ],
)
def test_a_figure_is_converted_in_order(
    fields: dict[str, Any], raw: Value, row: dict[str, Value], value: float
) -> None:
    assert made(temperature(**fields), raw, **row) == value


@pytest.mark.parametrize(("key", "value"), [("s", 0), ("s", 18), ("p", 10), ("p", -9), ("s", b"kilo")])
def test_a_scale_outside_of_rfc_3433_is_no_number(key: str, value: Value) -> None:
    with pytest.raises(NotANumber):
        made(temperature(si_scale="s", precision="p"), 3, **{"s": 9, "p": 0, key: value})


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        (b"02/01/2024", 1706745600),
        (b" 02/01/24", 1706745600),
        (b"2024-02-01", None),
        (b"Unknown", None),
        (b"13/13/2024", None),
        (b"01/01/1999", None),  # before `min`
        (20240201, None),
        (b"", None),
    ],
)
def test_a_date_is_its_seconds_since_1970(raw: Value, seconds: int | None) -> None:
    of = symbol(sample="ups_self_test_timestamp_seconds", date=["%m/%d/%Y", "%m/%d/%y"], min=946857600)
    assert made(of, raw) == seconds


@pytest.mark.parametrize(
    ("mine", "other", "clock", "unsaved"),
    [
        (500_000, 400_000, 900_000, 1),
        (400_000, 500_000, 900_000, 0),
        (500_000, 500_000, 900_000, 0),
        (5_000, 0, 900_000, 0),  # the device itself, loading its configuration
        (950_000, 400_000, 900_000, None),  # before a wrap of sysUpTime
        (500_000, None, 900_000, None),
    ],
)
def test_a_moment_later_than_another_is_1(mine: int, other: int | None, clock: int, unsaved: int | None) -> None:
    later = symbol(sample="device_config_unsaved", later_than={"column": "saved", "clock": "now"})
    assert made(later, mine, saved=other, now=clock) == unsaved


@given(raw=VALUES, other=VALUES, scale=st.floats(-1e300, 1e300), offset=st.floats(-1e300, 1e300))
def test_whatever_a_device_sends_a_sample_is_finite(raw: Value, other: Value, scale: float, offset: float) -> None:
    of = temperature(minus=["o"], times=["o"], per="o", si_scale="s", precision="s", scale=scale, offset=offset)
    try:
        value = made(of, raw, o=other, s=other)
    except NotANumber:
        return
    assert value is None or math.isfinite(value)


# ---- states ----


STATES = {"1": "ok normal", "2": "critical failed", "3": "skip notPresent", "absent": "skip absent"}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (1, ("normal", "ok")),
        (2, ("failed", "critical")),
        (b"2", ("failed", "critical")),
        (3, None),
        (b"Absent", None),
        (99, ("99", "unknown")),
        (b"<b>on fire</b>\x07", ("<b>on fire</b>", "unknown")),
        (None, None),
        (b"", None),
    ],
)
def test_a_state_has_a_health_and_an_unlisted_one_is_unknown(raw: Value, said: tuple[str, str] | None) -> None:
    sample = convert.sample(state(STATES), {"it": raw}, {"entity": "Fan 1"})
    assert (sample and (sample.labels["state"], sample.labels["health"])) == said
    assert sample is None or (sample.value, sample.labels["kind"], sample.labels["entity"]) == (1, "fan", "Fan 1")


def test_health_is_plain_text() -> None:
    sample = convert.sample(state(STATES), {"it": 1}, {})
    assert sample is not None
    assert type(sample.labels["health"]) is str
