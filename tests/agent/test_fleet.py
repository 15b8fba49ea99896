"""What Prometheus gets to know of inspections, tickets and service levels."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import checks, fleet_metrics, fleet_runs
from agent.fleet_metrics import MAX_TICKETS, MEANINGS
from agent.metrics import Metrics
from agent.model import Due, FindingState, Severity, Ticket, TicketStatus
from collectors.model import Sample
from tests.agent.fleets import CHECKS, HOUR, INVENTORY, NOW, figures, finding, on_the_page, run, ticket

# ---- tickets ----


def shown(*tickets: Ticket, now: datetime = NOW) -> list[Sample]:
    return list(fleet_metrics.tickets(tickets, INVENTORY, CHECKS, now))


def test_a_ticket_at_work_shows_which_clocks_run_and_which_are_late():
    samples = shown(ticket(status=TicketStatus.ACKNOWLEDGED, responded_at=NOW - HOUR * 0.75))
    due = figures(samples, "netpatrol_ticket_due_timestamp_seconds", "ticket", "clock")
    assert due == {("T-1", "on_site"): (NOW + HOUR).timestamp(), ("T-1", "fix"): (NOW + 7 * HOUR).timestamp()}
    assert figures(samples, "netpatrol_ticket_breached", "clock") == {("response",): 0, ("on_site",): 0, ("fix",): 0}


@pytest.mark.parametrize(
    ("responded", "late"), [(None, 1), (NOW - HOUR / 2, 0), (NOW - HOUR / 2 + timedelta(seconds=1), 1)]
)
def test_a_response_that_came_late_stays_late(responded: datetime | None, late: int):
    samples = shown(ticket(responded_at=responded))
    assert figures(samples, "netpatrol_ticket_breached", "clock")["response",] == late


def test_a_ticket_without_a_contract_has_no_clock_and_is_still_shown():
    samples = shown(ticket(device="unknown-1", due=Due()))
    opened = figures(samples, "netpatrol_ticket_opened_timestamp_seconds", "ticket", "site", "device_class")
    assert opened == {("T-1", "", ""): (NOW - HOUR).timestamp()}
    assert figures(samples, "netpatrol_ticket_breached", "clock") == {}


def test_a_ticket_says_its_fault_in_both_languages_and_by_name_when_the_check_is_no_more():
    labels = ("title_zh", "title_en", "status", "level", "severity", "object")
    known, unknown = shown(ticket()), shown(ticket(check="gone"))
    name = "netpatrol_ticket_opened_timestamp_seconds"
    assert set(figures(known, name, *labels)) == {("题", "title", "open", "2", "critical", "CPU 1")}
    assert set(figures(unknown, name, *labels)) == {("gone", "gone", "open", "2", "critical", "CPU 1")}


def test_a_site_without_tickets_has_none_of_each_level():
    counted = figures(shown(ticket(), ticket("T-2")), "netpatrol_tickets_at_work", "site", "level", "status")
    assert counted["hq", "2", "open"] == 2
    assert [counted["branch", str(level), "open"] for level in (1, 2, 3, 4)] == [0, 0, 0, 0]


def test_of_very_many_tickets_the_most_urgent_are_shown_and_all_are_counted():
    many = [ticket(f"T-{n:04}", fault_level=4) for n in range(MAX_TICKETS + 3)]
    samples = shown(*many, ticket("T-urgent", fault_level=1))
    opened = figures(samples, "netpatrol_ticket_opened_timestamp_seconds", "ticket")
    assert ("T-urgent",) in opened
    assert len(opened) == MAX_TICKETS
    assert figures(samples, "netpatrol_tickets_not_shown") == {(): 4}
    assert figures(samples, "netpatrol_tickets_at_work", "site", "level", "status")["hq", "4", "open"] == len(many)


def test_what_a_device_calls_its_parts_cannot_break_the_page():
    metrics, hostile = Metrics(MEANINGS, version="1"), 'a"\n\\b} 1'
    metrics.further("fleet", shown(ticket(object=hostile)))
    (labels,) = on_the_page(metrics)["netpatrol_ticket_opened_timestamp_seconds"]
    assert labels["object"] == hostile


# ---- service levels ----


def test_only_clocks_that_are_decided_count():
    done = ticket("T-1", status=TicketStatus.RESOLVED, responded_at=NOW - HOUR * 0.75, resolved_at=NOW)
    running = ticket("T-2")  # not answered in time; the other clocks still run
    counted = figures(
        fleet_metrics.service_levels([done, running], NOW), "netpatrol_sla_clocks", "site", "clock", "outcome"
    )
    assert counted == {
        ("hq", "response", "met"): 1,
        ("hq", "on_site", "met"): 1,
        ("hq", "fix", "met"): 1,
        ("hq", "response", "breached"): 1,
    }


def test_the_time_to_fix_is_of_resolved_tickets_alone():
    tickets = [
        ticket("T-1", status=TicketStatus.CLOSED, resolved_at=NOW),
        ticket("T-2", status=TicketStatus.RESOLVED, resolved_at=NOW - HOUR / 2),
        ticket("T-3"),
    ]
    samples = list(fleet_metrics.service_levels(tickets, NOW))
    assert figures(samples, "netpatrol_tickets_opened", "site", "level") == {("hq", "2"): 3}
    assert figures(samples, "netpatrol_tickets_resolved", "site", "level") == {("hq", "2"): 2}
    assert figures(samples, "netpatrol_tickets_fix_seconds", "site", "level") == {("hq", "2"): 5400}


def test_the_clocks_of_a_fault_that_came_back_began_then():
    back = {"opened_at": NOW - 20 * 24 * HOUR, "recurred_at": NOW - 2 * HOUR}
    done = ticket("T-1", status=TicketStatus.RESOLVED, resolved_at=NOW - HOUR, **back)
    samples = [*fleet_metrics.service_levels([done], NOW), *shown(ticket("T-2", **back))]
    assert figures(samples, "netpatrol_tickets_fix_seconds", "level") == {("2",): 3600}
    opened = figures(samples, "netpatrol_ticket_opened_timestamp_seconds", "ticket")
    assert opened == {("T-2",): (NOW - 2 * HOUR).timestamp()}


@given(st.lists(st.tuples(st.none() | st.integers(-9, 9), st.none() | st.integers(-9, 9)), max_size=6))
def test_no_clock_is_counted_twice(stamps: list[tuple[int | None, int | None]]):
    def at(hours: int | None) -> datetime | None:
        return None if hours is None else NOW + hours * HOUR

    tickets = [
        ticket(f"T-{n}", responded_at=at(responded), resolved_at=at(resolved))
        for n, (responded, resolved) in enumerate(stamps)
    ]
    counted = figures(fleet_metrics.service_levels(tickets, NOW), "netpatrol_sla_clocks", "clock", "outcome")
    for clock in ("response", "on_site", "fix"):
        assert counted.get((clock, "met"), 0) + counted.get((clock, "breached"), 0) <= len(tickets)


# ---- findings, sites ----


def test_findings_are_counted_by_check_while_they_are_not_cleared():
    found = [
        finding("core-1", Severity.WARNING),
        finding("edge-1", Severity.WARNING),
        finding("app-1", Severity.CRITICAL, FindingState.CLEARED),
        finding("app-1", Severity.CRITICAL, FindingState.WAIVED),
        finding("gone-1", Severity.UNKNOWN),
    ]
    counted = figures(
        fleet_metrics.findings(found, INVENTORY, CHECKS), "netpatrol_check_findings", "customer", "check", "severity"
    )
    assert counted == {("acme", "cpu", "warning"): 2, ("", "cpu", "unknown"): 1}


@pytest.mark.parametrize(
    ("check", "state", "told"),
    [
        ("reachability", FindingState.NEW, 2),
        ("interface_down", FindingState.PERSISTING, 2),
        ("reachability", FindingState.CLEARED, 0),
        ("reachability", FindingState.WAIVED, 0),
        ("cpu_high", FindingState.NEW, 0),
        ("no_more", FindingState.NEW, 0),
    ],
)
def test_what_is_silent_or_down_only_behind_others_is_told_with_each_cause(check: str, state: FindingState, told: int):
    plain = finding("edge-1", Severity.CRITICAL, state)
    result = replace(plain.result, check=check, object="GE1", behind=("core-1", "core-2 XE1"))
    found = [replace(plain, result=result), finding("app-1", Severity.CRITICAL)]
    behind = fleet_metrics.behind(found, checks.load())
    causes = figures(behind, "netpatrol_finding_behind", "device", "object", "cause")
    assert causes == dict.fromkeys([("edge-1", "GE1", "core-1"), ("edge-1", "GE1", "core-2 XE1")][:told], 1)


def test_every_site_is_named():
    named = figures(fleet_metrics.sites(INVENTORY), "netpatrol_site_info", "site", "contract", "title_zh", "title_en")
    assert named == {("hq", "acme-2026", "总部", "HQ"): 1, ("branch", "", "分部", "Branch"): 1}


# ---- inspections ----


def test_a_run_is_told_site_by_site():
    mixed = run(
        1, {"core-1": Severity.CRITICAL, "app-1": Severity.UNKNOWN, "edge-1": Severity.OK, "gone-1": Severity.OK}
    )
    samples = list(fleet_metrics.inspections(fleet_runs.of_run(mixed, INVENTORY)))

    def of(name: str) -> dict[str, float]:
        return {site: value for (site,), value in figures(samples, f"netpatrol_inspection_{name}", "site").items()}

    assert of("severity") == {"hq": 2, "branch": 0}
    assert of("checks_expected") == {"hq": 2, "branch": 1}
    assert of("checks_collected") == {"hq": 1, "branch": 1}
    assert of("devices") == {"hq": 2, "branch": 1}
    assert of("devices_answered") == {"hq": 1, "branch": 1}
    assert of("score")["branch"] == 100
    assert of("score")["hq"] < 100
    assert of("duration_seconds") == {"hq": 30, "branch": 30}
    assert figures(samples, "netpatrol_inspection_run_info", "site", "run") == {
        ("hq", "run-1"): 1,
        ("branch", "run-1"): 1,
    }
    counted = figures(samples, "netpatrol_inspection_findings", "site", "severity")
    assert (counted["hq", "critical"], counted["hq", "unknown"], counted["branch", "critical"]) == (1, 1, 0)


def test_what_a_person_accepted_is_in_no_figure_of_an_inspection():
    accepted = finding("core-1", Severity.CRITICAL, FindingState.WAIVED)
    one = run(1, {"core-1": Severity.CRITICAL, "app-1": Severity.OK}, findings=(accepted,))
    hq = fleet_runs.of_run(one, INVENTORY)["hq"]
    assert (hq.severity, hq.score, hq.findings) == (Severity.OK, 100, {})
