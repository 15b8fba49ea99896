"""Turn findings into tickets, and move tickets along: the only place that says what may follow what. Pure.

What netpatrol does by itself, for the ticket of a finding's (device, check, object):

    finding                                 ticket                 change
    a fault that holds, measured now        none, or closed        open, if its check asks for a ticket
    a fault that holds, measured now        resolved by then       reopen, the same ticket
    its severity is not the ticket's        at work                raise or lower
    recovery measured now                   at work                resolve
    data missing; not held; waived          any                    nothing
    explained by another (dependencies)     any                    nothing

A fault that recovered and came back restarts the contract's clocks, at `recurred_at`. A fault that never recovered (a
person resolved the ticket too early) does not: the ticket is reopened, once for each such resolve, and the old due
times stand.
Severity that sinks leaves fault level and due times as they were promised; severity that rises can only shorten them.
A ticket that a person reopened after recovery is theirs to resolve.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypedDict, get_args

from agent import sla
from agent.checks.rules import Check, Levels
from agent.checks.tracks import FAULTS
from agent.model import Due, Finding, FindingState, Inventory, Severity, Site, Text, Ticket, TicketChange, TicketStatus

Key = tuple[str, str, str]  # (device, check, object)
Action = Literal["acknowledge", "on_site", "pend", "resume", "resolve", "reopen", "close", "comment"]

PROGRAM = "netpatrol"  # the actor of what no person did

_OPEN, _ACKNOWLEDGED, _ON_SITE, _PENDING, _RESOLVED, _CLOSED = TicketStatus
AT_WORK = frozenset({_OPEN, _ACKNOWLEDGED, _ON_SITE, _PENDING})

TRANSITIONS: Mapping[Action, Mapping[TicketStatus, TicketStatus]] = {
    "acknowledge": {_OPEN: _ACKNOWLEDGED},
    "on_site": dict.fromkeys((_OPEN, _ACKNOWLEDGED, _PENDING), _ON_SITE),
    "pend": dict.fromkeys((_OPEN, _ACKNOWLEDGED, _ON_SITE), _PENDING),
    "resume": {_PENDING: _ACKNOWLEDGED},
    "resolve": dict.fromkeys(AT_WORK, _RESOLVED),
    "reopen": {_RESOLVED: _OPEN},
    "close": {_RESOLVED: _CLOSED},
    "comment": {status: status for status in TicketStatus},
}
"""What a person may do to a ticket in each status, and the status it then has. Closed is final."""

NEEDS_TEXT: frozenset[Action] = frozenset({"pend", "comment"})

MAX_NAMES = 100  # of devices in a text

_RECOVERED = Text(zh="已测得恢复", en="measured as recovered")
_BACK = Text(zh="故障复发，时限重新计算", en="the fault is back; the clocks start anew")
_STILL_THERE = Text(
    zh="标记解决后仍测得故障，原时限继续有效", en="still measured as faulty after it was resolved; the due times stand"
)


class TicketError(ValueError):
    """A ticket does not allow this."""


class _Stamps(TypedDict, total=False):
    responded_at: datetime | None
    on_site_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a change is made with."""

    inventory: Inventory
    checks: Mapping[str, Check]
    now: datetime
    new_number: Callable[[], str]
    behind: Callable[[str], tuple[str, ...]]

    def site(self, device: str) -> Site | None:
        entry = self.inventory.entries.get(device)
        return entry.site if entry else None

    def level(self, finding: Finding) -> int:
        check = self.checks.get(finding.result.check)
        levels = check.fault_level if check else Levels()
        return levels.critical if finding.result.severity is Severity.CRITICAL else levels.warning

    def is_for_a_ticket(self, finding: Finding) -> bool:
        """Say whether someone must act on it soon; of what only belongs in the report nobody is called."""
        check = self.checks.get(finding.result.check)
        return check is None or check.ticket

    def due(self, device: str, level: int) -> Due:
        site = self.site(device)
        return sla.due(site.contract if site else None, level, self.now)


def reconcile(  # noqa: PLR0917
    findings: Iterable[Finding],
    open_tickets: Mapping[Key, Ticket],
    inventory: Inventory,
    checks: Mapping[str, Check],
    now: datetime,
    new_number: Callable[[], str],
    behind: Callable[[str], tuple[str, ...]] = lambda device: (),
) -> tuple[TicketChange, ...]:
    """Return what the findings change, as the table above says.

    `findings` are those that `findings.reconcile` returned for the same `now`; `open_tickets` has every ticket of
    their devices that is not closed, resolved ones too. `behind` names the devices that a silent device cuts off.
    """
    desk = _Desk(inventory, checks, now, new_number, behind)
    changes = (_settle(finding, open_tickets.get(finding.result.key), desk) for finding in findings)
    return tuple(change for change in changes if change is not None)


def act(ticket: Ticket, action: str, actor: str, text: str, now: datetime) -> TicketChange:
    """Return the change that a person makes. Raises TicketError where the status, name or text does not allow it.

    The response clock stops at the first sign of work: acknowledge, on_site, pend, or a resolve without these.
    """
    known = _action(ticket, action)
    if not actor.strip() or actor.strip() == PROGRAM:
        raise TicketError(f"{ticket.number}: give the name of the person who does this (not {actor!r})")
    if known in NEEDS_TEXT and not text.strip():
        raise TicketError(f"{ticket.number}: {known} needs a text: what it waits for, or what there is to say")
    stamps = _stamps(ticket, known, now)
    after = replace(ticket, status=TRANSITIONS[known][ticket.status], **stamps)
    return TicketChange(number=ticket.number, at=now, actor=actor.strip(), action=known, text=text, ticket=after)


