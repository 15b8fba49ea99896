"""The contract's clocks: when a fault must be answered, attended on site and fixed, in working time. Pure.

A target runs only while the contract's calendar is open: 4 h from Friday 17:00 on 5x8 (09:00-17:00) end on Monday
13:00. Where promises conflict, the stricter counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from agent.model import Calendar, Contract, Due, Targets, Ticket

T = TypeVar("T", datetime, timedelta)

ClockName = Literal["response", "on_site", "fix"]


@dataclass(frozen=True, slots=True)
class Clock:
    """One of a ticket's clocks as it stands. `remaining` is wall-clock time, or what was left when it was done."""

    name: ClockName
    due: datetime
    done_at: datetime | None
    remaining: timedelta

    @property
    def breached(self) -> bool:
        """Done on the second is in time."""
        return self.remaining < timedelta(0)


def due(contract: Contract | None, level: int, opened_at: datetime) -> Due:
    """Return when a fault of `level` (1 to 4) that was opened at `opened_at` is due, in UTC.

    Without a contract, outside its term (`starts` to `ends`, both days included, local to its calendar), or without
    a promise for the level, nothing is due. Raises ValueError for a calendar without a working day.
    """
    if contract is None or not _in_force(contract, opened_at):
        return Due()
    targets = promised(contract, level)

    def at(target: timedelta | None) -> datetime | None:
        return None if target is None else after(contract.calendar, opened_at, target)

    return Due(response=at(targets.response), on_site=at(targets.on_site), fix=at(targets.fix))


def promised(contract: Contract, level: int) -> Targets:
    """Return the targets of `level`, freed of conflicts: a fault never gets longer than a lighter one (a greater
    level), and whoever arrived or fixed it has responded.
    """
    targets = stricter(*(t for listed, t in contract.levels.items() if listed >= level))
    if targets.response is None:
        return targets
    named = (targets.response, targets.on_site, targets.fix)
    return Targets(min(t for t in named if t is not None), targets.on_site, targets.fix)


def stricter(*targets: Targets) -> Targets:
    """Return the shortest of each target that any of them names."""
    return Targets(
        response=_least(t.response for t in targets),
        on_site=_least(t.on_site for t in targets),
        fix=_least(t.fix for t in targets),
    )


def earlier(*dues: Due) -> Due:
    """Return the earliest of each due time that any of them names."""
    return Due(
        response=_least(d.response for d in dues),
        on_site=_least(d.on_site for d in dues),
        fix=_least(d.fix for d in dues),
    )


def _least(values: Iterable[T | None]) -> T | None:
    return min((value for value in values if value is not None), default=None)


def began(ticket: Ticket) -> datetime:
    """Return when the ticket's clocks began: as it was opened, or as its fault came back last."""
    return ticket.recurred_at or ticket.opened_at


def clocks(ticket: Ticket, now: datetime) -> tuple[Clock, ...]:
    """Return the clocks the contract gives the ticket. A resolved ticket stops those that nobody stopped before."""
    rows: tuple[tuple[ClockName, datetime | None, datetime | None], ...] = (
        ("response", ticket.due.response, ticket.responded_at or ticket.resolved_at),
        ("on_site", ticket.due.on_site, ticket.on_site_at or ticket.resolved_at),
        ("fix", ticket.due.fix, ticket.resolved_at),
    )
    return tuple(Clock(name, at, done, at - (done or now)) for name, at, done in rows if at is not None)


def after(calendar: Calendar, start: datetime, duration: timedelta) -> datetime:
    """Return the instant, in UTC, at which `duration` of working time has passed since `start`.

    A duration that ends as the calendar closes ends then, not at the next opening. Raises ValueError for a calendar
    without a working day.
    """
    start, left = start.astimezone(UTC), duration
    for opens, closes in _windows(calendar, start):
        begins = max(opens, start)
        if begins < closes:
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
    raise AssertionError("the calendar never ends")


def _in_force(contract: Contract, at: datetime) -> bool:
    day = at.astimezone(ZoneInfo(contract.calendar.timezone)).date()
    return (contract.starts or day) <= day <= (contract.ends or day)


def _windows(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield each working day's opening and closing in UTC, from the day before `start` (a night shift may still run).

    A closing at or before the opening is on the next day, whatever day that is. Lengths are real time, so a day on
    which clocks change is 23 or 25 h. A local time that a change skips counts as if the clocks had not changed yet
    (PEP 495, fold=0).
    """
    if not calendar.weekdays:
        raise ValueError("the calendar has no working day (right form: weekdays: [1, 2, 3, 4, 5])")
    zone = ZoneInfo(calendar.timezone)
    closes = calendar.closes or time(0, 0)
    overnight = closes <= calendar.opens
    day = start.astimezone(zone).date() - timedelta(days=1)
    while True:
        if is_worked(calendar, day):
            yield _instant(day, calendar.opens, zone), _instant(day + timedelta(days=overnight), closes, zone)
        day += timedelta(days=1)


def is_worked(calendar: Calendar, day: date) -> bool:
    """Say whether a day, local to the calendar, is one of service."""
    return day in calendar.workdays or (day.isoweekday() in calendar.weekdays and day not in calendar.holidays)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
