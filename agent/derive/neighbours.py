"""BGP peers and OSPF neighbours that are not as they should be, or gone. Pure."""

from collections.abc import Iterator

from agent.derive import memory
from agent.derive.readings import Derived, Readings, Rule
from collectors.model import Number, Sample
from collectors.vocabulary import Meaning

BGP_DOWN, OSPF_DOWN = "bgp_peer_down", "ospf_neighbour_down"
PEER = ("bgpPeerRemoteAddr", "bgpPeerRemoteAs")
NEIGHBOUR = ("ospfNbrIpAddr", "ospfNbrRtrId")

PEER_STATES = ("", "idle", "connect", "active", "opensent", "openconfirm", "established")  # RFC 4273 bgpPeerState
NEIGHBOUR_STATES = (  # RFC 4750 ospfNbrState
    *("", "down", "attempt", "init", "twoWay", "exchangeStart", "exchange", "loading", "full"),
)
ESTABLISHED, STOPPED = 6, 1
ADJACENT = frozenset({4, 8})
"""Full; and twoWay, where two routers that are neither DR nor BDR stay (RFC 2328 §10.4)."""


def _bgp(readings: Readings) -> Derived:
    """A peer someone stopped is meant to be down. One that is gone while others are there was taken out of the
    configuration; when all are gone it is the BGP process that is.
    """
    recalled = memory.recall(readings, "bgp")
    if not readings.was_read("bgpPeerState"):
        return Derived(tuple(memory.remember("bgp", (), recalled)))
    stopped = {_labels(s, PEER) for s in readings.series("bgpPeerAdminStatus") if s.value == STOPPED}
    samples, present = [], set()
    for sample in readings.series("bgpPeerState"):
        labels = _labels(sample, PEER)
        present.add(("", labels[0]))
        shut = labels in stopped
        state = "stopped" if shut else _text(PEER_STATES, sample.value)
        samples.append(_verdict(BGP_DOWN, PEER, labels, state, sample.value != ESTABLISHED and not shut))
    gone = sorted(recalled - present)
    samples += [
        _verdict(BGP_DOWN, PEER, (address, ""), "removed" if present else "gone", not present) for _, address in gone
    ]
    return Derived((*samples, *memory.remember("bgp", present, () if present else recalled)))


def _ospf(readings: Readings) -> Derived:
    """A neighbour that fell silent leaves the table: one that was there and is gone is down."""
    recalled = memory.recall(readings, "ospf")
    if not readings.was_read("ospfNbrState"):
        return Derived(tuple(memory.remember("ospf", (), recalled)))
    samples, present = [], set()
    for sample in readings.series("ospfNbrState"):
        labels = _labels(sample, NEIGHBOUR)
        present.add(_neighbour(labels))
        state = _text(NEIGHBOUR_STATES, sample.value)
        samples.append(_verdict(OSPF_DOWN, NEIGHBOUR, labels, state, sample.value not in ADJACENT))
    samples += _gone(recalled - present)
    return Derived((*samples, *memory.remember("ospf", present, recalled)))


def _gone(neighbours: set[tuple[str, str]]) -> Iterator[Sample]:
    for router, address in sorted(neighbours):
        yield _verdict(OSPF_DOWN, NEIGHBOUR, (address, router), "gone", True)


def _neighbour(labels: tuple[str, ...]) -> tuple[str, str]:
    """Return what a neighbour is remembered by: its address; on an unnumbered link, where that is 0.0.0.0 (RFC 4750),
    its router ID too. A neighbour that was exchanged keeps its address.
    """
    address, router = labels
    return ("", address) if address not in ("", "0.0.0.0") else (router, address)  # noqa: S104 - compared, not bound


def _labels(sample: Sample, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sample.labels.get(name, "") for name in names)


def _verdict(name: str, names: tuple[str, ...], labels: tuple[str, ...], state: str, down: bool) -> Sample:
    return Sample(name, {**dict(zip(names, labels, strict=True)), "state": state}, int(down))


def _text(states: tuple[str, ...], value: Number) -> str:
    return states[int(value)] if value in range(1, len(states)) else str(value)


RULES = (
    Rule(
        makes={BGP_DOWN: Meaning("gauge", "1 when a BGP peer that is started is not established", (*PEER, "state"))},
        sources=(frozenset({"bgpPeerState"}),),
        make=_bgp,
        concerns=frozenset({"bgpPeerState", memory.KNOWN}),
    ),
    Rule(
        makes={OSPF_DOWN: Meaning("gauge", "1 when an OSPF neighbour is not adjacent, or gone", (*NEIGHBOUR, "state"))},
        sources=(frozenset({"ospfNbrState"}),),
        make=_ospf,
        concerns=frozenset({"ospfNbrState", memory.KNOWN}),
    ),
)
