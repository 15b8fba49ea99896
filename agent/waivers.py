"""Accept a finding for a while, or for good: who may, and what ends it. Pure.

A waived finding is measured on, and opens no ticket; a ticket that it has already stays as it is. Its waiver ends when
it is taken back, or with the first judgement after `until`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from agent.model import Finding, FindingState, Severity, Waiver
from agent.tickets import PROGRAM


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """What a person decided of a finding; `finding` is as it was left."""

    at: datetime
    actor: str
    action: Literal["waive", "unwaive"]
    text: str
    finding: Finding


class WaiverError(ValueError):
    """The finding does not allow this."""


def waive(finding: Finding, by: str, reason: str, until: datetime | None, now: datetime) -> FindingChange:
    """Return a finding accepted by a person, until an instant; once more if it was before.

    Raises WaiverError without a name or a reason, for an instant that is past, or where there is nothing to accept.
    """
    name = _person(finding, by)
    if not reason.strip():
        raise WaiverError(f"{finding.id}: say why it is accepted (right form: --reason 'spare part ordered, CHG-1042')")
    if until is not None and until <= now:
        raise WaiverError(f"{finding.id}: until {until:%Y-%m-%d} is past (right form: a day to come, or none)")
    if finding.state is FindingState.CLEARED:
        raise WaiverError(f"{finding.id} is cleared: there is nothing to accept")
    waiver = Waiver(by=name, reason=reason.strip(), at=now, until=until)
    after = replace(finding, state=FindingState.WAIVED, waiver=waiver)
    return FindingChange(at=now, actor=name, action="waive", text=waiver.reason, finding=after)


def unwaive(finding: Finding, by: str, reason: str, now: datetime) -> FindingChange:
    """Return a finding that is open again, or cleared if it recovered meanwhile. Raises WaiverError."""
    name = _person(finding, by)
    if finding.state is not FindingState.WAIVED:
        raise WaiverError(f"{finding.id} is {finding.state}: only a waived finding can be taken back")
    return FindingChange(at=now, actor=name, action="unwaive", text=reason.strip(), finding=_ended(finding))


def in_force(finding: Finding, now: datetime) -> Finding:
    """Return a finding as it is at an instant: itself, or without the waiver that has run out."""
    until = finding.waiver.until if finding.waiver else None
    return finding if until is None or now < until else _ended(finding)


def _ended(finding: Finding) -> Finding:
    well = finding.result.severity is Severity.OK
    return replace(finding, state=FindingState.CLEARED if well else FindingState.PERSISTING, waiver=None)


def _person(finding: Finding, by: str) -> str:
    name = by.strip()
    if not name or name == PROGRAM:
        raise WaiverError(f"{finding.id}: give the name of the person who does this (not {by!r})")
    return name
