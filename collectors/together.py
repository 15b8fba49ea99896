"""Puts together what the protocols brought of one device: a snapshot of many readings. Pure."""

from collections import Counter as Tally
from dataclasses import replace
from datetime import datetime

from collectors.columns import Samples
from collectors.model import Cost, Device, Failure, Reading, Sample, Snapshot
from collectors.series import unsaid
from collectors.snmp_collector import Identity

MANAGEMENT = frozenset({"snmp", "ssh", "nut", "local"})
FREE = frozenset({"ssh", "nut"})  # may name a part otherwise than SNMP does
SILENT = frozenset({"unreachable", "timeout"})  # kinds of Failure that say the device did not answer

Readings = list[tuple[str, Reading]]
"""(protocol, what it brought), in the order of precedence."""


def identified(identity: Identity, lost: frozenset[str]) -> Reading:
    """Return the first requests as a reading of its own. `lost`: what is not asked for after the first failed."""
    expected = frozenset({"device_snmp_rtt_seconds"})
    if identity.failure is not None:
        failure = Failure.of("snmp", "identify", identity.failure, expected | lost)
        answered = identity.failure.kind in {"auth", "refused", "bad_data", "unsupported"}
        return Reading(failures=(failure,), expected=expected | lost, answered=answered, cost=Cost(requests=1))
    return Reading(
        samples=(Sample("device_snmp_rtt_seconds", {}, identity.seconds),),
        facts={"sys_object_id": identity.sys_object_id, "sys_descr": identity.sys_descr},
        failures=() if identity.unsaid is None else (Failure.of("snmp", "probe", identity.unsaid),),
        expected=expected,
        answered=True,
        cost=Cost(requests=identity.requests),
    )


def snapshot(device: Device, taken_at: datetime, profile: str | None, readings: Readings, seconds: float) -> Snapshot:
    """Return one snapshot of all that was read, of a device that took `seconds`."""
    up = _up(readings)
    if not up:
        readings = [(protocol, _unheard(reading) if protocol == "tcp" else reading) for protocol, reading in readings]
    untold = frozenset({"device_up"}) if up is None else frozenset()
    told = () if up is None else (Sample("device_up", {}, int(up)),)
    found: dict[str, str] = {}
    for _, reading in readings:
        found = {name: text for name, text in reading.facts.items() if text} | found
    failures = (failure for _, reading in readings for failure in reading.failures)
    return Snapshot(
        device=device.name,
        taken_at=taken_at,
        profile=profile,
        up=bool(up),
        samples=Samples.join((told, _together(readings))),
        facts=found,
        failures=tuple(replace(failure, samples=failure.samples | untold) for failure in failures),
        expected=frozenset({"device_up"}).union(*(reading.expected for _, reading in readings)),
        cost=replace(sum((reading.cost for _, reading in readings), Cost()), seconds=seconds),
    )


def _together(readings: Readings) -> Samples:
    """Return the samples of all protocols: a series that two bring is the first one's."""
    parts = [Samples.of(each.samples) for _, each in readings]
    if any(protocol in FREE for protocol, _ in readings):
        heard = [sample for protocol, reading in readings if protocol == "snmp" for sample in reading.samples]
        parts = [
            Samples(unsaid(part, heard)) if p in FREE else part for (p, _), part in zip(readings, parts, strict=True)
        ]
    names = Tally(name for part in parts for name in part.names)
    if all(count == 1 for count in names.values()):
        return Samples.join(parts)
    series = {sample.series: sample for part in reversed(parts) for sample in reversed(tuple(part))}
    return Samples(reversed(series.values()))


def _unheard(reading: Reading) -> Reading:
    """Take back that ports are closed: of a device that says nothing at all that is not known."""
    failure = Failure("tcp", "timeout", "ports", "the device did not answer (设备无应答)", reading.expected)
    return replace(reading, samples=(), failures=(failure,))


def _up(readings: Readings) -> bool | None:
    """Say whether a management protocol answered; ICMP only where there is no other. None: we cannot tell."""
    telling = [r for protocol, r in readings if protocol in MANAGEMENT] or [r for _, r in readings]
    if any(reading.answered for reading in telling):
        return True
    kinds = {failure.kind for reading in telling for failure in reading.failures}
    return None if kinds.isdisjoint(SILENT) else False
