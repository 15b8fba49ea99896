"""Shows what the polling processes use: they are not in the daemon's own process metrics."""

from collections.abc import Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.pollers.crew import Member


class Counts(Collector):
    """One series a process of each."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members

    def collect(self) -> Iterable[Metric]:
        cpu = CounterMetricFamily("netpatrol_poller_cpu_seconds", "CPU a polling process used", labels=["poller"])
        memory = GaugeMetricFamily("netpatrol_poller_resident_memory_bytes", "Its memory in RAM", labels=["poller"])
        devices = GaugeMetricFamily("netpatrol_poller_devices", "Devices it polls", labels=["poller"])
        late = GaugeMetricFamily("netpatrol_poller_lag_seconds", "How late its loop is", labels=["poller"])
        for member in self._members:
            of = [str(member.number)]
            cpu.add_metric(of, member.cpu)
            memory.add_metric(of, member.memory)
            devices.add_metric(of, member.devices)
            late.add_metric(of, member.late)
        return cpu, memory, devices, late
