"""Ports over time: those that flap, run slower than they did, were shut by an error, or are open and unused. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from operator import and_

from agent.derive import tallies
from agent.derive.counters import finite
from agent.derive.interfaces import PASSES_NOTHING
from agent.derive.ports import PORT_LABELS, Port, per_port
from agent.derive.readings import Derived, Readings, Rule
from agent.derive.restarts import TICKS_SPAN, restarted_between
from agent.derive.steady import steady
from agent.derive.tables import Table
from collectors.columns import Samples
from collectors.model import Sample
from collectors.vocabulary import Meaning

FLAPS, SLOWER, SHUT, UNUSED = "if_flaps_daily", "if_speed_ratio", "if_error_disabled", "if_unused_ratio"
BEST = "if_speed_best"
"""Memory: the speed a port has run at."""

DAY = 86400.0
UNUSED_AFTER = 90 * DAY
ACCEPTED_AFTER = 31 * DAY
"""A lower speed that lasted so long is the port's speed."""
_AT = "if_speed_lower_timestamp_seconds"


def _flaps(readings: Readings) -> Derived:
    """Count how often ports went up or down. A change that came and went between readings moved ifLastChange."""
    if readings.before is None or restarted_between(readings) or not readings.was_read("ifOperStatus"):
        return Derived(tuple(tallies.carry(readings, FLAPS)))
    return steady(readings, _flaps, tallies.carried(readings, FLAPS), lambda: _flapped(readings))


def _flapped(readings: Readings) -> Derived:
    read = [port for port in readings.judged_ports if port.has("ifOperStatus")]
    both = {port.name: (port, readings.ports_before.get(port.key)) for port in read}
    happened = {name: _transitions(port, then) for name, (port, then) in both.items() if then is not None}
    sums, carried = tallies.tally(readings, FLAPS, happened, mean=True)
    found = [(both[name][0].face, (), sums[name]) for name in happened if name in sums]
    return Derived(Samples.join((per_port(FLAPS, (), found), carried)))


def _transitions(now: Port, then: Port) -> int:
    """RFC 2863 ifLastChange: sysUpTime when the present ifOperStatus was entered; 0 when it was so at the start."""
    if now.get("ifAdminStatus") != then.get("ifAdminStatus"):
        return 0  # someone shut it or let it up
    changed = _up(now) != _up(then)
    moved = (now.get("ifLastChange") or 0) > (then.get("ifLastChange") or 0)
    return 1 if changed else 2 if moved else 0


def _up(port: Port) -> bool:
    return port.get("ifOperStatus") not in PASSES_NOTHING


def _slower(readings: Readings) -> Derived:
    if readings.series_before(_AT):
        return _held(readings)
    best = tuple(readings.series_before(BEST))
    return steady(readings, _slower, best, lambda: _held(readings), keeps=_is_timeless)


def _is_timeless(made: Derived) -> bool:
    """Say whether no port runs slower than it did, for which the time counts."""
    return all(sample.name != _AT for sample in Samples.of(made.samples).plain)


def _held(readings: Readings) -> Derived:
    """Hold the speed of each port that is up against the best it has had.

    Remembered is the best of those that do not run at it; of the others the reading itself tells.
    """
    before = (port for port in readings.ports_before.values() if port.get("ifOperStatus") == 1)
    best = {port.name: speed for port in before if (speed := port.bits_per_second)}
    best |= {s.labels.get("entity", ""): finite(s.value) or 0.0 for s in readings.series_before(BEST)}
    since = {s.labels.get("entity", ""): finite(s.value) or 0.0 for s in readings.series_before(_AT)}
    found, told, now = [], set(), readings.timestamp
    for port in readings.judged_ports:
        speed, name = port.bits_per_second, port.name
        if not speed or port.get("ifOperStatus") != 1:
            continue
        if speed < best.get(name, 0.0):
            since.setdefault(name, now)
        else:
            since.pop(name, None)
        if name not in since or now - since[name] > ACCEPTED_AFTER:
            best[name] = speed
            since.pop(name, None)
        state = _speed_text(speed) if speed >= best[name] else f"{_speed_text(best[name])} → {_speed_text(speed)}"
        found.append((port.face, (state,), speed / best[name]))
        if speed == best[name]:
            told.add(name)
    samples = per_port(SLOWER, ("state",), found)
    memory = [Sample(BEST, {"entity": name}, value) for name, value in sorted(best.items()) if name not in told]
    memory += [Sample(_AT, {"entity": name}, at) for name, at in sorted(since.items())]
    return Derived(Samples.join((samples, memory)))


