"""How a community profile takes a column's value: a form for octets, and a pattern with the text it becomes. Pure.

Patterns come from files of others and run on what devices say, so they run in RE2 (the syntax of Go, which these files
are written for): its time grows with the text, whatever the pattern.
"""

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Literal

import re2
from pydantic import field_validator

from collectors.model import Value
from collectors.profiles.words import Strict

MAX_PATTERN = 1000  # characters; what makes the 128 KB below suffice for any sane one
Octets = Literal["mac_address", "ip_address", "hex", "uint32", "big_endian", "little_endian"]

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
        if not isinstance(value, bytes) or self.octets in (None, "uint32"):
            return value
        if self.octets == "mac_address":
            return value.hex(":")
        if self.octets == "ip_address":
            return str(ip_address(value)) if len(value) in (4, 16) else value
        if self.octets == "hex":
            return value.hex()
        return int.from_bytes(value[:8], "little" if self.octets == "little_endian" else "big")

    def matched(self, words: str) -> str | None:
        """Return what a text becomes; None where the pattern is not found in it."""
        if self.pattern is None:
            return words
        match = compiled(self.pattern).search(words)
        if match is None:
            return None
        groups = (match[0], *match.groups())
        return _GROUP.sub(lambda found: _group(groups, found), self.becomes)


def _group(groups: tuple[str | None, ...], found: "re.Match[str]") -> str:
    number = found[1] or found[2]
    if number is None:
        return "$"
    return (groups[int(number)] if int(number) < len(groups) else None) or ""
