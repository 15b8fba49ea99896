"""Rates of interfaces: wraps, resets, speeds, and what counts as no data."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.derive import completed, derive
from agent.derive.counters import grown
from collectors.columns import Grid, Rows, Samples, packed
from collectors.model import Number, Snapshot
from tests.agent.said import DAY, MINUTE, entry, failure, port, sample, silent, snapshot, values

UTILISATION, ERRORS, DISCARDS = "if_utilisation_ratio", "if_errors_ratio", "if_discards_ratio"
GIGABIT = {"ifHighSpeed": 1000, "ifConnectorPresent": 1}


def two(before: dict[str, Number], now: dict[str, Number], seconds: float = MINUTE, **uptime: float) -> Snapshot:
    """Derive a port's second reading."""
    first = snapshot([*port(1, **before), sample("device_uptime_seconds", uptime.get("up_then", 10 * DAY))])
    up = uptime.get("up_now", 10 * DAY + seconds)
    second = snapshot([*port(1, **now), sample("device_uptime_seconds", up)], seconds)
    return derive(second, derive(first, None, entry()), entry())


def pending(found: Snapshot) -> set[str]:
    return {name for f in found.failures if f.kind == "no_history" for name in f.samples}


def octets(before: int, now: int, seconds: float = MINUTE, speed: dict[str, Number] = GIGABIT, **more: float) -> object:
    found = two({"ifHCInOctets": before} | speed, {"ifHCInOctets": now} | speed, seconds, **more)
    return values(found, UTILISATION, "direction").get("in")


@pytest.mark.parametrize(
    ("before", "now", "seconds", "ratio"),
    [
        (0, 3_750_000_000, 60, 0.5),
        (2**40, 2**40, 60, 0.0),
        (2**64 - 1000, 3_749_999_000, 60, 0.5),  # a 64-bit wrap
        (0, 125_000_000 * 2_592_000 // 4, 30 * DAY, 0.25),  # last month's inspection
        (0, 125_000_000 * 60, 60, 1.0),
        (0, int(125_000_000 * 60 * 1.09), 60, 1.09),  # two readings are not exactly a minute apart
    ],
)
def test_utilisation_is_the_traffic_between_two_readings_by_the_speed(before, now, seconds, ratio):
    assert octets(before, now, seconds) == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (10**12, 5, "set back to nothing"),
        (10**12, 10**12 - 1, "went back a little"),
        (0, int(125_000_000 * 60 * 1.2), "more than the line carries"),
        (0, 2**63, "an impossible jump"),
    ],
)
def test_a_counter_that_cannot_be_right_is_a_gap_and_no_spike(before, now, why):
    found = two({"ifHCInOctets": before} | GIGABIT, {"ifHCInOctets": now} | GIGABIT)
    assert values(found, UTILISATION, "direction") == {}, why
    assert UTILISATION in pending(found)


def test_counters_from_before_a_restart_are_not_compared():
    assert octets(10**6, 2 * 10**6, up_now=30.0) is None
    assert octets(10**6, 2 * 10**6) is not None


def test_counters_of_an_uptime_that_wrapped_are_compared():
    span = 2**32 / 100
    assert octets(0, 3_750_000_000, up_then=span - 30, up_now=30.0) == pytest.approx(0.5)


FAST_ETHERNET = {"ifHighSpeed": 100}


@pytest.mark.parametrize(
    ("before", "now", "seconds", "speed", "ratio"),
    [
        (2**32 - 1000, 374_999_000, 60, FAST_ETHERNET, 0.5),  # a 32-bit wrap
        (0, 375_000_000, 60, {"ifSpeed": 100_000_000}, 0.5),
        (0, 3_840, 60, {"ifHighSpeed": 0, "ifSpeed": 64_000}, 0.008),  # below one unit of ifHighSpeed
        (5, 0, 60, {"ifHighSpeed": 1000}, None),  # a reset, or one of several wraps
        (5, 0, 60, FAST_ETHERNET, None),  # a reset: as a wrap it would be more than the line carries
        (0, 100, 60, {"ifHighSpeed": 1000}, None),  # may have run over more than once
        (0, 100, 60, {"ifSpeed": 2**32 - 1}, None),  # "more than can be said"
        (0, 100, 60, {"ifHighSpeed": 0}, None),
    ],
)
def test_32_bit_counters_serve_where_there_are_no_others(before, now, seconds, speed, ratio):
    found = two({"ifInOctets": before} | speed, {"ifInOctets": now} | speed, seconds)
    assert values(found, UTILISATION, "direction").get("in") == (None if ratio is None else pytest.approx(ratio))


def test_64_bit_counters_go_before_32_bit_ones():
    both = {"ifHighSpeed": 100, "ifInOctets": 0, "ifHCInOctets": 0}
    found = two(both, both | {"ifInOctets": 1, "ifHCInOctets": 375_000_000})
    assert values(found, UTILISATION, "direction") == {"in": pytest.approx(0.5)}


