"""How full tables and licences are, how many routes came or went, how many access points are there. Pure."""

from collections.abc import Iterable

from agent.derive import anchors
from agent.derive.counters import finite
from agent.derive.readings import Derived, Readings, Rule
from collectors.model import Sample
from collectors.vocabulary import VOCABULARY, Meaning

SHARE, ROUTES, ONLINE = "device_capacity_ratio", "device_route_change_ratio", "wlan_ap_online_ratio"
COUNT, CAPACITY = "device_entries", "device_capacity"

DAY = 86400.0
FEWEST_ROUTES = 20
"""Of fewer routes one that comes or goes is no percentage."""


def _share(readings: Readings) -> Derived:
    """Complete what a device tells of a capacity: how many by how many there may be."""
    limits = _by_kind(readings.series(CAPACITY))
    told = _by_kind(readings.series(SHARE))
    counts = _by_kind(readings.series(COUNT))
    shares = ((key, count, limits.get(key)) for key, count in counts.items() if key not in told)
    return Derived(
        tuple(
            Sample(SHARE, {"kind": kind, "entity": entity}, count / limit)
            for (kind, entity), count, limit in shares
            if limit and limit > 0 and count >= 0
        )
    )


def _by_kind(samples: Iterable[Sample]) -> dict[tuple[str, str], float]:
    values = ((s.labels, finite(s.value)) for s in samples)
    return {(each.get("kind", ""), each.get("entity", "")): value for each, value in values if value is not None}


def _routes(readings: Readings) -> Derived:
    """Compare the number of routes with that of a day or two ago, or with the reading before."""
    counts = {
        entity: max(count, 0.0) for (kind, entity), count in _by_kind(readings.series(COUNT)).items() if kind == "route"
    }
    if not counts:
        return Derived(tuple(anchors.carry(readings, ROUTES)))
    earlier, carried = anchors.anchors(readings, ROUTES, counts, DAY)
    samples = [
        Sample(ROUTES, {"entity": entity}, (counts[entity] - then.value) / max(then.value, FEWEST_ROUTES))
        for entity, then in earlier.items()
    ]
    return Derived((*samples, *carried))


def _online(readings: Readings) -> Derived:
    """Count the access points that run, among as many as the controller lists, or listed up to a month ago."""
    points = [s.value for s in readings.series("wlan_ap_up")]
    if not points or not readings.was_read("wlan_ap_up"):
        return Derived(tuple(anchors.carry(readings, ONLINE)))
    earlier, carried = anchors.anchors(readings, ONLINE, {"": len(points)}, 15 * DAY)
    known = max(len(points), round(earlier[""].value) if earlier else 0)
    up = sum(bool(value) for value in points)
    return Derived((Sample(ONLINE, {"state": f"{up}/{known}"}, up / known), *carried))


RULES = (
    Rule(
        makes={SHARE: VOCABULARY[SHARE]},
        sources=(frozenset({COUNT}), frozenset({CAPACITY})),
        make=_share,
        concerns=frozenset({COUNT}),
    ),
    Rule(
        makes={ROUTES: Meaning("gauge", "Routes that came or went, as a share of those there were", ("entity",))},
        sources=(frozenset({COUNT}),),
        make=_routes,
        concerns=frozenset({COUNT, anchors.VALUE}),
    ),
    Rule(
        makes={ONLINE: Meaning("gauge", "Share of the access points known that are joined and run", ("state",))},
        sources=(frozenset({"wlan_ap_up"}),),
        make=_online,
        concerns=frozenset({"wlan_ap_up", anchors.VALUE}),
    ),
)
