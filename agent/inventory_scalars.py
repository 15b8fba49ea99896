"""What a single value of inventory.yaml may be: names, addresses, durations, calendars … from the text that was typed.

No message quotes the value: a secret may stand in the wrong place, and the line number shows it anyway.
"""

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from ipaddress import IPv4Address, ip_address
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from agent.secrets import PATTERN, check_reference

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
UPS = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"
DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$"
PERCENT = r"^-?[0-9]+(\.[0-9]+)?%$"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "(mon|tue|wed|thu|fri|sat|sun|[1-7])"
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")  # RFC 1123 §2.1, and the underscores people use


def parse_duration(text: object) -> timedelta:
    """Read `60s`, `5m`, `1.5h`, `1h30m`, `2d`. Raises ValueError."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not re.fullmatch(DURATION, text):
        raise ValueError("is not a duration: a number and ms, s, m, h, d or w")
    parts = re.findall(r"([0-9.]+)([a-z]+)", text)
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    except OverflowError:
        raise ValueError("is too long a duration") from None


def parse_bool(text: object) -> bool:
    """Read `true` or `false`, and nothing else: `NO` and `off` are words. Raises ValueError."""
    if text in ("true", "false", True, False):
        return text in ("true", True)
    raise ValueError("is not true or false")


def parse_name(text: str) -> str:
    """Check a name other parts refer to. Raises ValueError."""
    if not re.fullmatch(NAME, text):
        raise ValueError(
            "is not a name: letters, digits, dot, dash and underscore, at most 100, a letter or digit first"
        )
    return text


def parse_timezone(text: str) -> str:
    """Check a time zone of the IANA database. Raises ValueError."""
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):  # a folder of the database, a path, an unknown name
        here = bool(available_timezones())
        raise ValueError("is not a time zone" if here else "this machine knows no time zones: install tzdata") from None
    return text


def parse_address(text: str) -> str:
    """Check an IPv4 or IPv6 address or a host name, alone. Raises ValueError."""
    if "://" in text:
        raise ValueError("has a scheme: give the address alone")
    if "/" in text:
        raise ValueError("is a network or a path: each device has an address of its own")
    try:
        address = ip_address(text)
    except ValueError:
        return _host_name(text)
    if address.is_unspecified or address.is_multicast or address == IPv4Address("255.255.255.255"):
        raise ValueError("is not the address of one device")
    return text


def _host_name(text: str) -> str:
    if text.startswith("[") or re.fullmatch(r"[^:]*:[0-9]*", text):
        raise ValueError("has brackets or a port: give the address alone, and the port under snmp:, ssh: or nut:")
    if re.fullmatch(r"[0-9.]+", text):
        raise ValueError("is not an IPv4 address: four numbers from 0 to 255, without leading zeros")
    if ":" in text:
        raise ValueError("is not an IPv6 address")
    if not _is_host(text):
        raise ValueError("is not an address or a host name")
    return text


def _is_host(text: str) -> bool:
    """Say whether it is an address or may be a host name; of others a resolver raises no OSError."""
    try:
        ip_address(text)
    except ValueError:
        return len(text) <= 253 and all(map(_LABEL.fullmatch, text.removesuffix(".").split(".")))
    return True


def parse_endpoint(text: object) -> tuple[str, int]:
    """Read `127.0.0.1:1162`, `[::]:162` or `0.0.0.0:162`: where to listen. Raises ValueError."""
    if isinstance(text, tuple):
        return text
    host, _, port = text.rpartition(":") if isinstance(text, str) else ("", "", "")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else "" if ":" in host else host
    if not _is_host(host) or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("is not an address and a port")
    return host, int(port)


def parse_pattern(text: str) -> str:
    """Check a regular expression. Raises ValueError."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        raise ValueError("is not a regular expression") from None
    return text


def parse_version(text: str) -> str:
    """Check a software version: one word with a digit. Raises ValueError."""
    if not re.fullmatch(r"\S*[0-9]\S*", text):
        raise ValueError("is not a version: one word with a digit, as the device writes it")
    return text


def parse_user(text: str) -> str:
    """Check a login name: not empty, and not a reference, which would be sent as it stands. Raises ValueError."""
    if not text or text != text.strip():
        raise ValueError("is empty, or begins or ends with a space")
    if re.match(r"(env|file|keyring|vault):", text):
        raise ValueError("is a reference: only secrets are written so, a user name stands as it is")
    return text


def parse_ups(text: str) -> str:
    """Check a UPS's name in ups.conf, alone. Raises ValueError."""
    if "@" in text:
        raise ValueError("names a host too: give the UPS's name alone, the host is the device's address")
    if not re.fullmatch(UPS, text):
        raise ValueError("is not a name of ups.conf: letters, digits, dot, dash and underscore, at most 64")
    return text


def parse_tls(value: object) -> object:
    """Read `true`, `false` or `unverified` as what NutAccess calls them. Raises ValueError."""
    for typed, name in (("true", "verified"), ("false", "off"), ("unverified", "unverified")):
        if value == typed or (isinstance(value, bool) and str(value).lower() == typed):
            return name
    raise ValueError("is not true, false or unverified")


