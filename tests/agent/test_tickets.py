from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent import findings, tickets
from agent.model import Due, Finding, FindingState, Severity, Ticket, TicketStatus
from agent.tickets import TicketError
from tests.agent.faults import (
    CRITICAL,
    KEY,
    NOW,
    OK,
    UNKNOWN,
    WARNING,
    check,
    contract,
    finding,
    inventory,
    judged,
    minutes,
    numbers,
    targets,
    ticket,
)

OPEN, ACKNOWLEDGED, ON_SITE, PENDING, RESOLVED, CLOSED = TicketStatus
CHECKS = {"temperature": check()}  # fault level 4 for a warning, 2 for a critical
ACME = contract({2: targets(0.5, 2, 8), 4: targets(4, None, 48)})


def settle(found: Finding, *existing: Ticket, at: float = 0, site=inventory(ACME)):  # noqa: B008
    known = {(t.device, t.check, t.object): t for t in existing}
    return tickets.reconcile([found], known, site, CHECKS, minutes(at), numbers())


class TestAFaultThatHolds:
    def test_opens_a_ticket_with_the_level_and_due_times_of_its_contract(self):
        (change,) = settle(finding(CRITICAL))
        assert (change.action, change.actor, change.number) == ("open", "netpatrol", "T-20261122-0001")
        assert change.ticket == ticket(
            severity=CRITICAL,
            fault_level=2,
            opened_at=NOW,
            due=Due(minutes(30), minutes(120), minutes(480)),
            site="acme-hq",
            customer="acme",
        )

    @pytest.mark.parametrize("site", [inventory(None), replace(inventory(None), entries={})])
    def test_opens_a_ticket_without_due_times_where_there_is_no_contract(self, site):
        (change,) = settle(finding(), site=site)
        assert change.ticket.due == Due()

    def test_of_a_check_no_longer_there_gets_the_usual_level(self):
        (change,) = tickets.reconcile([finding(CRITICAL)], {}, inventory(ACME), {}, NOW, numbers())
        assert change.ticket.fault_level == 3

    def test_of_a_check_for_the_report_only_opens_none(self):
        rules = {"temperature": check().model_copy(update={"ticket": False})}
        assert tickets.reconcile([finding(CRITICAL)], {}, inventory(ACME), rules, NOW, numbers()) == ()

    @pytest.mark.parametrize("status", sorted(tickets.AT_WORK))
    def test_changes_nothing_in_a_ticket_at_work(self, status):
        assert settle(finding(), ticket(status)) == ()

    @pytest.mark.parametrize(
        "found",
        [
            finding(held=False),
            finding(UNKNOWN),
            finding(UNKNOWN, held=True),
            finding(last_seen=minutes(-1)),  # measured before, no data now
            finding(state=FindingState.WAIVED),
            finding(OK, FindingState.CLEARED, cleared_at=NOW),
        ],
    )
    def test_is_measured_now_and_not_waived_or_it_opens_and_reopens_nothing(self, found):
        assert settle(found) == ()
        assert settle(found, ticket(RESOLVED)) == ()


class TestSeverity:
    def test_that_rises_raises_the_level_and_shortens_what_is_due_from_now_on(self):
        old = ticket(ACKNOWLEDGED, due=Due(minutes(10), None, minutes(3000)))
        (change,) = settle(finding(CRITICAL), old)
        assert (change.action, change.ticket.severity, change.ticket.fault_level) == ("raise", CRITICAL, 2)
        assert change.ticket.due == Due(minutes(10), minutes(120), minutes(480))
        assert change.ticket.status is ACKNOWLEDGED

    def test_that_sinks_leaves_level_and_due_times_as_promised(self):
        old = ticket(severity=CRITICAL, fault_level=2, due=Due(minutes(30)))
        (change,) = settle(finding(WARNING), old)
        assert change.action == "lower"
        assert change.ticket == replace(old, severity=WARNING)

    def test_that_rises_again_to_a_level_already_promised_leaves_the_due_times(self):
        old = ticket(severity=WARNING, fault_level=2, due=Due(minutes(30)))
        (change,) = settle(finding(CRITICAL), old)
        assert (change.action, change.ticket.due) == ("raise", old.due)