def allowed(status: TicketStatus) -> tuple[Action, ...]:
    """Return what a person may do to a ticket with this status."""
    return tuple(action for action, rows in TRANSITIONS.items() if status in rows)


def _action(ticket: Ticket, action: str) -> Action:
    for known in get_args(Action):
        if known == action and ticket.status in TRANSITIONS[known]:
            found: Action = known
            return found
    right = ", ".join(allowed(ticket.status))
    raise TicketError(f"{ticket.number} is {ticket.status}: cannot {action} it (possible now: {right})")


def _stamps(ticket: Ticket, action: Action, now: datetime) -> _Stamps:
    responded = ticket.responded_at or now
    match action:
        case "acknowledge" | "pend":
            return {"responded_at": responded}
        case "on_site":
            return {"responded_at": responded, "on_site_at": ticket.on_site_at or now}
        case "resolve":
            return {"responded_at": responded, "resolved_at": now}
        case "reopen":
            return {"resolved_at": None}
        case "close":
            return {"closed_at": now}
        case "resume" | "comment":
            return {}


def _settle(finding: Finding, ticket: Ticket | None, desk: _Desk) -> TicketChange | None:
    severity = finding.result.severity
    if ticket is not None and ticket.status in AT_WORK and severity is Severity.OK and finding.cleared_at == desk.now:
        return _resolve(ticket, desk)
    if not _is_measured_fault(finding, desk.now):
        return None
    if ticket is None or ticket.status is TicketStatus.CLOSED:
        return _open(finding, desk) if desk.is_for_a_ticket(finding) else None
    if ticket.status is TicketStatus.RESOLVED:
        return _reopen(finding, ticket, desk)
    if severity is not ticket.severity:
        return _reweigh(finding, ticket, desk)
    return None


def _is_measured_fault(finding: Finding, now: datetime) -> bool:
    fault = finding.result.severity in FAULTS
    own = not finding.result.behind and finding.state is not FindingState.WAIVED
    return fault and own and finding.held and finding.last_seen == now


def _open(finding: Finding, desk: _Desk) -> TicketChange:
    device, check, object_ = finding.result.key
    level, site = desk.level(finding), desk.site(device)
    ticket = Ticket(
        number=desk.new_number(),
        finding=finding.id,
        device=device,
        check=check,
        object=object_,
        severity=finding.result.severity,
        fault_level=level,
        status=TicketStatus.OPEN,
        opened_at=desk.now,
        due=desk.due(device, level),
        site=site.name if site else "",
        customer=site.customer.name if site else "",
    )
    return _by_program("open", ticket, desk, _list(finding, desk))


def _list(finding: Finding, desk: _Desk) -> Text | None:
    """Return the text that names the devices behind a silent one."""
    check = desk.checks.get(finding.result.check)
    names = desk.behind(finding.result.device) if check and check.sample == "device_up" else ()
    if not names:
        return None
    more = len(names) - MAX_NAMES
    shown = ", ".join(names[:MAX_NAMES]) + (f" … (+{more})" if more > 0 else "")
    return Text(zh=f"其后 {len(names)} 台设备不可达：{shown}", en=f"{len(names)} devices behind it: {shown}")


def _resolve(ticket: Ticket, desk: _Desk) -> TicketChange:
    return _by_program("resolve", replace(ticket, status=TicketStatus.RESOLVED, resolved_at=desk.now), desk, _RECOVERED)


def _reopen(finding: Finding, ticket: Ticket, desk: _Desk) -> TicketChange | None:
    resolved = ticket.resolved_at or ticket.opened_at
    if resolved >= desk.now:  # resolved after this was measured: the next measurement will tell
        return None
    if finding.cleared_at is None or finding.cleared_at < resolved:
        return _by_program("reopen", replace(_weighed(finding, ticket, desk), status=_OPEN), desk, _STILL_THERE)
    level = desk.level(finding)
    after = replace(
        ticket,
        finding=finding.id,
        status=TicketStatus.OPEN,
        severity=finding.result.severity,
        fault_level=level,
        recurred_at=desk.now,
        due=desk.due(ticket.device, level),
        responded_at=None,
        on_site_at=None,
        resolved_at=None,
    )
    return _by_program("reopen", after, desk, _BACK, _list(finding, desk))


def _reweigh(finding: Finding, ticket: Ticket, desk: _Desk) -> TicketChange:
    rises = finding.result.severity.rank > ticket.severity.rank
    return _by_program("raise" if rises else "lower", _weighed(finding, ticket, desk), desk)


def _weighed(finding: Finding, ticket: Ticket, desk: _Desk) -> Ticket:
    level = min(desk.level(finding), ticket.fault_level)
    due = ticket.due if level == ticket.fault_level else sla.earlier(ticket.due, desk.due(ticket.device, level))
    return replace(ticket, severity=finding.result.severity, fault_level=level, due=due, resolved_at=None)


def _by_program(
    action: Literal["open", "raise", "lower", "resolve", "reopen"],
    ticket: Ticket,
    desk: _Desk,
    *texts: Text | None,
) -> TicketChange:
    said = "; ".join(f"{text.zh} / {text.en}" for text in texts if text)
    return TicketChange(number=ticket.number, at=desk.now, actor=PROGRAM, action=action, text=said, ticket=ticket)
