"""Interfaces: how full, how faulty, and which of them are down that should be up. Pure."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from operator import and_, or_, truediv
from typing import cast

from agent.derive import memory
from agent.derive.ports import PORT_LABELS, Face, Port, per_port, role
from agent.derive.readings import Derived, Readings, Rule
from agent.derive.steady import steady
from agent.derive.tables import Table
from agent.derive.traffic import Traffic, traffic
from collectors.columns import Grid, Rows, Samples
from collectors.model import Number, Sample
from collectors.vocabulary import Meaning

UTILISATION, ERRORS, DISCARDS = "if_utilisation_ratio", "if_errors_ratio", "if_discards_ratio"
BROADCAST = "if_broadcast_ratio"
DOWN, HALF_DUPLEX = "if_down", "if_half_duplex"
WAYS = {"In": ("in",), "Out": ("out",)}  # → text of the label `direction`

FEWEST_PACKETS = 10_000
"""With less traffic than this a ratio is of this many packets: one bad frame on an idle port is no percentage."""
FEWEST_PACKETS_A_SECOND = 1000
"""With less traffic than this the share of broadcasts is of this much: an idle port hears hardly anything else."""

OPER_STATES = ("", "up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown")  # RFC 2863
PASSES_NOTHING = frozenset({2, 3, 6, 7})
"""RFC 2863 ifOperStatus: down, testing, notPresent, lowerLayerDown. Dormant waits for traffic; unknown may be up."""

# ---- traffic ----

Has = Callable[[Table, str], Sequence[bool]]
"""(ports, In or Out) → whether each port has what the ratio is made of."""
Shares = Callable[[Traffic, str], Sequence[float | None]]
"""(ports, In or Out) → the ratio of each port, None where the counters do not tell."""


def _rates(name: str, has: Has, shares: Shares, readings: Readings) -> Derived:
    ports, known, rows = readings.judged, traffic(readings), readings.table.rows
    there = [has(ports, way) for way in WAYS]
    ratios = [shares(known, way) if known else [None] * len(ports) for way in WAYS]
    if rows is not None and len(ports) and all(map(all, there)) and not any(None in each for each in ratios):
        columns = {name: _alternating(*(cast(Sequence[float], each) for each in ratios))}
        return Derived(Samples(grids=[Grid(_both_ways(rows, readings.judged_places), columns)]))
    found: list[tuple[Face, tuple[str, ...], Number]] = []
    waiting = False
    for at, face in enumerate(ports.faces):
        for direction, here, each in zip(WAYS.values(), there, ratios, strict=True):
            ratio = each[at]
            if here[at] and ratio is not None:
                found.append((face, direction, ratio))
            waiting = waiting or (here[at] and ratio is None)
    return Derived(per_port(name, ("direction",), found), frozenset({name}) if waiting else frozenset())


def _alternating(inward: Sequence[float], outward: Sequence[float]) -> "array[float]":
    """Return the ratios of both ways, port by port."""
    values = [0.0] * (2 * len(inward))
    if not any(inward) and not any(outward):
        return _zeros(len(values))
    values[::2], values[1::2] = inward, outward
    return array("d", values)


@lru_cache(maxsize=1024)
def _zeros(count: int) -> "array[float]":
    """Return one object for all the ports without errors: columns are never changed."""
    return array("d", bytes(8 * count))


def _both_ways(rows: Rows, places: tuple[int, ...]) -> Rows:
    """Return rows for some ports, each with a direction."""
    known = rows.memo.get(_both_ways)
    if known is None or known[0] is not places:
        picks = tuple(at for at in places for _ in WAYS)
        known = places, rows.with_labels(("direction",), picks, tuple(WAYS.values()) * len(places))
        rows.memo[_both_ways] = known
    made: Rows = known[1]
    return made


def _has_octets(ports: Table, way: str) -> Sequence[bool]:
    counts = map(or_, ports.has(f"ifHC{way}Octets"), ports.has(f"if{way}Octets"))
    speeds = ports.speeds()
    if all(speeds):
        return list(counts)
    fits = (
        speed > 0 or state in PASSES_NOTHING for speed, state in zip(speeds, ports.column("ifOperStatus"), strict=True)
    )
    return list(map(and_, counts, fits))


def _shares_of_speed(known: Traffic, way: str) -> Sequence[float | None]:
    high, most = known.grown(f"ifHC{way}Octets", known.octets, bits=64), known.octets.each
    low = known.grown(f"if{way}Octets", known.octets) if None in high else high
    if None not in high and all(most):
        return list(map(truediv, high, most))
    return [
        0.0 if not most else _ratio(first if first is not None else second, most)  # down, and then without a speed
        for first, second, most in zip(high, low, most, strict=True)
    ]


def _ratio(growth: int | None, of: float) -> float | None:
    return None if growth is None else growth / of


def _has_packets(what: str, ports: Table, way: str) -> Sequence[bool]:
    counts = map(or_, ports.has(f"ifHC{way}UcastPkts"), ports.has(f"if{way}UcastPkts"))
    return list(map(and_, ports.has(f"if{way}{what}"), counts))


def _shares_of_packets(what: str, known: Traffic, way: str) -> Sequence[float | None]:
    faulty, sent = known.grown(f"if{way}{what}", known.packets, laps=False), known.sent(way)
    if None not in faulty and None not in sent and not any(faulty):
        return [0.0] * len(sent)
    return [
        None if bad is None or all_ is None else bad / max(all_ + bad, FEWEST_PACKETS)
        for bad, all_ in zip(faulty, sent, strict=True)
    ]


def _has_broadcasts(ports: Table, way: str) -> Sequence[bool]:
    return list(map(and_, ports.has(f"ifHC{way}UcastPkts"), ports.has(f"ifHC{way}BroadcastPkts")))


def _shares_of_broadcasts(known: Traffic, way: str) -> Sequence[float | None]:
    fewest = FEWEST_PACKETS_A_SECOND * known.seconds
    return [
        None if all_ is None or many is None else many / (all_ if all_ > fewest else fewest)
        for all_, many in zip(known.sent(way), known.sum_of(way, ("Multicast", "Broadcast")), strict=True)
    ]


# ---- state ----


def _down(readings: Readings) -> Derived:
    """Judge each port that would be missed. What has been up is remembered, by the name of the port."""
    if not readings.was_read("ifOperStatus") or not readings.was_read("ifAdminStatus"):
        return Derived(tuple(memory.remember("port", (), _was_up(readings))))
    return steady(readings, _down, memory.recalled(readings, "port"), lambda: _missed(readings))


def _missed(readings: Readings) -> Derived:
    was_up = _was_up(readings)
    found = [port for port in readings.ports.values() if port.has("ifOperStatus")]
    states = [state for port in found for state in _state(port, readings, ("", port.name) in was_up)]
    samples = per_port(DOWN, ("role", "state"), states)
    others = memory.remember("port", (), was_up - _up(found))  # of those that are up the reading itself tells
    return Derived(Samples.join((samples, _absent_uplinks(found, readings), others)))


def _was_up(readings: Readings) -> set[tuple[str, str]]:
    return memory.recall(readings, "port") | _up(readings.ports_before.values())


def _up(ports: Iterable[Port]) -> set[tuple[str, str]]:
    return {("", port.name) for port in ports if port.get("ifOperStatus") == 1}


def _state(port: Port, readings: Readings, was_up: bool) -> Iterator[tuple[Face, tuple[str, ...], int]]:
    """An uplink counts as down too when someone shut it; another port that was shut is meant to be."""
    reason = role(port, readings.entry, was_up=was_up)
    if not reason:
        return
    shut = port.get("ifAdminStatus", 1) != 1
    down = _is_down(port) and not (shut and reason == "known")
    text = "adminDown" if shut else _oper_text(port)
    yield port.face, _words(reason, text), int(down)


@lru_cache(maxsize=1024)
def _words(*texts: str) -> tuple[str, ...]:
    """Return one object for the same words."""
    return texts


def _absent_uplinks(found: list[Port], readings: Readings) -> Iterator[Sample]:
    """An uplink the inventory names, and the device does not have (any more)."""
    for uplink in readings.entry.uplinks:
        if found and not any(char in uplink for char in "*?[") and not any(p.is_called((uplink,)) for p in found):
            labels = {**dict.fromkeys(PORT_LABELS, ""), "ifName": uplink, "role": "uplink", "state": "absent"}
            yield Sample(DOWN, labels, 1)


def _half_duplex(readings: Readings) -> Derived:
    return steady(readings, _half_duplex, (), lambda: _halves(readings))


def _halves(readings: Readings) -> Derived:
    """Judge ports that are up: RFC 3635 dot3StatsDuplexStatus of others is what they were last, or half."""
    up = (port for port in readings.judged_ports if port.get("ifOperStatus") == 1)
    known = ((port.face, port.get("ifDuplexStatus")) for port in up)
    return Derived(
        per_port(HALF_DUPLEX, (), [(face, (), int(duplex == 2)) for face, duplex in known if duplex in (2, 3)])
    )


def _is_down(port: Port) -> bool:
    return port.get("ifOperStatus") in PASSES_NOTHING


def _oper_text(port: Port) -> str:
    state = port.get("ifOperStatus") or 0
    return OPER_STATES[int(state)] if state in range(1, len(OPER_STATES)) else str(state)


_OCTETS = frozenset({"ifHCInOctets", "ifHCOutOctets", "ifInOctets", "ifOutOctets"})
_PACKETS = frozenset({"ifHCInUcastPkts", "ifHCOutUcastPkts", "ifInUcastPkts", "ifOutUcastPkts"})
_ERRORS = frozenset({"ifInErrors", "ifOutErrors"})
_DISCARDS = frozenset({"ifInDiscards", "ifOutDiscards"})
_BROADCASTS = frozenset({"ifHCInBroadcastPkts", "ifHCOutBroadcastPkts"})
_RATE_LABELS = (*PORT_LABELS, "direction")

RULES = (
    Rule(
        makes={UTILISATION: Meaning("gauge", "Traffic since the last reading as a share of the speed", _RATE_LABELS)},
        sources=(_OCTETS, frozenset({"ifHighSpeed", "ifSpeed"})),
        make=partial(_rates, UTILISATION, _has_octets, _shares_of_speed),
        concerns=_OCTETS,
    ),
    Rule(
        makes={ERRORS: Meaning("gauge", "Share of packets with errors since the last reading", _RATE_LABELS)},
        sources=(_ERRORS, _PACKETS),
        make=partial(_rates, ERRORS, partial(_has_packets, "Errors"), partial(_shares_of_packets, "Errors")),
        concerns=_ERRORS,
    ),
    Rule(
        makes={DISCARDS: Meaning("gauge", "Share of packets dropped since the last reading", _RATE_LABELS)},
        sources=(_DISCARDS, _PACKETS),
        make=partial(_rates, DISCARDS, partial(_has_packets, "Discards"), partial(_shares_of_packets, "Discards")),
        concerns=_DISCARDS,
    ),
    Rule(
        makes={BROADCAST: Meaning("gauge", "Share of broadcasts and multicasts since the last reading", _RATE_LABELS)},
        sources=(_BROADCASTS, _PACKETS),
        make=partial(_rates, BROADCAST, _has_broadcasts, _shares_of_broadcasts),
        concerns=_BROADCASTS,
    ),
    Rule(
        makes={DOWN: Meaning("gauge", "1 when a port is down that should be up", (*PORT_LABELS, "role", "state"))},
        sources=(frozenset({"ifOperStatus"}), frozenset({"ifAdminStatus"})),
        make=_down,
        concerns=frozenset({"ifOperStatus", memory.KNOWN}),
    ),
    Rule(
        makes={HALF_DUPLEX: Meaning("gauge", "1 when a port that is up sends or receives, not both", PORT_LABELS)},
        sources=(frozenset({"ifDuplexStatus"}), frozenset({"ifOperStatus"})),
        make=_half_duplex,
        concerns=frozenset({"ifDuplexStatus"}),
    ),
)
