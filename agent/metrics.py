"""Keeps the latest figures of every device, and the agent's own health, as pages for Prometheus to fetch."""

import threading
from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics_exposition

from agent.findings import NOT_COUNTED
from agent.metrics_health import Health
from agent.metrics_text import Block, block, is_mib_name, pages
from agent.model import Entry, Finding, Severity, Ticket, TicketStatus
from agent.shown import Shown, Writer, unpolled
from collectors.model import Sample, Snapshot
from collectors.vocabulary import Meaning

_SEVERITIES = (Severity.WARNING, Severity.CRITICAL, Severity.UNKNOWN)
OWN: dict[str, Meaning] = {
    "device_findings_open": Meaning("gauge", "Findings of the device that are not cleared", ("severity",)),
    "device_tickets_open": Meaning("gauge", "Tickets of the device that are not resolved", ("severity",)),
    "device_stale": Meaning("gauge", "1 when the device was not polled for three intervals: it stands as not up"),
    "netpatrol_findings_open": Meaning("gauge", "Findings that are not cleared", ("severity",)),
    "netpatrol_tickets_open": Meaning("gauge", "Tickets that are not resolved", ("severity",)),
    "netpatrol_devices": Meaning("gauge", "Devices, by how they stand: up, down, stale", ("state",)),
    "probe_success": Meaning("gauge", "1 when the device asked for answered its latest poll in time, else 0"),
    "probe_duration_seconds": Meaning("gauge", "Time this answer took"),
}

