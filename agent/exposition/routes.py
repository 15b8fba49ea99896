"""What each path answers: /metrics, /probe, /sd, /-/healthy, /-/ready, an index; the pages of tickets and reports."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import escape
from http import HTTPStatus

from agent.exposition import negotiation
from agent.exposition.message import HTML, RETRY, Answer, Request, line
from agent.exposition.negotiation import OPENMETRICS, TEXT
from agent.exposition.pages.routes import Pages
from agent.exposition.probing import Busy, Prober
from agent.exposition.slots import Slots
from agent.exposition.targets import target_groups
from agent.metrics import Metrics, Selection
from agent.metrics_labels import clean
from agent.model import Entry
from agent.shown import device_labels

HUNG = 60.0  # seconds that the polling loop may be late before the agent calls itself ill
PAGES = 3  # of /metrics written at once: each takes some memory while a client takes its time
FRESH = 1.5  # intervals: the latest poll is one old, and the time the next one takes, while the daemon keeps up
SCRAPE_TIMEOUT = "x-prometheus-scrape-timeout-seconds"

_FILTERS = {"site": "site", "customer": "customer", "class": "device_class"}  # parameter → label


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """What is shown, and who polls on demand."""

    metrics: Metrics
    now: Callable[[], datetime]
    targets: Callable[[], Mapping[str, Entry]]  # the inventory's devices by name, as they are now
    prober: Prober | None = None  # None: /probe shows what there is
    pages: Pages | None = None  # None: there are none of tickets and reports
    clock: Callable[[], float] = time.monotonic
    slots: Slots = field(default_factory=lambda: Slots(PAGES))

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        if route := _ROUTES.get(request.path):
            return route(self, request)
        if self.pages and (page := self.pages.answer(request)):
            return page
        return line(HTTPStatus.NOT_FOUND, f"not found: {', '.join((*_ROUTES, *self.shown))} are here")

    @property
    def shown(self) -> dict[str, str]:
        """The paths that only some daemons have, with what is there."""
        return _PAGES if self.pages else {}


def _metrics(here: Exposition, request: Request) -> Answer:
    if not here.slots.take(negotiation.timeout(request.headers.get(SCRAPE_TIMEOUT)) / 2):
        return _busy(here, "/metrics", "as many pages are written as may be at once: try again")
    pages = here.metrics.pages(here.now(), _selection(request), openmetrics=request.openmetrics)
    return replace(_page(pages, request), done=here.slots.give_back, awaited=here.slots.awaited)


def _probe(here: Exposition, request: Request) -> Answer:
    name = "".join(request.query.get("target", [])[:1])
    entry = here.targets().get(name)
    if not name:
        return line(HTTPStatus.BAD_REQUEST, "target is missing (right form: /probe?target=NAME, as in the inventory)")
    if entry is None:
        said = clean(name[:100])
        return line(
            HTTPStatus.NOT_FOUND, f"no device is called {said!r}: target is a name of the inventory, not an address"
        )
    began = here.clock()
    try:
        timely = _fresh(here, entry) or _asked(here, entry, request)
    except Busy:
        return _busy(here, "/probe", "as many devices are polled on demand as may be at once: try again")
    seconds = here.clock() - began
    return _page(
        here.metrics.probe(name, here.now(), seconds=seconds, timely=timely, openmetrics=request.openmetrics), request
    )


def _fresh(here: Exposition, entry: Entry) -> bool:
    """Say whether what is shown of a device will do. A silent one is polled less often: nor do scrapes hold it up."""
    shown = here.metrics.find(entry.name)
    if shown is None or not shown.up:
        return shown is not None and not shown.stale(here.now())
    return abs(here.now() - shown.taken_at) < FRESH * entry.interval


def _asked(here: Exposition, entry: Entry, request: Request) -> bool:
    """Have a device polled; say whether something new of it shows in time."""
    if here.prober is None:
        return True
    before = here.metrics.find(entry.name)
    ended = here.prober.ask(entry.name, negotiation.timeout(request.headers.get(SCRAPE_TIMEOUT)))
    return ended and here.metrics.find(entry.name) is not before


def _sd(here: Exposition, request: Request) -> Answer:
    selection = _selection(request)
    entries = [entry for entry in here.targets().values() if selection.takes(device_labels(entry))]
    groups = target_groups(entries, lambda name: shown.profile if (shown := here.metrics.find(name)) else None)
    return Answer(HTTPStatus.OK, (json.dumps(groups, ensure_ascii=False).encode(),), "application/json")


def _healthy(here: Exposition, request: Request) -> Answer:
    lag = here.metrics.health.pulse.lag()
    if lag > HUNG:
        return line(HTTPStatus.SERVICE_UNAVAILABLE, f"netpatrol hangs: its loop is {lag:.0f} s late")
    return line(HTTPStatus.OK, "netpatrol is healthy")


def _ready(here: Exposition, request: Request) -> Answer:
    if here.metrics.polled or not here.targets():
        return line(HTTPStatus.OK, "netpatrol is ready")
    return line(HTTPStatus.SERVICE_UNAVAILABLE, "netpatrol is not ready: no device has been polled yet")


def _index(here: Exposition, request: Request) -> Answer:
    rows = "".join(
        f'<li><a href=".{path}">{path}</a> {escape(text)}</li>' for path, text in (here.shown | _LINKS).items()
    )
    page = (
        '<!DOCTYPE html><html lang="zh"><meta charset="utf-8"><title>netpatrol</title><h1>netpatrol</h1>'
        f"<p>设备 {len(here.targets())} 台 · {len(here.targets())} devices</p><ul>{rows}</ul></html>\n"
    )
    return Answer(HTTPStatus.OK, (page.encode(),), HTML)


_ROUTES: Mapping[str, Callable[[Exposition, Request], Answer]] = {
    "/": _index,
    "/metrics": _metrics,
    "/probe": _probe,
    "/sd": _sd,
    "/-/healthy": _healthy,
    "/-/ready": _ready,
}
_PAGES = {
    "/tickets": "处理中的工单 · tickets at work",
    "/reports": "巡检报告 · inspection reports",
}
_LINKS = {
    "/metrics": "全部指标 · all figures (?site= ?customer= ?class= ?exclude[]=mib ?exclude[]=devices)",
    "/probe?target=": "单台设备，按清单名称 · one device, by its name in the inventory",
    "/sd": "Prometheus 服务发现 · targets for Prometheus (http_sd)",
    "/-/healthy": "存活检查 · alive",
    "/-/ready": "就绪检查 · ready",
}


def _selection(request: Request) -> Selection:
    left_out = request.query.get("exclude[]", [])
    only = {label: frozenset(request.query[name]) for name, label in _FILTERS.items() if name in request.query}
    return Selection(mib="mib" not in left_out, devices="devices" not in left_out, only=only or None)


def _page(pages: Iterator[bytes], request: Request) -> Answer:
    return Answer(
        HTTPStatus.OK, pages, OPENMETRICS if request.openmetrics else TEXT, {"Vary": "Accept, Accept-Encoding"}
    )


def _busy(here: Exposition, path: str, why: str) -> Answer:
    here.metrics.health.requests.refused(path)
    return line(HTTPStatus.SERVICE_UNAVAILABLE, why, RETRY)
