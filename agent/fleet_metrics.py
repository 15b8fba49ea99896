"""The figures of inspections, tickets and service levels, as samples for Prometheus. Pure."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from agent import sla
from agent.checks.rules import Check
from agent.dependencies import PORT, REACH
from agent.findings import NOT_COUNTED
from agent.fleet_runs import SiteInspection
from agent.model import Finding, Inventory, Severity, Text, Ticket, TicketStatus
from agent.tickets import AT_WORK
from collectors.model import Sample
from collectors.vocabulary import Meaning

SLA_PERIOD = timedelta(days=30)  # tickets opened or back since then count for what service levels were kept
MAX_TICKETS = 500  # shown one by one; the counts are of all

_SITE = ("customer", "site")
_TICKET = ("ticket", *_SITE, "device", "device_class", "level")
_TITLES = ("title_zh", "title_en")


def _gauge(help_text: str, *labels: str) -> Meaning:
    return Meaning("gauge", help_text, labels)


MEANINGS: dict[str, Meaning] = {
    "netpatrol_site_info": _gauge("1 for a site of the inventory", *_SITE, "contract", *_TITLES),
    "netpatrol_inspection_timestamp_seconds": _gauge("When the last inspection of the whole site ended", *_SITE),
    "netpatrol_inspection_duration_seconds": _gauge("Time the last inspection of the whole site took", *_SITE),
    "netpatrol_inspection_severity": _gauge("Its worst result: 0 OK, 1 warning, 2 critical, 3 unknown", *_SITE),
    "netpatrol_inspection_score": _gauge("Its score, 0 to 100", *_SITE),
    "netpatrol_inspection_checks_expected": _gauge("Checks that applied to its devices, each device's counted", *_SITE),
    "netpatrol_inspection_checks_collected": _gauge("Those of them that were measured in full", *_SITE),
    "netpatrol_inspection_devices": _gauge("Devices it was to read", *_SITE),
    "netpatrol_inspection_devices_answered": _gauge("Those of them that answered", *_SITE),
    "netpatrol_inspection_findings": _gauge("Findings open when it ended", *_SITE, "severity"),
    "netpatrol_inspection_run_info": _gauge("1 for the run that was the last inspection", *_SITE, "run"),
    "netpatrol_check_findings": _gauge(
        "Findings that are not cleared, by check", "customer", "check", "severity", *_TITLES
    ),
    "netpatrol_finding_behind": _gauge(
        "1 for a device that is silent, or a port (object) that is down, only behind the cause, which has the ticket",
        "device",
        "object",
        "cause",
    ),
    "netpatrol_tickets_at_work": _gauge("Tickets that are not resolved", *_SITE, "level", "status"),
    "netpatrol_tickets_not_shown": _gauge("Tickets at work that have no series of their own: the least urgent"),
    "netpatrol_ticket_opened_timestamp_seconds": _gauge(
        "When a ticket at work was opened, or its fault came back",
        *_TICKET,
        "check",
        *_TITLES,
        "object",
        "severity",
        "status",
    ),
    "netpatrol_ticket_due_timestamp_seconds": _gauge(
        "When a ticket at work is due, by clock: response, on_site, fix; clocks that have stopped have none",
        *_TICKET,
        "clock",
    ),
    "netpatrol_ticket_breached": _gauge(
        "1 when a clock of a ticket at work is late, or was stopped late", *_TICKET, "clock"
    ),
    "netpatrol_sla_clocks": _gauge(
        "Clocks begun in the last 30 days, with a ticket or as its fault came back, that are decided: met, breached",
        *_SITE,
        "clock",
        "outcome",
    ),
    "netpatrol_tickets_opened": _gauge(
        "Tickets opened in the last 30 days, and times that the fault of one came back", *_SITE, "level"
    ),
    "netpatrol_tickets_resolved": _gauge("Those of them that are resolved", *_SITE, "level"),
    "netpatrol_tickets_fix_seconds": _gauge(
        "Time from opening, or coming back, to resolving, summed over those", *_SITE, "level"
    ),
}
"""What this module makes. `level` is the contract's fault level, 1 (一级, worst) to 4."""


def sites(inventory: Inventory) -> Iterator[Sample]:
    """Yield what the sites are called."""
    for site in inventory.sites.values():
        contract = site.contract.name if site.contract else ""
        labels = {"customer": site.customer.name, "site": site.name, "contract": contract, **_titles(site.title)}
        yield Sample("netpatrol_site_info", labels, 1)


def inspections(latest: Mapping[str, SiteInspection]) -> Iterator[Sample]:
    """Yield what the last inspection of each site brought."""
    for one in latest.values():
        labels = {"customer": one.customer, "site": one.site}
        figures = {
            "timestamp_seconds": one.ended_at.timestamp(),
            "duration_seconds": one.seconds,
            "severity": int(one.severity),
            "score": one.score,
            "checks_expected": one.coverage.expected,
            "checks_collected": one.coverage.collected,
            "devices": one.coverage.devices,
            "devices_answered": one.coverage.answered,
        }
        yield from (Sample(f"netpatrol_inspection_{name}", labels, value) for name, value in figures.items())
        yield Sample("netpatrol_inspection_run_info", {**labels, "run": one.run}, 1)
        for severity in (Severity.WARNING, Severity.CRITICAL, Severity.UNKNOWN):
            found = {**labels, "severity": severity.name.lower()}
            yield Sample("netpatrol_inspection_findings", found, one.findings.get(severity, 0))