def parse_weekdays(value: object) -> tuple[int, ...]:
    """Read `mon-fri`, `mon,wed`, `[1, 2, 3]` or `[mon, tue]` as 1 (Monday) to 7, sorted. Raises ValueError."""
    parts = value.replace(" ", "").split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not parts:
        raise ValueError("is not a list of weekdays")
    days: set[int] = set()
    for part in parts:
        if not isinstance(part, str) or not re.fullmatch(f"{_DAY}(-{_DAY})?", part.lower()):
            raise ValueError("names a weekday that is none of mon tue wed thu fri sat sun or 1 to 7")
        first, _, last = part.lower().partition("-")
        days.update(_days(_day(first), _day(last or first)))
    return tuple(sorted(days))


def _day(text: str) -> int:
    return int(text) if text.isdigit() else WEEKDAYS.index(text) + 1


def _days(first: int, last: int) -> list[int]:
    return [(first - 1 + n) % 7 + 1 for n in range((last - first) % 7 + 1)]  # sat-mon goes over the weekend


def parse_hours(text: object) -> tuple[time, time | None]:
    """Read `08:30-17:30`; an end of 24:00 is None, as in Calendar.closes. Raises ValueError."""
    clock = r"([01]?[0-9]|2[0-4]):([0-5][0-9])"
    found = re.fullmatch(f"{clock} *- *{clock}", text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("is not a span of hours")
    opens, closes = ((int(found[n]), int(found[n + 1])) for n in (1, 3))
    if closes > (24, 0) or opens >= closes:
        raise ValueError("must end after it begins, at 24:00 at the latest")
    return time(*opens), None if closes == (24, 0) else time(*closes)


def parse_day(text: object) -> object:
    """Check a date as `2026-12-31`. Raises ValueError."""
    if isinstance(text, date):
        return text
    if not isinstance(text, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("is not a date: year, month and day with dashes")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None


def parse_limit(value: object) -> object:
    """Read `80%` as 0.8 and `30m` as 1800 seconds; leave the rest to the number it must be."""
    if isinstance(value, str) and re.fullmatch(PERCENT, value):
        return float(value[:-1]) / 100
    if isinstance(value, str) and re.fullmatch(DURATION, value):
        return parse_duration(value).total_seconds()
    return value


def _between(least: timedelta, most: timedelta, said: str) -> Callable[[timedelta], timedelta]:
    def check(value: timedelta) -> timedelta:
        if not least <= value <= most:
            raise ValueError(f"must be from {said}")
        return value

    return check


_DAYS = {"type": ["string", "integer"], "pattern": f"^{_DAY}(-{_DAY})?$", "minimum": 1, "maximum": 7}
_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": DURATION})

Name = Annotated[str, AfterValidator(parse_name), WithJsonSchema({"type": ["string", "number"], "pattern": NAME})]
Bool = Annotated[bool, BeforeValidator(parse_bool), WithJsonSchema({"type": "boolean"})]
Address = Annotated[str, AfterValidator(parse_address)]
Endpoint = Annotated[tuple[str, int], BeforeValidator(parse_endpoint), WithJsonSchema({"type": "string"})]
User = Annotated[str, AfterValidator(parse_user)]
Tls = Annotated[
    Literal["off", "verified", "unverified"],
    BeforeValidator(parse_tls),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"enum": ["unverified"]}]}),
]
UpsName = Annotated[str, AfterValidator(parse_ups), WithJsonSchema({"type": ["string", "number"], "pattern": UPS})]
SnmpUser = Annotated[str, Field(max_length=32), AfterValidator(parse_user)]  # SNMP-USER-BASED-SM-MIB usmUserName
Timezone = Annotated[str, AfterValidator(parse_timezone)]
Reference = Annotated[str, AfterValidator(check_reference), WithJsonSchema({"type": "string", "pattern": PATTERN})]
Target = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_between(timedelta(0), timedelta(days=365), "0s to 365d")),
    _DURATION_SCHEMA,
]
Interval = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_between(timedelta(seconds=1), timedelta(days=7), "1s to 7d")),
    _DURATION_SCHEMA,
]
Timeout = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_between(timedelta(milliseconds=10), timedelta(minutes=10), "10ms to 10m")),
    _DURATION_SCHEMA,
]
Weekdays = Annotated[
    tuple[int, ...],
    BeforeValidator(parse_weekdays),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": rf"^{_DAY}(-{_DAY})?( *, *{_DAY}(-{_DAY})?)*$"},
                {"type": "array", "items": _DAYS, "minItems": 1},
            ]
        }
    ),
]
Pattern = Annotated[str, Field(min_length=1), AfterValidator(parse_pattern)]
SoftwareVersion = Annotated[str, AfterValidator(parse_version), WithJsonSchema({"type": ["string", "number"]})]
Day = Annotated[date, BeforeValidator(parse_day), WithJsonSchema({"type": "string", "format": "date"})]
Hours = Annotated[
    tuple[time, time | None],
    BeforeValidator(parse_hours),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,2}:[0-9]{2} *- *[0-9]{1,2}:[0-9]{2}$"}),
]
Bound = Annotated[
    float,
    BeforeValidator(parse_limit),
    Field(allow_inf_nan=False),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": PERCENT}, {"type": "string", "pattern": DURATION}]}
    ),
]
