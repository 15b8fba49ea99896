from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from agent import tickets
from agent.model import Due, FindingState, Result, Severity, TicketStatus, Track
from agent.store import Known, NotFound, Outcome, StoreConflict
from agent.tickets import TicketError
from tests.agent.faults import CRITICAL, KEY, NOW, OK, UNKNOWN, WARNING, finding, judged, minutes, ticket
from tests.agent.stored import deciding, new_store, record, run, snapshot


class TestRecording:
    def test_the_same_reading_twice_opens_nothing_twice(self, store):
        first = record(store, judged(CRITICAL))
        second = record(store, judged(CRITICAL), at=1)
        assert [c.action for c in first.changes] == ["open"]
        assert second.changes == ()
        assert [f.id for f in first.findings] == [f.id for f in second.findings]
        assert len(store.tickets()) == 1

    def test_what_was_decided_is_what_is_kept(self, store):
        outcome = record(store, judged(CRITICAL, value=78, limit=70, text="\x00<b>"))
        assert store.findings() == outcome.findings
        (change,) = outcome.changes
        assert store.tickets() == (change.ticket,)
        assert store.ticket(change.number) == change.ticket
        assert store.history(change.number) == (change,)

    def test_a_fault_that_recovers_and_returns_keeps_finding_and_ticket(self, store):
        (first,) = record(store, judged(WARNING)).findings
        for at, severity in enumerate([UNKNOWN, OK, WARNING], 1):
            record(store, judged(severity), at=at)
        (found,) = store.findings()
        (kept,) = store.tickets()
        assert (found.id, found.state, found.cleared_at) == (first.id, FindingState.REGRESSED, minutes(2))
        assert [c.action for c in store.history(kept.number)] == ["open", "resolve", "reopen"]

    def test_decisions_see_only_the_devices_recorded_and_no_closed_ticket(self, store):
        record(store, judged(WARNING))
        record(store, judged(WARNING, key=("core-2", "temperature", "")), at=1)
        other = store.tickets()[0].number
        for action in ("resolve", "close"):
            store.change(other, action, "王工", "", minutes(2))
        seen: list[Known] = []

        def decide(known: Known) -> Outcome:
            seen.append(known)
            return Outcome()

        for device in ("core-1", "core-2", "core-3"):
            store.record([snapshot(device)], {}, decide, now=minutes(3))
        assert [len(k.findings) for k in seen] == [1, 1, 0]
        assert [len(k.tickets) for k in seen] == [1, 0, 0]

    @pytest.mark.parametrize("fails", ["decide", "run_of"])
    def test_is_undone_whole_if_something_fails_on_the_way(self, store, fails):
        def broken(_):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.record(
                [snapshot()],
                {KEY: Track()},
                broken if fails == "decide" else deciding(judged(CRITICAL)),
                broken,
                now=NOW,
            )
        assert (store.findings(), store.tickets(), store.latest(), store.tracks(), store.runs()) == ((), (), {}, {}, ())
        assert record(store, judged(WARNING)).changes[0].number == "T-20261122-0001"

    def test_a_second_ticket_for_a_fault_is_refused_whoever_decides_it(self, store):
        record(store, judged(WARNING))
        again = replace(store.tickets()[0], number="T-20261122-0099")
        change = replace(store.history("T-20261122-0001")[0], number=again.number, ticket=again)
        with pytest.raises(StoreConflict, match="already has this"):
            store.record([snapshot()], {}, lambda _: Outcome(changes=(change,)), now=NOW)
        assert len(store.tickets()) == 1

    def test_a_ticket_without_its_finding_is_refused(self, store):
        record(store, judged(WARNING))
        change = replace(store.history("T-20261122-0001")[0], number="T-2", ticket=ticket(number="T-2", finding="none"))
        with pytest.raises(StoreConflict):
            store.record([], {}, lambda _: Outcome(changes=(change,)), now=NOW)


