"""What a clock wrote that was ahead, and has been set back since: it is not to stand until that time comes. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from agent.model import Finding, Ticket

AHEAD = timedelta(hours=1)
"""No two that use a store differ by so much: what is later is not what another of them wrote meanwhile."""

_JUST = timedelta(seconds=1)


def finding_by(finding: Finding, now: datetime | None) -> Finding:
    """Return a finding as seen, or cleared, just before `now` where that is still to come. None: `now` is not known."""
    last_seen, cleared_at = _by(finding.last_seen, now), finding.cleared_at and _by(finding.cleared_at, now)
    if (last_seen, cleared_at) == (finding.last_seen, finding.cleared_at):
        return finding
    return replace(finding, last_seen=last_seen, cleared_at=cleared_at)


def ticket_by(ticket: Ticket, now: datetime | None) -> Ticket:
    """Return a ticket as resolved just before `now` where that is still to come. None: `now` is not known."""
    resolved_at = ticket.resolved_at and _by(ticket.resolved_at, now)
    return ticket if resolved_at == ticket.resolved_at else replace(ticket, resolved_at=resolved_at)


def standing(at: datetime, now: datetime) -> tuple[bool, datetime]:
    """Return what orders times by: one that is still to come counts as older than all others."""
    return at <= now + AHEAD, at


def _by(at: datetime, now: datetime | None) -> datetime:
    return now - _JUST if now is not None and at > now + AHEAD else at
