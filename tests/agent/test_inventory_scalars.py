from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import inventory_scalars as scalars


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60), ("5m", 300), ("2h", 7200), ("1d", 86_400), ("1w", 604_800), ("500ms", 0.5), ("1.5h", 5400),
        ("1h30m", 5400), ("0s", 0), ("1d12h", 129_600),
    ],
)  # fmt: skip
def test_a_duration_is_numbers_with_units(text: str, seconds: float) -> None:
    assert scalars.parse_duration(text) == timedelta(seconds=seconds)


@given(st.integers(0, 10_000), st.sampled_from(["s", "m", "h", "d"]))
def test_a_duration_is_a_multiple_of_its_unit(number: int, unit: str) -> None:
    assert scalars.parse_duration(f"{number}{unit}") == number * scalars.parse_duration(f"1{unit}")


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (scalars.parse_bool, "true", True),
        (scalars.parse_bool, "false", False),
        (scalars.parse_name, "core-1.hq_A", "core-1.hq_A"),
        (scalars.parse_name, "0123", "0123"),
        (scalars.parse_timezone, "Asia/Shanghai", "Asia/Shanghai"),
        (scalars.parse_address, "10.0.0.1", "10.0.0.1"),
        (scalars.parse_address, "2001:db8::1", "2001:db8::1"),
        (scalars.parse_address, "fe80::1%eth0", "fe80::1%eth0"),
        (scalars.parse_address, "::1", "::1"),
        (scalars.parse_address, "core-1.example.net.", "core-1.example.net."),
        (scalars.parse_address, "sw_01", "sw_01"),
        (scalars.parse_address, "3com", "3com"),
        (scalars.parse_user, "ops", "ops"),
        (scalars.parse_user, "DOMAIN\\ops", "DOMAIN\\ops"),
        (scalars.parse_weekdays, "mon-fri", (1, 2, 3, 4, 5)),
        (scalars.parse_weekdays, "mon, wed", (1, 3)),
        (scalars.parse_weekdays, "sat-mon", (1, 6, 7)),
        (scalars.parse_weekdays, "1-5", (1, 2, 3, 4, 5)),
        (scalars.parse_weekdays, "Sun", (7,)),
        (scalars.parse_weekdays, ["3", "1", "tue"], (1, 2, 3)),
        (scalars.parse_hours, "08:30-17:30", (time(8, 30), time(17, 30))),
        (scalars.parse_hours, "8:00 - 24:00", (time(8), None)),
        (scalars.parse_hours, "00:00-24:00", (time(0), None)),
        (scalars.parse_day, "2028-02-29", date(2028, 2, 29)),
        (scalars.parse_limit, "80%", 0.8),
        (scalars.parse_limit, "-5%", -0.05),
        (scalars.parse_limit, "30m", 1800.0),
        (scalars.parse_limit, "78", "78"),
    ],
)
def test_a_value_is_read(parse: Callable[[Any], object], text: object, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "texts", "said"),
    [
        (scalars.parse_duration, ["60", "", "-5s", "1 h", "5M", "1y", "s", "1.s", ["5s"]], "is not a duration"),
        (scalars.parse_duration, ["9" * 30 + "w"], "is too long a duration"),
        (scalars.parse_bool, ["NO", "yes", "on", "True", "1", "0", "", ["true"]], "is not true or false"),
        (scalars.parse_name, ["", "a b", "-a", ".", "_a", "核心", "a/b", "a\n", "x" * 101], "is not a name"),
        (scalars.parse_timezone, ["", "Asia", "UTC+8", "../etc/passwd", "/etc/passwd", "北京"], "is not a time zone"),
        (scalars.parse_address, ["http://10.0.0.1", "ssh://a:b@c"], "has a scheme"),
        (scalars.parse_address, ["10.0.0.0/24", "10.0.0.1/", "a/b"], "is a network or a path"),
        (scalars.parse_address, ["10.0.0.1:161", "core-1:22", "[::1]", "[::1]:161", "a:"], "has brackets or a port"),
        (scalars.parse_address, ["10.0.0", "10.0.0.256", "010.0.0.1", "1", "1.2.3.4.5"], "is not an IPv4 address"),
        (scalars.parse_address, ["::1::", "2001:db8:::1", "1:2:3:4:5:6:7:8:9", "g::1"], "is not an IPv6 address"),
        (scalars.parse_address, ["0.0.0.0", "::", "224.0.0.1", "ff02::1"], "is not the address of one device"),  # noqa: S104
        (scalars.parse_address, ["", "-a", "a..b", "a b", "核心", "a-", "x" * 64, "a.b" * 90], "is not an address"),
        (scalars.parse_user, ["", " ops", "ops "], "is empty, or begins or ends with a space"),
        (scalars.parse_user, ["env:NP_USER", "file:/x", "keyring:a/b", "vault:x"], "is a reference"),
        (scalars.parse_weekdays, [[], None, {"mon": "x"}], "is not a list of weekdays"),
        (scalars.parse_weekdays, ["", "mo", "mon-", "0", "8", "mon;tue", [["mon"]], ["mon", None]], "names a weekday"),
        (scalars.parse_hours, ["", "9-17", "09:00", "09:60-10:00", "25:00-26:00", ["1"]], "is not a span of hours"),
        (scalars.parse_hours, ["22:00-06:00", "09:00-09:00", "09:00-24:01"], "must end after it begins"),
        (scalars.parse_day, ["", "2026-1-1", "20260101", "2026-W01-1", "1767225600", ["x"]], "is not a date"),
        (scalars.parse_day, ["2026-02-29", "2026-13-01", "0000-01-01"], "is not a day of the calendar"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_and_not_quoted(parse: Callable[[Any], object], texts: list[Any], said: str) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=f"^{said}") as caught:
            parse(text)
        assert len(str(text)) < 4 or str(text) not in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        assert scalars.parse_address(text) == text
    except ValueError as error:
        assert str(error)


@given(st.ip_addresses(v=4).filter(lambda a: not (a.is_multicast or a.is_unspecified or int(a) == 2**32 - 1)))
def test_every_ipv4_address_of_one_device_is_one(address: object) -> None:
    assert scalars.parse_address(str(address)) == str(address)


@given(st.sets(st.integers(1, 7), min_size=1))
def test_weekdays_are_the_same_by_number_and_by_name(days: set[int]) -> None:
    names = [scalars.WEEKDAYS[day - 1] for day in days]
    assert scalars.parse_weekdays(names) == scalars.parse_weekdays([str(day) for day in days]) == tuple(sorted(days))