class TestAClockThatWasADayAhead:
    """... is set back: what it wrote is not to stand until that day."""

    AHEAD = 24 * 60  # minutes

    def test_a_fault_of_then_recovers_now(self, store):
        record(store, judged(CRITICAL), at=self.AHEAD)
        record(store, judged(OK))
        assert [f.state for f in store.findings(cleared=True)] == [FindingState.CLEARED]
        assert [(t.status, t.resolved_at) for t in store.tickets()] == [(TicketStatus.RESOLVED, NOW)]

    def test_a_fault_that_recovered_then_is_back_now(self, store):
        record(store, judged(CRITICAL), at=self.AHEAD)
        record(store, judged(OK), at=self.AHEAD + 1)
        record(store, judged(CRITICAL))
        assert [(f.state, f.last_seen) for f in store.findings()] == [(FindingState.REGRESSED, NOW)]
        assert [change.action for change in store.history(store.tickets()[0].number)] == ["open", "resolve", "reopen"]

    def test_a_fault_that_is_not_measured_now_is_as_it_was(self, store):
        record(store, judged(CRITICAL), at=self.AHEAD)
        store.record([], {}, deciding(), now=NOW, devices=["core-1"])
        assert [len(store.history(ticket.number)) for ticket in store.tickets()] == [1]

    def test_snapshots_and_tracks_give_way(self, store):
        key, ahead = ("core-1", "x", ""), minutes(self.AHEAD)
        store.record([snapshot(at=ahead, value=1)], {key: Track(WARNING)}, deciding(), now=ahead)
        store.record([snapshot(value=2)], {key: Track(OK)}, deciding(), now=NOW)
        assert (store.latest(), store.tracks()) == ({"core-1": snapshot(value=2)}, {key: Track(OK)})


class TestSnapshotsAndTracks:
    def test_of_two_readings_and_of_two_records_the_newest_stays(self, store):
        store.record(
            [snapshot(at=minutes(2), value=2), snapshot(at=minutes(1), value=1)], {}, deciding(), now=minutes(2)
        )
        store.record([snapshot(at=minutes(-5), value=9)], {}, deciding(), now=minutes(3))
        assert store.latest() == {"core-1": snapshot(at=minutes(2), value=2)}

    def test_are_given_back_for_the_devices_asked_for(self, store):
        store.record(
            [snapshot("a"), snapshot("b")],
            {("a", "x", "1"): Track(WARNING, CRITICAL, 2), ("b", "x", ""): Track()},
            deciding(),
            now=NOW,
        )
        assert store.latest(["b", "c"]) == {"b": snapshot("b")}
        assert store.tracks(["a", "c"]) == {("a", "x", "1"): Track(WARNING, CRITICAL, 2)}
        assert set(store.tracks()) == {("a", "x", "1"), ("b", "x", "")}
        assert store.latest([]) == store.tracks([]) == {}

    def test_tracks_of_objects_not_judged_this_time_stay(self, store):
        store.record([], {("a", "x", "1"): Track(WARNING), ("a", "x", "2"): Track()}, deciding(), now=NOW)
        store.record([], {("a", "x", "1"): Track(OK)}, deciding(), now=minutes(1))
        assert store.tracks() == {("a", "x", "1"): Track(OK), ("a", "x", "2"): Track()}

    def test_more_devices_than_fit_into_one_question_are_found(self, store):
        names = [f"device-{n}" for n in range(1201)]
        store.record([snapshot(name) for name in names], {}, deciding(), now=NOW)
        assert set(store.latest(names)) == set(names)


