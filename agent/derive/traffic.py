"""How much the counters of ports grew between two readings, port by port; worked out once for all that asks. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import add, sub

from agent.derive.counters import SLACK, grown
from agent.derive.ports import Column
from agent.derive.readings import Readings
from agent.derive.restarts import restarted_between
from agent.derive.tables import Table, aligned, is_whole

SMALLEST_FRAME_BITS = 672.0  # IEEE 802.3: 64 octets, preamble and gap
KINDS = ("Ucast", "Multicast", "Broadcast")

Growth = Sequence[int | None]
"""One a port; None where it cannot be known."""


@dataclass(frozen=True, slots=True)
class Most:
    """What the line of each port can carry in the time, None if unknown; and of those known the least and the most."""

    each: Sequence[float | None]
    least: float
    most: float

    @classmethod
    def of(cls, each: Sequence[float | None]) -> "Most":
        known = [most for most in each if most is not None]
        return cls(each, min(known, default=math.inf), max(known, default=0.0))

    def holds(self, growth: Sequence[int]) -> bool:
        """Say whether no counter grew by more than its line carries."""
        if max(growth, default=0) <= self.least * SLACK:
            return True
        return all(most is None or grew <= most * SLACK for grew, most in zip(growth, self.each, strict=True))


@dataclass(frozen=True, slots=True)
class Traffic:
    """The ports whose traffic is judged, as they are and as they were `seconds` before."""

    now: Table
    before: Table  # the same ports; one that was not there has no figures
    seconds: float
    octets: Most  # 0.0: unknown
    packets: Most  # in the smallest frames
    _known: dict[object, Growth] = field(default_factory=dict, repr=False)

    def grown(self, name: str, most: Most, *, bits: int = 32, laps: bool = True) -> Growth:
        """Return how much a counter of each port grew, as `counters.grown` has it. Each has one form."""
        if name not in self._known:
            now, before = self.now.columns.get(name), self.before.columns.get(name)
            self._known[name] = _all_grown(before, now, most, bits, laps) if now and before else [None] * len(self.now)
        return self._known[name]

    def sent(self, way: str) -> Growth:
        """Return the packets of all kinds; where only ifInUcastPkts is counted, those."""
        if way not in self._known:
            high, has = self.sum_of(way, KINDS), self.now.has(f"ifHC{way}UcastPkts")
            if all(has):
                self._known[way] = high
            else:
                low = self.grown(f"if{way}UcastPkts", self.packets)
                self._known[way] = [all_ if counts else few for counts, all_, few in zip(has, high, low, strict=True)]
        return self._known[way]

    def sum_of(self, way: str, kinds: tuple[str, ...]) -> Growth:
        """Return the packets of some kinds, of those that a port counts; None where one of them is not known."""
        names = [name for kind in kinds if (name := f"ifHC{way}{kind}Pkts") in self.now.columns]
        growths = [self.grown(name, self.packets, bits=64) for name in names]
        if not any(None in growth for growth in growths):
            return _added(growths) if growths else [0] * len(self.now)
        has = [self.now.has(name) for name in names]
        return [_sum(at, has, growths) for at in range(len(self.now))]


def _all_grown(before: Column, now: Column, most: Most, bits: int, laps: bool) -> Growth:
    """Return how much each port's counter grew. Nearly always none ran over, nor was set back."""
    if is_whole(before) and is_whole(now) and (most.most * SLACK < 2**bits or not laps):
        growth: list[int] = [0] * len(now) if now == before else list(map(sub, now, before))
        if min(growth, default=0) >= 0 and most.holds(growth):
            return growth
    return [
        None if then is None or value is None else grown(then, value, bits=bits, most=limit, laps=laps)
        for then, value, limit in zip(before, now, most.each, strict=True)
    ]


def _added(growths: Sequence[Growth]) -> Growth:
    total: Growth = growths[0]
    for growth in growths[1:]:
        total = list(map(add, total, growth))
    return total


def _sum(at: int, has: Sequence[Sequence[bool]], growths: Sequence[Growth]) -> int | None:
    known = [growth[at] for counts, growth in zip(has, growths, strict=True) if counts[at]]
    return None if None in known else sum(growth for growth in known if growth is not None)


def traffic(readings: Readings) -> Traffic | None:
    """Return the traffic between two readings; None where they cannot be compared: a restart, no time between."""
    return readings.once("traffic", lambda: _traffic(readings))


def _traffic(readings: Readings) -> Traffic | None:
    if readings.elapsed < 1 or restarted_between(readings):
        return None
    now, table = readings.judged, readings.table
    bits = [speed * readings.elapsed for speed in now.speeds()]
    return Traffic(
        now=now,
        before=aligned(readings.table_before, table.rows, readings.judged_places, now.faces),
        seconds=readings.elapsed,
        octets=Most.of([each / 8 for each in bits]),
        packets=Most.of([each / SMALLEST_FRAME_BITS or None for each in bits]),
    )
