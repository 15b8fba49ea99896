"""How often something happened in the last day: what devices count, ports that flap, sessions set up anew. Pure."""

from collections.abc import Callable, Iterable
from functools import partial

from agent.derive import tallies
from agent.derive.counters import finite, grown
from agent.derive.readings import Derived, Readings, Rule
from agent.derive.restarts import JITTER, restarted_between
from collectors.model import Sample
from collectors.vocabulary import Meaning

EVENTS, LOGGED, MAINS = "device_events_daily", "device_log_new", "ups_input_failures_daily"
RESETS, OSPF_EVENTS = "bgp_peer_resets_daily", "ospf_neighbour_events_daily"

ESTABLISHED = 6  # RFC 4273 bgpPeerState
MOST_PER_SECOND = 1e5
"""More events a second than this are a counter that was set back."""

Series = dict[str, tuple[dict[str, str], float]]
"""entity → labels of the derived sample, times it happened since the last reading"""


def _daily(name: str, happened: Callable[[Readings], Series], mean: bool, readings: Readings) -> Derived:
    """Sum up a day. A first reading, and one after a restart, has nothing to compare with, and says nothing."""
    found = happened(readings)
    if not found:
        return Derived(tuple(tallies.carry(readings, name)))
    sums, carried = tallies.tally(readings, name, {e: times for e, (_, times) in found.items()}, mean=mean)
    return Derived((*(Sample(name, labels, sums[e]) for e, (labels, _) in found.items() if e in sums), *carried))


def _growth(source: str, keys: tuple[str, ...], readings: Readings) -> Series:
    """Return how much each series of a counter grew."""
    if readings.before is None or restarted_between(readings):
        return {}
    most = max(readings.elapsed, 1.0) * MOST_PER_SECOND
    found: Series = {}
    for labels, then, now in _both(source, keys, readings):
        growth = grown(then, now, bits=32, most=most, laps=False)
        if growth is not None:
            found["\n".join(labels.values())] = labels, growth
    return found


def _rise(source: str, keys: tuple[str, ...], readings: Readings) -> Series:
    """Return how much each series of a gauge rose: a log buffer is cleared, and fills up."""
    return {
        "\n".join(labels.values()): (labels, max(now - then, 0.0))
        for labels, then, now in _both(source, keys, readings)
    }


def _both(source: str, keys: tuple[str, ...], readings: Readings) -> Iterable[tuple[dict[str, str], float, float]]:
    """Yield labels and the two figures of series that both readings have."""
    before = {_key(s, keys): finite(s.value) for s in readings.series_before(source)}
    for sample in readings.series(source):
        then, now = before.get(_key(sample, keys)), finite(sample.value)
        if then is not None and now is not None:
            yield dict(zip(keys, _key(sample, keys), strict=True)), then, now


def _key(sample: Sample, keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(sample.labels.get(key, "") for key in keys)


def _reset(readings: Readings) -> Series:
    """A peer that was established before and is now, for less time than went by, was down between."""
    peer = "bgpPeerRemoteAddr"
    if readings.before is None or restarted_between(readings):
        return {}
    was = {s.labels.get(peer) for s in readings.series_before("bgpPeerState") if s.value == ESTABLISHED}
    now = {s.labels.get(peer) for s in readings.series("bgpPeerState") if s.value == ESTABLISHED}
    found: Series = {}
    for sample in readings.series("bgpPeerFsmEstablishedTime"):
        address, seconds = sample.labels.get(peer, ""), finite(sample.value)
        if seconds is not None and address in was & now:
            found[address] = {peer: address}, int(seconds < readings.elapsed - JITTER)
    return found


def _rule(name: str, text: str, source: str, keys: tuple[str, ...], happened: Callable[[Readings], Series]) -> Rule:
    make = partial(_daily, name, happened, False)
    return Rule(
        makes={name: Meaning("gauge", text, keys)},
        sources=(frozenset({source}),),
        make=make,
        concerns=frozenset({source, tallies.TALLY}),
    )


_PEER, _NEIGHBOUR, _LEVEL = ("bgpPeerRemoteAddr",), ("ospfNbrIpAddr", "ospfNbrRtrId"), ("level",)
_KIND: tuple[str, ...] = ("kind", "entity")

RULES = (
    Rule(
        makes={EVENTS: Meaning("gauge", "Times something happened in the last day", _KIND)},
        sources=(frozenset({"device_events_total"}),),
        make=partial(_daily, EVENTS, partial(_growth, "device_events_total", _KIND), True),
        concerns=frozenset({"device_events_total", tallies.TALLY}),
    ),
    _rule(
        LOGGED,
        "Entries new in the log buffer in the last day",
        "device_log_messages",
        _LEVEL,
        partial(_rise, "device_log_messages", _LEVEL),
    ),
    _rule(
        MAINS,
        "Times the input went out of tolerance in the last day",
        "ups_input_failures_total",
        (),
        partial(_growth, "ups_input_failures_total", ()),
    ),
    _rule(RESETS, "Times a BGP session was set up anew in the last day", "bgpPeerFsmEstablishedTime", _PEER, _reset),
    _rule(
        OSPF_EVENTS,
        "State changes and errors of an OSPF neighbour in the last day",
        "ospfNbrEvents",
        _NEIGHBOUR,
        partial(_growth, "ospfNbrEvents", _NEIGHBOUR),
    ),
)
