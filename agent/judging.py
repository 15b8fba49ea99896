"""From what devices said to what is wrong: derive, evaluate; then findings, their root cause, and tickets. No IO."""

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from agent import checks, dependencies, derive, findings, tickets
from agent.checks.rules import Check
from agent.model import (
    Coverage,
    DeviceResult,
    Entry,
    Inventory,
    Judged,
    Severity,
    Ticket,
    TicketChange,
    TicketStatus,
    Track,
)
from agent.store import Decide, Known, Outcome
from agent.topology import Standing
from collectors.model import Snapshot

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One device, judged. `snapshot` has the derived samples."""

    snapshot: Snapshot
    judged: tuple[Judged, ...]
    not_applicable: tuple[str, ...]

    @property
    def tracks(self) -> dict[Key, Track]:
        return {j.result.key: j.track for j in self.judged}

    @property
    def unconcerned(self) -> tuple[tuple[str, str], ...]:
        """(device, check) pairs that do not apply."""
        return tuple((self.snapshot.device, check) for check in self.not_applicable)

    @property
    def device_result(self) -> DeviceResult:
        return DeviceResult(
            snapshot=self.snapshot,
            results=tuple(j.result for j in self.judged),
            not_applicable=self.not_applicable,
        )


def judge(
    rules: Mapping[str, Check],
    entry: Entry,
    snapshot: Snapshot,
    *,
    previous: Snapshot | None,
    tracks: Mapping[Key, Track],
    polls_cap: int | None = None,
    details: Mapping[str, str] = MappingProxyType({}),
) -> Judgement:
    """Judge one reading against the one before. `tracks` are this device's, from the judgement before.

    `details` has, by sample, what there is to say of a fault that the sample alone does not: a diff.
    """
    derived = derive.derive(snapshot, previous, entry)
    found = checks.evaluate(rules, entry, derived, previous=previous, tracks=tracks, polls_cap=polls_cap)
    judged = tuple(_detailed(j, details.get(rules[j.result.check].sample, "")) for j in found.judged)
    return Judgement(derived, judged, found.not_applicable)


def _detailed(judged: Judged, detail: str) -> Judged:
    if not detail or judged.result.severity not in (Severity.WARNING, Severity.CRITICAL):
        return judged
    return replace(judged, result=replace(judged.result, detail=detail))


def decider(
    inventory: Inventory,
    rules: Mapping[str, Check],
    judged: Iterable[Judged],
    not_applicable: Collection[tuple[str, str]],
    now: datetime,
    *,
    standings: Mapping[str, Standing],
    waits: bool,
) -> Decide:
    """Return what the store calls, in its transaction, to settle findings and tickets against those it knows.

    `standings` are those of the devices judged, and of all others that are known; `waits`: further polls will come.
    """
    everything = tuple(judged)

    def decide(known: Known) -> Outcome:
        found = findings.reconcile(everything, known.findings, now, _new_id, not_applicable=not_applicable)
        settled = dependencies.settle(found, inventory, rules, standings, now, waits=waits)
        changes = tickets.reconcile(
            settled.findings, known.tickets, inventory, rules, now, known.new_number, settled.behind
        )
        return Outcome(settled.findings, changes, _of_interest(known.tickets.values(), changes))

    return decide


def _of_interest(known: Iterable[Ticket], changes: Iterable[TicketChange]) -> tuple[Ticket, ...]:
    """Return the tickets at work after the changes, and those that the changes resolved, oldest first."""
    changed = {change.number: change.ticket for change in changes}
    at_work = {t.number: t for t in known if t.status not in (TicketStatus.RESOLVED, TicketStatus.CLOSED)}
    return tuple(sorted((at_work | changed).values(), key=lambda t: (t.opened_at, t.number)))


def _new_id() -> str:
    return secrets.token_hex(6)


def coverage(devices: Iterable[DeviceResult]) -> Coverage:
    """Count (device, check) pairs that apply, and those of them with at least one measured result and none missing."""
    expected = collected = total = answered = 0
    for device in devices:
        total += 1
        answered += device.snapshot.up
        by_check: dict[str, bool] = {}
        for result in device.results:
            measured = result.severity is not Severity.UNKNOWN
            by_check[result.check] = by_check.get(result.check, True) and measured
        expected += len(by_check)
        collected += sum(by_check.values())
    return Coverage(expected=expected, collected=collected, devices=total, answered=answered)
