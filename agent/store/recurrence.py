"""What became of tickets each time before their fault came back, out of their history."""

from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, select

from agent import sla
from agent.model import Ticket, TicketChange
from agent.store import codec, tables


def ended(connection: Connection, since: datetime) -> tuple[Ticket, ...]:
    """Return tickets as they were before their fault came back, one for each time; those whose clocks began since."""
    back = select(tables.tickets.c.number).where(tables.tickets.c.recurred_at >= since)
    events = tables.ticket_events
    wanted = select(events.c.body).where(events.c.number.in_(back), events.c.at >= since)
    found = connection.execute(wanted.order_by(events.c.number, events.c.id))
    changes = (codec.unpack(TicketChange, row.body).ticket for row in found)
    return tuple(
        before
        for before, after in pairwise(changes)
        if before.number == after.number and before.recurred_at != after.recurred_at and sla.began(before) >= since
    )
