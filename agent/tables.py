"""What subcommands and pages list: rows of plain values, and the headings of their columns."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from agent import describe
from agent.checks.rules import Check
from agent.configs.archive import Version
from agent.dependencies import name_of
from agent.model import Entry, Finding, FindingState, Lang, Severity, Ticket, TicketChange
from agent.output import Row
from agent.store import RunSummary
from agent.texts import of_severity, text
from agent.waivers import FindingChange
from collectors.model import Failure, Snapshot

STYLES = {Severity.CRITICAL: "red", Severity.WARNING: "yellow", Severity.UNKNOWN: "dim"}
Headings = dict[str, str]


def headings(group: str, keys: Iterable[str], lang: Lang) -> Headings:
    """Return key → heading, out of a group of texts."""
    return {key: text(f"{group}.{key}", lang) for key in keys}


def local(moment: datetime | None, zone: str) -> str:
    """Return an instant as people of a time zone write it; empty where there is none."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") if moment else ""


# ---- gather ----


def snapshot_row(snapshot: Snapshot) -> Row:
    """Return what `gather --format jsonl` prints of a device."""
    return {
        "device": snapshot.device,
        "profile": snapshot.profile,
        "up": snapshot.up,
        "facts": dict(snapshot.facts),
        "samples": [
            {"name": s.name, "labels": dict(s.labels), "value": s.value} | ({"oid": s.oid} if s.oid else {})
            for s in snapshot.samples
        ],
        "errors": [failure_row(f) for f in snapshot.failures],
    }


def failure_row(failure: Failure) -> dict[str, object]:
    """Return a failure as a plain object."""
    return {
        "protocol": failure.protocol,
        "kind": failure.kind,
        "what": failure.what,
        "message": failure.message,
        "samples": sorted(failure.samples),
    }


def sample_rows(snapshot: Snapshot) -> Iterable[Row]:
    """Yield a line for each fact, sample and failure of a device."""
    for name, value in snapshot.facts.items():
        yield {"device": snapshot.device, "name": name, "labels": "", "value": value}
    for sample in snapshot.samples:
        labels = ", ".join(f"{k}={v}" for k, v in sample.labels.items() if v)
        yield {"device": snapshot.device, "name": sample.name, "labels": labels, "value": sample.value}
    for failure in snapshot.failures:
        what = f"{failure.protocol} {failure.what}"
        yield {"device": snapshot.device, "name": failure.kind, "labels": what, "value": failure.message}


def sample_columns(lang: Lang) -> Headings:
    return headings("column", ("device", "name", "labels", "value"), lang)


# ---- devices ----


def device_row(entry: Entry, snapshot: Snapshot | None, lang: Lang, zone: str) -> Row:
    """Return one inventory device, with what was last read of it."""
    device, facts = entry.device, snapshot.facts if snapshot else {}
    protocols = {"snmp": device.snmp, "ssh": device.ssh, "nut": device.nut, "local": device.local, "icmp": device.icmp}
    return {
        "device": entry.name,
        "class": text(f"class.{device.device_class}", lang),
        "address": device.address,
        "site": entry.site.name if entry.site else "",
        "access": " ".join(name for name, access in protocols.items() if access),
        "profile": (snapshot.profile if snapshot else device.profile) or "",
        "model": " ".join(filter(None, (facts.get("vendor"), facts.get("model")))),
        "version": facts.get("os_version", ""),
        "up": "" if snapshot is None else text("cli.up" if snapshot.up else "cli.down", lang),
        "read": local(snapshot.taken_at, zone) if snapshot else "",
        "_style": "red" if snapshot and not snapshot.up else "",
    }


def device_columns(lang: Lang) -> Headings:
    keys = ("device", "class", "address", "site", "access", "profile", "model", "version", "up", "read")
    return headings("column", keys, lang)


# ---- findings ----


def finding_rows(found: Iterable[Finding], checks: Mapping[str, Check], lang: Lang, zone: str) -> list[Row]:
    """Return findings, worst first; those cleared last."""
    ordered = sorted(found, key=lambda f: (f.state is FindingState.CLEARED, -f.result.severity.rank, f.result.key))
    return [_finding_row(f, checks.get(f.result.check), lang, zone) for f in ordered]


