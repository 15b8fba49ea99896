from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from agent import sla
from agent.inventory_scalars import Target
from agent.model import Calendar, Due, TicketStatus
from tests.agent.faults import NOW, contract, minutes, targets, ticket

WORKDAYS = (1, 2, 3, 4, 5)
ALWAYS = Calendar()
OFFICE = Calendar(weekdays=WORKDAYS, opens=time(8, 30), closes=time(17, 30))
NINE_TO_FIVE = Calendar(weekdays=WORKDAYS, opens=time(9), closes=time(17))
EIGHTEEN_HOURS = Calendar(opens=time(6))  # 7x18
NIGHT_SHIFT = Calendar(weekdays=WORKDAYS, opens=time(22), closes=time(6))
MONDAY, WEEKEND = date(2026, 11, 23), (date(2026, 11, 21), date(2026, 11, 22))


def local(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


REPORTED = local("2026-11-20 16:00")  # a Friday
MIN = 1 / 60

# what service contracts promise, in hours: (name, targets, due response, on site, fix for REPORTED)
VARIANTS = [
    ("answer 1 h, on site 6 h, loaner 24 h", (1, 6, 24), "20 17:00:00", "20 22:00:00", "21 16:00:00"),
    ("answer 5 min, on site 1 h", (5 * MIN, 1, None), "20 16:05:00", "20 17:00:00", None),
    ("answer 10 min, on site 2 h", (10 * MIN, 2, None), "20 16:10:00", "20 18:00:00", None),
    ("answer 20 min, on site 2 h", (20 * MIN, 2, None), "20 16:20:00", "20 18:00:00", None),
    ("answer 30 min, on site 2 h, repair 24 h", (0.5, 2, 24), "20 16:30:00", "20 18:00:00", "21 16:00:00"),
    ("on site 1 h, parts 2 days", (None, 1, 48), None, "20 17:00:00", "22 16:00:00"),
    ("at the door 2 h", (2, 2, None), "20 18:00:00", "20 18:00:00", None),
    ("on site 24 h", (None, 24, None), None, "21 16:00:00", None),
    ("answer 1 h, on site 48 h, fix 48 h", (1, 48, 48), "20 17:00:00", "22 16:00:00", "22 16:00:00"),
    ("call 15 min, on site 48 h, restored 2 days", (0.25, 48, 48), "20 16:15:00", "22 16:00:00", "22 16:00:00"),
    ("plan 30 min, on site 4 h", (0.5, 4, None), "20 16:30:00", "20 20:00:00", None),
    ("answer 2 h, on site 12 h, fix 48 h", (2, 12, 48), "20 18:00:00", "21 04:00:00", "22 16:00:00"),
    ("phone 1 h, on site 1 h, plan 4 h", (1, 1, 4), "20 17:00:00", "20 17:00:00", "20 20:00:00"),
    ("on site half an hour", (None, 0.5, None), None, "20 16:30:00", None),
    ("answer 15 min, on site 1 h, fix 2 h", (0.25, 1, 2), "20 16:15:00", "20 17:00:00", "20 18:00:00"),
    ("answer 15 min, solution 2 h, nobody on site", (0.25, None, 2), "20 16:15:00", None, "20 18:00:00"),
    ("on site 2 h, restored 4 h", (None, 2, 4), None, "20 18:00:00", "20 20:00:00"),
    ("7x24x4 with parts", (None, 4, None), None, "20 20:00:00", None),
]


@pytest.mark.parametrize(
    ("promise", "response", "on_site", "fix"), [v[1:] for v in VARIANTS], ids=[v[0] for v in VARIANTS]
)
def test_round_the_clock_promises_are_due_to_the_second(promise, response, on_site, fix):
    found = sla.due(contract({3: targets(*promise)}), 3, REPORTED)
    assert found == Due(*(at and local(f"2026-11-{at}") for at in (response, on_site, fix)))


@pytest.mark.parametrize(
    ("calendar", "reported", "hours", "due"),
    [
        (ALWAYS, "2026-11-20 16:00", 4, "2026-11-20 20:00"),
        (OFFICE, "2026-11-20 16:00", 4, "2026-11-23 11:00"),  # over the weekend
        (OFFICE, "2026-11-21 12:00", 1, "2026-11-23 09:30"),  # on Saturday
        (OFFICE, "2026-11-20 17:29:59", 1 / 3600, "2026-11-20 17:30:00"),  # done as it closes, not on Monday
        (OFFICE, "2026-11-20 17:30", 1 / 3600, "2026-11-23 08:30:01"),
        (OFFICE, "2026-11-20 16:00", 27, "2026-11-25 16:00"),  # 3 working days
        (EIGHTEEN_HOURS, "2026-11-20 23:00", 2, "2026-11-21 07:00"),
        (NIGHT_SHIFT, "2026-11-21 05:00", 2, "2026-11-23 23:00"),  # Friday's shift ends on Saturday at 06:00
        (NINE_TO_FIVE, "2026-11-20 17:00", 0, "2026-11-23 09:00"),
        (replace(NINE_TO_FIVE, holidays=(MONDAY,)), "2026-11-20 16:00", 2, "2026-11-24 10:00"),
        (replace(NINE_TO_FIVE, workdays=WEEKEND[:1]), "2026-11-20 16:00", 2, "2026-11-21 10:00"),
        (replace(NINE_TO_FIVE, workdays=WEEKEND, holidays=(MONDAY,)), "2026-11-20 16:00", 18, "2026-11-24 10:00"),
        (replace(ALWAYS, holidays=WEEKEND), "2026-11-20 23:00", 2, "2026-11-23 01:00"),
        (replace(NIGHT_SHIFT, holidays=(MONDAY,)), "2026-11-21 05:00", 2, "2026-11-24 23:00"),
    ],
)
def test_working_time_skips_what_the_calendar_leaves_out(calendar, reported, hours, due):
    found = sla.due(contract({1: targets(fix=hours)}, calendar=calendar), 1, local(reported))
    assert found.fix == local(due)


@pytest.mark.parametrize(("calendar", "due"), [(ALWAYS, "2027-11-20 16:00"), (NINE_TO_FIVE, "2031-01-31 16:00")])
def test_the_longest_target_that_an_inventory_may_name_is_due(calendar, due):
    longest = TypeAdapter(Target).validate_python("365d") / timedelta(hours=1)
    found = sla.due(contract({1: targets(fix=longest)}, calendar=calendar), 1, REPORTED)
    assert found.fix == local(due)


@pytest.mark.parametrize(
    ("reported", "hours", "due"),
    [
        ("2026-03-28 23:00", 24, "2026-03-30 00:00"),  # clocks go forward: that Sunday has 23 h
        ("2026-10-24 23:00", 25, "2026-10-25 23:00"),  # and back: 25 h
    ],
)
def test_a_day_on_which_clocks_change_has_its_real_length(reported, hours, due):
    calendar = Calendar(timezone="Europe/Berlin")
    found = sla.due(contract({1: targets(fix=hours)}, calendar=calendar), 1, local(reported, "Europe/Berlin"))
    assert found.fix == local(due, "Europe/Berlin")


class TestConflicts:
    def test_a_worse_fault_never_gets_longer_than_a_lighter_one(self):
        promise = contract({1: targets(None, 2, 4), 3: targets(0.25, 1, 2), 4: targets(0.1, None, 9)})
        assert sla.promised(promise, 1) == targets(0.1, 1, 2)
        assert sla.promised(promise, 4) == targets(0.1, None, 9)

    def test_a_level_the_contract_does_not_name_gets_what_lighter_ones_get(self):
        promise = contract({2: targets(1)})
        assert sla.promised(promise, 1) == targets(1)
        assert sla.promised(promise, 3) == targets()

    def test_whoever_arrived_or_fixed_it_has_responded(self):
        assert sla.promised(contract({1: targets(4, 2, 8)}), 1) == targets(2, 2, 8)
        assert sla.promised(contract({1: targets(4, None, 1)}), 1) == targets(1, None, 1)

    def test_the_stricter_of_two_promises_is_taken_clock_by_clock(self):
        assert sla.stricter(targets(0.25, 1, 2), targets(None, 2, 4)) == targets(0.25, 1, 2)
        assert sla.stricter(targets(1, 2), targets(2, 1)) == targets(1, 1)
        assert sla.stricter() == targets()

    def test_the_earlier_of_two_due_times_is_taken_clock_by_clock(self):
        assert sla.earlier(Due(minutes(1), None, minutes(9)), Due(minutes(2), minutes(3))) == Due(
            minutes(1), minutes(3), minutes(9)
        )


@pytest.mark.parametrize(
    ("day", "promised"), [("2026-10-31", False), ("2026-11-01", True), ("2026-11-30", True), ("2026-12-01", False)]
)
def test_a_contract_promises_from_its_first_day_to_its_last(day, promised):
    term = contract({1: targets(1)}, starts=date(2026, 11, 1), ends=date(2026, 11, 30))
    assert (sla.due(term, 1, local(f"{day} 00:30")) != Due()) is promised


def test_without_a_contract_nothing_is_due():
    assert sla.due(None, 1, NOW) == Due()


def test_a_calendar_without_a_working_day_is_an_error():
    with pytest.raises(ValueError, match="no working day"):
        sla.after(Calendar(weekdays=()), NOW, timedelta(hours=1))


class TestClocks:
    DUE = Due(minutes(10), minutes(60), minutes(240))

    def test_show_what_is_left_and_what_is_late(self):
        clocks = sla.clocks(ticket(due=self.DUE), minutes(30))
        assert [(c.name, c.remaining, c.breached) for c in clocks] == [
            ("response", timedelta(minutes=-20), True),
            ("on_site", timedelta(minutes=30), False),
            ("fix", timedelta(minutes=210), False),
        ]

    def test_on_site_stands_still_with_the_arrival(self):
        there = ticket(TicketStatus.ON_SITE, due=Due(on_site=minutes(60)), on_site_at=minutes(50))
        (clock,) = sla.clocks(there, minutes(999))
        assert (clock.done_at, clock.remaining, clock.breached) == (minutes(50), timedelta(minutes=10), False)

    def test_stand_still_once_done(self):
        done = ticket(TicketStatus.RESOLVED, due=self.DUE, responded_at=minutes(10), resolved_at=minutes(90))
        assert [c.breached for c in sla.clocks(done, minutes(9999))] == [False, True, False]

    def test_are_only_those_the_contract_names(self):
        assert [c.name for c in sla.clocks(ticket(due=Due(fix=NOW)), NOW)] == ["fix"]

    @pytest.mark.parametrize(
        ("now", "done", "late"),
        [(9, None, False), (10, None, False), (11, None, True), (99, 10, False), (99, 11, True)],
    )
    def test_are_breached_after_the_due_instant_not_at_it(self, now, done, late):
        stopped = {} if done is None else {"responded_at": minutes(done)}
        (clock,) = sla.clocks(ticket(due=Due(response=minutes(10)), **stopped), minutes(now))
        assert clock.breached is late


ZONES = [
    "Asia/Shanghai",
    "Asia/Kathmandu",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "America/Santiago",
]
quarters = st.integers(0, 4 * 24 * 365 * 30).map(lambda n: datetime(2000, 1, 1, tzinfo=UTC) + n * timedelta(minutes=15))
durations = st.integers(1, 4 * 40).map(lambda n: n * timedelta(minutes=15))
days = st.sets(st.integers(1, 7), min_size=1).map(lambda found: tuple(sorted(found)))
some_days = st.lists(st.integers(0, 365 * 30).map(lambda n: date(2000, 1, 1) + timedelta(n)), max_size=3).map(tuple)
# no opening or closing within the hours that clock changes skip or repeat: there, wall clocks and time differ
calendars = st.builds(
    Calendar,
    timezone=st.sampled_from(ZONES),
    weekdays=days,
    holidays=some_days,
    workdays=some_days,
    opens=st.integers(4, 13).map(time),
    closes=st.integers(14, 22).map(time),
)
round_the_clock = st.builds(Calendar, timezone=st.sampled_from(ZONES), weekdays=days)


def is_open(calendar: Calendar, at: datetime) -> bool:
    wall = at.astimezone(ZoneInfo(calendar.timezone))
    before_closing = calendar.closes is None or wall.time() < calendar.closes
    on_weekday = wall.isoweekday() in calendar.weekdays and wall.date() not in calendar.holidays
    served = on_weekday or wall.date() in calendar.workdays
    return served and calendar.opens <= wall.time() and before_closing


def wall_clock_count(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return the working time between two full quarters of an hour, quarter by quarter."""
    step = timedelta(minutes=15)
    return sum(is_open(calendar, start + n * step) for n in range((end - start) // step)) * step


@given(calendars | round_the_clock, quarters, durations)
def test_working_time_is_what_a_wall_clock_in_that_zone_counts(calendar, start, wanted):
    assert wall_clock_count(calendar, start, sla.after(calendar, start, wanted)) == wanted


@given(calendars | round_the_clock, quarters, durations, durations)
def test_working_time_adds_up_and_never_ends_outside_the_calendar(calendar, start, first, second):
    end = sla.after(calendar, start, first + second)
    assert end >= start
    assert sla.after(calendar, sla.after(calendar, start, first), second) == end
    assert is_open(calendar, end - timedelta(microseconds=1))
