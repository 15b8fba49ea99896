"""Interfaces: how full, how faulty, and which of them are down that should be up. Pure."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from agent.derive import memory
from agent.derive.counters import grown
from agent.derive.ports import PORT_LABELS, Port, role
from agent.derive.readings import Derived, Readings, Rule
from agent.derive.restarts import restarted_between
from collectors.model import Sample
from collectors.vocabulary import Meaning

UTILISATION, ERRORS, DISCARDS = "if_utilisation_ratio", "if_errors_ratio", "if_discards_ratio"
BROADCAST = "if_broadcast_ratio"
DOWN, HALF_DUPLEX = "if_down", "if_half_duplex"
WAYS = {"In": "in", "Out": "out"}

SMALLEST_FRAME_BITS = 672.0  # IEEE 802.3: 64 octets, preamble and gap
FEWEST_PACKETS = 10_000
"""With less traffic than this a ratio is of this many packets: one bad frame on an idle port is no percentage."""
FEWEST_PACKETS_A_SECOND = 1000
"""With less traffic than this the share of broadcasts is of this much: an idle port hears hardly anything else."""

OPER_STATES = ("", "up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown")  # RFC 2863
PASSES_NOTHING = frozenset({2, 3, 6, 7})
"""RFC 2863 ifOperStatus: down, testing, notPresent, lowerLayerDown. Dormant waits for traffic; unknown may be up."""

# ---- traffic ----

Has = Callable[[Port, str], bool]
Share = Callable[[Port, Port, str, float], float | None]
"""(port now, before, In or Out, seconds between) → ratio, None where the counters do not tell."""


def _rates(name: str, has: Has, share: Share, readings: Readings) -> Derived:
    comparable = readings.elapsed >= 1 and not restarted_between(readings)
    samples, waiting = [], False
    for port in counted(readings):
        then = readings.ports_before.get(port.key) if comparable else None
        for way in (way for way in WAYS if has(port, way)):
            ratio = share(port, then, way, readings.elapsed) if then else None
            if ratio is None:
                waiting = True
            else:
                samples.append(Sample(name, {**port.labels, "direction": WAYS[way]}, ratio))
    return Derived(tuple(samples), frozenset({name}) if waiting else frozenset())


def counted(readings: Readings) -> list[Port]:
    """Return the ports whose traffic is judged: those a cable can be plugged into, and uplinks of any kind."""
    entry = readings.entry
    return [
        port
        for port in readings.ports.values()
        if not port.is_called(entry.ignore_interfaces) and (port.has_connector or port.is_called(entry.uplinks))
    ]


def _has_octets(port: Port, way: str) -> bool:
    counts = f"ifHC{way}Octets" in port.values or f"if{way}Octets" in port.values
    return counts and (port.bits_per_second > 0 or _is_down(port))


def _share_of_speed(now: Port, before: Port, way: str, seconds: float) -> float | None:
    capacity = now.bits_per_second * seconds / 8
    if not capacity:
        return 0.0  # down, and then without a speed
    octets = _growth(now, before, f"ifHC{way}Octets", capacity, bits=64)
    if octets is None:
        octets = _growth(now, before, f"if{way}Octets", capacity)
    return None if octets is None else octets / capacity


def _has_packets(what: str, port: Port, way: str) -> bool:
    packets = {f"ifHC{way}UcastPkts", f"if{way}UcastPkts"}
    return f"if{way}{what}" in port.values and not packets.isdisjoint(port.values)


def _share_of_packets(what: str, now: Port, before: Port, way: str, seconds: float) -> float | None:
    most = now.bits_per_second * seconds / SMALLEST_FRAME_BITS or None
    faulty = _growth(now, before, f"if{way}{what}", most, laps=False)
    packets = _packets(now, before, way, most)
    if faulty is None or packets is None:
        return None
    return faulty / max(packets + faulty, FEWEST_PACKETS)


def _has_broadcasts(port: Port, way: str) -> bool:
    return {f"ifHC{way}UcastPkts", f"ifHC{way}BroadcastPkts"} <= port.values.keys()


def _share_of_broadcasts(now: Port, before: Port, way: str, seconds: float) -> float | None:
    most = now.bits_per_second * seconds / SMALLEST_FRAME_BITS or None
    packets = _packets(now, before, way, most)
    many = [name for kind in ("Multicast", "Broadcast") if (name := f"ifHC{way}{kind}Pkts") in now.values]
    growths = [_growth(now, before, name, most, bits=64) for name in many]
    known = [growth for growth in growths if growth is not None]
    if packets is None or len(known) < len(growths):
        return None
    return sum(known) / max(packets, FEWEST_PACKETS_A_SECOND * seconds)


def _packets(now: Port, before: Port, way: str, most: float | None) -> int | None:
    """Return the packets of all kinds; where only ifInUcastPkts is counted, those."""
    kinds = [name for kind in ("Ucast", "Multicast", "Broadcast") if (name := f"ifHC{way}{kind}Pkts") in now.values]
    if f"ifHC{way}UcastPkts" not in kinds:
        return _growth(now, before, f"if{way}UcastPkts", most)
    growths = [_growth(now, before, name, most, bits=64) for name in kinds]
    known = [growth for growth in growths if growth is not None]
    return sum(known) if len(known) == len(growths) else None


def _growth(now: Port, before: Port, name: str, most: float | None, *, bits: int = 32, laps: bool = True) -> int | None:
    if name not in now.values or name not in before.values:
        return None
    return grown(before.values[name], now.values[name], bits=bits, most=most, laps=laps)


# ---- state ----


def _down(readings: Readings) -> Derived:
    """Judge each port that would be missed. What has been up is remembered, by the name of the port."""
    recalled = memory.recall(readings, "port")
    if not readings.was_read("ifOperStatus") or not readings.was_read("ifAdminStatus"):
        return Derived(tuple(memory.remember("port", (), recalled)))
    was_up = {
        ("", port.name) for port in readings.ports_before.values() if port.values.get("ifOperStatus") == 1
    } | recalled
    found = [port for port in readings.ports.values() if "ifOperStatus" in port.values]
    samples = [sample for port in found for sample in _state(port, readings, ("", port.name) in was_up)]
    samples += _absent_uplinks(found, readings)
    up = {("", port.name) for port in found if port.values["ifOperStatus"] == 1}
    return Derived((*samples, *memory.remember("port", up, was_up)))


def _state(port: Port, readings: Readings, was_up: bool) -> Iterator[Sample]:
    """An uplink counts as down too when someone shut it; another port that was shut is meant to be."""
    reason = role(port, readings.entry, was_up=was_up)
    if not reason:
        return
    shut = port.values.get("ifAdminStatus", 1) != 1
    down = _is_down(port) and not (shut and reason == "known")
    text = "adminDown" if shut else _oper_text(port)
    yield _verdict(port.labels, reason, text, down)


def _absent_uplinks(found: list[Port], readings: Readings) -> Iterator[Sample]:
    """An uplink the inventory names, and the device does not have (any more)."""
    for uplink in readings.entry.uplinks:
        if found and not any(char in uplink for char in "*?[") and not any(p.is_called((uplink,)) for p in found):
            yield _verdict({**dict.fromkeys(PORT_LABELS, ""), "ifName": uplink}, "uplink", "absent", True)


def _verdict(labels: Mapping[str, str], reason: str, state: str, down: bool) -> Sample:
    return Sample(DOWN, {**labels, "role": reason, "state": state}, int(down))


def _half_duplex(readings: Readings) -> Derived:
    """Judge ports that are up: RFC 3635 dot3StatsDuplexStatus of others is what they were last, or half."""
    up = (port for port in counted(readings) if port.values.get("ifOperStatus") == 1)
    known = (port for port in up if port.values.get("ifDuplexStatus") in (2, 3))
    return Derived(tuple(Sample(HALF_DUPLEX, port.labels, int(port.values["ifDuplexStatus"] == 2)) for port in known))


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
        make=partial(_rates, UTILISATION, _has_octets, _share_of_speed),
    ),
    Rule(
        makes={ERRORS: Meaning("gauge", "Share of packets with errors since the last reading", _RATE_LABELS)},
        sources=(frozenset({"ifInErrors", "ifOutErrors"}), _PACKETS),
        make=partial(_rates, ERRORS, partial(_has_packets, "Errors"), partial(_share_of_packets, "Errors")),
    ),
    Rule(
        makes={DISCARDS: Meaning("gauge", "Share of packets dropped since the last reading", _RATE_LABELS)},
        sources=(frozenset({"ifInDiscards", "ifOutDiscards"}), _PACKETS),
        make=partial(_rates, DISCARDS, partial(_has_packets, "Discards"), partial(_share_of_packets, "Discards")),
    ),
    Rule(
        makes={BROADCAST: Meaning("gauge", "Share of broadcasts and multicasts since the last reading", _RATE_LABELS)},
        sources=(frozenset({"ifHCInBroadcastPkts", "ifHCOutBroadcastPkts"}), _PACKETS),
        make=partial(_rates, BROADCAST, _has_broadcasts, _share_of_broadcasts),
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
