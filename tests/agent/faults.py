"""Short ways to say what was judged, found and ticketed, for the tests beside this file."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

from agent.checks.rules import Check
from agent.findings import Key
from agent.model import (
    Contract,
    Customer,
    Entry,
    Finding,
    FindingState,
    Inventory,
    Judged,
    Result,
    Severity,
    Site,
    Targets,
    Text,
    Ticket,
    TicketStatus,
    Track,
)
from collectors.model import Device, DeviceClass

OK, WARNING, CRITICAL, UNKNOWN = Severity
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
KEY = ("core-1", "temperature", "board")


def minutes(n: float) -> datetime:
    return NOW + timedelta(minutes=n)


def judged(severity: Severity, raised: Severity | None = None, key: Key = KEY, **more: object) -> Judged:
    """A result that is raised at once, unless `raised` says otherwise."""
    raised = severity if raised is None else raised
    if severity is UNKNOWN:
        more.setdefault("reason", "timeout")
    return Judged(Result(*key, severity, **more), raised, Track(raised, severity, 1))


def finding(
    severity: Severity = WARNING, state: FindingState = FindingState.PERSISTING, key: Key = KEY, **more: object
) -> Finding:
    more = {
        "id": "f1",
        "first_seen": minutes(-60),
        "last_seen": NOW,
        "held": severity in {WARNING, CRITICAL},
        "times_seen": 0 if severity is UNKNOWN else 1,
        "result": Result(*key, severity, reason="timeout" if severity is UNKNOWN else ""),
    } | more
    return Finding(state=state, **more)


def ticket(status: TicketStatus = TicketStatus.OPEN, **more: object) -> Ticket:
    device, check, object_ = KEY
    more = {
        "number": "T-20261122-0001",
        "finding": "f1",
        "severity": WARNING,
        "fault_level": 4,
        "opened_at": minutes(-60),
        "resolved_at": minutes(-30) if status in {TicketStatus.RESOLVED, TicketStatus.CLOSED} else None,
    } | more
    return Ticket(device=device, check=check, object=object_, status=status, **more)


def numbers(prefix: str = "T-20261122-"):
    n = count(1)
    return lambda: f"{prefix}{next(n):04d}"


def targets(response: float | None = None, on_site: float | None = None, fix: float | None = None) -> Targets:
    """Targets in hours."""
    return Targets(*(None if hours is None else timedelta(hours=hours) for hours in (response, on_site, fix)))


def inventory(contract: Contract | None) -> Inventory:
    customer = Customer(name="acme", title=Text("某局", "Acme"))
    site = Site(name="acme-hq", title=Text("总部", "HQ"), customer=customer, contract=contract)
    device = Device(name="core-1", address="127.0.0.1", device_class=DeviceClass.SWITCH)
    return Inventory(entries={"core-1": Entry(device=device, site=site)})


def contract(levels: Mapping[int, Targets], **more: object) -> Contract:
    return Contract(name="acme-2026", title=Text("合同", "Contract"), levels=levels, **more)


def check(name: str = "temperature") -> Check:
    return Check.model_validate(
        {
            "name": name,
            "id": "X-01",
            "title": Text("温度", "Temperature"),
            "sample": "device_temperature_celsius",
            "limit": {"above": {"warning": 60, "critical": 70}},
            "fault_level": {"warning": 4, "critical": 2},
            "source": "test",
            "cause": Text("热", "hot"),
            "advice": Text("冷却", "cool it"),
        }
    )
