"""From what devices said to what is wrong: derive, evaluate; then findings, their root cause, and tickets. No IO."""

import secrets
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from agent import checks, dependencies, derive, findings, tickets
from agent.checks.rules import Check
from agent.checks.tracks import FAULTS, NEVER
from agent.model import (
    Coverage,
    DeviceResult,
    Entry,
    FindingState,
    Inventory,
    Judged,
    Severity,
    Ticket,
    TicketChange,
    TicketStatus,
    Track,
)
from agent.store import Decide, Known, Outcome
from agent.topology import Standing, Topology, build
from collectors.model import Snapshot

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ByDevice:
    """(device, check) pairs of many judgements: asked of few, and so not written out."""

    by_device: Mapping[str, Container[str]]

    def __contains__(self, pair: object) -> bool:
        match pair:
            case (str(device), str(check)):
                return check in self.by_device.get(device, ())
        return False


@dataclass(frozen=True, slots=True)
class Judgement:
    """One device, judged. `snapshot` has the derived samples."""

    snapshot: Snapshot
    judged: tuple[Judged, ...]
    not_applicable: tuple[str, ...]
    calm: tuple[str, ...] = ()  # checks of which all is OK, as it was
    unread: tuple[Key, ...] = ()  # objects known of checks of which nothing was read now

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
    recent: Snapshot | None = None,
    polls_cap: int | None = None,
    details: Mapping[str, str] = MappingProxyType({}),
    quiet: bool = False,
) -> Judgement:
    """Judge one reading against the one before. `tracks` are this device's, from the judgement before.

    `recent` is one taken since, for figures that cannot be told from `previous`. `quiet`: checks of which all is OK, as
    it was, are only named. `details` has, by sample, what there is to say of a fault that the sample alone does not: a
    diff.
    """
    derived = derive.derive(snapshot, previous, entry)
    if recent is not None and recent is not previous:
        derived = derive.completed(derived, snapshot, recent, entry)
    found = checks.evaluate(rules, entry, derived, previous=previous, tracks=tracks, polls_cap=polls_cap, quiet=quiet)
    judged = tuple(_detailed(j, details.get(rules[j.result.check].sample, "")) for j in found.judged)
    return Judgement(derived, judged, found.not_applicable, found.calm, found.unread)


def remember(tracks: Mapping[Key, Track], judgement: Judgement) -> dict[Key, Track]:
    """Return the tracks of a device after a judgement.

    An object that is well needs none: the snapshot has it. Not so one with a longer name, which stays only as long as
    it is known, nor what is judged of the device itself, nor what this snapshot could not have. That nothing at all was
    known of a check is over, too, once one of its objects was measured.
    """
    kept = dict(tracks)
    for check in judgement.calm:
        if kept.get((judgement.snapshot.device, check, "")) == NEVER:
            del kept[judgement.snapshot.device, check, ""]
    for judged in judgement.judged:
        device, check, name = key = judged.result.key
        if name and judged.result.severity is not Severity.UNKNOWN and kept.get((device, check, "")) == NEVER:
            del kept[device, check, ""]
        if name and " #" not in name and judged.result.severity is Severity.OK and judged.track == Track():
            kept.pop(key, None)
        else:
            kept[key] = judged.track
    for key in judgement.unread:
        kept.setdefault(key, Track())
    return kept


def _detailed(judged: Judged, detail: str) -> Judged:
    if not detail or judged.result.severity not in FAULTS:
        return judged
    return replace(judged, result=replace(judged.result, detail=detail))


def well(rules: Mapping[str, Check], entry: Entry, snapshot: Snapshot, names: Collection[str]) -> tuple[Judged, ...]:
    """Judge checks of which all is OK, as it was: only named by a quiet judgement, whose `snapshot` this is."""
    return checks.evaluate({name: rules[name] for name in names}, entry, snapshot, previous=snapshot, tracks={}).judged


def decider(
    inventory: Inventory,
    rules: Mapping[str, Check],
    judged: Iterable[Judged],
    not_applicable: Container[tuple[str, str]],
    now: datetime,
    *,
    calm: Container[tuple[str, str]] = (),
    unsaid: Callable[[str, str], object] = lambda device, check: None,
    standings: Mapping[str, Standing],
    polled_since: datetime | None,
    read: Mapping[str, datetime] = MappingProxyType({}),
    topology: Callable[[Inventory, Mapping[str, Standing]], Topology] = build,
) -> Decide:
    """Return what the store calls, in its transaction, to settle findings and tickets against those it knows.

    `standings` are those of the devices judged, and of all others that are known, and `topology` makes of them what is
    adjacent; `polled_since`: when the polls began that go on, with no break since; None: no more will come. `read` is
    when devices were read, where they are not settled at once.
    `calm` are (device, check) pairs of which all is OK, as it was; `unsaid` is told of those with an open finding: it
    takes a judgement to clear it. That a figure needs one more poll is no finding where that will come.
    """
    told = tuple(j for j in judged if not (polled_since and j.result.reason == "no_history"))

    def decide(known: Known) -> Outcome:
        for pair in {key[:2] for key, f in known.findings.items() if f.state is not FindingState.CLEARED}:
            if pair in calm:
                unsaid(*pair)
        found = findings.reconcile(told, known.findings, now, _new_id, not_applicable=not_applicable, read=read)
        settled = dependencies.settle(
            found, inventory, rules, standings, now, polled_since=polled_since, topology=topology
        )
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
