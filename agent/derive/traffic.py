"""How much the counters of ports grew between two readings, port by port; worked out once for all that asks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.derive.counters import grown
from agent.derive.ports import Port
from agent.derive.readings import Readings
from agent.derive.restarts import restarted_between
from collectors.model import Number

SMALLEST_FRAME_BITS = 672.0  # IEEE 802.3: 64 octets, preamble and gap
KINDS = ("Ucast", "Multicast", "Broadcast")

Growth = list[int | None]
"""One a port; None where it cannot be known."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The ports whose traffic is judged, as they are and as they were `seconds` before."""

    now: Sequence[dict[str, Number]]  # sample → value, a port each
    before: Sequence[dict[str, Number]]  # empty for one that was not there
    seconds: float
    octets: Sequence[float]  # that its line carries in the time; 0.0: unknown
    packets: Sequence[float | None]  # the same in the smallest frames; None: unknown
    _known: dict[object, Growth] = field(default_factory=dict, repr=False)

    def grown(self, name: str, most: Sequence[float | None], *, bits: int = 32, laps: bool = True) -> Growth:
        """Return how much a counter of each port grew, as `counters.grown` has it. Each has one form."""
        if name not in self._known:
            pairs = zip(self.now, self.before, most, strict=True)
            self._known[name] = [
                grown(before[name], now[name], bits=bits, most=limit, laps=laps)
                if name in now and name in before
                else None
                for now, before, limit in pairs
            ]
        return self._known[name]

    def sent(self, way: str) -> Growth:
        """Return the packets of all kinds; where only ifInUcastPkts is counted, those."""
        if way not in self._known:
            unicast = f"ifHC{way}UcastPkts"
            high = self.sum_of(way, KINDS)
            only_low = any(unicast not in now for now in self.now)
            low = self.grown(f"if{way}UcastPkts", self.packets) if only_low else high
            self._known[way] = [
                all_ if unicast in now else few for now, all_, few in zip(self.now, high, low, strict=True)
            ]
        return self._known[way]

    def sum_of(self, way: str, kinds: tuple[str, ...]) -> Growth:
        """Return the packets of some kinds, of those that a port counts; None where one of them is not known."""
        names = [f"ifHC{way}{kind}Pkts" for kind in kinds]
        growths = [self.grown(name, self.packets, bits=64) for name in names]
        return [
            _sum([growth for name, growth in zip(names, each, strict=True) if name in now])
            for now, each in zip(self.now, zip(*growths, strict=True), strict=True)
        ]


def _sum(growths: Growth) -> int | None:
    known = [growth for growth in growths if growth is not None]
    return sum(known) if len(known) == len(growths) else None


def traffic(readings: Readings) -> Traffic | None:
    """Return the traffic between two readings; None where they cannot be compared: a restart, no time between."""
    if "traffic" not in readings.memo:
        readings.memo["traffic"] = _traffic(readings)
    known: Traffic | None = readings.memo["traffic"]
    return known


def _traffic(readings: Readings) -> Traffic | None:
    if readings.elapsed < 1 or restarted_between(readings):
        return None
    ports, before = readings.judged_ports, readings.ports_before
    bits = [port.bits_per_second * readings.elapsed for port in ports]
    return Traffic(
        now=[port.values for port in ports],
        before=[_values(before.get(port.key)) for port in ports],
        seconds=readings.elapsed,
        octets=[each / 8 for each in bits],
        packets=[each / SMALLEST_FRAME_BITS or None for each in bits],
    )


def _values(port: Port | None) -> dict[str, Number]:
    return port.values if port else {}
