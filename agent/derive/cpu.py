"""How busy each CPU is, its cores taken together: one busy core of many is no fault. Pure."""

import re
from collections.abc import Iterable, Mapping
from statistics import fmean

from agent.derive.counters import finite
from agent.derive.readings import Derived, Readings, Rule, limits_as
from collectors.model import DeviceClass, Sample
from collectors.vocabulary import Meaning

MEASURED, MEAN = "device_cpu_ratio", "device_cpu_mean_ratio"
WHOLE = "CPU"

_CORE = re.compile(r"(?P<cpu>.*?) ?\b[Cc]ore \S+")
"""How a profile calls the cores of one CPU: `<CPU> core <n>`."""
_HOSTS = frozenset({DeviceClass.SERVER, DeviceClass.STORAGE})


def _mean(readings: Readings) -> Derived:
    """Judge a CPU by its own row where there is one, else by the mean of its cores.

    Cores are rows called `<CPU> core <n>`, and `<CPU> <n>` beside a row `<CPU>`. All processors of a server share its
    work, so that without a row for all of them their mean counts.
    """
    rows = {s.labels.get("entity", ""): s for s in readings.series(MEASURED)}
    values = {name: value for name, s in rows.items() if (value := finite(s.value)) is not None}
    by_cpu: dict[str, list[str]] = {}
    for name in values:
        by_cpu.setdefault(_cpu_of(name, values), []).append(name)
    if readings.entry.device.device_class in _HOSTS:
        by_cpu = _together(by_cpu, values)
    samples = [Sample(MEAN, {"entity": cpu}, _value(cpu, cores, values)) for cpu, cores in by_cpu.items()]
    # the device's own limits follow, where they are of a CPU and not of one of its cores
    return Derived((*samples, *limits_as(readings, MEASURED, MEAN, by_cpu)))


def _cpu_of(name: str, among: Mapping[str, float]) -> str:
    core = _CORE.fullmatch(name)
    if core:
        return core["cpu"] or WHOLE
    whole, _, number = name.rpartition(" ")
    return whole if number.isdecimal() and whole in among else name


def _together(by_cpu: Mapping[str, list[str]], values: Mapping[str, float]) -> dict[str, list[str]]:
    if WHOLE in values or len(by_cpu) < 2:
        return dict(by_cpu)
    return {WHOLE: [name for names in by_cpu.values() for name in names]}


def _value(cpu: str, cores: Iterable[str], values: Mapping[str, float]) -> float:
    return values[cpu] if cpu in values else fmean(values[core] for core in cores)


RULE = Rule(
    makes={MEAN: Meaning("gauge", "Share of CPU time in use, the mean of a CPU's cores", ("entity",))},
    sources=(frozenset({MEASURED}),),
    make=_mean,
    concerns=frozenset({MEASURED}),
)
