"""A run with faults, hostile names and a ticket, and what of its report people read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from agent import reports
from agent.checks.by_hand import ManualItem
from agent.checks.rules import Check
from agent.model import (
    Contract,
    Coverage,
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
from collectors.model import Cost, Device, DeviceClass, Failure, Sample, Snapshot

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e{{7*7}}\x00'\"&"


def check(name: str, number: str, **more: object) -> Check:
    return Check.model_validate(
        {
            "name": name,
            "id": number,
            "title": {"zh": f"{name}题", "en": f"{name} title"},
            "sample": "device_cpu_ratio",
            "limit": {"above": {"warning": "0.75", "critical": "0.9"}},
            "unit": "ratio",
            "source": "test",
            "cause": {"zh": "因", "en": "because"},
            "advice": {"zh": "议", "en": "do this"},
            **more,
        }
    )


CHECKS = {
    "cpu": check("cpu", "NET-04"),
    "telnet": check("telnet", "SEC-01", security_risk=True, unit="", limit={"states": True}),
}
SITE = Site(
    name="hq",
    title=Text("总部", "HQ"),
    customer=Customer(name="acme", title=Text("某某局", "Acme")),
    contract=Contract(name="c", title=Text("合同", "contract")),
)
INVENTORY = Inventory(
    entries={
        name: Entry(
            device=Device(name=name, address="127.0.0.1", device_class=DeviceClass.SWITCH),
            site=SITE,
            criticality="core",
        )
        for name in ("sw-1", "sw-2")
    }
)


def result(device: str, obj: str, value: float | None, severity: Severity, name: str = "cpu", **more: object) -> Result:
    return Result(
        device, name, obj, severity, value, limit=0.9 if value is not None else None, direction="above", **more
    )  # type: ignore[arg-type]


def run_of(*, hostile: str = "CPU 1") -> Run:
    bad = result("sw-1", hostile, 0.95, Severity.CRITICAL)
    good = [result("sw-1", f"slot {n}", n / 10, Severity.OK) for n in range(1, 6)]
    lost = Result("sw-2", "cpu", "", Severity.UNKNOWN, reason="timeout")
    snapshot = Snapshot(
        device="sw-1",
        taken_at=NOW,
        profile="generic",
        up=True,
        samples=(Sample("device_uptime_seconds", {}, 90061),),
        facts={"vendor": "Acme", "model": hostile, "serial": "S1"},
        failures=(Failure("ssh", "parse", "display version", hostile),),
        cost=Cost(12, ("display version",), 1.5),
    )
    silent = Snapshot(device="sw-2", taken_at=NOW, cost=Cost(2))
    finding = Finding(id="f1", result=bad, state=FindingState.NEW, first_seen=NOW, last_seen=NOW, held=True)
    risk = Finding(
        id="f2",
        result=Result("sw-1", "telnet", hostile, Severity.CRITICAL, text="enabled"),
        state=FindingState.CLEARED,
        first_seen=NOW,
        last_seen=NOW,
    )
    ticket = Ticket(
        number="T-20261122-0001",
        finding="f1",
        device="sw-1",
        check="cpu",
        object=hostile,
        severity=Severity.CRITICAL,
        fault_level=2,
        status=TicketStatus.OPEN,
        opened_at=NOW,
        due=Due(NOW + timedelta(minutes=15), None, NOW + timedelta(hours=4)),
    )
    return Run(
        id="20261122T073000Z-0001",
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=42),
        devices=(
            DeviceResult(snapshot=snapshot, results=(bad, *good), not_applicable=("telnet",)),
            DeviceResult(snapshot=silent, results=(lost,)),
        ),
        findings=(risk, finding),
        tickets=(ticket,),
        coverage=Coverage(expected=2, collected=1, devices=2, answered=1),
    )


def with_finding(id_: str, **more: Any) -> Run:
    """The run with one of its findings changed."""
    run = run_of()
    return replace(run, findings=tuple(replace(f, **more) if f.id == id_ else f for f in run.findings))


def report_of(
    run: Run | None = None, previous: Run | None = None, items: dict[str, ManualItem] | None = None
) -> reports.Report:
    run = run or run_of()
    return reports.build(run, previous, INVENTORY, CHECKS, run.tickets, items or {})


def item(name: str, of: str, **more: object) -> ManualItem:
    both = {"zh": f"{name}题", "en": f"{name} title"}
    form = {"name": name, "manual": True, "id": "ENV-05", "title": both, "of": of, "how": both, "source": "test"}
    return ManualItem.model_validate(form | {"cause": both, "advice": both} | more)


class Texts(HTMLParser):
    """Collects what a page says and the tags it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def section(report: reports.Report, number: int, lang: reports.html.Lang) -> str:
    """What the page says under one of its headings."""
    after = reports.render(report, lang).split(f"<h2>{number} ", 1)[1].split("<h2>", 1)[0]
    return " ".join(" ".join(Texts(after).words).split())
