"""Hand out again what a rule made of ports, where all it looked at is as it was: it would make the same. Pure."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from agent.derive.ports import Column
from agent.derive.readings import Derived, Readings
from agent.derive.tables import is_whole
from agent.model import Entry

STATES = (
    *("ifAdminStatus", "ifOperStatus", "ifLastChange", "ifHighSpeed", "ifSpeed"),
    *("ifConnectorPresent", "ifDuplexStatus"),
)
"""What is rarely another than a minute ago."""

Made = dict[Hashable, tuple[tuple[object, ...], Derived]]
"""Rule → what it looked at besides, and what it made."""


@dataclass(frozen=True, slots=True)
class _Still:
    """Ports as they were in the last two readings, and what was made of them."""

    entry: Entry
    states: tuple[Column | None, ...]  # the last reading's own, which are kept anyway
    made: Made = field(default_factory=dict)


def steady(
    readings: Readings,
    rule: Hashable,
    further: tuple[object, ...],
    make: Callable[[], Derived],
    *,
    keeps: Callable[[Derived], bool] = lambda made: True,
) -> Derived:
    """Return what `make` makes, or made of the readings before.

    It looks at nothing but the ports that are there, now and before; their STATES; the inventory's entry; and
    `further`. `keeps`: whether what was made is good for later too.
    """
    made = readings.once(_Still, lambda: _made(readings))
    if made is None:
        return make()
    known = made.pop(rule, None)
    found = known[1] if known is not None and known[0] == further else make()
    if keeps(found):
        made[rule] = further, found
    return found


def _made(readings: Readings) -> Made | None:
    """Return what was made of these ports while they stood as they do; None where they did not stand still."""
    now, before = readings.table, readings.table_before
    if now.rows is None or before.rows is not now.rows:
        return None
    states = tuple(map(now.columns.get, STATES))
    known: _Still | None = now.rows.memo.pop(_Still, None)
    if states != tuple(map(before.columns.get, STATES)) or any(c is not None and not is_whole(c) for c in states):
        return None
    fits = known is not None and known.entry is readings.entry and known.states == states
    still = _Still(readings.entry, states, known.made if known is not None and fits else {})
    now.rows.memo[_Still] = still
    return still.made
