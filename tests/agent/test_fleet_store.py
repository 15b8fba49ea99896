"""The fleet's figures as they are read from the store: which inspection each site shows, and what a look costs."""

from datetime import datetime, timedelta

import pytest

from agent.fleet import PAUSE, RUNS, Fleet
from agent.fleet_metrics import MEANINGS
from agent.metrics import Metrics
from agent.model import Run, Severity
from agent.store import NotFound, Outcome, Store, StoreCorrupt, StoreLocked
from tests.agent.faults import OK, WARNING, judged
from tests.agent.faults import minutes as minute
from tests.agent.fleets import CHECKS, HOUR, INVENTORY, NOW, WHERE, figures, on_the_page, run, ticket
from tests.agent.stored import record


def keep(store: Store, one: Run) -> None:
    store.record([], {}, lambda known: Outcome(), lambda outcome: one, now=one.finished_at)


ALL_OK = dict.fromkeys(WHERE, Severity.OK)


def runs_shown(fleet: Fleet, now: datetime) -> dict[str, str]:
    shown = figures(fleet.samples((), (), now), "netpatrol_inspection_run_info", "site", "run")
    return dict(shown.keys())


def test_each_site_shows_its_own_last_inspection(store: Store):
    fleet = Fleet(INVENTORY, CHECKS, store)
    assert runs_shown(fleet, NOW) == {}
    keep(store, run(1, ALL_OK))
    keep(store, run(2, {"edge-1": Severity.WARNING}, NOW + HOUR, scope={"site": "branch"}))
    assert runs_shown(fleet, NOW + 2 * HOUR) == {"hq": "run-1", "branch": "run-2"}


@pytest.mark.parametrize("scope", [{"device": "core-1"}, {"class": "switch"}, {"site": "hq", "device": "core-1"}])
def test_an_inspection_of_some_devices_is_none_of_their_site(store: Store, scope: dict[str, str]):
    keep(store, run(1, {"core-1": Severity.OK}, scope=scope))
    assert runs_shown(Fleet(INVENTORY, CHECKS, store), NOW) == {}


def test_an_inspection_that_was_stored_late_does_not_hide_a_later_one(store: Store):
    fleet = Fleet(INVENTORY, CHECKS, store)
    keep(store, run(2, {"core-1": Severity.OK, "app-1": Severity.OK}, NOW + HOUR))
    assert runs_shown(fleet, NOW + HOUR) == {"hq": "run-2"}
    keep(store, run(1, ALL_OK))
    assert runs_shown(fleet, NOW + 2 * HOUR) == {"hq": "run-2", "branch": "run-1"}


def test_an_inspection_made_since_the_last_look_takes_the_place_of_the_one_before(store: Store):
    fleet = Fleet(INVENTORY, CHECKS, store)
    keep(store, run(1, ALL_OK))
    assert runs_shown(fleet, NOW) == {"hq": "run-1", "branch": "run-1"}
    keep(store, run(2, ALL_OK, NOW + HOUR))
    assert runs_shown(fleet, NOW + HOUR) == {"hq": "run-2", "branch": "run-2"}


@pytest.mark.parametrize("looked", [True, False], ids=["it was shown", "it was not shown yet"])
def test_an_inspection_of_a_clock_that_was_ahead_gives_way_to_one_of_now(store: Store, looked: bool):
    fleet = Fleet(INVENTORY, CHECKS, store)
    keep(store, run(1, ALL_OK, NOW + 1000 * HOUR))
    if looked:
        assert runs_shown(fleet, NOW) == {"hq": "run-1", "branch": "run-1"}
    keep(store, run(2, ALL_OK, NOW))
    assert runs_shown(fleet, NOW + HOUR) == {"hq": "run-2", "branch": "run-2"}


class Counting:
    """A store that counts the runs it is asked for."""

    def __init__(self, store: Store) -> None:
        self.read: list[str] = []
        self._store = store
        self.runs, self.tickets = store.runs, store.tickets

    def run(self, run_id: str) -> Run:
        self.read.append(run_id)
        return self._store.run(run_id)


def test_a_run_is_read_once_and_an_old_one_never(store: Store):
    keep(store, run(1, ALL_OK))
    keep(store, run(2, ALL_OK, NOW + HOUR))
    counting = Counting(store)
    fleet = Fleet(INVENTORY, CHECKS, counting)
    for minutes in range(5):
        runs_shown(fleet, NOW + 2 * HOUR + timedelta(minutes=minutes))
    assert counting.read == ["run-2"]


def test_a_site_that_was_inspected_long_ago_shows_after_a_start(store: Store):
    keep(store, run(1, {"edge-1": Severity.OK}))
    for number in range(2, RUNS + 3):
        keep(store, run(number, {"core-1": Severity.OK}, NOW + number * HOUR))
    counting = Counting(store)
    fleet = Fleet(INVENTORY, CHECKS, counting)
    for later in range(2):
        shown = runs_shown(fleet, NOW + (100 + later) * HOUR)
        assert shown == {"hq": f"run-{RUNS + 2}", "branch": "run-1"}
    assert counting.read == [f"run-{RUNS + 2}", "run-1"]


