"""What was seen of a device before: parts, ports, neighbours. Carried from reading to reading, also from empty ones,
so that what is gone is missed however long the device was silent in between. Pure.
"""

from collections.abc import Iterable

from agent.derive.readings import Readings
from collectors.model import Sample
from collectors.vocabulary import Meaning

KNOWN = "device_known"
MEANING = Meaning("gauge", "1 for a part, port or neighbour that has been there", ("what", "kind", "entity"))

MAX_KNOWN = 20_000
"""Things remembered of one kind: a device that invents names does not fill the store."""


def recall(readings: Readings, what: str) -> set[tuple[str, str]]:
    """Return (kind, entity) of each thing seen before the present reading."""
    return {(s.labels.get("kind", ""), s.labels.get("entity", "")) for s in recalled(readings, what)}


def recalled(readings: Readings, what: str) -> tuple[Sample, ...]:
    """Return the samples that tell of them."""
    return tuple(sample for sample in readings.series_before(KNOWN) if sample.labels.get("what") == what)


def remember(what: str, present: Iterable[tuple[str, str]], recalled: Iterable[tuple[str, str]]) -> list[Sample]:
    """Return the samples that carry what is present, and what was before, to the next reading."""
    things = sorted(set(present))
    things += sorted(set(recalled).difference(things))
    return [Sample(KNOWN, {"what": what, "kind": kind, "entity": entity}, 1) for kind, entity in things[:MAX_KNOWN]]
