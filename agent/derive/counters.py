"""How much a counter grew between two readings: wraps are undone, resets and impossible jumps are gaps. Pure."""

import math

from collectors.model import Number

SLACK = 1.1
"""Growth beyond what the line carries, by more than the two readings' clocks may differ, is no traffic."""


def grown(before: Number, now: Number, *, bits: int = 32, most: float | None, laps: bool = True) -> int | None:
    """Return how much a counter grew, None where that cannot be known (RFC 2578 §7.1.6, RFC 2863 §3.1.6).

    `most`: what the line can carry in the time; None if unknown. `laps`: the counter runs over more than once when
    `most` is more than it holds; false for what counts rare events. A counter that fell ran over, if what it then grew
    by is possible; else it was set back.
    """
    if type(before) is type(now) is int and 0 <= before <= now < 2**64 and (most is None or most * SLACK < 2**bits):
        growth = now - before  # nearly always
        return growth if most is None or growth <= most * SLACK else None
    first, last = _count(before), _count(now)
    if first is None or last is None:
        return None
    span: int = 2**64 if max(first, last) >= 2**32 else 2**bits
    limit = None if most is None else most * SLACK
    growth = last - first
    over = limit is not None and limit >= span
    if growth < 0:
        if limit is None or over:
            return None
        growth += span
    elif over and laps:
        return None
    return growth if limit is None or growth <= limit else None


def finite(value: Number) -> float | None:
    """Return a value as a float; None for what is not a number, or beyond any."""
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _count(value: Number) -> int | None:
    try:
        count = int(value)
    except (OverflowError, ValueError):  # inf, nan
        return None
    return count if 0 <= count < 2**64 else None