class TestRecovery:
    CLEARED = finding(OK, FindingState.CLEARED, cleared_at=NOW)

    @pytest.mark.parametrize("status", sorted(tickets.AT_WORK))
    def test_measured_now_resolves_a_ticket_at_work(self, status):
        (change,) = settle(self.CLEARED, ticket(status))
        assert (change.action, change.actor) == ("resolve", "netpatrol")
        assert change.ticket == replace(ticket(status), status=RESOLVED, resolved_at=NOW)

    @pytest.mark.parametrize("status", [RESOLVED, CLOSED])
    def test_leaves_a_ticket_that_is_done(self, status):
        assert settle(self.CLEARED, ticket(status)) == ()

    def test_of_a_waived_fault_resolves_its_ticket_once(self):
        recovered = finding(OK, FindingState.WAIVED, cleared_at=NOW)
        assert [c.action for c in settle(recovered, ticket())] == ["resolve"]
        assert settle(recovered, ticket(), at=1) == ()

    def test_is_not_concluded_from_missing_data(self):
        known = {KEY: finding(CRITICAL)}
        (found,) = findings.reconcile([judged(UNKNOWN)], known, minutes(1), str)
        assert settle(found, ticket(severity=CRITICAL), at=1) == ()

    def test_is_not_concluded_from_an_object_nobody_asks_for_any_more(self):
        known = {KEY: finding(UNKNOWN, cleared_at=minutes(-5), times_seen=1)}
        found = findings.reconcile([judged(OK, key=(*KEY[:2], "other"))], known, minutes(1), str)
        assert [f.state for f in found] == [FindingState.CLEARED]
        assert settle(found[0], ticket(), at=1) == ()


class TestAFaultThatIsBack:
    def test_reopens_its_ticket_and_starts_the_clocks_anew(self):
        old = ticket(RESOLVED, due=Due(minutes(-50)), responded_at=minutes(-55), on_site_at=minutes(-40), fault_level=2)
        (change,) = settle(finding(cleared_at=minutes(-30)), old)
        assert change.action == "reopen"
        assert change.ticket == replace(
            old,
            status=OPEN,
            fault_level=4,
            recurred_at=NOW,
            due=Due(minutes(240), None, minutes(2880)),
            responded_at=None,
            on_site_at=None,
            resolved_at=None,
        )

    def test_gets_a_new_ticket_if_the_old_one_is_closed(self):
        (change,) = settle(finding(), ticket(CLOSED))
        assert change.action == "open"


class TestAFaultResolvedTooEarly:
    """A person resolved the ticket, and it is still measured."""

    def test_reopens_the_ticket_with_its_old_due_times_and_says_why(self):
        old = ticket(RESOLVED, due=Due(minutes(-50)), responded_at=minutes(-55))
        (change,) = settle(finding(), old)
        assert (change.action, change.actor) == ("reopen", "netpatrol")
        assert "仍测得故障" in change.text
        assert "still measured" in change.text
        assert change.ticket == replace(old, status=OPEN, resolved_at=None)

    def test_keeps_an_older_recovery_apart_from_this_resolve(self):
        (change,) = settle(finding(cleared_at=minutes(-300)), ticket(RESOLVED, due=Due(minutes(-50))))
        assert change.ticket.due == Due(minutes(-50))

    def test_takes_the_severity_it_has_by_now(self):
        (change,) = settle(finding(CRITICAL), ticket(RESOLVED, due=Due(minutes(-50))))
        assert (change.ticket.severity, change.ticket.fault_level) == (CRITICAL, 2)
        assert change.ticket.due == Due(minutes(-50), minutes(120), minutes(480))

    def test_waits_for_a_measurement_made_after_the_resolve(self):
        assert settle(finding(), ticket(RESOLVED, resolved_at=NOW)) == ()
        assert settle(finding(last_seen=minutes(1)), ticket(RESOLVED, resolved_at=NOW), at=1) != ()

    def test_reopens_once_for_each_resolve_not_at_every_run(self):
        desk = Desk()
        desk.run(WARNING)
        desk.act("resolve")
        for _ in range(5):
            desk.run(WARNING)
        assert [c.action for c in desk.history] == ["open", "resolve", "reopen"]


