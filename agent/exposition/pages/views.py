"""What the pages say, out of what the store has: the rows that subcommands list, with links. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent import describe, sla, tables
from agent.checks.rules import Check
from agent.exposition.pages.asked import Asked, Link
from agent.model import Customer, Entry, Finding, Inventory, Lang, Site, Ticket, TicketChange
from agent.output import Row
from agent.reports.build import finding_row
from agent.store import RunSummary
from agent.texts import text

MOST = 500  # tickets on one page, the newest
SITES = 3  # of a run that are named

_LISTED = ("number", "severity", "status", "level", "site", "device", "check", "object", "opened")
_DUE = ("response_due", "on_site_due", "fix_due")
_FACTS = (
    *("severity", "status", "level", "customer", "site", "device", "check", "object"),
    *("measured", "limit", "opened", "recurred", "resolved"),
)
_CLOCK = ("clock", "due", "stopped", "state")
_HOW = {(True, True): "late", (True, False): "in_time", (False, True): "overdue", (False, False): "left"}
_RUN = ("run", "at", "customer", "site", "scope", "severity", "coverage", "findings", "report")

View = Mapping[str, object]  # what a template is given


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What does not change while the daemon runs."""

    inventory: Inventory
    checks: Mapping[str, Check]

    @property
    def zone(self) -> str:
        return self.inventory.timezone


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFile:
    """All that is known of one ticket."""

    ticket: Ticket
    finding: Finding
    history: Sequence[TicketChange]
    behind: Mapping[str, Sequence[str]]  # dependencies.listed


# ---- tickets ----


def ticket_list(found: Sequence[Ticket], known: Known, asked: Asked, now: datetime) -> View:
    """Return the list of tickets, newest first; those beyond MOST are counted only."""
    keys = (*_LISTED, *_DUE, *(("resolved",) if asked.everything else ()))
    return {
        "columns": tables.headings("column", keys, asked.lang),
        "rows": [_ticket_row(ticket, known, asked, now) for ticket in found[:MOST]],
        "count": len(found),
        "more": len(found) - len(found[:MOST]),
        "everything": asked.everything,
    }


def _ticket_row(ticket: Ticket, known: Known, asked: Asked, now: datetime) -> Row:
    return {
        **tables.ticket_row(ticket, known.checks, asked.lang, known.zone, {}),
        "number": Link(ticket.number, asked.link("tickets", ticket.number)),
        "site": _title(known.inventory.sites.get(ticket.site), ticket.site, asked.lang),
        "_severity": ticket.severity.name.lower(),
        "_over": ticket.resolved_at is not None,
        "_late": {f"{clock.name}_due" for clock in sla.clocks(ticket, now) if clock.breached},
    }


def ticket_page(file: TicketFile, known: Known, asked: Asked, now: datetime) -> View:
    """Return one ticket: what it is about, its clocks, its finding, what is behind it, and its history."""
    ticket, result, lang = file.ticket, file.finding.result, asked.lang
    check = known.checks.get(ticket.check)
    row: Row = {
        **tables.ticket_row(ticket, known.checks, lang, known.zone, {}),
        "customer": _title(known.inventory.customers.get(ticket.customer), ticket.customer, lang),
        "site": _title(known.inventory.sites.get(ticket.site), ticket.site, lang),
        "device": _device(ticket.device, known.inventory.entries.get(ticket.device), lang),
        "measured": describe.measured_text(check, result, lang) if check else "",
        "limit": describe.limit_text(check, result, lang) if check else "",
    }
    headings = tables.headings("column", _FACTS, lang)
    return {
        "ticket": ticket,
        "check": check.title[lang] if check else ticket.check,
        "facts": [(key, headings[key], row[key]) for key in _FACTS if row[key]],
        "clocks": tables.headings("column", _CLOCK, lang),
        "clock_rows": [_clock_row(clock, lang, known.zone) for clock in sla.clocks(ticket, now)],
        "finding": finding_row(file.finding, check, "", known.zone) if check else None,
        "behind": file.behind.get(f"{ticket.device} {ticket.object}".rstrip(), ()),
        "changes": tables.change_columns(lang),
        "change_rows": [tables.change_row(change, lang, known.zone) for change in file.history],
    }


def _clock_row(clock: sla.Clock, lang: Lang, zone: str) -> Row:
    how = _HOW[clock.done_at is not None, clock.breached]
    span = describe.value_text(abs(clock.remaining.total_seconds()), "duration", lang)
    return {
        "clock": text(f"page.{clock.name}", lang),
        "due": tables.local(clock.due, zone),
        "stopped": tables.local(clock.done_at, zone),
        "state": text(f"page.{how}", lang, span=span),
        "_late": {"due", "state"} if clock.breached else (),
    }


def _device(name: str, entry: Entry | None, lang: Lang) -> str:
    if entry is None:
        return name
    return " · ".join((name, text(f"class.{entry.device.device_class}", lang), entry.device.address))


# ---- runs and their reports ----


def run_list(
    runs: Iterable[RunSummary | str], files: Callable[[str], Sequence[str]], known: Known, asked: Asked
) -> View:
    """Return the list of runs with their report files. A run that the store does not have is given by its id."""
    rows: list[Row] = []
    for run in runs:
        name = run if isinstance(run, str) else run.id
        row: Row = {"run": name}
        if not isinstance(run, str):
            shown = tables.run_row(run, asked.lang, known.zone)
            places = _places(run.sites, known.inventory, asked.lang)
            row = {**shown, **places, "_severity": run.severity.name.lower()}
        written = sorted(files(name), key=lambda file: f".{asked.lang}." not in file)
        rows.append({**row, "report": [Link(file, asked.link("reports", name, file)) for file in written]})
    return {"columns": tables.headings("column", _RUN, asked.lang), "rows": rows}


def _places(sites: Mapping[str, str], inventory: Inventory, lang: Lang) -> Row:
    """Return where a run was, by the titles of now; `sites` has the customer of each."""
    customers = dict.fromkeys(sites.values())
    return {
        "customer": _some([_title(inventory.customers.get(name), name, lang) for name in customers]),
        "site": _some([_title(inventory.sites.get(name), name, lang) for name in sites]),
    }


def _some(titles: Sequence[str]) -> str:
    return ", ".join(titles[:SITES]) + (f" … ({len(titles)})" if len(titles) > SITES else "")


def _title(named: Site | Customer | None, name: str, lang: Lang) -> str:
    """Return what the inventory calls a site or customer; its name where the inventory no longer has it."""
    return named.title[lang] if named else name
