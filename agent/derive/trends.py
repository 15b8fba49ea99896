"""How figures develop: memory that grows, file systems that fill up, light that fades. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from agent.derive import anchors
from agent.derive.anchors import Anchor
from agent.derive.parts import COMPLETE, MEASURED_LIGHT, lit
from agent.derive.readings import Derived, Readings, Rule, by_entity
from collectors.model import Sample
from collectors.vocabulary import Meaning

GROWTH, FULL, FADED = "device_memory_growth_ratio", "device_storage_full_seconds", "if_optical_drop_db"

HOUR, DAY = 3600.0, 86400.0
NEVER = 3650 * DAY
"""What does not fill up within ten years does not fill up."""
HALF = 0.5
"""A file system that is not half full has time: its growth in a day is that day's."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure by entity, and what its earlier value makes of it. `span` is how far back it looks, `least` at least."""

    name: str
    values: Callable[[Readings], Mapping[str, float]]
    span: float  # seconds
    least: float
    concerns: frozenset[str]  # what the figures are made of
    develop: Callable[[float, Anchor], float]  # (figure now, earlier) → what the sample says


def _develops(trend: Trend, readings: Readings) -> Derived:
    values = trend.values(readings)
    if not values:
        return Derived(tuple(anchors.carry(readings, trend.name)))
    earlier, carried = anchors.anchors(readings, trend.name, values, trend.span)
    samples = [
        Sample(trend.name, {"entity": entity}, trend.develop(values[entity], anchor))
        for entity, anchor in earlier.items()
        if anchor.age >= trend.least
    ]
    return Derived((*samples, *carried))


def _until_full(ratio: float, earlier: Anchor) -> float:
    """Take the growth since then to go on evenly."""
    growth = (ratio - earlier.value) / earlier.age
    if ratio < HALF or growth <= 0:
        return NEVER
    return min(max(1.0 - ratio, 0.0) / growth, NEVER)


def _ratio(pool: str, readings: Readings) -> dict[str, float]:
    completed = COMPLETE[pool](readings).samples
    return by_entity((*completed, *readings.series(f"device_{pool}_ratio")))


def _light(readings: Readings) -> dict[str, float]:
    return by_entity(lit(readings))


def _of(pool: str) -> frozenset[str]:
    return frozenset({f"device_{pool}_ratio", f"device_{pool}_used_bytes"})


MEMORY = Trend(GROWTH, partial(_ratio, "memory"), 15 * DAY, DAY, _of("memory"), lambda now, then: now - then.value)
STORAGE = Trend(FULL, partial(_ratio, "storage"), DAY, 6 * HOUR, _of("storage"), _until_full)
OPTICS = Trend(FADED, _light, 15 * DAY, HOUR, frozenset({MEASURED_LIGHT}), lambda now, then: then.value - now)


def _rule(trend: Trend, text: str) -> Rule:
    """A trend has no sources: it is there once it was watched for long enough."""
    return Rule(
        makes={trend.name: Meaning("gauge", text, ("entity",))},
        sources=(),
        make=partial(_develops, trend),
        concerns=trend.concerns | {anchors.VALUE},
    )


RULES = (
    _rule(MEMORY, "Points of memory use gained in the last 15 to 30 days"),
    _rule(STORAGE, "Seconds until a file system is full, at the growth of the last day"),
    _rule(OPTICS, "Optical power lost in the last 15 to 30 days"),
)
