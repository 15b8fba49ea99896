from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import findings
from agent.model import Finding, FindingState, Judged, Severity
from tests.agent.faults import CRITICAL, KEY, NOW, OK, UNKNOWN, WARNING, finding, judged, minutes

NEW, PERSISTING, CLEARED, REGRESSED, WAIVED = FindingState


def after(known: Finding | None, *now_judged: Judged, at: float = 1, **more: object) -> tuple[Finding, ...]:
    before = {} if known is None else {known.result.key: known}
    return findings.reconcile(now_judged, before, minutes(at), lambda: "f2", **more)


FAULT = finding(WARNING)
NO_DATA = finding(UNKNOWN)
RECOVERED = finding(OK, CLEARED, cleared_at=NOW)
NEVER_A_FAULT = finding(OK, CLEARED, cleared_at=NOW, times_seen=0)
NO_DATA_AFTER_FAULT = finding(UNKNOWN, NEW, times_seen=3, cleared_at=NOW)
ACCEPTED = finding(WARNING, WAIVED)


@pytest.mark.parametrize(
    ("known", "severity", "state"),
    [
        (None, WARNING, NEW),
        (None, CRITICAL, NEW),
        (None, UNKNOWN, NEW),
        (FAULT, OK, CLEARED),
        (FAULT, WARNING, PERSISTING),
        (FAULT, CRITICAL, PERSISTING),
        (FAULT, UNKNOWN, PERSISTING),
        (NO_DATA, OK, CLEARED),
        (NO_DATA, UNKNOWN, PERSISTING),
        (NO_DATA, CRITICAL, NEW),
        (NO_DATA_AFTER_FAULT, CRITICAL, REGRESSED),
        (RECOVERED, WARNING, REGRESSED),
        (RECOVERED, UNKNOWN, NEW),
        (NEVER_A_FAULT, WARNING, NEW),
        (ACCEPTED, OK, WAIVED),
        (ACCEPTED, CRITICAL, WAIVED),
        (ACCEPTED, UNKNOWN, WAIVED),
    ],
)
def test_the_state_follows_from_what_was_known_and_what_is_judged(known, severity, state):
    (found,) = after(known, judged(severity))
    assert found.state is state
    assert found.id == ("f2" if known is None else "f1")


@pytest.mark.parametrize("known", [None, RECOVERED])
def test_what_is_ok_and_was_ok_is_no_finding(known):
    assert after(known, judged(OK)) == ()


@pytest.mark.parametrize("known", [RECOVERED, NEVER_A_FAULT])
def test_what_is_cleared_and_not_judged_is_told_no_more(known):
    assert after(known, judged(OK, key=(*KEY[:2], "other")), not_applicable=[KEY[:2]]) == ()


def test_a_fault_keeps_its_last_measured_severity_while_data_is_missing():
    (found,) = after(finding(CRITICAL), judged(UNKNOWN, reason="auth", detail="wrong key"), at=5)
    assert (found.result.severity, found.result.reason, found.result.detail) == (CRITICAL, "auth", "wrong key")
    assert found.held
    assert found.last_seen == NOW
    assert found.times_seen == 1


def test_measuring_again_drops_the_reason_why_data_was_missing():
    (gap,) = after(FAULT, judged(UNKNOWN))
    (found,) = after(gap, judged(WARNING), at=2)
    assert found.result.reason == ""
    assert (found.state, found.last_seen, found.times_seen) == (PERSISTING, minutes(2), 2)


@pytest.mark.parametrize(
    ("measured", "raised", "shown", "held"),
    [
        (WARNING, OK, WARNING, False),  # `for` has not passed yet
        (CRITICAL, WARNING, WARNING, True),  # a warning holds, the critical does not yet
        (OK, WARNING, WARNING, True),  # below the limit, above where it clears
        (CRITICAL, CRITICAL, CRITICAL, True),
        (UNKNOWN, WARNING, UNKNOWN, False),  # nothing measured says nothing
    ],
)
def test_a_finding_shows_what_holds_else_what_was_measured(measured, raised, shown, held):
    (found,) = after(None, judged(measured, raised))
    assert (found.result.severity, found.held) == (shown, held)


def test_a_cleared_finding_shows_the_value_that_cleared_it():
    (found,) = after(FAULT, judged(OK, value=41.5), at=3)
    assert (found.result.value, found.cleared_at, found.held) == (41.5, minutes(3), False)
    assert found.last_seen == NOW