class TestRuns:
    def test_are_kept_with_what_was_decided(self, store):
        outcome = record(
            store,
            judged(CRITICAL),
            run_of=lambda o: replace(run(), findings=o.findings, changes=o.changes),
        )
        assert outcome.run == store.run("r1")
        assert store.run("r1").findings == outcome.findings
        assert store.run("r1").changes == outcome.changes

    def test_are_listed_newest_first_without_their_bodies(self, store):
        for n in range(3):
            record(store, judged(WARNING), at=n, run_of=lambda o, n=n: replace(run(f"r{n}", n), findings=o.findings))
        assert [r.id for r in store.runs(2)] == ["r2", "r1"]
        newest = store.runs()[0]
        assert (newest.severity, newest.findings, newest.scope) == (CRITICAL, 1, {"site": "acme-hq"})
        assert newest.coverage.percent == 75
        assert newest.finished_at - newest.started_at == timedelta(minutes=1)

    def test_of_a_clock_that_was_ahead_are_listed_last(self, store):
        for n, at in enumerate((0, 60 * 24 * 365, 50)):
            record(store, at=at, run_of=lambda _, n=n, at=at: run(f"r{n}", at))
        assert [r.id for r in store.runs(2, now=NOW)] == ["r2", "r0"]
        assert [r.id for r in store.runs(now=minutes(60 * 24 * 365))] == ["r1", "r2", "r0"]

    def test_are_never_overwritten(self, store):
        record(store, run_of=lambda _: run())
        with pytest.raises(StoreConflict):
            record(store, judged(WARNING), at=1, run_of=lambda _: run())
        assert store.findings() == ()

    def test_the_one_before_is_the_last_of_its_scope_however_many_of_others_lie_between(self, store):
        scopes = [{"site": "acme-hq"}, *({"device": f"d{n}"} for n in range(201)), {"site": "acme-hq"}]
        for n, scope in enumerate(scopes):
            record(store, run_of=lambda _, n=n, scope=scope: replace(run(f"r{n}", n), scope=scope))
        before = store.run_before(store.run("r202"))
        assert (before and before.id, store.run_before(store.run("r0"))) == ("r0", None)

    def test_that_do_not_exist_are_said_so(self, store):
        with pytest.raises(NotFound, match="no run r9"):
            store.run("r9")


class TestFindings:
    @pytest.fixture
    def some(self, store):
        record(
            store, judged(WARNING), judged(UNKNOWN, key=("core-2", "fan", "1")), judged(CRITICAL, key=("b", "x", ""))
        )
        record(store, judged(OK, key=("b", "x", "")), judged(CRITICAL, key=("c", "x", "")), at=1)
        return store

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({}, ["c", "core-2", "core-1"]),
            ({"cleared": True}, ["c", "core-2", "core-1", "b"]),
            ({"devices": ["core-1", "b"]}, ["core-1"]),
            ({"devices": []}, []),
            ({"severity": UNKNOWN}, ["core-2"]),
        ],
    )
    def test_are_filtered_and_come_worst_first(self, some, filters, found):
        assert [f.result.device for f in some.findings(**filters)] == found

    @pytest.mark.parametrize("state", FindingState)
    @pytest.mark.parametrize("severity", Severity)
    def test_come_back_as_they_were(self, store, state, severity):
        said = Result(*KEY, severity, value=float("inf"), text="\ud800\x00", limit=70, direction="above", reason="auth")
        kept = finding(severity, state, result=said, cleared_at=minutes(3), times_seen=7)
        store.record([], {}, lambda _: Outcome(findings=(kept,)), now=NOW)
        assert store.findings(cleared=True) == (kept,)