_STALE = (Sample("device_up", {}, 0), Sample("device_stale", {}, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What of a page is wanted."""

    mib: bool = True  # metrics with a name or a label of a MIB (ifHCInOctets, ifName)
    devices: bool = True
    only: Mapping[str, frozenset[str]] | None = None  # site, customer, device_class → any of these; no own metrics then

    def takes(self, top: Mapping[str, str]) -> bool:
        """Say whether a device with these labels is wanted."""
        return self.devices and all(top.get(name) in wanted for name, wanted in (self.only or {}).items())

    def takes_further(self, top: Mapping[str, str]) -> bool:
        """Say whether samples with these labels are wanted, of a device or of none."""
        return self.takes(top) if top else self.only is None


@dataclass(frozen=True, slots=True)
class _Written:
    """Further samples of one source and device, as text."""

    top: Mapping[str, str]
    samples: list[Sample]
    block: Block


Sink = Callable[[Shown], object]
"""Takes each new snapshot, as shown."""


class Metrics:
    """The latest snapshot of every device as text. Any thread may call it; a scrape polls nothing."""

    def __init__(self, meanings: Mapping[str, Meaning], *, version: str, hidden: Collection[str] = frozenset()) -> None:
        """Take the vocabulary: all names there may be, but our own. `hidden` are known, and not shown."""
        self.health = Health(version)
        self._meanings = {**meanings, **OWN}
        self._plain = frozenset(name for name, each in self._meanings.items() if not _is_of_a_mib(name, each))
        self.writer = Writer(self._meanings, hidden)
        self._sinks: tuple[Sink, ...] = ()
        self._known: dict[str, Mapping[str, str]] = {}  # device → its labels
        self._devices: dict[str, Shown] = {}
        self._unpolled: dict[str, Shown] = {}
        self._extra: dict[str, Mapping[str, list[Sample]]] = {}  # source → device → samples; "" has those of none
        self._written: dict[tuple[str, str], _Written] = {}  # of source and device: written anew when it changed
        self._lock = threading.Lock()

    def know(self, entries: Iterable[Entry], now: datetime) -> None:
        """Take devices that will be polled from now on, for what is told of them before, or if they never are."""
        known = {entry.name: unpolled(entry, now) for entry in entries}
        with self._lock:
            self._known |= {name: shown.top for name, shown in known.items()}
            self._unpolled |= known

    def update(self, entry: Entry, snapshot: Snapshot) -> None:
        """Show a device's snapshot (derived already) in place of the one before."""
        self.show(entry.name, self.writer.written(entry, snapshot))

    def show(self, device: str, shown: Shown) -> None:
        """Show a device as somebody has written it, in place of how it was."""
        self.health.left_out(shown.block.layout.unknown)
        with self._lock:
            self._known[device] = shown.top
            self._devices[device] = shown
            self._unpolled.pop(device, None)
        for sink in self._sinks:
            sink(shown)

    def tell(self, sink: Sink) -> None:
        """Hand each snapshot shown from now on to `sink` as well, in the thread that updates."""
        self._sinks = (*self._sinks, sink)

    @property
    def polled(self) -> int:
        """How many devices are shown: those polled at least once."""
        return len(self._devices)

    def find(self, device: str) -> Shown | None:
        """Return what is shown of a device; None before its first poll."""
        return self._devices.get(device)

    def further(self, source: str, samples: Iterable[Sample]) -> None:
        """Show further samples, in place of those of that source before. Their names are in the vocabulary.

        One with a label `device` gets the labels of that device's other samples.
        """
        of: dict[str, list[Sample]] = {}
        for sample in samples:
            of.setdefault(sample.labels.get("device", ""), []).append(sample)
        with self._lock:
            self._extra[source] = of

    def settle(self, findings: Iterable[Finding], tickets: Iterable[Ticket]) -> None:
        """Show how many findings and tickets are open, in place of those before. Cleared and resolved ones are not."""
        done = (TicketStatus.RESOLVED, TicketStatus.CLOSED)
        counted = {
            "findings_open": Tally(
                (f.result.device, f.result.severity) for f in findings if f.state not in NOT_COUNTED
            ),
            "tickets_open": Tally((t.device, t.severity) for t in tickets if t.status not in done),
        }
        self.further("settled", [sample for name, tally in counted.items() for sample in _opened(name, tally)])

    def pages(
        self,
        now: datetime,
        selection: Selection = Selection(),
        *,
        openmetrics: bool = False,
    ) -> Iterator[bytes]:
        """Yield the whole page, piece by piece."""
        devices = self._all(now)
        blocks = [self._standing(each, now) for each in devices if selection.takes(each.top)]
        blocks += [each.block for each in self._further() if selection.takes_further(each.top)]
        if selection.only is None:
            blocks.append(block({}, _states(devices, now), self._meanings))
        wanted = None if selection.mib else self._plain
        yield from pages(blocks, self._meanings, wanted=wanted, openmetrics=openmetrics)
        if selection.only is None:
            generate = openmetrics_exposition.generate_latest if openmetrics else generate_latest
            yield generate(self.health.registry)
        elif openmetrics:
            yield b"# EOF\n"

    def render(self, now: datetime, *, mib: bool = True) -> bytes:
        """Return the page. Without `mib`, metrics with a name or a label of a MIB (ifHCInOctets, ifName) are left out.

        Those words are snmp_exporter's, so that dashboards made for it work; `promtool check metrics` accepts them as
        well-formed, and always complains of their style.
        """
        return b"".join(self.pages(now, Selection(mib=mib)))

    def probe(
        self, device: str, now: datetime, *, seconds: float, timely: bool = True, openmetrics: bool = False
    ) -> Iterator[bytes]:
        """Yield the page of one device. Not `timely`: the poll asked for took too long, so it has no figures."""
        shown = self._devices.get(device)
        with self._lock:
            extra = [sample for of in self._extra.values() for sample in of.get(device, ())]
        success = timely and shown is not None and shown.up and not shown.stale(now)
        probe = [Sample("probe_success", {}, int(success)), Sample("probe_duration_seconds", {}, seconds)]
        blocks = [block({}, probe, self._meanings)]
        if shown is not None and timely:
            blocks += [self._standing(shown, now), block(shown.top, extra, self._meanings)]
        yield from pages(blocks, self._meanings, openmetrics=openmetrics)
        if openmetrics:
            yield b"# EOF\n"

    def own(self, now: datetime) -> list[Block]:
        """Return what belongs to no poll: open findings and tickets, how devices stand, our own health."""
        health = list(self.health.samples())
        return [
            *(each.block for each in self._further()),
            block({}, _states(self._all(now), now), self._meanings),
            block({}, health, {sample.name for sample in health}),
        ]

    def stale(self, now: datetime) -> dict[str, Block]:
        """Return what stands in for the figures of each device that was not polled for too long."""
        return {each.top["device"]: self._standing(each, now) for each in self._all(now) if each.stale(now)}

    def _all(self, now: datetime) -> list[Shown]:
        """Return how devices are shown: one never polled only when it should have been for long."""
        with self._lock:
            return [*self._devices.values(), *(each for each in self._unpolled.values() if each.stale(now))]

    def _further(self) -> list["_Written"]:
        with self._lock:
            known, extra, before = dict(self._known), dict(self._extra), self._written
        written: dict[tuple[str, str], _Written] = {}
        for source, of in extra.items():
            for name, samples in of.items():
                top = known.get(name) or ({"device": name} if name else {})
                one = before.get((source, name))
                if one is None or (one.top, one.samples) != (top, samples):
                    one = _Written(top, samples, block(top, samples, self._meanings))
                written[source, name] = one
        self._written = written
        return list(written.values())

    def _standing(self, shown: Shown, now: datetime) -> Block:
        return block(shown.top, _STALE, self._meanings) if shown.stale(now) else shown.block


def _is_of_a_mib(name: str, meaning: Meaning) -> bool:
    return any(map(is_mib_name, (name, *meaning.labels)))


def _opened(name: str, tally: Mapping[tuple[str, Severity], int]) -> Iterator[Sample]:
    for (device, severity), count in tally.items():
        yield Sample(f"device_{name}", {"device": device, "severity": severity.name.lower()}, count)
    for severity in _SEVERITIES:
        total = sum(count for (_, found), count in tally.items() if found is severity)
        yield Sample(f"netpatrol_{name}", {"severity": severity.name.lower()}, total)


def _states(devices: Iterable[Shown], now: datetime) -> list[Sample]:
    tally = Tally("stale" if each.stale(now) else "up" if each.up else "down" for each in devices)
    return [Sample("netpatrol_devices", {"state": state}, tally[state]) for state in ("up", "down", "stale")]
