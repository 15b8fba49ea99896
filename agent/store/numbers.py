"""Numbers of tickets: counted by day, in the table of days."""

from datetime import date

from sqlalchemy import Connection, select

from agent.store import tables
from agent.store.engine import upsert


class TicketNumbers:
    """Gives ticket numbers of one day, T-YYYYMMDD-NNNN; the writing transaction makes them unique."""

    def __init__(self, connection: Connection, day: date) -> None:
        self._connection = connection
        self._day = day
        self._last: int | None = None

    def __call__(self) -> str:
        if self._last is None:
            table = tables.ticket_days
            self._last = self._connection.scalar(select(table.c.last).where(table.c.day == self._day)) or 0
        self._last += 1
        return f"T-{self._day:%Y%m%d}-{self._last:04d}"

    def save(self) -> None:
        if self._last is not None:
            upsert(self._connection, tables.ticket_days, [{"day": self._day, "last": self._last}])