def findings(found: Iterable[Finding], inventory: Inventory, checks: Mapping[str, Check]) -> Iterator[Sample]:
    """Yield how many findings each check has, by customer."""
    tally = Tally(
        (_site_of(f.result.device, inventory)["customer"], f.result.check, f.result.severity)
        for f in found
        if f.state not in NOT_COUNTED
    )
    for (customer, check, severity), count in tally.items():
        labels = {"customer": customer, "check": check, "severity": severity.name.lower(), **_title(check, checks)}
        yield Sample("netpatrol_check_findings", labels, count)


def behind(found: Iterable[Finding], checks: Mapping[str, Check]) -> Iterator[Sample]:
    """Yield what is silent or down only for want of another: it has no ticket, and should raise no alert."""
    reach = {name for name, check in checks.items() if check.sample in (REACH, PORT)}
    for result in (f.result for f in found if f.state not in NOT_COUNTED and f.result.check in reach):
        labels = {"device": result.device, "object": result.object}
        for cause in result.behind:
            yield Sample("netpatrol_finding_behind", {**labels, "cause": cause}, 1)


def tickets(
    at_work: Iterable[Ticket], inventory: Inventory, checks: Mapping[str, Check], now: datetime
) -> Iterator[Sample]:
    """Yield the tickets at work: how many each site has, and the most urgent one by one with their clocks."""
    known = sorted(at_work, key=lambda t: (t.fault_level, t.due.fix or t.due.response or t.opened_at, t.number))
    tally = Tally((t.customer, t.site, t.fault_level, t.status) for t in known)
    for site in inventory.sites.values():
        for level in range(1, 5):  # a site without tickets has none, which is not the same as no figure
            tally[site.customer.name, site.name, level, TicketStatus.OPEN] += 0
    for (customer, site_name, level, status), count in tally.items():
        labels = {"customer": customer, "site": site_name, "level": str(level), "status": status.value}
        yield Sample("netpatrol_tickets_at_work", labels, count)
    for ticket in known[:MAX_TICKETS]:
        yield from _ticket(ticket, inventory, checks, now)
    yield Sample("netpatrol_tickets_not_shown", {}, max(0, len(known) - MAX_TICKETS))


def _ticket(ticket: Ticket, inventory: Inventory, checks: Mapping[str, Check], now: datetime) -> Iterator[Sample]:
    entry = inventory.entries.get(ticket.device)
    labels = {
        "ticket": ticket.number,
        "customer": ticket.customer,
        "site": ticket.site,
        "device": ticket.device,
        "device_class": entry.device.device_class.value if entry else "",
        "level": str(ticket.fault_level),
    }
    more = {
        "check": ticket.check,
        "object": ticket.object,
        "severity": ticket.severity.name.lower(),
        "status": ticket.status.value,
        **_title(ticket.check, checks),
    }
    yield Sample("netpatrol_ticket_opened_timestamp_seconds", {**labels, **more}, sla.began(ticket).timestamp())
    for clock in sla.clocks(ticket, now):
        named = {**labels, "clock": clock.name}
        yield Sample("netpatrol_ticket_breached", named, int(clock.breached))
        if clock.done_at is None:
            yield Sample("netpatrol_ticket_due_timestamp_seconds", named, clock.due.timestamp())


def service_levels(recent: Iterable[Ticket], now: datetime) -> Iterator[Sample]:
    """Yield what became of the tickets opened, or back, within SLA_PERIOD. A clock that runs, in time, is not decided.

    A ticket is given as it is, and as it was each time before its fault came back.
    """
    clocks, opened, resolved = (Tally[tuple[str, ...]]() for _ in range(3))
    fixing: dict[tuple[str, ...], float] = {}
    for ticket in recent:
        site, level = (ticket.customer, ticket.site), str(ticket.fault_level)
        opened[*site, level] += 1
        if ticket.status not in AT_WORK and ticket.resolved_at is not None:
            resolved[*site, level] += 1
            took = (ticket.resolved_at - sla.began(ticket)).total_seconds()
            fixing[*site, level] = fixing.get((*site, level), 0.0) + took
        for clock in sla.clocks(ticket, now):
            if clock.breached or clock.done_at is not None:
                clocks[*site, clock.name, "breached" if clock.breached else "met"] += 1
    made: dict[str, Mapping[tuple[str, ...], float]] = {
        "netpatrol_sla_clocks": clocks,
        "netpatrol_tickets_opened": opened,
        "netpatrol_tickets_resolved": resolved,
        "netpatrol_tickets_fix_seconds": fixing,
    }
    for name, counted in made.items():
        for key, value in counted.items():
            yield Sample(name, dict(zip(MEANINGS[name].labels, key, strict=True)), value)


def _site_of(device: str, inventory: Inventory) -> dict[str, str]:
    entry = inventory.entries.get(device)
    site = entry.site if entry else None
    return {"customer": site.customer.name, "site": site.name} if site else {"customer": "", "site": ""}


def _title(check: str, checks: Mapping[str, Check]) -> dict[str, str]:
    known = checks.get(check)
    return _titles(Text(known.title.zh, known.title.en) if known else Text(check, check))


def _titles(text: Text) -> dict[str, str]:
    return {"title_zh": text.zh, "title_en": text.en}