def test_a_port_without_speed_has_no_utilisation_and_waits_for_none():
    found = two({"ifHCInOctets": 0, "ifHighSpeed": 0}, {"ifHCInOctets": 9, "ifHighSpeed": 0})
    assert UTILISATION not in pending(found)


def test_a_port_that_went_down_carries_nothing():
    found = two({"ifHCInOctets": 0} | GIGABIT, {"ifHCInOctets": 9, "ifHighSpeed": 0, "ifOperStatus": 2})
    assert values(found, UTILISATION, "direction") == {"in": 0.0}


def test_an_index_given_to_another_port_is_not_compared():
    first = derive(snapshot(port(1, ifHCInOctets=0, **GIGABIT)), None, entry())
    moved = [replace(s, labels=s.labels | {"ifName": "GE9"}) for s in port(1, ifHCInOctets=10, **GIGABIT)]
    assert values(derive(snapshot(moved, MINUTE), first, entry()), UTILISATION, "ifName") == {}


def test_a_port_that_was_given_another_description_is_the_same():
    first = derive(snapshot(port(1, alias="old", ifHCInOctets=0, **GIGABIT)), None, entry())
    again = snapshot(port(1, alias="new", ifHCInOctets=10, **GIGABIT), MINUTE)
    assert values(derive(again, first, entry()), UTILISATION, "ifAlias").keys() == {"new"}


def test_ports_without_a_connector_are_counted_only_as_uplinks():
    virtual = {"ifHCInOctets": 0, "ifHighSpeed": 1000, "ifConnectorPresent": 2}
    for uplinks, names in (((), set()), (("GE0/0/*",), {"GE0/0/1"})):
        site = entry(uplinks=uplinks)
        first = derive(snapshot(port(1, **virtual)), None, site)
        found = derive(snapshot(port(1, **virtual), MINUTE), first, site)
        assert values(found, UTILISATION, "ifName").keys() == names


def test_ignored_ports_are_not_counted():
    site = entry(ignore_interfaces=("GE0/0/1",))
    reading = [*port(1, ifHCInOctets=0, **GIGABIT), *port(2, ifHCInOctets=0, **GIGABIT)]
    found = derive(snapshot(reading, MINUTE), derive(snapshot(reading), None, site), site)
    assert values(found, UTILISATION, "ifName").keys() == {"GE0/0/2"}


PACKETS = {"ifHCInUcastPkts": 0, "ifHCInMulticastPkts": 0, "ifHCInBroadcastPkts": 0, "ifInErrors": 0} | GIGABIT


