"""How long something lasts yet, or has been there, by the dates of the inventory and of the device. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import partial

from agent.derive.counters import finite
from agent.derive.readings import Derived, Readings, Rule
from collectors.model import DeviceClass, Sample
from collectors.vocabulary import VOCABULARY

EXPIRY, AGE = "device_expiry_seconds", "device_age_seconds"
ENDS, DONE = "device_ends_timestamp_seconds", "device_done_timestamp_seconds"
BATTERY_AGE, BATTERY_REPLACED = "ups_battery_age_seconds", "ups_battery_replaced_timestamp_seconds"
TEST_AGE, TESTED = "ups_self_test_age_seconds", "ups_self_test_timestamp_seconds"

DAY = 86400.0


def _by_inventory(readings: Readings) -> Derived:
    return Derived(tuple(_dated(readings)))


def _dated(readings: Readings) -> Iterator[Sample]:
    """Count from the inventory's dates; the last day of a warranty is part of it."""
    entry = readings.entry
    if entry.warranty is not None:
        left = _midnight(entry.warranty) + DAY - readings.timestamp
        yield Sample(EXPIRY, {"kind": "warranty", "entity": ""}, left)
    if entry.installed is not None:
        yield Sample(AGE, {"kind": "device", "entity": ""}, max(readings.timestamp - _midnight(entry.installed), 0.0))
    told = readings.series(BATTERY_AGE) or _possible(BATTERY_REPLACED, readings) is not None
    if entry.battery_installed is not None and entry.device.device_class is DeviceClass.UPS and not told:
        yield Sample(BATTERY_AGE, {}, max(readings.timestamp - _midnight(entry.battery_installed), 0.0))


def _since(name: str, source: str, readings: Readings) -> Derived:
    """Turn a date that a UPS keeps into an age."""
    at = _possible(source, readings)
    if at is None or readings.series(name):
        return Derived()
    return Derived((Sample(name, {}, max(readings.timestamp - at, 0.0)),))


def _possible(source: str, readings: Readings) -> float | None:
    """Return a date that a UPS keeps; one before 2000, or of tomorrow, is of a clock that was never set."""
    at = readings.value(source)
    return at if at is not None and _midnight(date(2000, 1, 1)) < at < readings.timestamp + DAY else None


def _until(readings: Readings) -> Derived:
    """Turn the dates a device shows (licences, certificates) into the time that is left."""
    ends = ((s.labels, finite(s.value)) for s in readings.series(ENDS))
    return Derived(tuple(Sample(EXPIRY, labels, at - readings.timestamp) for labels, at in ends if at is not None))


def _ago(readings: Readings) -> Derived:
    """Turn the dates of what was done (signatures updated) into ages; a time to come is of a clock that is wrong."""
    done = ((s.labels, finite(s.value)) for s in readings.series(DONE))
    told = [(labels, at) for labels, at in done if at is not None and at < readings.timestamp + DAY]
    return Derived(tuple(Sample(AGE, labels, max(readings.timestamp - at, 0.0)) for labels, at in told))


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()


RULES = (
    Rule(makes={name: VOCABULARY[name] for name in (EXPIRY, AGE, BATTERY_AGE)}, sources=(), make=_by_inventory),
    Rule(makes={EXPIRY: VOCABULARY[EXPIRY]}, sources=(frozenset({ENDS}),), make=_until, concerns=frozenset({ENDS})),
    Rule(makes={AGE: VOCABULARY[AGE]}, sources=(frozenset({DONE}),), make=_ago, concerns=frozenset({DONE})),
    *(
        Rule(
            makes={name: VOCABULARY[name]},
            sources=(frozenset({source}),),
            make=partial(_since, name, source),
            concerns=frozenset({source}),
        )
        for name, source in ((BATTERY_AGE, BATTERY_REPLACED), (TEST_AGE, TESTED))
    ),
)
