"""What traps add to /metrics: every datagram is counted once, by what became of it."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from collectors.traps.intake import Intake
from collectors.traps.listener import Listener
from collectors.traps.message import Reason
from collectors.traps.receiver import Receiver

VERSIONS, RESULTS = ("1", "2c", "3"), ("accepted", "duplicate")


class Counts(Collector):
    """Reads the counters when it is asked. Sent = accepted + duplicate + dropped + discovery + waiting."""

    def __init__(
        self, intake: Intake, receiver: Receiver, listener: Listener, devices: Mapping[str, tuple[str, ...]]
    ) -> None:
        """`devices` are the names of those behind each address."""
        self._intake = intake
        self._receiver = receiver
        self._listener = listener
        self._devices = devices

    def dropped(self) -> dict[Reason, int]:
        """Return how many were dropped, by reason; none is left out."""
        early, late = self._intake.tally().dropped, self._receiver.dropped
        lost = {Reason.KERNEL: self._listener.lost()}
        return {reason: early.get(reason, 0) + late[reason] + lost.get(reason, 0) for reason in Reason}

    def collect(self) -> Iterator[Metric]:
        """Yield the families, as prometheus_client's registry asks."""
        tally = self._intake.tally()
        heard = CounterMetricFamily("netpatrol_trap_datagrams", "Datagrams that came to the trap port")
        heard.add_metric([], tally.received)
        yield heard
        opened = CounterMetricFamily(
            "netpatrol_traps",
            "Traps and informs believed: accepted, duplicate (sent twice)",
            labels=["version", "result"],
        )
        for version in VERSIONS:
            for result in RESULTS:
                opened.add_metric([version, result], self._receiver.results[version, result])  # type: ignore[index]
        yield opened
        dropped = CounterMetricFamily("netpatrol_traps_dropped", "Datagrams not believed or kept", labels=["reason"])
        for reason, count in self.dropped().items():
            dropped.add_metric([reason.value], count)
        yield dropped
        asked = CounterMetricFamily("netpatrol_trap_discoveries", "Requests for our SNMPv3 engine ID")
        asked.add_metric([], self._receiver.discoveries)
        yield asked
        yield GaugeMetricFamily("netpatrol_traps_waiting", "Datagrams kept and not opened yet", value=tally.waiting)
        yield self._by_device(tally.by_source)

    def _by_device(self, by_source: Mapping[str, tuple[int, int]]) -> Metric:
        """Only those that sent any. What comes from one address counts for each device that has it."""
        sums: dict[str, tuple[int, int]] = {}
        for source, (kept, dropped) in by_source.items():
            for device in self._devices.get(source, ()):
                before = sums.get(device, (0, 0))
                sums[device] = before[0] + kept, before[1] + dropped
        family = CounterMetricFamily(
            "netpatrol_device_traps", "Datagrams of a device: kept, dropped (a storm)", labels=["device", "result"]
        )
        for device, (kept, dropped) in sums.items():
            family.add_metric([device, "kept"], kept)
            family.add_metric([device, "dropped"], dropped)
        return family
