"""When the device last started, and whether it restarted since it was last heard of. Pure.

Uptime tells, not its fall: a device that was read a month ago and restarted the day after shows more uptime now than
then. The time of the start is remembered, so that a device that was silent while it restarted is caught too.
"""

import math
from datetime import timedelta

from agent.derive.counters import finite
from agent.derive.readings import Derived, Readings, Rule
from collectors.model import Sample
from collectors.vocabulary import Meaning

TICKS_SPAN = 2**32 / 100
"""Seconds after which a TimeTicks uptime starts again at 0: 497 days (RFC 3418 sysUpTime)."""

JITTER = 10.0  # seconds an uptime may be off by when it was read: it is one of the first or last objects of a reading
DRIFT = 0.001  # of the time gone by: a bad quartz
WRAP_TOLERANCE = 300.0  # seconds around the span
NEWS = timedelta(days=1)
MEMORY = timedelta(days=30)

STARTED = "device_started_timestamp_seconds"
HEARD = "device_uptime_read_timestamp_seconds"
SEEN = "device_restart_seen_timestamp_seconds"
REBOOTED = "device_rebooted"


def _derive(readings: Readings) -> Derived:
    uptime = readings.value("device_uptime_seconds")
    if uptime is None:
        carried = (s for name in (STARTED, HEARD, SEEN) for s in readings.series_before(name))
        return Derived(tuple(carried))
    seen = _still_remembered(readings)
    started, heard = _last_heard(readings)
    first_time = started is None or heard is None
    now = readings.timestamp
    start = now - uptime
    if started is not None and heard is not None and now >= heard:
        wraps = _wraps(uptime, heard - started, now - heard, _engine_restarted(readings))
        start -= (wraps or 0) * TICKS_SPAN
        seen = seen if wraps is not None else [*seen, now]
    samples = [Sample(STARTED, {}, start), Sample(HEARD, {}, now)]
    samples += [Sample(SEEN, {"n": str(n)}, at) for n, at in enumerate(seen[-9:], 1)]
    if first_time:
        return Derived(tuple(samples), frozenset({REBOOTED}))
    news = any(readings.age(at) < NEWS for at in seen)
    return Derived((Sample(REBOOTED, {}, len(seen) if news else 0), *samples))


def restarted_between(readings: Readings) -> bool:
    """Say whether the counters of the two readings are of different starts. Unknown uptimes say no."""
    then, now = readings.value_before("device_uptime_seconds"), readings.value("device_uptime_seconds")
    if then is None or now is None or readings.before is None:
        return False
    return _wraps(now, then, readings.elapsed, _engine_restarted(readings)) is None


def _wraps(uptime: float, uptime_then: float, elapsed: float, engine_restarted: bool) -> int | None:
    """Return how often the uptime ran over in `elapsed` seconds, None when the device restarted.

    Had it restarted, it would be up for less than `elapsed`; else for `elapsed` and all it had before. What lies
    between is our clock that was set.
    """
    missing = uptime_then + elapsed - uptime
    if missing <= JITTER + DRIFT * elapsed or uptime >= elapsed + uptime_then / 2:
        return 0
    if math.isinf(missing):
        return None
    wraps = round(missing / TICKS_SPAN)
    off = abs(missing - wraps * TICKS_SPAN)
    if wraps and not engine_restarted and off <= WRAP_TOLERANCE + DRIFT * elapsed:
        return wraps
    return None


def _engine_restarted(readings: Readings) -> bool:
    """Tell a restart from an uptime that ran over: RFC 3411 snmpEngineBoots is one more.

    It counts restarts of the agent too; those let an uptime that is the device's go on.
    """
    return _rose(readings, "device_engine_boots") and not _rose(readings, "device_uptime_seconds")


def _rose(readings: Readings, name: str) -> bool:
    then, now = readings.value_before(name), readings.value(name)
    return then is not None and now is not None and now > then


def _last_heard(readings: Readings) -> tuple[float | None, float | None]:
    """Return when the device had started, and when that was read. A reading that was not derived counts too."""
    started, heard = readings.value_before(STARTED), readings.value_before(HEARD)
    uptime = readings.value_before("device_uptime_seconds")
    if (started is None or heard is None) and uptime is not None and readings.before is not None:
        heard = readings.before.taken_at.timestamp()
        started = heard - uptime
    return started, heard


def _still_remembered(readings: Readings) -> list[float]:
    times = (finite(s.value) for s in readings.series_before(SEEN))
    return sorted(at for at in times if at is not None and readings.age(at) < MEMORY)


RULE = Rule(
    makes={
        REBOOTED: Meaning("gauge", "Restarts noticed in 30 days; 0 when the last was noticed more than a day ago"),
        STARTED: Meaning("gauge", "When the device last started, seconds since 1970"),
        HEARD: Meaning("gauge", "When the device's uptime was last read, seconds since 1970"),
        SEEN: Meaning("gauge", "When a restart was noticed, seconds since 1970", ("n",)),
    },
    sources=(frozenset({"device_uptime_seconds"}),),
    make=_derive,
    concerns=frozenset({"device_uptime_seconds", STARTED, HEARD, SEEN}),
)
