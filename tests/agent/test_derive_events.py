"""What happens often: counted events, log entries, ports that flap, sessions set up anew."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.derive import derive, tallies
from agent.model import Entry
from collectors.model import Snapshot
from tests.agent.said import (
    DAY,
    MINUTE,
    entry,
    failure,
    neighbour,
    peer,
    port,
    readings,
    sample,
    silent,
    snapshot,
    values,
)

HOUR = 3600.0
EVENTS = "device_events_daily"


def changes(count: float, at: float, *more) -> Snapshot:
    return snapshot([sample("device_events_total", count, kind="stp_change", entity="Spanning tree"), *more], at)


def daily(*each: Snapshot, name: str = EVENTS) -> list[float]:
    return [s.value for s in readings(*each).samples if s.name == name]


def test_events_are_counted_over_the_last_day():
    assert daily(changes(5, 0)) == []
    assert daily(changes(5, 0), changes(5, MINUTE)) == [0]
    assert daily(changes(5, 0), changes(9, MINUTE), changes(10, 2 * MINUTE)) == [5]
    assert daily(changes(5, 0), changes(9, MINUTE), changes(9, DAY - HOUR)) == [4]
    assert daily(changes(5, 0), changes(9, MINUTE), changes(9, DAY + 2 * HOUR)) == [0]


def test_a_long_gap_counts_by_the_day():
    assert daily(changes(0, 0), changes(60, 30 * DAY)) == [pytest.approx(2)]


def test_what_happened_before_silence_is_not_forgotten():
    nothing = silent(HOUR, failure("device_events_total"))
    assert daily(changes(0, 0), changes(7, MINUTE), nothing, changes(7, 2 * HOUR)) == []
    assert daily(changes(0, 0), changes(7, MINUTE), nothing, changes(7, 2 * HOUR), changes(8, 3 * HOUR)) == [8]


def test_a_counter_that_was_set_back_says_nothing_and_one_that_ran_over_does():
    assert daily(changes(900, 0), changes(2, MINUTE)) == []
    assert daily(changes(2**32 - 3, 0), changes(2, MINUTE)) == [5]


def test_a_restart_is_no_event():
    up = [sample("device_uptime_seconds", seconds) for seconds in (9 * DAY, 30)]
    assert daily(changes(0, 0, up[0]), changes(50, MINUTE, up[1])) == []


@settings(max_examples=60)
@given(steps=st.lists(st.tuples(st.integers(0, 9), st.integers(60, 4000)), min_size=1, max_size=60))
def test_the_sum_is_what_happened_in_the_last_24_hours_by_the_hour(steps):
    """Held against all events of those hours: the bucket of the first one may be cut off."""
    at = count = 0.0
    found, happened = derive(changes(0, 0), None, entry()), []
    for more, seconds in steps:
        at, count = at + seconds, count + more
        happened.append((at, more))
        found = derive(changes(count, at), found, entry())
    (total,) = [s.value for s in found.samples if s.name == EVENTS]
    assert sum(n for when, n in happened if when > at - DAY + HOUR) <= total + 1e-9
    assert total <= sum(n for when, n in happened if when > at - DAY - HOUR) + 1e-9


def test_new_log_entries_are_told_by_level_and_a_cleared_buffer_is_no_news():
    def log(at: float, **levels: int) -> Snapshot:
        return snapshot([sample("device_log_messages", n, level=level) for level, n in levels.items()], at)

    found = readings(log(0, error=5, critical=0), log(HOUR, error=9, critical=1))
    assert values(found, "device_log_new", "level") == {"error": 4, "critical": 1}
    found = readings(log(0, error=5), log(HOUR, error=0))
    assert values(found, "device_log_new", "level") == {"error": 0}


def test_of_more_than_can_be_counted_nothing_is_said(monkeypatch):
    monkeypatch.setattr(tallies, "MAX_COUNTED", 2)

    def log(at: float) -> Snapshot:
        return snapshot([sample("device_log_messages", 5, level=level) for level in ("a", "b", "c")], at)

    assert values(readings(log(0), log(HOUR)), "device_log_new", "level") == {"a": 0, "b": 0}
    ports = [snapshot([s for n in (1, 2, 3) for s in port(n)], n * MINUTE) for n in (0, 1)]
    assert values(readings(*ports), "if_flaps_daily", "ifName") == {"GE0/0/1": 0, "GE0/0/2": 0}


def test_mains_failures_are_counted():
    def ups(count: int, at: float) -> Snapshot:
        return snapshot([sample("ups_input_failures_total", count)], at)

    assert daily(ups(3, 0), ups(5, HOUR), name="ups_input_failures_daily") == [2]


# ---- sessions ----


def session(seconds: float, at: float, state: int = 6) -> Snapshot:
    labels = {"bgpPeerRemoteAddr": "192.0.2.1", "bgpPeerRemoteAs": "65001"}
    return snapshot([*peer("192.0.2.1", state), sample("bgpPeerFsmEstablishedTime", seconds, **labels)], at)


@pytest.mark.parametrize(
    ("each", "resets"),
    [
        ([session(1000, 0), session(1060, MINUTE)], [0]),
        ([session(1000, 0), session(20, MINUTE)], [1]),
        ([session(1000, 0), session(20, MINUTE), session(15, 2 * MINUTE)], [2]),
        ([session(1000, 0), session(0, MINUTE, state=3)], []),
        ([session(0, 0, state=3), session(20, MINUTE)], []),  # it came up: nothing was reset
    ],
)
def test_a_session_that_is_younger_than_the_last_reading_was_set_up_anew(each, resets):
    assert daily(*each, name="bgp_peer_resets_daily") == resets


def test_ospf_events_are_counted_by_neighbour():
    def routers(events: int, at: float) -> Snapshot:
        labels = {"ospfNbrIpAddr": "10.0.0.2", "ospfNbrRtrId": "10.9.9.9"}
        return snapshot([*neighbour("10.0.0.2", 8), sample("ospfNbrEvents", events, **labels)], at)

    found = readings(routers(6, 0), routers(12, HOUR))
    assert values(found, "ospf_neighbour_events_daily", "ospfNbrIpAddr") == {"10.0.0.2": 6}


# ---- ports ----

UP, DOWN = {"ifOperStatus": 1}, {"ifOperStatus": 2}


def flaps(*each: dict[str, int], site: Entry | None = None) -> object:
    taken = [snapshot(port(1, **values_), n * MINUTE) for n, values_ in enumerate(each)]
    return values(readings(*taken, site=site), "if_flaps_daily", "ifName").get("GE0/0/1")


@pytest.mark.parametrize(
    ("each", "times"),
    [
        ([UP], None),
        ([UP, UP], 0),
        ([UP, DOWN], 1),
        ([UP, DOWN, UP, UP], 2),
        ([UP | {"ifLastChange": 100}, UP | {"ifLastChange": 5000}], 2),  # down and up between
        ([UP | {"ifLastChange": 100}, DOWN | {"ifLastChange": 5000}], 1),
        ([UP | {"ifLastChange": 5000}, UP | {"ifLastChange": 0}], 0),  # the agent started anew
        ([UP | {"ifAdminStatus": 1}, DOWN | {"ifAdminStatus": 2}], 0),  # someone shut it
    ],
)
def test_a_port_that_changes_is_counted(each, times):
    assert flaps(*each) == times


def test_ports_that_are_ignored_do_not_flap():
    assert flaps(UP, DOWN, site=entry(ignore_interfaces=("GE0/0/1",))) is None
