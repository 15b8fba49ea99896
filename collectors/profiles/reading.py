"""How a community profile takes a column's value: a form for octets, and a pattern with the text it becomes. Pure.

Patterns come from files of others and run on what devices say, so they run in RE2 (the syntax of Go, which these files
are written for): its time grows with the text, whatever the pattern.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Literal

import re2
from pydantic import field_validator

from collectors.model import Value
from collectors.yamlform import Strict

MAX_PATTERN = 1000  # characters; what makes the 128 KB below suffice for any sane one
Octets = Literal["mac_address", "ip_address", "hex", "uint32", "big_endian", "little_endian", "date_and_time"]

_GROUP = re.compile(r"\$\$|[$\\](\d)|\$\{(\d)\}")


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> "re2._Regexp":
    """Return a pattern in RE2. Raises ValueError for one that it does not have, with the reason."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"is longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 17
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "is no pattern"
        raise ValueError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from error


class Reading(Strict):
    """Octets in their form first, then the pattern. No match: no value."""

    octets: Octets | None = None
    pattern: str | None = None
    becomes: str = "$1"  # the text of a match; $1 or \1 is a group

    @field_validator("pattern")
    @classmethod
    def _re2(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            compiled(pattern)
        return pattern

    def decoded(self, value: Value) -> Value:
        """Return a raw value in the form of its octets; as it is where it has no such form."""
        if self.octets == "uint32" and isinstance(value, int):
            return value % 2**32
        decode = _DECODERS.get(self.octets or "")
        return decode(value) if decode is not None and isinstance(value, bytes) else value

    def matched(self, words: str) -> str | None:
        """Return what a text becomes; None where the pattern is not found in it."""
        if self.pattern is None:
            return words
        match = compiled(self.pattern).search(words)
        if match is None:
            return None
        groups = (match[0], *match.groups())
        return _GROUP.sub(lambda found: _group(groups, found), self.becomes)


def _moment(octets: bytes) -> int | None:
    """Read DateAndTime (RFC 2579) as seconds since 1970; without a time zone as UTC. None for no date."""
    if len(octets) not in (8, 11):
        return None
    year, month, day, hour, minute, second = (int.from_bytes(octets[:2], "big"), *octets[2:7])
    try:
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    ahead = (octets[9] * 60 + octets[10]) * 60 if len(octets) == 11 else 0
    return int(local.timestamp()) + (ahead if octets[8:9] == b"-" else -ahead)


def _address(octets: bytes) -> Value:
    return str(ip_address(octets)) if len(octets) in (4, 16) else octets


_DECODERS: dict[str, Callable[[bytes], Value]] = {
    "mac_address": lambda octets: octets.hex(":"),
    "ip_address": _address,
    "hex": bytes.hex,
    "date_and_time": _moment,
    "big_endian": lambda octets: int.from_bytes(octets[:8], "big"),
    "little_endian": lambda octets: int.from_bytes(octets[:8], "little"),
}


def _group(groups: tuple[str | None, ...], found: "re.Match[str]") -> str:
    number = found[1] or found[2]
    if number is None:
        return "$"
    return (groups[int(number)] if int(number) < len(groups) else None) or ""