def test_a_regressed_finding_remembers_when_it_first_came_and_last_cleared():
    (found,) = after(RECOVERED, judged(WARNING), at=9)
    assert (found.first_seen, found.cleared_at, found.last_seen) == (minutes(-60), NOW, minutes(9))


def test_a_waived_finding_notes_recovery_once():
    (recovered,) = after(ACCEPTED, judged(OK), at=1)
    (later,) = after(recovered, judged(OK), at=2)
    assert recovered.cleared_at == later.cleared_at == minutes(1)


class TestMissingDataNotJudgedAgain:
    WHOLE_TABLE = (*KEY[:2], "")

    @pytest.mark.parametrize(
        ("others", "not_applicable", "state"),
        [
            ([judged(OK)], [], CLEARED),
            ([judged(CRITICAL)], [], CLEARED),
            ([], [KEY[:2]], CLEARED),
            ([judged(UNKNOWN)], [], NEW),
            ([judged(OK, key=("core-1", "fan", "1"))], [], NEW),
            ([judged(OK, key=("core-2", "temperature", "board"))], [], NEW),
        ],
    )
    def test_ends_once_its_check_yields_data_or_no_longer_applies(self, others, not_applicable, state):
        known = replace(NO_DATA, state=NEW, result=judged(UNKNOWN, key=self.WHOLE_TABLE).result)
        found = {f.result.key: f for f in after(known, *others, not_applicable=not_applicable)}
        assert found[self.WHOLE_TABLE].state is state
        assert found[self.WHOLE_TABLE].cleared_at is None  # nothing was measured as recovered

    def test_leaves_a_fault_standing_with_the_reason_its_whole_check_could_not_be_made(self):
        whole = judged(UNKNOWN, key=self.WHOLE_TABLE, reason="auth")
        found = {f.result.key: f for f in after(FAULT, whole)}
        assert found[KEY].result == replace(FAULT.result, reason="auth")
        assert found[KEY].last_seen == NOW

    def test_a_fault_stays_when_its_object_is_not_judged(self):
        found = after(FAULT, judged(OK, key=(*KEY[:2], "other")), not_applicable=[KEY[:2]])
        assert found == (FAULT,)

    @pytest.mark.parametrize(
        ("others", "not_applicable", "state"),
        [
            ([judged(OK, key=(*KEY[:2], "other"))], [], CLEARED),
            ([], [KEY[:2]], CLEARED),
            ([judged(UNKNOWN, key=(*KEY[:2], "other"))], [], PERSISTING),
        ],
    )
    def test_ends_a_fault_that_does_not_hold_as_well(self, others, not_applicable, state):
        found = {f.result.key: f for f in after(finding(CRITICAL, held=False), *others, not_applicable=not_applicable)}
        assert (found[KEY].state, found[KEY].cleared_at) == (state, None)


@pytest.mark.parametrize("known", [finding(last_seen=minutes(10)), finding(OK, CLEARED, cleared_at=minutes(10))])
@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("settled", [{"at": 5}, {"at": 15, "read": {"core-1": minutes(5)}}])
def test_a_result_taken_in_late_does_not_undo_what_is_known_from_later(known, severity, settled):
    assert after(known, judged(severity), **settled) == (() if known.state is CLEARED else (known,))


def test_the_worse_of_two_series_with_one_name_speaks_for_both():
    (found,) = after(None, judged(WARNING), judged(CRITICAL), judged(OK))
    assert found.result.severity is CRITICAL


history = st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(Severity)), max_size=3), max_size=12)


@given(history)
def test_through_any_history_one_id_a_key_and_only_data_clears(runs):
    known: dict[findings.Key, Finding] = {}
    ids, faults = count(), {}
    for n, run in enumerate(runs):
        said = {(*KEY[:2], name): severity for name, severity in run}
        found = findings.reconcile(
            [judged(severity, key=key) for key, severity in said.items()], known, minutes(n), lambda: str(next(ids))
        )
        for f in found:
            key = f.result.key
            before = known.get(key)
            faults[key] = faults.get(key, 0) + (said.get(key) in {WARNING, CRITICAL})
            assert before is None or before.id == f.id
            assert f.times_seen == faults[key]
            if before and before.result.severity in {WARNING, CRITICAL} and f.state is CLEARED:
                assert said[key] is OK
        assert len({f.result.key for f in found}) == len(found)
        known |= {f.result.key: f for f in found}
        open_keys = {f.result.key for f in found if f.state is not CLEARED}
        assert {k for k, f in known.items() if f.state is not CLEARED} == open_keys
    assert len({f.id for f in known.values()}) == len(known)