@lru_cache(maxsize=256)
def _speed_text(bits_per_second: float) -> str:
    gigabits = bits_per_second / 1e9
    return f"{gigabits:g} Gbit/s" if gigabits >= 1 else f"{bits_per_second / 1e6:g} Mbit/s"


def _shut(readings: Readings) -> Derived:
    """The device lists ports it has shut: what is not on a list that was read is well.

    That it has such a list is told by a row of it, or by one without a port.
    """
    rows, ignored = readings.series("ifErrorDisabled"), readings.entry.ignore_interfaces
    if not rows or not readings.was_read("ifErrorDisabled"):
        return Derived()
    listed = {_which(s.labels): s for s in rows if s.value}
    ports = [port for port in readings.ports.values() if port.has("ifOperStatus")]
    judged = ((port.face, listed.get(_which(port.labels))) for port in ports if not port.is_called(ignored))
    return Derived(per_port(SHUT, ("state",), [(face, (_why(row),), int(row is not None)) for face, row in judged]))


def _which(labels: Mapping[str, str]) -> str:
    """Return what tells a port from others: a command line knows no ifIndex."""
    return labels.get("ifIndex") or labels.get("ifName", "")


def _why(listed: Sample | None) -> str:
    return listed.labels.get("state", "") if listed else ""


def _unused(readings: Readings) -> Derived:
    """Count ports that are let up and have been down for 90 days: anyone could plug in there."""
    uptime = readings.value("device_uptime_seconds")
    if uptime is None or not readings.was_read("ifAdminStatus") or not readings.was_read("ifOperStatus"):
        return Derived()
    ports = readings.judged
    told = list(map(and_, ports.has("ifAdminStatus"), ports.has("ifLastChange")))
    idle = [ports.faces[at].name for at in _idle(ports, told, uptime)]
    if not any(told):
        return Derived()
    named = ", ".join(idle[:5]) + (" …" if len(idle) > 5 else "")
    state = f"{len(idle)}/{sum(told)}" + (f": {named}" if idle else "")
    return Derived((Sample(UNUSED, {"state": state}, len(idle) / sum(told)),))


def _idle(ports: Table, told: Sequence[bool], uptime: float) -> Iterator[int]:
    """Yield the places of those that are let up and down for long, among those that tell."""
    changed = ports.column("ifLastChange")
    each = enumerate(zip(told, ports.column("ifAdminStatus"), ports.column("ifOperStatus"), strict=True))
    for at in [at for at, (tells, admin, oper) in each if tells and admin == 1 and oper in PASSES_NOTHING]:
        since = float(changed[at] or 0) / 100
        down_for = uptime - since if since <= uptime else uptime + TICKS_SPAN - since
        if UNUSED_AFTER < down_for < TICKS_SPAN:
            yield at


_STATES = frozenset({"ifOperStatus"})
_SPEEDS = frozenset({"ifHighSpeed", "ifSpeed"})

MEMORY = {
    BEST: Meaning("gauge", "The speed a port has run at, in bit/s", ("entity",)),
    _AT: Meaning("gauge", "When a port was first seen at a lower speed, seconds since 1970", ("entity",)),
}

RULES = (
    Rule(
        makes={FLAPS: Meaning("gauge", "Times a port went up or down in the last day", PORT_LABELS)},
        sources=(_STATES,),
        make=_flaps,
        concerns=frozenset({*_STATES, tallies.TALLY}),
    ),
    Rule(
        makes={SLOWER: Meaning("gauge", "Speed of a port as a share of the best it had", (*PORT_LABELS, "state"))},
        sources=(_STATES, _SPEEDS),
        make=_slower,
        concerns=frozenset({*_STATES, BEST, _AT}),
    ),
    Rule(
        makes={SHUT: Meaning("gauge", "1 when the device shut the port because of an error", (*PORT_LABELS, "state"))},
        sources=(frozenset({"ifErrorDisabled"}), _STATES),
        make=_shut,
        concerns=frozenset({"ifErrorDisabled"}),
    ),
    Rule(
        makes={UNUSED: Meaning("gauge", "Share of ports that are let up and down for 90 days", ("state",))},
        sources=(_STATES, frozenset({"ifAdminStatus"}), frozenset({"ifLastChange"})),
        make=_unused,
        concerns=frozenset({"ifAdminStatus"}),
    ),
)