def test_runs_of_a_site_that_is_gone_are_not_read_once_the_others_are_known(store: Store):
    for number in range(1, 4):
        gone = {"sites": {"hq": "acme", "closed": "acme"}}
        keep(store, run(number, {"core-1": Severity.OK}, NOW + number * HOUR, **gone))
    keep(store, run(4, ALL_OK, NOW + 4 * HOUR))
    counting = Counting(store)
    assert runs_shown(Fleet(INVENTORY, CHECKS, counting), NOW + 5 * HOUR) == {"hq": "run-4", "branch": "run-4"}
    assert counting.read == ["run-4"]


@pytest.mark.parametrize("error", [StoreCorrupt, NotFound])
def test_a_run_that_cannot_be_read_costs_no_other_its_figures(
    store: Store, error: type[Exception], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    keep(store, run(1, ALL_OK))
    keep(store, run(2, ALL_OK, NOW + HOUR))
    read = store.run

    def damaged(run_id: str) -> Run:
        if run_id == "run-2":
            raise error("Run cannot be read back")
        return read(run_id)

    monkeypatch.setattr(store, "run", damaged)
    fleet = Fleet(INVENTORY, CHECKS, store)
    for _ in range(2):
        assert runs_shown(fleet, NOW + 2 * HOUR) == {"hq": "run-1", "branch": "run-1"}
    assert caplog.messages == ["run run-2 is in no figure: Run cannot be read back"]


def test_a_store_that_is_locked_costs_no_run_its_figures(store: Store, monkeypatch: pytest.MonkeyPatch):
    keep(store, run(1, ALL_OK))
    fleet = Fleet(INVENTORY, CHECKS, store)

    def locked(run_id: str) -> Run:
        raise StoreLocked

    with monkeypatch.context() as while_locked, pytest.raises(StoreLocked):
        while_locked.setattr(store, "run", locked)
        fleet.samples((), (), NOW)
    assert runs_shown(fleet, NOW) == {"hq": "run-1", "branch": "run-1"}


def test_a_fault_that_came_back_leaves_in_the_figures_how_it_was_fixed_before(store: Store):
    fleet = Fleet(INVENTORY, CHECKS, store)
    for at, severity in ((0, WARNING), (600, OK), (700, WARNING), (710, OK)):
        record(store, judged(severity), at=at)
        samples = fleet.samples((), (), minute(at + 1))
    clocks = figures(samples, "netpatrol_sla_clocks", "clock", "outcome")
    assert clocks == {(clock, how): 1 for clock in ("response", "on_site", "fix") for how in ("breached", "met")}
    assert figures(samples, "netpatrol_tickets_opened", "level") == {("4",): 2}
    assert figures(samples, "netpatrol_tickets_fix_seconds", "level") == {("4",): (600 + 10) * 60}


def test_a_fault_of_long_ago_that_came_back_is_in_the_figures_from_then_on(store: Store):
    for at, severity in ((0, WARNING), (600, OK), (100_000, WARNING)):
        record(store, judged(severity), at=at)
    samples = Fleet(INVENTORY, CHECKS, store).samples((), (), minute(100_040))
    assert figures(samples, "netpatrol_sla_clocks", "clock", "outcome") == {("response", "breached"): 1}
    assert figures(samples, "netpatrol_tickets_opened", "level") == {("4",): 1}


def test_it_is_not_time_to_look_again_at_once(store: Store):
    fleet = Fleet(INVENTORY, CHECKS, store)
    assert fleet.due(NOW)
    fleet.samples((), (), NOW)
    assert not fleet.due(NOW + PAUSE / 2)
    assert fleet.due(NOW + PAUSE)


def test_a_clock_that_is_set_back_stops_no_figures(store: Store):
    fleet = Fleet(INVENTORY, CHECKS, store)
    fleet.samples((), (), NOW)
    assert fleet.due(NOW - HOUR)


def test_the_page_shows_the_figures_of_now_in_place_of_those_before(store: Store):
    metrics, fleet = Metrics(MEANINGS, version="1"), Fleet(INVENTORY, CHECKS, store)
    metrics.further("fleet", fleet.samples([], [ticket()], NOW))
    assert len(on_the_page(metrics)["netpatrol_ticket_breached"]) == 3
    metrics.further("fleet", fleet.samples([], [], NOW))
    page = on_the_page(metrics)
    assert "netpatrol_ticket_breached" not in page
    assert {"customer": "acme", "site": "hq", "level": "1", "status": "open"} in page["netpatrol_tickets_at_work"]