class TestAPerson:
    @pytest.mark.parametrize(
        ("status", "possible"),
        [
            (OPEN, {"acknowledge": ACKNOWLEDGED, "on_site": ON_SITE, "pend": PENDING, "resolve": RESOLVED}),
            (ACKNOWLEDGED, {"on_site": ON_SITE, "pend": PENDING, "resolve": RESOLVED}),
            (ON_SITE, {"pend": PENDING, "resolve": RESOLVED}),
            (PENDING, {"on_site": ON_SITE, "resume": ACKNOWLEDGED, "resolve": RESOLVED}),
            (RESOLVED, {"reopen": OPEN, "close": CLOSED}),
            (CLOSED, {}),
        ],
    )
    def test_can_do_what_the_status_allows_and_nothing_else(self, status, possible):
        for action in (*tickets.TRANSITIONS, "open", "raise", "delete"):
            if action in possible or action == "comment":
                change = tickets.act(ticket(status), action, "王工", "备件在途", NOW)
                assert change.ticket.status is possible.get(action, status)
            else:
                with pytest.raises(TicketError, match=f"T-20261122-0001 is {status}: cannot {action} .*comment"):
                    tickets.act(ticket(status), action, "王工", "x", NOW)

    @pytest.mark.parametrize(
        ("status", "action", "stamps"),
        [
            (OPEN, "acknowledge", {"responded_at": NOW}),
            (OPEN, "on_site", {"responded_at": NOW, "on_site_at": NOW}),
            (OPEN, "pend", {"responded_at": NOW}),
            (OPEN, "resolve", {"responded_at": NOW, "resolved_at": NOW}),
            (OPEN, "comment", {}),
            (PENDING, "resume", {}),
            (RESOLVED, "reopen", {"resolved_at": None}),
            (RESOLVED, "close", {"closed_at": NOW}),
        ],
    )
    def test_stamps_the_clocks(self, status, action, stamps):
        before = ticket(status)
        change = tickets.act(before, action, " 王工 ", "x", NOW)
        assert change.ticket == replace(before, status=change.ticket.status, **stamps)
        assert (change.at, change.actor, change.action, change.text) == (NOW, "王工", action, "x")

    def test_does_not_move_a_stamp_that_is_set(self):
        before = ticket(PENDING, responded_at=minutes(-50), on_site_at=minutes(-40))
        assert tickets.act(before, "on_site", "王工", "", NOW).ticket == replace(before, status=ON_SITE)

    @pytest.mark.parametrize("action", ["pend", "comment"])
    @pytest.mark.parametrize("text", ["", " \n"])
    def test_says_why_where_a_text_is_needed(self, action, text):
        with pytest.raises(TicketError, match=f"{action} needs a text"):
            tickets.act(ticket(), action, "王工", text, NOW)

    @pytest.mark.parametrize("actor", ["", " ", "netpatrol"])
    def test_gives_a_name_of_their_own(self, actor):
        with pytest.raises(TicketError, match="name of the person"):
            tickets.act(ticket(), "acknowledge", actor, "", NOW)

    def test_who_reopens_after_recovery_is_not_overruled(self):
        desk = Desk()
        for severity in (WARNING, OK):
            desk.run(severity)
        desk.act("reopen")
        desk.run(OK)
        assert [c.action for c in desk.history] == ["open", "resolve", "reopen"]


