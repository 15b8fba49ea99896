"""Build a Report from a run: pure, the same run always gives the same report."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from agent import dependencies, describe
from agent.checks.by_hand import ManualItem
from agent.checks.rules import Check
from agent.findings import NOT_COUNTED, Key
from agent.model import DeviceResult, Entry, Finding, Inventory, Result, Run, Severity, Text, Ticket
from agent.reports import manual, score
from agent.reports.model import CheckRow, DeviceSection, FindingRow, Impact, ManualRow, Report, TicketRow
from agent.texts import both, text

NONE = Text("—", "—")
Checks = Mapping[str, Check]
Before = Mapping[Key, Result]


def build(  # noqa: PLR0917
    run: Run,
    previous: Run | None,
    inventory: Inventory,
    checks: Checks,
    tickets: Sequence[Ticket],
    items: Mapping[str, ManualItem] = MappingProxyType({}),
) -> Report:
    """Build the report of a run. `previous` is the last run of the same devices, `tickets` those of its findings,
    `items` what people look at.
    """
    before = {r.key: r for d in (previous.devices if previous else ()) for r in d.results}
    waived = run.waived
    devices = tuple(_device(d, inventory.entries.get(d.snapshot.device), checks, before, waived) for d in run.devices)
    entries = [inventory.entries[d.name] for d in devices if d.name in inventory.entries]
    sites = {e.site.name: e.site for e in entries if e.site}
    weights = {e.name: e.criticality for e in entries}
    numbers = {t.finding: t.number for t in sorted(tickets, key=lambda t: t.opened_at)}
    total = score.site_score((d.score, weights.get(d.name, "access")) for d in devices)
    zone = next((s.contract.calendar.timezone for s in sites.values() if s.contract), inventory.timezone)
    findings = _findings(run.findings, checks, numbers, zone)
    by_hand = tuple(manual.rows(run, entries, items))
    behind = dependencies.listed(run.findings)
    return Report(
        run=run.id,
        started_at=run.started_at,
        finished_at=run.finished_at,
        timezone=zone,
        customers=tuple({s.customer.name: s.customer.title for s in sites.values()}.values()),
        sites=tuple(s.title for s in sites.values()),
        scope=run.scope,
        coverage=run.coverage,
        severity=run.severity,
        counts={s.name.lower(): n for s, n in _counts(devices).items()},
        score=total,
        grade=score.grade(total),
        purpose=both(lambda lang: text("report.purpose_text", lang, devices=len(devices))),
        conclusion=_conclusion(run, devices, findings, by_hand, total),
        impact=_impact(run),
        devices=devices,
        findings=findings,
        tickets=tuple(_ticket(t, checks, behind) for t in sorted(tickets, key=lambda t: (t.opened_at, t.number))),
        manual=by_hand,
    )


def _counts(devices: Iterable[DeviceSection]) -> dict[Severity, int]:
    seen = Counter(d.severity for d in devices)
    return {s: seen[s] for s in sorted(Severity, key=lambda s: -s.rank)}


def _impact(run: Run) -> Impact:
    costs = [d.snapshot.cost for d in run.devices]
    return Impact(
        requests=sum(c.requests for c in costs),
        commands=tuple(sorted({command for c in costs for command in c.commands})),
        seconds=(run.finished_at - run.started_at).total_seconds(),
    )


def _conclusion(
    run: Run,
    devices: Sequence[DeviceSection],
    findings: Sequence[FindingRow],
    by_hand: Sequence[ManualRow],
    total: int,
) -> tuple[Text, ...]:
    counted = [f.severity for f in findings if f.state not in NOT_COUNTED]
    by_severity = Counter([*counted, *(m.severity for m in by_hand)])
    waived = sum(f.state == "waived" for f in findings)
    silent = [d.name for d in devices if not d.up]
    lines = [
        both(lambda lang: text("report.verdict", lang, score=total, grade=score.grade(total)[lang])),
        both(
            lambda lang: text(
                "report.counted",
                lang,
                critical=by_severity[Severity.CRITICAL],
                warning=by_severity[Severity.WARNING],
                cleared=sum(f.state == "cleared" for f in findings),
            )
        ),
        both(lambda lang: text("report.covered", lang, ratio=f"{run.coverage.percent}%")),
    ]
    if waived:
        lines.append(both(lambda lang: text("report.waived", lang, n=waived)))
    if silent:
        lines.append(both(lambda lang: text("report.silent", lang, names=", ".join(silent))))
    return tuple(lines)


# ---- devices ----


def _device(
    device: DeviceResult, entry: Entry | None, checks: Checks, before: Before, waived: Collection[Key]
) -> DeviceSection:
    snapshot = device.snapshot
    counted = [r for r in device.results if r.key not in waived]
    worst = max((r.severity for r in counted), key=lambda s: s.rank, default=Severity.OK)
    uptime = next((s.value for s in snapshot.samples if s.name == "device_uptime_seconds"), None)
    return DeviceSection(
        name=snapshot.device,
        address=entry.device.address if entry else "",
        device_class=entry.device.device_class if entry else "",
        site=entry.site.title if entry and entry.site else None,
        profile=snapshot.profile or "",
        up=snapshot.up,
        facts=snapshot.facts,
        uptime=NONE if uptime is None else both(lambda lang: describe.value_text(uptime, "duration", lang)),
        severity=worst,
        score=score.device_score(counted),
        rows=tuple(_rows(device.results, checks, before, waived)),
        not_applicable=tuple(checks[name].title for name in device.not_applicable if name in checks),
        failures=tuple(f"{f.protocol}: {f.what}: {f.message}" for f in snapshot.failures),
        requests=snapshot.cost.requests,
        commands=snapshot.cost.commands,
    )


def _rows(results: Iterable[Result], checks: Checks, before: Before, waived: Collection[Key]) -> Iterable[CheckRow]:
    """Show each object that is not OK; those that are OK share a line a check, with the one nearest its limit."""
    by_check: dict[str, list[Result]] = {}
    for result in results:
        if result.check in checks:
            by_check.setdefault(result.check, []).append(result)
    for name, found in sorted(by_check.items(), key=lambda item: checks[item[0]].id):
        check = checks[name]
        bad = [r for r in found if r.severity is not Severity.OK]
        good = [r for r in found if r.severity is Severity.OK]
        for result in sorted(bad, key=lambda r: (-r.severity.rank, r.object)):
            yield _row(check, result, 1, before, waived=result.key in waived)
        if good:
            yield _row(check, max(good, key=_nearness), len(good), before)


def _nearness(result: Result) -> float:
    """Say how near a value is to its limit: higher is nearer."""
    if result.value is None:
        return 0.0
    distance = float(result.value) - float(result.limit or 0)
    return -distance if result.direction == "below" else distance


def _row(check: Check, result: Result, objects: int, before: Before, *, waived: bool = False) -> CheckRow:
    last = before.get(result.key)
    return CheckRow(
        id=check.id,
        title=check.title,
        object=result.object,
        objects=objects,
        severity=result.severity,
        measured=both(lambda lang: describe.measured_text(check, result, lang)),
        limit=both(lambda lang: describe.limit_text(check, result, lang)),
        last=both(lambda lang: describe.measured_text(check, last, lang)) if last else NONE,
        waived=waived,
    )


# ---- findings and tickets ----


def _findings(
    found: Iterable[Finding], checks: Checks, numbers: Mapping[str, str], zone: str
) -> tuple[FindingRow, ...]:
    rows = [
        finding_row(f, checks[f.result.check], numbers.get(f.id, ""), zone) for f in found if f.result.check in checks
    ]
    return tuple(sorted(rows, key=lambda r: (r.state == "cleared", -r.severity.rank, r.device, r.title.en, r.object)))


def finding_row(finding: Finding, check: Check, ticket: str, zone: str) -> FindingRow:
    """Return what is said of a finding. `ticket` is its number, or empty; days of waivers are those of `zone`."""
    result, waiver = finding.result, finding.waiver
    return FindingRow(
        id=finding.id,
        device=result.device,
        title=check.title,
        object=result.object,
        severity=result.severity,
        state=finding.state,
        phenomenon=both(lambda lang: describe.describe(check, result, lang)),
        cause=check.cause,
        advice=check.advice,
        first_seen=finding.first_seen,
        times_seen=finding.times_seen,
        security_risk=check.security_risk,
        ticket=ticket,
        behind=result.behind,
        detail=result.detail if describe.is_block(result.detail) else "",
        accepted=both(lambda lang: describe.acceptance(waiver, lang, zone)) if waiver else None,
    )


def _ticket(ticket: Ticket, checks: Checks, behind: Mapping[str, tuple[str, ...]]) -> TicketRow:
    check = checks.get(ticket.check)
    return TicketRow(
        number=ticket.number,
        device=ticket.device,
        title=check.title if check else Text(ticket.check, ticket.check),
        object=ticket.object,
        severity=ticket.severity,
        fault_level=ticket.fault_level,
        status=ticket.status,
        opened_at=ticket.opened_at,
        recurred_at=ticket.recurred_at,
        response_due=ticket.due.response,
        on_site_due=ticket.due.on_site,
        fix_due=ticket.due.fix,
        resolved_at=ticket.resolved_at,
        behind=behind.get(dependencies.name_of(ticket.device, ticket.object), ()),
    )