@pytest.mark.parametrize(
    ("packets", "faulty", "seconds", "ratio"),
    [
        (99_000, 1_000, 60, 0.01),
        (0, 0, 60, 0.0),
        (5, 1, 60, 0.0001),  # one bad frame on an idle port
        (10**9, 10**6, 30 * DAY, 10**6 / (10**9 + 10**6)),
    ],
)
def test_errors_are_a_share_of_all_packets(packets, faulty, seconds, ratio):
    now = {"ifHCInUcastPkts": packets // 2, "ifHCInBroadcastPkts": packets - packets // 2, "ifInErrors": faulty}
    found = two(PACKETS, PACKETS | now, seconds)
    assert values(found, ERRORS, "direction")["in"] == pytest.approx(ratio)


@pytest.mark.parametrize(("before", "now", "ratio"), [(2**32 - 600, 400, 0.01), (1_000, 0, None)])
def test_an_error_counter_wraps_or_is_cleared(before, now, ratio):
    found = two(PACKETS | {"ifInErrors": before}, PACKETS | {"ifInErrors": now, "ifHCInUcastPkts": 99_000})
    assert values(found, ERRORS, "direction").get("in") == (None if ratio is None else pytest.approx(ratio))


def test_discards_are_counted_by_direction():
    base = {"ifOutUcastPkts": 0, "ifOutDiscards": 0, "ifHighSpeed": 100}
    found = two(base, base | {"ifOutUcastPkts": 19_800, "ifOutDiscards": 200})
    assert values(found, DISCARDS, "direction") == {"out": pytest.approx(0.01)}


def test_errors_without_packets_are_no_ratio_and_wait_for_none():
    found = two({"ifInErrors": 0} | GIGABIT, {"ifInErrors": 5} | GIGABIT)
    assert values(found, ERRORS, "direction") == {}
    assert ERRORS not in found.expected | pending(found)


def test_the_first_reading_says_that_rates_need_another():
    found = derive(snapshot(port(1, ifHCInOctets=0, **GIGABIT)), None, entry())
    assert pending(found) == {UTILISATION}
    assert UTILISATION in found.expected


def test_a_silent_reading_in_between_is_a_gap():
    first = derive(snapshot(port(1, ifHCInOctets=0, **GIGABIT)), None, entry())
    nothing = derive(silent(MINUTE, failure("ifHCInOctets")), first, entry())
    found = derive(snapshot(port(1, ifHCInOctets=10, **GIGABIT), 2 * MINUTE), nothing, entry())
    assert pending(found) == {UTILISATION}
    assert UTILISATION in nothing.expected


def test_a_clock_that_was_set_back_is_a_gap():
    first = derive(snapshot(port(1, ifHCInOctets=0, **GIGABIT), 2 * MINUTE), None, entry())
    assert pending(derive(snapshot(port(1, ifHCInOctets=9, **GIGABIT)), first, entry())) == {UTILISATION}


def ported(at: float, octets: int, uptime: float, *more: int) -> Snapshot:
    """A port, and further ones, each with as many octets in."""
    ports = [s for n in (1, *more) for s in port(n, ifHCInOctets=octets, **GIGABIT)]
    return snapshot([*ports, sample("device_uptime_seconds", uptime)], at)


@pytest.mark.parametrize(
    ("before", "pair", "ratios"),
    [
        (ported(0, 0, DAY), (ported(DAY, 5, 40), ported(DAY + 10, 625_000_005, 50)), {"GE0/0/1": 0.5}),  # it restarted
        (
            ported(0, 0, DAY),  # GE0/0/2 is new
            (ported(DAY, 0, 2 * DAY, 2), ported(DAY + 10, 125_000_000, 2 * DAY + 10, 2)),
            {"GE0/0/1": 125_000_000 / 125_000_000 / (DAY + 10), "GE0/0/2": 0.1},
        ),
    ],
    ids=["restarted", "a new port"],
)
def test_what_a_reading_long_before_does_not_tell_one_just_before_does(before, pair, ratios):
    first, site = derive(before, None, entry()), entry()
    recent = derive(pair[0], first, site)
    derived = derive(pair[1], first, site)
    assert pending(derived) == {UTILISATION}
    found = completed(derived, pair[1], recent, site)
    assert values(found, UTILISATION, "ifName") == pytest.approx(ratios)
    assert pending(found) == set()
    assert len({s.series for s in found.samples}) == len(found.samples)


def test_what_no_reading_tells_still_needs_a_further_one():
    site, silence = entry(), silent(DAY, failure("ifHCInOctets"))
    before, now = derive(ported(0, 0, DAY), None, site), ported(DAY + 10, 5, 50)
    found = completed(derive(now, before, site), now, derive(silence, before, site), site)
    assert pending(found) == {UTILISATION}
    whole = derive(ported(MINUTE, 5, DAY + 60), before, site)
    assert completed(whole, ported(MINUTE, 5, DAY + 60), before, site) is whole


def test_what_costs_a_source_costs_what_is_derived_from_it():
    found = derive(snapshot(port(1), failures=(failure("ifHCInOctets"), failure("device_fan_ratio"))), None, entry())
    assert [sorted(f.samples) for f in found.failures] == [
        ["ifHCInOctets", UTILISATION],
        ["device_fan_ratio"],
    ]


counters = st.integers(0, 2**32 - 1)


@given(before=counters, growth=st.integers(0, 2**31))
def test_a_counter_below_its_capacity_grows_by_what_was_counted(before, growth):
    assert grown(before, (before + growth) % 2**32, most=2**31) == growth


@given(before=counters, now=counters, most=st.none() | st.floats(0, 2**40), laps=st.booleans())
def test_growth_is_never_negative_nor_beyond_the_line(before, now, most, laps):
    growth = grown(before, now, most=most, laps=laps)
    assert growth is None or growth >= 0
    assert growth is None or most is None or growth <= most * 1.1


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1, 2**64, 10**400])
def test_what_no_counter_can_show_is_a_gap(value):
    assert grown(0, value, most=None) is None
    assert grown(value, 5, most=None) is None


BOTH = Rows([port(n)[0].labels for n in (1, 2)])


def table(at: float, octets: list[int], megabits: list[int]) -> Snapshot:
    """Two ports side by side, as a table is decoded."""
    figures = {"ifHCInOctets": octets, "ifHCOutOctets": octets, "ifHighSpeed": megabits}
    samples = Samples(grids=[Grid(BOTH, {name: packed(column) for name, column in figures.items()})])
    return replace(snapshot(samples, at), samples=samples)


@pytest.mark.parametrize(
    ("grew", "ratios"),
    [
        ([1_000_000_000, 1_000_000_000], {"GE0/0/1": 1 / 75, "GE0/0/2": 1 / 7.5}),
        ([60_000_000_000, 1_000_000_000], {"GE0/0/1": 0.8, "GE0/0/2": 1 / 7.5}),
        ([60_000_000_000, 60_000_000_000], {"GE0/0/1": 0.8}),  # more than the slower of the two carries
        ([60_000_000_000, -5], {"GE0/0/1": 0.8}),  # one was set back
    ],
)
def test_ports_of_a_table_are_held_against_what_the_line_of_each_carries(grew, ratios):
    before = derive(table(0, [10**12, 10**12], [10_000, 1000]), None, entry())
    found = derive(table(MINUTE, [10**12 + n for n in grew], [10_000, 1000]), before, entry())
    assert values(found, UTILISATION, "ifName") == pytest.approx(ratios)
    assert pending(found) == (set() if len(ratios) == 2 else {UTILISATION})
