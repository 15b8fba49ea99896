"""Reads from the store what the figures of inspections, tickets and service levels are made of."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from agent import fleet_metrics, fleet_runs, sla
from agent.checks.rules import Check
from agent.fleet_runs import SiteInspection
from agent.model import Finding, Inventory, Ticket
from agent.store import NotFound, RunSummary, Store, StoreCorrupt
from agent.store.ahead import standing
from collectors.model import Sample

log = logging.getLogger(__name__)

PAUSE = timedelta(seconds=10)  # between two looks: of thousands of devices some are polled all the time
RUNS = 50  # the newest, looked through for each site's last inspection
RUNS_AT_FIRST = 1000  # at the start: hundreds of sites are inspected one by one


class Fleet:
    """The fleet's figures. A run is read once, when it is new; everything may be called from any one thread."""

    def __init__(self, inventory: Inventory, checks: Mapping[str, Check], store: Store) -> None:
        self._inventory = inventory
        self._checks = checks
        self._store = store
        self._latest: dict[str, SiteInspection] = {}  # site → its last inspection
        self._seen: set[str] = set()  # runs
        self._looked: datetime | None = None
        self._back: set[tuple[str, datetime]] = set()  # tickets whose fault came back, and when last
        self._ended: tuple[Ticket, ...] = ()  # as they were each time before

    def due(self, now: datetime) -> bool:
        """Say whether it is time to look again."""
        return self._looked is None or abs(now - self._looked) >= PAUSE  # the clock may have been set back

    def samples(self, found: Iterable[Finding], at_work: Iterable[Ticket], now: datetime) -> list[Sample]:
        """Return the figures as of now. Raises StoreError."""
        runs = self._store.runs(limit=RUNS_AT_FIRST if self._looked is None else RUNS, now=now)
        for run in runs:
            if run.id not in self._seen:
                try:
                    self._take(run, now)
                except (NotFound, StoreCorrupt) as error:  # it will not get better: the others show
                    log.warning("run %s is in no figure: %s", run.id, error)
                self._seen.add(run.id)
        self._seen &= {run.id for run in runs}
        self._looked = now
        made = fleet_metrics
        return [
            *made.sites(self._inventory),
            *made.inspections(self._latest),
            *made.findings(found, self._inventory, self._checks),
            *made.behind(found, self._checks),
            *made.tickets(at_work, self._inventory, self._checks, now),
            *made.service_levels(self._recent(now - made.SLA_PERIOD), now),
        ]

    def _recent(self, since: datetime) -> list[Ticket]:
        """Return tickets opened or back since then, as they are and as they were each time before they were back."""
        tickets = self._store.tickets(since=since)
        back = {(ticket.number, ticket.recurred_at) for ticket in tickets if ticket.recurred_at}
        if back != self._back:
            self._ended, self._back = self._store.recurred(since), back
        return [*tickets, *(ticket for ticket in self._ended if sla.began(ticket) >= since)]

    def _take(self, run: RunSummary, now: datetime) -> None:
        """Read a run, unless a later inspection of each of its sites is known.

        One that names a site no longer in the inventory, or none, may be of any.
        """
        latest = {name: standing(one.ended_at, now) for name, one in self._latest.items()}
        known = {name for name, before in latest.items() if before >= standing(run.finished_at, now)}
        named, sites = run.sites.keys(), self._inventory.sites.keys()
        if known.issuperset(named if named and named <= sites else sites) or not fleet_runs.whole(run.scope):
            return
        for name, one in fleet_runs.of_run(self._store.run(run.id), self._inventory).items():
            if name not in latest or latest[name] < standing(one.ended_at, now):
                self._latest[name] = one
