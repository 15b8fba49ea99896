"""A customer with two sites, their inspections and tickets, and the figures that come of them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from agent.fleet_metrics import MEANINGS
from agent.metrics import Metrics
from agent.model import (
    Contract,
    Customer,
    DeviceResult,
    Due,
    Entry,
    Finding,
    FindingState,
    Inventory,
    Result,
    Run,
    Severity,
    Site,
    Text,
    Ticket,
    TicketStatus,
)
from collectors.model import Device, DeviceClass, Sample, Snapshot
from tests.agent.inspected import CPU

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACME = Customer(name="acme", title=Text("某局", "Acme"))
CONTRACT = Contract(name="acme-2026", title=Text("合同", "Contract"))
HQ = Site(name="hq", title=Text("总部", "HQ"), customer=ACME, contract=CONTRACT)
BRANCH = Site(name="branch", title=Text("分部", "Branch"), customer=ACME)
WHERE = {"core-1": HQ, "app-1": HQ, "edge-1": BRANCH}
INVENTORY = Inventory(
    entries={
        name: Entry(device=Device(name=name, address="192.0.2.1", device_class=DeviceClass.SWITCH), site=site)
        for name, site in WHERE.items()
    },
    sites={"hq": HQ, "branch": BRANCH},
    customers={"acme": ACME},
)
CHECKS = {"cpu": CPU}


def ticket(number: str = "T-1", device: str = "core-1", **more: object) -> Ticket:
    site = WHERE.get(device)
    plain = Ticket(
        number=number,
        finding="f",
        device=device,
        check="cpu",
        object="CPU 1",
        severity=Severity.CRITICAL,
        fault_level=2,
        status=TicketStatus.OPEN,
        opened_at=NOW - HOUR,
        due=Due(response=NOW - HOUR / 2, on_site=NOW + HOUR, fix=NOW + 7 * HOUR),
        site=site.name if site else "",
        customer="acme" if site else "",
    )
    return replace(plain, **more)


def finding(device: str, severity: Severity, state: FindingState = FindingState.NEW) -> Finding:
    result = Result(device, "cpu", "CPU 1", severity)
    return Finding(id=f"{device}{severity}{state}", result=result, state=state, first_seen=NOW, last_seen=NOW)


def run(number: int, results: dict[str, Severity], at: datetime = NOW, **more: object) -> Run:
    devices = tuple(
        DeviceResult(
            snapshot=Snapshot(device=name, taken_at=at, up=severity is not Severity.UNKNOWN),
            results=(Result(name, "cpu", "CPU 1", severity),),
        )
        for name, severity in results.items()
    )
    found = tuple(finding(name, severity) for name, severity in results.items() if severity)
    plain = Run(
        id=f"run-{number}", started_at=at - timedelta(seconds=30), finished_at=at, devices=devices, findings=found,
        sites={WHERE[name].name: "acme" for name in results if name in WHERE},
    )  # fmt: skip
    return replace(plain, **more)


Figures = dict[tuple[str, ...], float]


def figures(samples: Iterable[Sample], name: str, *labels: str) -> Figures:
    """Return the figures of one name by some of its labels. Every sample has the labels its meaning says."""
    found: Figures = {}
    for sample in samples:
        assert set(sample.labels) == set(MEANINGS[sample.name].labels), sample.name
        if sample.name == name:
            key = tuple(sample.labels[label] for label in labels)
            assert key not in found
            found[key] = sample.value
    return found


def on_the_page(metrics: Metrics) -> dict[str, list[dict[str, str]]]:
    """Return the labels of every series of the page, by metric."""
    families = text_string_to_metric_families(metrics.render(NOW).decode())
    return {family.name: [sample.labels for sample in family.samples] for family in families}
