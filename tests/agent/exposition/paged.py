"""A data folder with a ticket and a report in it, and the pages of it, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

from agent import reports
from agent.exposition.message import Answer, Request
from agent.exposition.pages.routes import Pages
from agent.model import Finding, FindingState, Inventory, Result, Run, Severity, Ticket, TicketChange
from agent.store import Outcome, Store
from tests.agent.reported import CHECKS, INVENTORY, NOW, SITE, run_of
from tests.agent.stored import new_store

KNOWN = replace(INVENTORY, sites={"hq": SITE}, customers={"acme": SITE.customer})
NUMBER = "T-20261122-0001"
RUN = "20261122T073000Z-0001"


@dataclass
class Here:
    """A data folder, and the pages of it as of a time."""

    folder: Path
    store: Store
    inventory: Inventory = KNOWN
    now: datetime = NOW + timedelta(minutes=5)

    @property
    def pages(self) -> Pages:
        return Pages.of(self.inventory, CHECKS, self.store, reports=self.folder / "reports", now=lambda: self.now)

    def ask(self, url: str) -> Answer | None:
        parts = urlsplit(url)
        return self.pages.answer(Request(path=parts.path, query=parse_qs(parts.query, keep_blank_values=True)))

    def page(self, url: str, status: int = 200) -> str:
        """Return what is answered, as text."""
        answer = self.ask(url)
        assert answer is not None, url
        text = b"".join(answer.body).decode()
        answer.done()
        assert answer.status == status, text
        return text

    def follow(self, base: str, link: str) -> str:
        """Return what a link on a page leads to."""
        return self.page(urljoin(f"http://netpatrol{base}", link).removeprefix("http://netpatrol"))


def record(store: Store, run: Run, *changes: TicketChange, findings: tuple[Finding, ...] = ()) -> None:
    """Store a run with the changes of its tickets."""
    outcome = Outcome(findings=(*run.findings, *findings), changes=changes, tickets=run.tickets)
    store.record([d.snapshot for d in run.devices], {}, lambda known: outcome, lambda _: run, now=NOW)


def opened(ticket: Ticket) -> TicketChange:
    return TicketChange(number=ticket.number, at=ticket.opened_at, actor="netpatrol", action="open", ticket=ticket)


def behind(cause: str) -> Finding:
    """Return the finding of a device that another's fault explains."""
    result = Result("sw-2", "cpu", "", Severity.CRITICAL, 0.99, behind=(cause,))
    return Finding(id="f3", result=result, state=FindingState.NEW, first_seen=NOW, last_seen=NOW)


@contextmanager
def data_folder(folder: Path, hostile: str = "CPU 1", **ticket: object) -> Iterator[Here]:
    """Fill a data folder: one inspection, its report, and a ticket (with `ticket` changed in it)."""
    run = run_of(hostile=hostile)
    site = {"site": "hq", "customer": "acme"}
    run = replace(run, sites={"hq": "acme"}, tickets=tuple(replace(each, **{**site, **ticket}) for each in run.tickets))  # type: ignore[arg-type]
    written = folder / "reports" / run.id
    written.mkdir(parents=True)
    report = reports.build(run, None, INVENTORY, CHECKS, run.tickets)
    (written / "report.json").write_bytes(reports.to_json(report))
    for lang in ("zh", "en"):
        (written / f"report.{lang}.html").write_text(reports.render(report, lang), "utf-8")
    with new_store(folder / "netpatrol.db") as store:
        record(store, run, *map(opened, run.tickets), findings=(behind(f"sw-1 {hostile}"),))
        yield Here(folder, store)