class TestTickets:
    @pytest.mark.parametrize("status", TicketStatus)
    def test_come_back_as_they_were(self, store, status):
        kept = ticket(
            status,
            due=Due(NOW, None, minutes(9)),
            closed_at=minutes(4),
            site="s\x00",
            customer="某局",
            severity=CRITICAL,
        )
        change = replace(tickets.act(ticket(), "comment", "王工", "\ud800", NOW), ticket=kept)
        store.record([], {}, lambda _: Outcome((finding(),), (change,)), now=NOW)
        assert store.ticket(kept.number) == kept
        assert store.history(kept.number) == (change,)

    def test_are_filtered_and_come_newest_first(self, store):
        for n, device in enumerate(["core-1", "x", "core-1"]):
            record(store, judged(WARNING, key=(device, "temperature", str(n))), at=n)
        store.change("T-20261122-0002", "resolve", "王工", "", minutes(9))
        numbers = lambda **filters: [t.number[-1] for t in store.tickets(**filters)]  # noqa: E731
        assert numbers() == ["3", "2", "1"]
        assert numbers(devices=["core-1"]) == ["3", "1"]
        assert numbers(sites=["acme-hq"]) == ["3", "1"]
        assert numbers(since=minutes(1)) == ["3", "2"]
        assert numbers(statuses=[TicketStatus.RESOLVED]) == ["2"]
        assert numbers(statuses=tickets.AT_WORK, devices=["x"]) == []

    def test_a_fault_that_was_back_is_told_each_time_as_it_ended_before(self, store):
        for at, severity in ((0, WARNING), (60, OK), (120, WARNING), (130, OK), (200, WARNING)):
            record(store, judged(severity), at=at)
        (number,) = (t.number for t in store.tickets())
        store.change(number, "resolve", "王工", "", minutes(201))  # too early: it is still measured
        record(store, judged(WARNING), at=202)
        assert [(t.recurred_at, t.resolved_at) for t in store.recurred(NOW)] == [
            (None, minutes(60)),
            (minutes(120), minutes(130)),
        ]
        assert [t.recurred_at for t in store.recurred(minutes(1))] == [minutes(120)]
        assert [t.recurred_at for t in store.tickets(since=minutes(199))] == [minutes(200)]
        assert store.tickets(since=minutes(201)) == store.recurred(minutes(201)) == ()

    def test_are_moved_along_by_people_with_every_step_in_the_history(self, store):
        record(store, judged(WARNING))
        number = store.tickets()[0].number
        steps = [("acknowledge", ""), ("pend", "等备件"), ("resume", ""), ("resolve", "已更换风扇"), ("close", "")]
        for at, (action, text) in enumerate(steps, 1):
            assert store.change(number, action, "王工", text, minutes(at)).ticket == store.ticket(number)
        history = store.history(number)
        assert [(c.actor, c.action, c.text) for c in history[1:]] == [("王工", action, text) for action, text in steps]
        assert history[-1].ticket == store.ticket(number)
        assert store.ticket(number).closed_at == minutes(5)

    def test_refuse_what_their_status_does_not_allow_and_keep_no_trace_of_it(self, store):
        record(store, judged(WARNING))
        with pytest.raises(TicketError, match="cannot close"):
            store.change("T-20261122-0001", "close", "王工", "", NOW)
        assert len(store.history("T-20261122-0001")) == 1

    @pytest.mark.parametrize("ask", ["ticket", "history", "change"])
    def test_that_do_not_exist_are_said_so(self, store, ask):
        more = ("comment", "王工", "x", NOW) if ask == "change" else ()
        with pytest.raises(NotFound, match="no ticket T-1"):
            getattr(store, ask)("T-1", *more)


class TestTicketNumbers:
    def test_count_up_within_the_day_and_start_anew_on_the_next(self, store):
        for at in (0, 1, 60 * 24):
            record(store, *(judged(WARNING, key=(f"d{at}", "x", str(n))) for n in range(2)), at=at)
        assert [t.number for t in reversed(store.tickets())] == [
            "T-20261122-0001",
            "T-20261122-0002",
            "T-20261122-0003",
            "T-20261122-0004",
            "T-20261123-0001",
            "T-20261123-0002",
        ]

    @pytest.mark.parametrize(("zone", "day"), [("Asia/Shanghai", 23), ("UTC", 22), ("America/New_York", 22)])
    def test_bear_the_local_day(self, tmp_path, zone, day):
        with new_store(tmp_path / "x.db", zone=zone) as store:
            evening = (datetime(2026, 11, 22, 20, tzinfo=UTC) - NOW) / timedelta(minutes=1)
            number = record(store, judged(WARNING), at=evening).changes[0].number
        assert number == f"T-{date(2026, 11, day):%Y%m%d}-0001"

    def test_go_on_beyond_four_digits(self, store):
        taken: list[str] = []

        def decide(known: Known) -> Outcome:
            taken.extend(known.new_number() for _ in range(10_001))
            return Outcome()

        for _ in range(2):
            store.record([], {}, decide, now=NOW)
        assert taken[9_999] == "T-20261122-10000"
        assert len(set(taken)) == 20_002
