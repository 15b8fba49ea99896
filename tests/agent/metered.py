"""Devices, snapshots and pages for the tests of the exposition."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from agent.model import Customer, Entry, Finding, FindingState, Result, Severity, Site, Text, Ticket, TicketStatus
from collectors.model import Cost, Device, DeviceClass, Failure, Sample, Snapshot

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SITE = Site(name="acme-hq", title=Text("总部", "HQ"), customer=Customer(name="acme", title=Text("某局", "Acme")))
TOP = {"device": "core-1", "site": "acme-hq", "customer": "acme", "device_class": "switch"}


def entry(name: str = "core-1", *, site: Site | None = SITE, interval: int = 60) -> Entry:
    device = Device(name=name, address="192.0.2.1", device_class=DeviceClass.SWITCH)
    return Entry(device=device, site=site, interval=timedelta(seconds=interval))


def snapshot(name: str = "core-1", *, up: bool = True, failed: bool = False, cost: float = 0.0) -> Snapshot:
    samples = (Sample("device_up", {}, int(up)), Sample("device_cpu_ratio", {"entity": "CPU"}, 0.5))
    failures = (Failure("snmp", "timeout", "ifTable", "no answer"),) if failed else ()
    return Snapshot(device=name, taken_at=NOW, up=up, samples=samples, failures=failures, cost=Cost(seconds=cost))


def finding(device: str, severity: Severity, state: FindingState = FindingState.NEW, object_: str = "") -> Finding:
    result = Result(device, "cpu_high", object_, severity)
    return Finding(id=f"{device}{object_}{state}", result=result, state=state, first_seen=NOW, last_seen=NOW)


def ticket(device: str, severity: Severity, status: TicketStatus = TicketStatus.OPEN) -> Ticket:
    return Ticket(
        number="T-1", finding="f", device=device, check="cpu_high", object="", severity=severity, fault_level=3,
        status=status, opened_at=NOW,
    )  # fmt: skip


Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def key(name: str, labels: Mapping[str, str]) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def series(page: bytes) -> Series:
    """Read a page back. A series that stands there twice is an error, as it is to Prometheus."""
    found: Series = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            assert key(sample.name, sample.labels) not in found
            found[key(sample.name, sample.labels)] = sample.value
    return found


def names(page: bytes) -> set[str]:
    """Return the names as they stand there: the client's parser adds _total to counters without it."""
    return set(re.findall(r"^(\w+)[{ ]", page.decode(), re.MULTILINE))
