"""Rows of one poll's CPU: our engine and our whole path, each beside its peers."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import asking, goals, machine, switch
from benchmarks.asking import Spent
from benchmarks.bench import Bench, Case, Columns, python
from benchmarks.programs import output

DEVICES = 50  # all of them in flight
POLLS = 300
RAW_POLLS = 4_000
NET_SNMP_POLLS = 600
SLOW_POLLS, SLOW_WIDTH = 15, 5  # of pysnmp's own engine, which times out by itself with more


def cases() -> list[Case]:
    """Return the rows of both versions, ours next to what they are compared with."""
    return [Case(goals.V2C, goals.RAW, _raw), *_rows(goals.V2C, "2c"), *_rows(goals.V3, "3")]


def _rows(table: str, version: str) -> list[Case]:
    def row(name: str, measure: Callable[[Bench, str], Spent]) -> Case:
        return Case(table, name, lambda bench: _columns(measure(bench, version)))

    rows = [
        row(goals.NET_SNMP, _net_snmp),
        row(goals.ENGINE, _Ours("engine")),
        row(goals.EXPORTER, _exporter),
        row(goals.WHOLE, _Ours("whole")),
        row(goals.HLAPI, _Ours("hlapi", polls=SLOW_POLLS, width=SLOW_WIDTH)),
    ]
    if asking.engines():
        rows.append(row(goals.PYSNMP_BEHIND, _Ours("engine", polls=100, engine="pysnmp")))
    return rows


def _columns(spent: Spent) -> Columns:
    """Return a row's figures. Raises RuntimeError when not every poll was whole: then there is nothing to compare."""
    if spent.short:
        raise RuntimeError(f"{spent.short} of {spent.polls} polls brought less than {switch.VALUES} values")
    return {goals.CPU: spent.cpu / spent.polls * 1e3}


@dataclass(frozen=True, slots=True)
class _Ours:
    """Polls by a process of our own, `benchmarks.asking`."""

    way: str
    polls: int = POLLS
    width: int = DEVICES
    engine: str = ""

    def __call__(self, bench: Bench, version: str) -> Spent:
        fleet = bench.fleet(DEVICES)
        options = {"first": fleet.first, "port": fleet.port, "polls": self.polls, "version": version}
        options |= {"devices": self.width, "width": self.width, "engine": self.engine}
        said = python("benchmarks.asking", self.way, *(f"--{name}={value}" for name, value in options.items()))
        return Spent(**json.loads(said))


def _exporter(bench: Bench, version: str) -> Spent:
    return bench.exporter().measure(bench.fleet(DEVICES), version, POLLS, DEVICES)


def _raw(bench: Bench) -> Columns:
    fleet, listed = bench.fleet(DEVICES), bench.workshop.folder / "requests"
    listed.write_text(switch.requests(), "utf-8")
    numbers = (switch.REPETITIONS, fleet.first, fleet.port, DEVICES, RAW_POLLS)
    said = output([bench.workshop.program("rawlimit"), listed, *map(str, numbers)], machine.CLIENT_CORE)
    return {goals.CPU: json.loads(said)["cpu"] / RAW_POLLS * 1e3}


def _net_snmp(bench: Bench, version: str) -> Spent:
    fleet, listed = bench.fleet(DEVICES), bench.workshop.folder / "walks"
    listed.write_text(switch.walks(), "utf-8")
    numbers = (version[0], switch.REPETITIONS, fleet.first, fleet.port, DEVICES, NET_SNMP_POLLS)
    program = bench.workshop.program("netsnmp")
    found = json.loads(output([program, listed, *map(str, numbers)], machine.CLIENT_CORE))
    short = int(found["values"] < switch.VALUES * NET_SNMP_POLLS)
    return Spent(polls=NET_SNMP_POLLS, cpu=found["cpu"], wall=0.0, values=found["values"], short=short)
