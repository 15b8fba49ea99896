"""What a figure was some time ago: two older readings of it are kept, so that it is known how it develops. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.derive.counters import finite
from agent.derive.readings import Readings
from collectors.model import Sample
from collectors.vocabulary import Meaning

VALUE, AT = "device_anchor_value", "device_anchor_timestamp_seconds"
_LABELS = ("what", "entity", "n")
MEANINGS = {
    VALUE: Meaning("gauge", "What a figure was in an earlier reading", _LABELS),
    AT: Meaning("gauge", "When that reading was, seconds since 1970", _LABELS),
}

FORGOTTEN = 60 * 86400.0  # seconds after which the figure of what is not there any more is dropped
MAX_ANCHORED = 5000
"""Figures of one kind: a device that invents names does not fill the store."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A figure of an earlier reading, and how many seconds ago that was."""

    value: float
    age: float


def anchors(
    readings: Readings, what: str, values: Mapping[str, float], span: float
) -> tuple[dict[str, Anchor], list[Sample]]:
    """Return the earlier figure of each, and what carries the figures on.

    Two are kept; the newer one that is `span` seconds old is returned, the older one while none is. Readings that come
    often so compare over `span` to twice as long, and rare ones with the one before.
    """
    found: dict[str, Anchor] = {}
    known, now = _known(readings, what), readings.timestamp
    kept = {entity: pairs for entity, pairs in known.items() if now - pairs[-1][1] < FORGOTTEN}
    for entity, value in list(values.items())[:MAX_ANCHORED]:
        pairs = [(was, at) for was, at in known.get(entity, ()) if at <= now]
        if pairs:
            was, at = next((pair for pair in reversed(pairs) if now - pair[1] >= span), pairs[0])
            found[entity] = Anchor(was, now - at)
        if not pairs or now - pairs[-1][1] >= span:
            pairs = [*pairs[-1:], (value, now)]
        kept[entity] = pairs
    return found, list(_samples(what, kept))


def carry(readings: Readings, what: str) -> list[Sample]:
    """Return what carries the figures on through a reading that says nothing of them."""
    return list(_samples(what, _known(readings, what)))


def _known(readings: Readings, what: str) -> dict[str, list[tuple[float, float]]]:
    """Return (value, timestamp) by entity, the older one first."""
    times = {(s.labels.get("entity", ""), s.labels.get("n")): finite(s.value) for s in _of(readings, AT, what)}
    found: dict[str, list[tuple[float, float]]] = {}
    for sample in sorted(_of(readings, VALUE, what), key=lambda s: s.labels.get("n", "")):
        entity, value = sample.labels.get("entity", ""), finite(sample.value)
        at = times.get((entity, sample.labels.get("n")))
        if value is not None and at is not None:
            found.setdefault(entity, []).append((value, at))
    return found


def _of(readings: Readings, name: str, what: str) -> Iterable[Sample]:
    return (s for s in readings.series_before(name) if s.labels.get("what") == what)


def _samples(what: str, kept: Mapping[str, list[tuple[float, float]]]) -> Iterable[Sample]:
    for entity, pairs in sorted(kept.items()):
        for n, (value, at) in enumerate(pairs[-2:]):
            labels = {"what": what, "entity": entity, "n": str(n)}
            yield Sample(VALUE, labels, value)
            yield Sample(AT, labels, at)