class Desk:
    """Findings and tickets of one device over time, kept as the store keeps them."""

    def __init__(self) -> None:
        self.findings: dict[findings.Key, Finding] = {}
        self.tickets: dict[str, Ticket] = {}
        self.history: list = []
        self.minute = count(1)
        self.new_number = numbers()
        self.ids = count()

    def not_closed(self) -> dict[findings.Key, Ticket]:
        return {(t.device, t.check, t.object): t for t in self.tickets.values() if t.status is not CLOSED}

    def run(self, *severities: Severity, hold: bool = True) -> list:
        now = minutes(next(self.minute))
        said = [judged(s, None if hold else OK, (*KEY[:2], f"o{n}")) for n, s in enumerate(severities)]
        found = findings.reconcile(said, self.findings, now, lambda: str(next(self.ids)))
        self.findings |= {f.result.key: f for f in found}
        return self.keep(tickets.reconcile(found, self.not_closed(), inventory(ACME), CHECKS, now, self.new_number))

    def act(self, action: str, number: str = "T-20261122-0001") -> list:
        return self.keep([tickets.act(self.tickets[number], action, "王工", "x", minutes(next(self.minute)))])

    def keep(self, changes) -> list:
        self.tickets |= {c.number: c.ticket for c in changes}
        self.history += changes
        return list(changes)


class Years(RuleBasedStateMachine):
    """Runs and people, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()

    @rule(severities=st.lists(st.sampled_from(Severity), min_size=1, max_size=3), hold=st.booleans())
    def run(self, severities, hold):
        before = dict(self.desk.tickets)
        changes = self.desk.run(*severities, hold=hold)
        assert len({c.number for c in changes}) == len(changes)
        for change in changes:
            severity = severities[int(change.ticket.object[1:])]
            assert change.actor == "netpatrol"
            assert severity is not UNKNOWN  # missing data changes no ticket
            if change.action == "resolve":
                assert severity is OK
            else:
                assert hold
                assert severity is change.ticket.severity
            old = before.get(change.number)
            if old is not None and change.action in {"raise", "lower"}:
                assert old.status is change.ticket.status
                assert (change.ticket.due.fix or minutes(1e6)) <= (old.due.fix or minutes(1e6))

    @rule(severities=st.lists(st.sampled_from(Severity), min_size=1, max_size=3))
    def run_twice(self, severities):
        self.desk.run(*severities)
        assert self.desk.run(*severities) == []

    @precondition(lambda self: self.desk.tickets)
    @rule(data=st.data())
    def person(self, data):
        chosen = data.draw(st.sampled_from(sorted(self.desk.tickets)))
        action = data.draw(st.sampled_from(tickets.allowed(self.desk.tickets[chosen].status)))
        self.desk.act(action, chosen)

    @invariant()
    def never_two_tickets_not_closed_for_one_object(self):
        kept = [t for t in self.desk.tickets.values() if t.status is not CLOSED]
        assert len({(t.device, t.check, t.object) for t in kept}) == len(kept)

    @invariant()
    def resolved_tickets_and_only_they_have_a_time_of_it(self):
        for t in self.desk.tickets.values():
            assert (t.resolved_at is not None) is (t.status in {RESOLVED, CLOSED})
            assert (t.closed_at is not None) is (t.status is CLOSED)


TestYears = Years.TestCase
TestYears.settings = settings(max_examples=40, stateful_step_count=25)


@given(st.lists(st.sampled_from(Severity), max_size=30))
def test_without_people_a_fault_has_one_ticket_at_work_exactly_while_it_lasts(story):
    desk = Desk()
    lasts = False
    for severity in story:
        desk.run(severity)
        lasts = lasts if severity is UNKNOWN else severity is not OK
        assert any(t.status is OPEN for t in desk.tickets.values()) is lasts
    assert len(desk.tickets) <= 1
