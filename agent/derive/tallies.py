"""How often something happened in the last day, counted by the hour and carried from reading to reading. Pure."""

from collections.abc import Iterable, Mapping

from agent.derive.readings import Readings
from collectors.model import Sample
from collectors.vocabulary import Meaning

TALLY = "device_tally"
MEANING = Meaning("gauge", "Times something happened in one of the last 24 hours", ("what", "entity", "hour"))

HOURS = 24
DAY, HOUR = 86400.0, 3600.0
MAX_COUNTED = 5000
"""Things counted of one kind: a device that invents names does not fill the store."""

Buckets = dict[str, dict[int, float]]
"""entity → hour since 1970 → times"""


def tally(
    readings: Readings, what: str, happened: Mapping[str, float], *, mean: bool = False
) -> tuple[dict[str, float], list[Sample]]:
    """Add what happened since the last reading; return the sums of the last day, and what carries them on.

    What happened in a gap of more than a day counts in full, or with `mean` as so many a day. There is no sum of what
    is too much to count.
    """
    buckets = _carried(readings, what)
    share = DAY / readings.elapsed if mean and readings.elapsed > DAY else 1.0
    now = _hour(readings.timestamp)
    for entity, times in list(happened.items())[:MAX_COUNTED]:
        hours = buckets.setdefault(entity, {})
        hours[now] = hours.get(now, 0.0) + times * share
    return {entity: sum(hours.values()) for entity, hours in buckets.items()}, list(_samples(what, buckets))


def carry(readings: Readings, what: str) -> list[Sample]:
    """Return what carries the sums on through a reading that says nothing of them."""
    return list(_samples(what, _carried(readings, what)))


def carried(readings: Readings, what: str) -> tuple[object, ...]:
    """Return what sums and samples follow from, should nothing more have happened."""
    counted = tuple(sample for sample in readings.series_before(TALLY) if sample.labels.get("what") == what)
    if not counted or readings.before is None:
        return ()
    return _hour(readings.before.taken_at.timestamp()), _hour(readings.timestamp), counted


def _carried(readings: Readings, what: str) -> Buckets:
    if readings.before is None:
        return {}
    then, now = _hour(readings.before.taken_at.timestamp()), _hour(readings.timestamp)
    buckets: Buckets = {}
    for sample in readings.series_before(TALLY):
        labels = sample.labels
        if labels.get("what") != what or not labels.get("hour", "").isdecimal():
            continue
        hour = then - (then - int(labels["hour"])) % HOURS
        if now - HOURS < hour <= now:
            buckets.setdefault(labels.get("entity", ""), {})[hour] = float(sample.value)
    return buckets


def _samples(what: str, buckets: Buckets) -> Iterable[Sample]:
    for entity, hours in sorted(buckets.items())[:MAX_COUNTED]:
        for hour, times in sorted(hours.items()):
            if times:
                yield Sample(TALLY, {"what": what, "entity": entity, "hour": str(hour % HOURS)}, times)


def _hour(timestamp: float) -> int:
    return int(timestamp // HOUR)
