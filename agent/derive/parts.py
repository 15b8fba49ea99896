"""Parts: those that are gone, full pools, power budgets, light on ports that are up, a UPS's faults. Pure."""

from collections.abc import Iterable, Iterator
from functools import partial

from agent.derive import memory
from agent.derive.counters import finite
from agent.derive.ports import port_of
from agent.derive.readings import Derived, Readings, Rule
from collectors.model import Sample
from collectors.vocabulary import VOCABULARY, Meaning

MISSING, POWER, LIGHT = "device_part_missing", "device_power_ratio", "if_optical_power_dbm"
UPS_FAULT = "ups_fault"
UPS_ALARM_KINDS = ("fan", "other", "temperature")
MEASURED_LIGHT, MEASURED_POWER = "device_optical_power_dbm", "device_power_watts"


def _missing(readings: Readings) -> Derived:
    """An empty slot is no fault; a part that was there and is gone is, until it is back.

    When every part is gone it is the answer that is missing: that is for the checks of the parts to say.
    """
    recalled = memory.recall(readings, "part")
    present = {
        (sample.labels.get("kind", ""), sample.labels.get("entity", "")) for sample in readings.series("device_state")
    }
    if not present or not readings.was_read("device_state"):
        return Derived(tuple(memory.remember("part", (), recalled)))
    samples = [
        Sample(MISSING, {"kind": kind, "entity": entity}, int((kind, entity) not in present))
        for kind, entity in sorted(present | recalled)
    ]
    return Derived((*samples, *memory.remember("part", present, recalled)))


def _ratio(pool: str, readings: Readings) -> Derived:
    """Complete what a device tells of a pool: used by total. One total without a name is everybody's."""
    totals = _by_entity(readings.series(f"device_{pool}_total_bytes"))
    told = _by_entity(readings.series(f"device_{pool}_ratio"))
    samples = []
    for entity, used in _by_entity(readings.series(f"device_{pool}_used_bytes")).items():
        total = totals.get(entity, totals.get(""))
        if entity not in told and total and 0 <= used <= total:
            samples.append(Sample(f"device_{pool}_ratio", {"entity": entity}, used / total))
    return Derived(tuple(samples))


def _power(readings: Readings) -> Derived:
    """A power budget (of a group of PoE ports, of a power supply) is the limit the device itself gives."""
    budgets = {
        s.labels.get("entity", ""): finite(s.value)
        for s in readings.series("device_limit")
        if (s.labels.get("sample"), s.labels.get("level"), s.labels.get("direction"))
        == (MEASURED_POWER, "critical", "above")
    }
    measured = _by_entity(readings.series(MEASURED_POWER))
    shares = ((entity, watts, budgets.get(entity)) for entity, watts in measured.items())
    return Derived(
        tuple(
            Sample(POWER, {"entity": entity}, watts / budget)
            for entity, watts, budget in shares
            if budget and budget > 0 and watts >= 0
        )
    )


def _light(readings: Readings) -> Derived:
    """Leave out ports that are not up: their transceivers see and send no light. Limits follow their series."""
    if not readings.was_read("ifOperStatus"):
        return Derived()
    lights = {
        port.labels[label]: port.values.get("ifOperStatus", 1) == 1
        for port in readings.ports.values()
        for label in ("ifName", "ifDescr")
        if port.labels[label]
    }
    of = ((s, port_of(s.labels.get("entity", ""), lights)) for s in readings.series(MEASURED_LIGHT))
    measured = [s for s, port in of if port is None or lights[port]]
    lit = {s.labels.get("entity", "") for s in measured}
    limits = (s for s in readings.series("device_limit") if s.labels.get("sample") == MEASURED_LIGHT)
    return Derived(
        (
            *(Sample(LIGHT, s.labels, s.value) for s in measured),
            *_renamed(s for s in limits if s.labels.get("entity", "") in lit),
        )
    )


def _ups_faults(readings: Readings) -> Derived:
    """A UPS lists an alarm while it stands: what is not on a list that was read is well (RFC 1628 upsAlarmTable)."""
    if not readings.was_read("ups_state"):
        return Derived()
    told = [s for s in readings.series("ups_state") if s.labels.get("kind") in UPS_ALARM_KINDS]
    listed = {s.labels["kind"] for s in told}
    has_list = readings.was_read("ups_alarms") and readings.series("ups_alarms")
    well = [kind for kind in UPS_ALARM_KINDS if kind not in listed and has_list]
    return Derived(
        (
            *(Sample(UPS_FAULT, s.labels, s.value) for s in told),
            *(Sample(UPS_FAULT, {"kind": kind, "state": "none", "health": "ok"}, 1) for kind in well),
        )
    )


def _renamed(limits: Iterable[Sample]) -> Iterator[Sample]:
    for limit in limits:
        yield Sample("device_limit", {**limit.labels, "sample": LIGHT}, limit.value)


def _by_entity(samples: Iterable[Sample]) -> dict[str, float]:
    values = ((s.labels.get("entity", ""), finite(s.value)) for s in samples)
    return {entity: value for entity, value in values if value is not None}


RULES = (
    Rule(
        makes={MISSING: Meaning("gauge", "1 when a part that was there is gone", ("kind", "entity"))},
        sources=(frozenset({"device_state"}),),
        make=_missing,
    ),
    *(
        Rule(
            makes={f"device_{pool}_ratio": VOCABULARY[f"device_{pool}_ratio"]},
            sources=(frozenset({f"device_{pool}_used_bytes"}), frozenset({f"device_{pool}_total_bytes"})),
            make=partial(_ratio, pool),
        )
        for pool in ("memory", "storage")
    ),
    Rule(
        makes={POWER: Meaning("gauge", "Power as a share of the budget the device has for it", ("entity",))},
        sources=(frozenset({MEASURED_POWER}), frozenset({"device_limit"})),
        make=_power,
    ),
    Rule(
        makes={UPS_FAULT: Meaning("gauge", "1 for the state of a UPS's other parts", ("kind", "state", "health"))},
        sources=(frozenset({"ups_state"}),),
        make=_ups_faults,
    ),
    Rule(
        makes={LIGHT: Meaning("gauge", "Optical power of transceivers in ports that are up", ("entity",))},
        sources=(frozenset({MEASURED_LIGHT}), frozenset({"ifOperStatus"})),
        make=_light,
    ),
)
