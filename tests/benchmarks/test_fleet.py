"""What becomes of a fleet's polls: late rounds, durations of live devices, time-outs nobody expected."""

import json
from dataclasses import asdict

import pytest

from benchmarks.daemon import Poll, Records, Result
from benchmarks.fleet import Plan, Spell, figures, late
from benchmarks.simulator import Fleet

PLAN = Plan(faulty=3, interval=60.0)


def polls(device: str, *spans: tuple[float, float], result: Result = "ok") -> list[Poll]:
    """Return a device's polls, as (began, seconds)."""
    return [Poll(device, began, seconds, result) for began, seconds in spans]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(5.0, 1.0), (65.0, 1.0), (125.0, 1.0)], 0),
        ([(5.0, 1.0), (65.0, 59.9), (125.0, 1.0)], 0),
        ([(9.0, 1.0), (65.0, 1.0), (125.0, 1.0)], 0),  # the first began late
        ([(5.0, 1.0), (65.0, 61.0), (126.0, 1.0)], 1),  # ended after the next one was due
        ([(5.0, 1.0), (110.0, 30.0), (126.0, 1.0)], 1),  # began too late to end in time
        ([(5.0, 1.0), (125.0, 1.0)], 1),  # one was left out
        ([(5.0, 1.0), (65.0, 1.0), (125.0, 1.0), (185.0, 90.0)], 0),  # what comes after the last round does not count
        ([], 3),
    ],
)
def test_a_round_is_late_when_it_has_not_ended_when_the_next_is_due(
    spans: list[tuple[float, float]], expected: int
) -> None:
    assert late(polls("a", *spans), PLAN) == expected


def test_dead_and_slow_devices_do_not_count_in_the_durations_and_dead_ones_not_as_time_outs() -> None:
    fleet = Fleet(port=1, devices=4, dead_every=4, slow_every=3)
    dead, slow = fleet.addresses[3], fleet.addresses[1]
    assert (fleet.dead, fleet.slow) == ({dead}, {slow})
    records = Records(
        polls=[
            *polls(
                fleet.addresses[0], (0, 9.0), (60, 9.0), (120, 0.3)
            ),  # the first rounds are left out, if there are more
            *polls(fleet.addresses[2], (0, 9.0), (60, 0.2), (120, 0.4), result="timeout"),
            *polls(slow, (0, 20.0), (60, 20.0), (120, 20.0)),
            *polls(dead, (0, 4.0), result="down"),  # a silent device is asked less often
        ],
        cpu=2.0,
        most_memory=10**9,
    )
    found = figures(records, fleet, PLAN)
    assert (found["s p50"], found["s p99"], found["s p99, worst round"]) == (0.3, 0.4, 0.4)
    assert (found["spurious time-outs"], found["late rounds"]) == (3, 0)
    assert (found["ms CPU a poll"], found["GB in RAM"]) == (200.0, 1.0)


def test_a_live_device_that_is_down_is_a_spurious_time_out_even_when_it_is_slow() -> None:
    fleet = Fleet(port=1, devices=3, slow_every=3)
    records = Records(polls=polls(fleet.addresses[1], (0, 4), (60, 4), (120, 4), result="down"))
    assert figures(records, fleet, PLAN)["spurious time-outs"] == 3


def test_spells_in_which_the_dead_answer_are_compared_with_the_time_around_them() -> None:
    fleet = Fleet(port=1, devices=2, dead_every=2)
    plan = Plan(faulty=10, interval=60.0, spells=2)
    took = [9.0] * 4 + [0.4] + [7.0, 0.1, 0.2] + [7.0, 0.3, 0.3, 0.3, 0.5] + [7.0, 0.1, 0.1]  # what settles is left out
    records = Records(polls=polls(fleet.addresses[0], *((60.0 * n, seconds) for n, seconds in enumerate(took))))
    found = figures(records, fleet, plan, [Spell(300.0, 480.0), Spell(780.0, 960.0)])
    assert (found["s p50"], found["s p99"], found["s p99, worst round"]) == (0.3, 0.3, 0.5)
    assert (found["s p50, none dead"], found["s p99, none dead"]) == (0.1, 0.1)
    assert found["s p99, none dead, worst round"] == 0.2
    assert found["p99 against none dead"] == pytest.approx((0.3 / 0.15 + 0.3 / 0.1) / 2)
    assert (found["rounds"], found["late rounds"]) == (16, 0)


def test_one_bad_round_does_not_move_the_middle_of_the_rounds() -> None:
    fleet = Fleet(port=1, devices=100)
    plan = Plan(faulty=9, interval=60.0)
    records = Records(
        polls=[
            poll
            for place, address in enumerate(fleet.addresses)
            for poll in polls(address, *((60.0 * n + place / 10, 5.0 if n == 6 else 0.1) for n in range(9)))
        ]
    )
    found = figures(records, fleet, plan)
    assert (found["s p99"], found["s p99, worst round"]) == (0.1, 5.0)


def test_records_are_the_same_after_json() -> None:
    records = Records(polls=polls("a", (1.0, 2.0)), lags=[0.1], cpu=1.5)
    assert Records.from_json(json.dumps(asdict(records))) == records
