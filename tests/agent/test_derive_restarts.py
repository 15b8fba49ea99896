"""A restart is told from time gone by, whatever else counts from 0 again."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.derive import derive
from collectors.model import Snapshot
from tests.agent.said import DAY, MINUTE, entry, failure, later, readings, sample, silent, snapshot, values

WRAP = 2**32 / 100


def up_for(seconds: float, at: float, boots: int | None = None) -> Snapshot:
    engine = [] if boots is None else [sample("device_engine_boots", boots)]
    return snapshot([sample("device_uptime_seconds", seconds), *engine], at)


def rebooted(*each: Snapshot) -> object:
    return values(readings(*each), "device_rebooted").get(())


@pytest.mark.parametrize(
    ("then", "now", "elapsed", "restarts"),
    [
        (10 * DAY, 10 * DAY + 60, 60, 0),
        (10 * DAY, 30, 60, 1),
        (90, 20, 60, 1),  # again and again
        (90, 155, 60, 0),  # read a little earlier in the reading
        (5 * DAY, 25 * DAY, 30 * DAY, 1),  # more uptime than last month, and yet restarted
        (5 * DAY, 35 * DAY, 30 * DAY, 0),
        (5 * DAY, 35 * DAY - 1000, 30 * DAY, 0),  # a bad quartz
        (WRAP - 30, 30, 60, 0),  # 497 days
        (WRAP - 30, 33, 60, 0),
        (WRAP - 10 * DAY, 20 * DAY, 30 * DAY, 0),
        (490 * DAY, 4 * DAY, 30 * DAY, 1),  # near the wrap, and restarted before it
        (600 * DAY, 600 * DAY + 60, 60, 0),  # an uptime that does not wrap
        (10 * DAY, 10 * DAY + 60, 3660, 0),  # our clock was set
    ],
)
def test_a_restart_is_told_from_time_gone_by_and_from_the_wrap(then, now, elapsed, restarts):
    assert rebooted(up_for(then, 0), up_for(now, elapsed)) == restarts


def test_an_engine_that_restarted_at_the_wrap_was_a_restart():
    assert rebooted(up_for(WRAP - 30, 0, boots=4), up_for(30, 60, boots=5)) == 1
    assert rebooted(up_for(WRAP - 30, 0, boots=4), up_for(30, 60, boots=4)) == 0


def test_an_agent_that_restarted_leaves_the_device_running():
    assert rebooted(up_for(DAY, 0, boots=4), up_for(DAY + 60, 60, boots=5)) == 0


def test_a_device_that_was_silent_while_it_restarted_is_caught():
    nothing = [silent(n * MINUTE, failure("device_uptime_seconds")) for n in range(1, 5)]
    assert rebooted(up_for(10 * DAY, 0), *nothing, up_for(40, 5 * MINUTE)) == 1


def test_a_wrap_during_silence_is_no_restart_then_nor_later():
    nothing = silent(MINUTE, failure("device_uptime_seconds"))
    assert rebooted(up_for(WRAP - 30, 0), nothing, up_for(90, 120), up_for(150, 180)) == 0


def test_a_restart_is_news_for_a_day_and_counts_for_thirty():
    first = [up_for(10 * DAY, 0), up_for(30, 60)]
    assert rebooted(*first, up_for(30 + DAY / 2, 60 + DAY / 2)) == 1
    assert rebooted(*first, up_for(30 + 2 * DAY, 60 + 2 * DAY)) == 0
    assert rebooted(*first, up_for(30 + 2 * DAY, 60 + 2 * DAY), up_for(50, 120 + 2 * DAY)) == 2
    assert rebooted(*first, up_for(30 + 40 * DAY, 60 + 40 * DAY), up_for(50, 120 + 40 * DAY)) == 1


def test_the_first_reading_says_nothing_of_restarts():
    found = readings(up_for(30, 0))
    assert values(found, "device_rebooted") == {}
    assert [(f.kind, f.samples) for f in found.failures] == [("no_history", frozenset({"device_rebooted"}))]


def test_a_stored_reading_that_was_not_derived_is_history_too():
    assert values(derive(up_for(30, 60), up_for(10 * DAY, 0), entry()), "device_rebooted") == {(): 1}


def test_the_start_is_told_beyond_the_wrap():
    found = readings(up_for(WRAP - 30, 0), up_for(30, 60), up_for(90, 120))
    assert values(found, "device_started_timestamp_seconds")[()] == pytest.approx(later(30 - WRAP).timestamp(), abs=1)


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[float, float, bool]]:
    """Readings of a device over time: (when, uptime then, whether it restarted since the one before)."""
    at, started = 0.0, -draw(st.floats(3600, 300 * DAY))
    told = [(at, -started, False)]
    for _ in range(draw(st.integers(1, 8))):
        gap = draw(st.floats(MINUTE, 40 * DAY))
        restarts = draw(st.booleans()) and at - started < 400 * DAY
        if restarts:
            started = at + gap * draw(st.floats(0, 1))
        at += gap
        told.append((at, at - started, restarts))
    return told


@settings(deadline=None)
@given(lives(), st.floats(-4, 4))
def test_each_restart_is_noticed_once_and_nothing_else_is(life: Sequence[tuple[float, float, bool]], jitter: float):
    """Beside what cannot be told: a restart after so short an uptime that the clocks' doubt covers it."""
    found, uptime = None, 0.0
    for at, now, restarted in life:
        gap = at - (found.taken_at - later(0)).total_seconds() if found else 0.0
        if restarted and uptime < 30 + 0.002 * gap:
            return
        seen = _noticed(found)
        found = derive(up_for(max(now + jitter, 0.0) % WRAP, at), found, entry())
        expected = {at} if restarted else set()
        assert {round(t) for t in _noticed(found) - seen} == {round((later(t)).timestamp()) for t in expected}
        uptime = now


def _noticed(found: Snapshot | None) -> set[float]:
    return set(values(found, "device_restart_seen_timestamp_seconds", "n").values()) if found else set()
