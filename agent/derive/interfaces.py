"""Interfaces: how full, how faulty, and which of them are down that should be up. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial

from agent.derive import memory
from agent.derive.ports import PORT_LABELS, Port, per_port, role
from agent.derive.readings import Derived, Readings, Rule
from agent.derive.traffic import Traffic, traffic
from collectors.columns import Samples
from collectors.model import Sample
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

Has = Callable[[Port, str], bool]
Shares = Callable[[Traffic, str], Sequence[float | None]]
"""(ports, In or Out) → the ratio of each port, None where the counters do not tell."""


def _rates(name: str, has: Has, shares: Shares, readings: Readings) -> Derived:
    known = traffic(readings)
    ratios = {way: shares(known, way) for way in WAYS} if known else {}
    found, waiting = [], False
    for at, port in enumerate(readings.judged_ports):
        for way, direction in WAYS.items():
            if has(port, way):
                ratio = ratios[way][at] if ratios else None
                if ratio is None:
                    waiting = True
                else:
                    found.append((port, direction, ratio))
    return Derived(per_port(name, ("direction",), found), frozenset({name}) if waiting else frozenset())


def _has_octets(port: Port, way: str) -> bool:
    counts = f"ifHC{way}Octets" in port.values or f"if{way}Octets" in port.values
    return counts and (port.bits_per_second > 0 or _is_down(port))


def _shares_of_speed(known: Traffic, way: str) -> list[float | None]:
    high = known.grown(f"ifHC{way}Octets", known.octets, bits=64)
    low = known.grown(f"if{way}Octets", known.octets) if None in high else high
    return [
        0.0 if not most else _ratio(first if first is not None else second, most)  # down, and then without a speed
        for first, second, most in zip(high, low, known.octets, strict=True)
    ]


def _ratio(growth: int | None, of: float) -> float | None:
    return None if growth is None else growth / of


def _has_packets(what: str, port: Port, way: str) -> bool:
    values = port.values
    return f"if{way}{what}" in values and (f"ifHC{way}UcastPkts" in values or f"if{way}UcastPkts" in values)


def _shares_of_packets(what: str, known: Traffic, way: str) -> list[float | None]:
    faulty = known.grown(f"if{way}{what}", known.packets, laps=False)
    return [
        None if bad is None or all_ is None else bad / max(all_ + bad, FEWEST_PACKETS)
        for bad, all_ in zip(faulty, known.sent(way), strict=True)
    ]


def _has_broadcasts(port: Port, way: str) -> bool:
    return f"ifHC{way}UcastPkts" in port.values and f"ifHC{way}BroadcastPkts" in port.values


def _shares_of_broadcasts(known: Traffic, way: str) -> list[float | None]:
    fewest = FEWEST_PACKETS_A_SECOND * known.seconds
    return [
        None if all_ is None or many is None else many / max(all_, fewest)
        for all_, many in zip(known.sent(way), known.sum_of(way, ("Multicast", "Broadcast")), strict=True)
    ]


# ---- state ----


def _down(readings: Readings) -> Derived:
    """Judge each port that would be missed. What has been up is remembered, by the name of the port."""
    was_up = memory.recall(readings, "port") | _up(readings.ports_before.values())
    if not readings.was_read("ifOperStatus") or not readings.was_read("ifAdminStatus"):
        return Derived(tuple(memory.remember("port", (), was_up)))
    found = [port for port in readings.ports.values() if "ifOperStatus" in port.values]
    states = [state for port in found for state in _state(port, readings, ("", port.name) in was_up)]
    samples = per_port(DOWN, ("role", "state"), states)
    others = memory.remember("port", (), was_up - _up(found))  # of those that are up the reading itself tells
    return Derived(Samples.join((samples, _absent_uplinks(found, readings), others)))


def _up(ports: Iterable[Port]) -> set[tuple[str, str]]:
    return {("", port.name) for port in ports if port.values.get("ifOperStatus") == 1}


def _state(port: Port, readings: Readings, was_up: bool) -> Iterator[tuple[Port, tuple[str, ...], int]]:
    """An uplink counts as down too when someone shut it; another port that was shut is meant to be."""
    reason = role(port, readings.entry, was_up=was_up)
    if not reason:
        return
    shut = port.values.get("ifAdminStatus", 1) != 1
    down = _is_down(port) and not (shut and reason == "known")
    text = "adminDown" if shut else _oper_text(port)
    yield port, _words(reason, text), int(down)


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
    """Judge ports that are up: RFC 3635 dot3StatsDuplexStatus of others is what they were last, or half."""
    up = (port for port in readings.judged_ports if port.values.get("ifOperStatus") == 1)
    known = (port for port in up if port.values.get("ifDuplexStatus") in (2, 3))
    return Derived(per_port(HALF_DUPLEX, (), [(port, (), int(port.values["ifDuplexStatus"] == 2)) for port in known]))


def _is_down(port: Port) -> bool:
    return port.values.get("ifOperStatus") in PASSES_NOTHING


def _oper_text(port: Port) -> str:
    state = port.values["ifOperStatus"]
    return OPER_STATES[int(state)] if state in range(1, len(OPER_STATES)) else str(state)


_OCTETS = frozenset({"ifHCInOctets", "ifHCOutOctets", "ifInOctets", "ifOutOctets"})
_PACKETS = frozenset({"ifHCInUcastPkts", "ifHCOutUcastPkts", "ifInUcastPkts", "ifOutUcastPkts"})
_RATE_LABELS = (*PORT_LABELS, "direction")

RULES = (
    Rule(
        makes={UTILISATION: Meaning("gauge", "Traffic since the last reading as a share of the speed", _RATE_LABELS)},
        sources=(_OCTETS, frozenset({"ifHighSpeed", "ifSpeed"})),
        make=partial(_rates, UTILISATION, _has_octets, _shares_of_speed),
    ),
    Rule(
        makes={ERRORS: Meaning("gauge", "Share of packets with errors since the last reading", _RATE_LABELS)},
        sources=(frozenset({"ifInErrors", "ifOutErrors"}), _PACKETS),
        make=partial(_rates, ERRORS, partial(_has_packets, "Errors"), partial(_shares_of_packets, "Errors")),
    ),
    Rule(
        makes={DISCARDS: Meaning("gauge", "Share of packets dropped since the last reading", _RATE_LABELS)},
        sources=(frozenset({"ifInDiscards", "ifOutDiscards"}), _PACKETS),
        make=partial(_rates, DISCARDS, partial(_has_packets, "Discards"), partial(_shares_of_packets, "Discards")),
    ),
    Rule(
        makes={BROADCAST: Meaning("gauge", "Share of broadcasts and multicasts since the last reading", _RATE_LABELS)},
        sources=(frozenset({"ifHCInBroadcastPkts", "ifHCOutBroadcastPkts"}), _PACKETS),
        make=partial(_rates, BROADCAST, _has_broadcasts, _shares_of_broadcasts),
    ),
    Rule(
        makes={DOWN: Meaning("gauge", "1 when a port is down that should be up", (*PORT_LABELS, "role", "state"))},
        sources=(frozenset({"ifOperStatus"}), frozenset({"ifAdminStatus"})),
        make=_down,
    ),
    Rule(
        makes={HALF_DUPLEX: Meaning("gauge", "1 when a port that is up sends or receives, not both", PORT_LABELS)},
        sources=(frozenset({"ifDuplexStatus"}), frozenset({"ifOperStatus"})),
        make=_half_duplex,
    ),
)
