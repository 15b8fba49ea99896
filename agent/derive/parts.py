"""Parts: those that are gone, full pools, power budgets, light on ports that are up, a UPS's faults. Pure."""

from collections.abc import Callable
from functools import partial

from agent.derive import memory
from agent.derive.counters import finite
from agent.derive.ports import port_of
from agent.derive.readings import Derived, Readings, Rule, by_entity, limits_as
from collectors.model import Sample
from collectors.vocabulary import VOCABULARY, Meaning

MISSING, POWER, LIGHT = "device_part_missing", "device_power_ratio", "if_optical_power_dbm"
UPS_FAULT = "ups_fault"
UPS_ALARM_KINDS = ("fan", "other", "temperature")
SPARES = "device_entries"
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


def _spares(readings: Readings) -> Derived:
    """Count the disks that stand by, once there was one: without, a device may never have been meant to have any."""
    recalled = memory.recall(readings, "spare")
    disks = [s.labels for s in readings.series("device_state") if s.labels.get("kind") == "disk"]
    if not disks or not readings.was_read("device_state"):
        return Derived(tuple(memory.remember("spare", (), recalled)))
    spares = sum("spare" in labels.get("state", "").lower() and labels.get("health") == "ok" for labels in disks)
    if not (spares or recalled):
        return Derived()
    counted = Sample(SPARES, {"kind": "hot_spare", "entity": ""}, spares)
    return Derived((counted, *memory.remember("spare", {("", "")}, ())))


def _memory(readings: Readings) -> Derived:
    """Complete memory only where the profile gives no ratio at all: it leaves out pools that are full by design."""
    return Derived() if "device_memory_ratio" in readings.now.expected else _ratio("memory", readings)


def _ratio(pool: str, readings: Readings) -> Derived:
    """Complete what a device tells of a pool: used by total. One total without a name is everybody's."""
    totals = by_entity(readings.series(f"device_{pool}_total_bytes"))
    told = by_entity(readings.series(f"device_{pool}_ratio"))
    samples = []
    for entity, used in by_entity(readings.series(f"device_{pool}_used_bytes")).items():
        total = totals.get(entity, totals.get(""))
        if entity not in told and total and 0 <= used <= total:
            samples.append(Sample(f"device_{pool}_ratio", {"entity": entity}, used / total))
    return Derived(tuple(samples))


def _power(readings: Readings) -> Derived:
    """A power budget (of a group of PoE ports, of a power supply) is the limit the device itself gives."""
    budgets = {
        s.labels.get("entity", ""): finite(s.value)
        for s in readings.limits.get(MEASURED_POWER, ())
        if (s.labels.get("level"), s.labels.get("direction")) == ("critical", "above")
    }
    measured = by_entity(readings.series(MEASURED_POWER))
    shares = ((entity, watts, budgets.get(entity)) for entity, watts in measured.items())
    return Derived(
        tuple(
            Sample(POWER, {"entity": entity}, watts / budget)
            for entity, watts, budget in shares
            if budget and budget > 0 and watts >= 0
        )
    )


def lit(readings: Readings) -> list[Sample]:
    """Return optical powers but those of ports that are not up: their transceivers see and send no light."""
    return readings.once(lit, lambda: _lit(readings))


def _lit(readings: Readings) -> list[Sample]:
    if not readings.series(MEASURED_LIGHT) or not readings.was_read("ifOperStatus"):
        return []
    lights = {
        port.labels[label]: port.get("ifOperStatus", 1) == 1
        for port in readings.ports.values()
        for label in ("ifName", "ifDescr")
        if port.labels[label]
    }
    of = ((s, port_of(s.labels.get("entity", ""), lights)) for s in readings.series(MEASURED_LIGHT))
    return [s for s, port in of if port is None or lights[port]]


def _light(readings: Readings) -> Derived:
    """Name the light of ports that are up anew. Limits follow their series."""
    measured = lit(readings)
    entities = {s.labels.get("entity", "") for s in measured}
    limits = limits_as(readings, MEASURED_LIGHT, LIGHT, entities)
    return Derived((*(Sample(LIGHT, s.labels, s.value) for s in measured), *limits))


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


COMPLETE: dict[str, Callable[[Readings], Derived]] = {"memory": _memory, "storage": partial(_ratio, "storage")}

RULES = (
    Rule(
        makes={MISSING: Meaning("gauge", "1 when a part that was there is gone", ("kind", "entity"))},
        sources=(frozenset({"device_state"}),),
        make=_missing,
        concerns=frozenset({"device_state", memory.KNOWN}),
    ),
    Rule(
        makes={SPARES: VOCABULARY[SPARES]}, sources=(), make=_spares, concerns=frozenset({"device_state", memory.KNOWN})
    ),
    *(
        Rule(
            makes={f"device_{pool}_ratio": VOCABULARY[f"device_{pool}_ratio"]},
            sources=(frozenset({f"device_{pool}_used_bytes"}), frozenset({f"device_{pool}_total_bytes"})),
            make=make,
            concerns=frozenset({f"device_{pool}_used_bytes"}),
        )
        for pool, make in COMPLETE.items()
    ),
    Rule(
        makes={POWER: Meaning("gauge", "Power as a share of the budget the device has for it", ("entity",))},
        sources=(frozenset({MEASURED_POWER}), frozenset({"device_limit"})),
        make=_power,
        concerns=frozenset({MEASURED_POWER}),
    ),
    Rule(
        makes={UPS_FAULT: Meaning("gauge", "1 for the state of a UPS's other parts", ("kind", "state", "health"))},
        sources=(frozenset({"ups_state"}),),
        make=_ups_faults,
        concerns=frozenset({"ups_state", "ups_alarms"}),
    ),
    Rule(
        makes={LIGHT: Meaning("gauge", "Optical power of transceivers in ports that are up", ("entity",))},
        sources=(frozenset({MEASURED_LIGHT}), frozenset({"ifOperStatus"})),
        make=_light,
        concerns=frozenset({MEASURED_LIGHT}),
    ),
)
