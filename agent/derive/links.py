"""What a silent device cannot say any more, and the root cause of an outage is found by: when it last answered, what it
calls itself, and who was at the other end of its ports. Pure.
"""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address

from agent.derive import memory
from agent.derive.counters import finite
from agent.derive.readings import Derived, Readings, Rule
from collectors.model import Sample
from collectors.vocabulary import VOCABULARY, Meaning

ANSWERED = "device_answered_timestamp_seconds"
CHANGED = "device_reach_changed_timestamp_seconds"
LOST = "device_neighbour_lost_timestamp_seconds"
NAME = "name"  # what `memory` has a device's own name under

NEIGHBOUR = VOCABULARY["device_neighbour"].labels
MEMORY = timedelta(days=30)
MAX_NEIGHBOURS = 2_000


def _reach(readings: Readings) -> Derived:
    """Silent is what CHANGED later than it ANSWERED. A reading that cannot tell leaves it as it was."""
    answered, changed = readings.value_before(ANSWERED), readings.value_before(CHANGED)
    silent = is_silent(answered, changed)
    now = readings.timestamp
    if _answers(readings):
        changed, answered = (now if silent else changed), now
    elif readings.value("device_up") is not None and not silent:
        changed = now
    values = {ANSWERED: answered, CHANGED: changed}
    samples = [Sample(name, {}, value) for name, value in values.items() if value is not None]
    own = readings.now.facts.get("sys_name")
    names = memory.remember(NAME, [("", own)], ()) if own else memory.remember(NAME, (), memory.recall(readings, NAME))
    return Derived((*samples, *names))


def is_silent(answered: float | None, changed: float | None) -> bool:
    """Say whether a device is silent, by when it last answered and when it last began or ceased to."""
    return changed is not None and (answered is None or answered < changed)


def _answers(readings: Readings) -> bool:
    """Say whether anything came back. One that answers an echo is there, though nobody manages it."""
    if readings.value("device_up"):
        return True
    loss = readings.value("device_icmp_loss_ratio")
    return loss is not None and loss < 1 and not _is_here(readings.entry.device.address)


def _is_here(address: str) -> bool:
    """Say whether this machine itself answers echoes to an address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _neighbours(readings: Readings) -> Derived:
    """Remember a neighbour that is gone while its port is: on a port that is up it stopped telling, or was replaced."""
    carried = readings.series_before(LOST)
    if not readings.was_read("device_neighbour"):
        return Derived(tuple(carried))
    present = {_series(s.labels) for s in readings.series("device_neighbour")}
    up = {
        name.casefold()
        for port in readings.ports.values()
        for name in (port.labels["ifName"], port.labels["ifDescr"])
        if port.get("ifOperStatus") == 1
    }
    found = dict.fromkeys(sorted(present), 0.0)
    for sample in carried:
        since, series = finite(sample.value) or readings.timestamp, _series(sample.labels)
        if series not in present and series[0].casefold() not in up and readings.age(since) < MEMORY:
            found[series] = since
    labelled = ((dict(zip(NEIGHBOUR, series, strict=True)), since) for series, since in found.items())
    return Derived(tuple(Sample(LOST, labels, since) for labels, since in labelled)[:MAX_NEIGHBOURS])


def _series(labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(label, "") for label in NEIGHBOUR)


RULES = (
    Rule(
        makes={
            ANSWERED: Meaning("gauge", "When the device last answered, echoes too, seconds since 1970"),
            CHANGED: Meaning("gauge", "When the device last began or ceased to answer, seconds since 1970"),
        },
        sources=(frozenset({"device_up"}),),
        make=_reach,
    ),
    Rule(
        makes={
            LOST: Meaning("gauge", "When a neighbour was first missed, seconds since 1970; 0: it is there", NEIGHBOUR)
        },
        sources=(frozenset({"device_neighbour"}),),
        make=_neighbours,
        concerns=frozenset({"device_neighbour", LOST}),
    ),
)
