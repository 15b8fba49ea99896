"""Temperatures around UPS and PDUs, told from those inside them: their probes are the room's thermometers. Pure."""

import re

from agent.derive.counters import finite
from agent.derive.readings import Derived, Readings, Rule, limits_as
from collectors.model import DeviceClass, Sample
from collectors.vocabulary import Meaning

MEASURED, CLIMATE = "device_temperature_celsius", "device_climate_celsius"

_AROUND = re.compile(
    r"ambient|room|inlet|intake|outside|external|environment|\benv|probe|remote|rack|aisle|uio|sensor|机房|环境",
    re.IGNORECASE,
)
_CLASSES = frozenset({DeviceClass.UPS, DeviceClass.PDU})


def _climate(readings: Readings) -> Derived:
    """Say of each temperature where it is, by the name of its sensor. A PDU has none inside."""
    device_class = readings.entry.device.device_class
    if device_class not in _CLASSES:
        return Derived()
    values = {s.labels.get("entity", ""): finite(s.value) for s in readings.series(MEASURED)}
    known = {entity: celsius for entity, celsius in values.items() if celsius is not None}
    samples = [
        Sample(CLIMATE, {"entity": entity, "place": _place(entity, device_class)}, celsius)
        for entity, celsius in known.items()
    ]
    return Derived((*samples, *limits_as(readings, MEASURED, CLIMATE, known)))


def _place(entity: str, device_class: DeviceClass) -> str:
    return "room" if device_class is DeviceClass.PDU or _AROUND.search(entity) else "inside"


RULE = Rule(
    makes={CLIMATE: Meaning("gauge", "Temperature in the room, or inside a UPS", ("entity", "place"))},
    sources=(frozenset({MEASURED}),),
    make=_climate,
    concerns=frozenset({MEASURED}),
)
