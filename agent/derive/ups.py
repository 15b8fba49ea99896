"""What a UPS's figures say together: phases that are loaded unevenly, a battery below its rated voltage. Pure."""

import re
from statistics import fmean

from agent.derive.counters import finite
from agent.derive.readings import Derived, Readings, Rule
from collectors.model import Sample
from collectors.vocabulary import Meaning

IMBALANCE, VOLTAGE = "ups_load_imbalance_ratio", "ups_battery_voltage_ratio"
LIGHTLY = 0.1
"""Below this mean load a phase more or less loaded is no matter."""


def _imbalance(readings: Readings) -> Derived:
    """Compare the three phases: largest less smallest load by their mean."""
    loads = {s.labels.get("line", ""): finite(s.value) for s in readings.series("ups_load_ratio")}
    phases = [
        load for line, load in loads.items() if re.fullmatch(r"(?:L|[Pp]hase )?[123ABC]", line) and load is not None
    ]
    if len(phases) != 3:
        return Derived()
    mean = fmean(phases)
    return Derived((Sample(IMBALANCE, {}, (max(phases) - min(phases)) / mean if mean >= LIGHTLY else 0.0),))


def _voltage(readings: Readings) -> Derived:
    measured, nominal = readings.value("ups_battery_voltage_volts"), readings.value("ups_battery_nominal_volts")
    if measured is None or not nominal or nominal < 0:
        return Derived()
    return Derived((Sample(VOLTAGE, {}, measured / nominal),))


RULES = (
    Rule(
        makes={IMBALANCE: Meaning("gauge", "Largest less smallest load of the phases, by their mean")},
        sources=(frozenset({"ups_load_ratio"}),),
        make=_imbalance,
        concerns=frozenset({"ups_load_ratio"}),
    ),
    Rule(
        makes={VOLTAGE: Meaning("gauge", "Battery voltage by its rating")},
        sources=(frozenset({"ups_battery_voltage_volts"}), frozenset({"ups_battery_nominal_volts"})),
        make=_voltage,
        concerns=frozenset({"ups_battery_voltage_volts"}),
    ),
)
