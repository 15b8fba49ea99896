"""What /tickets and /reports answer."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Self

from jinja2 import Environment

from agent import dependencies
from agent.checks.rules import Check
from agent.exposition.message import HTML, RETRY, Answer, Request, line
from agent.exposition.pages import files, views
from agent.exposition.pages.asked import Asked
from agent.exposition.pages.views import Known, TicketFile, View
from agent.exposition.slots import Slots
from agent.metrics_labels import clean
from agent.model import Inventory, Lang, TicketStatus
from agent.reports import html
from agent.store import NotFound, Store, StoreError
from agent.tickets import AT_WORK

log = logging.getLogger(__name__)

RUNS = 200  # the newest, as `netpatrol report --list` shows them
AT_ONCE = 4  # pages made at once: each asks the store
WAIT = 2.0  # seconds for that
PRIVATE = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
SAFE = PRIVATE | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
"""Of every page, and of HTML reports too: nothing is loaded or run, whatever a device said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The pages of one data folder. Any thread may ask."""

    known: Known
    store: Store
    reports: Path  # the folder that has a folder of report files for each run
    now: Callable[[], datetime]
    templates: Mapping[Lang, Environment]
    slots: Slots = field(default_factory=lambda: Slots(AT_ONCE))

    @classmethod
    def of(
        cls,
        inventory: Inventory,
        checks: Mapping[str, Check],
        store: Store,
        *,
        reports: Path,
        now: Callable[[], datetime],
    ) -> Self:
        """Return the pages of a store and a folder of reports."""
        languages: tuple[Lang, ...] = ("zh", "en")
        templates = {lang: html.environment(lang, inventory.timezone, __package__) for lang in languages}
        known = Known(inventory=inventory, checks=checks)
        return cls(known=known, store=store, reports=reports, now=now, templates=templates)

    def answer(self, request: Request) -> Answer | None:
        """Answer a request; None for a path that is none of ours."""
        if request.path.split("/")[1:2] not in (["tickets"], ["reports"]):
            return None
        try:
            asked = Asked.of(request, self.known.inventory.language or "zh")
        except ValueError as error:
            return line(HTTPStatus.BAD_REQUEST, str(error))
        page = _PAGES.get((asked.parts[0], len(asked.parts)))
        if page is None:
            return None
        if not self.slots.take(WAIT):
            return line(HTTPStatus.SERVICE_UNAVAILABLE, "as many pages are made as may be at once: try again", RETRY)
        try:
            return page(self, asked)
        except (StoreError, OSError) as error:
            log.warning("no page of %s: %s", asked.parts[0], error)
            why = "the store or its reports cannot be read now: try again, or see the log"
            return line(HTTPStatus.SERVICE_UNAVAILABLE, why, RETRY)
        finally:
            self.slots.give_back()

    def written(self) -> Callable[[str], list[str]]:
        """Return what gives the report files of a run, by name. Raises OSError, and so does that."""
        folders = files.folders(self.reports)
        return lambda run: files.names(folders.get(run))


def _tickets(here: Pages, asked: Asked) -> Answer:
    statuses = tuple(TicketStatus) if asked.everything else AT_WORK
    found = here.store.tickets(devices=asked.only("device"), sites=asked.only("site"), statuses=statuses)
    return _page(here, asked, "tickets", views.ticket_list(found, here.known, asked, here.now()))


def _ticket(here: Pages, asked: Asked) -> Answer:
    number = asked.parts[1]
    try:
        ticket, history = here.store.ticket(number), here.store.history(number)
        finding, _ = here.store.decisions(ticket.finding)
    except NotFound:
        said = clean(number[:100])
        return line(
            HTTPStatus.NOT_FOUND,
            f"there is no ticket {said!r} (right form: /tickets/T-20261122-0001; /tickets has all)",
        )
    behind = dependencies.listed(here.store.findings())
    file = TicketFile(ticket=ticket, finding=finding, history=history, behind=behind)
    return _page(here, asked, "ticket", views.ticket_page(file, here.known, asked, here.now()))


def _runs(here: Pages, asked: Asked) -> Answer:
    runs = here.store.runs(limit=RUNS)
    return _page(here, asked, "reports", views.run_list(runs, here.written(), here.known, asked))


def _run(here: Pages, asked: Asked) -> Answer:
    name = asked.parts[1]
    run = next((run for run in here.store.runs(limit=RUNS) if run.id == name), None)
    written = here.written()
    if run is None and not written(name):
        return _no_report(name)
    return _page(here, asked, "reports", views.run_list([run or name], written, here.known, asked))


def _file(here: Pages, asked: Asked) -> Answer:
    _, run, name = asked.parts
    file = files.opened(files.folders(here.reports).get(run), name)
    if file is None:
        return _no_report(f"{run}/{name}")
    content_type = files.TYPES[Path(name).suffix]
    headers = SAFE if content_type == HTML else PRIVATE  # browsers show no PDF to which nothing is allowed
    return Answer(HTTPStatus.OK, files.pieces(file), content_type, headers, done=file.close)


_PAGES: Mapping[tuple[str, int], Callable[[Pages, Asked], Answer]] = {
    ("tickets", 1): _tickets,
    ("tickets", 2): _ticket,
    ("reports", 1): _runs,
    ("reports", 2): _run,
    ("reports", 3): _file,
}


def _page(here: Pages, asked: Asked, template: str, view: View) -> Answer:
    page = here.templates[asked.lang].get_template(f"{template}.html.j2").render(view, asked=asked)
    return Answer(HTTPStatus.OK, (page.encode(errors="replace"),), HTML, SAFE)


def _no_report(name: str) -> Answer:
    said = clean(name[:100])
    return line(
        HTTPStatus.NOT_FOUND,
        f"there is no report {said!r} here: /reports has all; `netpatrol report RUN` writes one again",
    )