def _finding_row(finding: Finding, check: Check | None, lang: Lang, zone: str) -> Row:
    result, cleared = finding.result, finding.state is FindingState.CLEARED
    return {
        "id": finding.id,
        "severity": of_severity(result.severity, lang),
        "state": text(f"finding.{finding.state}", lang),
        "device": result.device,
        "check": check.title[lang] if check else result.check,
        "object": result.object,
        "what": describe.describe(check, result, lang) if check else "",
        "behind": list(result.behind),
        "holds": finding.held,
        "first_seen": finding.first_seen.isoformat(),
        "times": finding.times_seen,
        "accepted": describe.acceptance(finding.waiver, lang, zone) if finding.waiver else "",
        "_style": "green" if cleared else STYLES.get(result.severity, ""),
    }


def finding_columns(lang: Lang) -> Headings:
    return headings("column", ("id", "severity", "state", "device", "check", "object", "what", "accepted"), lang)


def decision_row(change: FindingChange, lang: Lang, zone: str) -> Row:
    """Return one line of what people decided of a finding."""
    waiver = change.finding.waiver
    return {
        "at": local(change.at, zone),
        "actor": change.actor,
        "action": text(f"action.{change.action}", lang),
        "until": local(waiver.until, zone) if waiver else "",
        "text": change.text,
    }


def decision_columns(lang: Lang) -> Headings:
    return headings("column", ("at", "actor", "action", "until", "text"), lang)


# ---- tickets ----


def ticket_row(
    ticket: Ticket, checks: Mapping[str, Check], lang: Lang, zone: str, behind: Mapping[str, Sequence[str]]
) -> Row:
    """Return one ticket. `behind` has what is behind each cause (dependencies.listed)."""
    check = checks.get(ticket.check)
    return {
        "number": ticket.number,
        "status": text(f"ticket.{ticket.status}", lang),
        "severity": of_severity(ticket.severity, lang),
        "level": text(f"report.level_{ticket.fault_level}", lang),
        "site": ticket.site,
        "device": ticket.device,
        "check": check.title[lang] if check else ticket.check,
        "object": ticket.object,
        "opened": local(ticket.opened_at, zone),
        "recurred": local(ticket.recurred_at, zone),
        "response_due": local(ticket.due.response, zone),
        "on_site_due": local(ticket.due.on_site, zone),
        "fix_due": local(ticket.due.fix, zone),
        "resolved": local(ticket.resolved_at, zone),
        "behind": ", ".join(behind.get(name_of(ticket.device, ticket.object), ())),
        "_style": "green" if ticket.resolved_at else STYLES.get(ticket.severity, ""),
    }


def ticket_columns(lang: Lang) -> Headings:
    keys = ("number", "status", "severity", "level", "device", "check", "object")
    dues = ("opened", "recurred", "response_due", "on_site_due", "fix_due", "resolved", "behind")
    return headings("column", (*keys, *dues), lang)


def change_row(change: TicketChange, lang: Lang, zone: str) -> Row:
    """Return one line of a ticket's history."""
    return {
        "at": local(change.at, zone),
        "actor": change.actor,
        "action": text(f"action.{change.action}", lang),
        "status": text(f"ticket.{change.ticket.status}", lang),
        "text": change.text,
    }


def change_columns(lang: Lang) -> Headings:
    return headings("column", ("at", "actor", "action", "status", "text"), lang)


# ---- runs ----


def run_row(run: RunSummary, lang: Lang, zone: str) -> Row:
    """Return one inspection."""
    return {
        "run": run.id,
        "at": local(run.started_at, zone),
        "scope": ", ".join(f"{k}={v}" for k, v in run.scope.items()),
        "severity": of_severity(run.severity, lang),
        "coverage": f"{run.coverage.percent}%",
        "findings": run.findings,
        "_style": STYLES.get(run.severity, ""),
    }


def run_columns(lang: Lang) -> Headings:
    return headings("column", ("run", "at", "scope", "severity", "coverage", "findings"), lang)


# ---- configurations ----


def backup_columns(lang: Lang) -> Headings:
    return headings("column", ("device", "result", "lines", "commit", "why"), lang)


def version_row(version: Version, zone: str) -> Row:
    """Return one version of a device's configuration."""
    first, _, reason = version.message.partition("\n")
    return {
        "at": local(version.at, zone),
        "commit": version.id[:10],
        "message": reason.strip() or first,
        "id": version.id,
    }


def version_columns(lang: Lang) -> Headings:
    return headings("column", ("at", "commit", "message"), lang)
