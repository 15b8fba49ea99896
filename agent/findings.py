"""Match what was judged now with the findings known before: a finding keeps its id from run to run. Pure.

    known before       judged OK   judged WARNING or CRITICAL         judged UNKNOWN (no data)
    nothing            -           new                                new
    fault              cleared     persisting                         persisting, with what was measured last
    no data            cleared     new; regressed after an older one  persisting
    cleared            -           regressed; new if never a fault    new
    waived             waived      waived                             waived
    its waiver ran out as a fault, or cleared if it had recovered

Only data clears: a fault that holds stays, with its last measured severity and the reason why data is missing, until
its object is measured again. One that does not hold yet ends as missing data does, when its object is no longer there.
`times_seen` counts the runs that measured the fault, so 0 is a finding of missing data alone.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from agent.checks.tracks import FAULTS
from agent.model import Finding, FindingState, Judged, Result, Severity
from agent.waivers import in_force

Key = tuple[str, str, str]  # (device, check, object)

NOT_COUNTED = (FindingState.CLEARED, FindingState.WAIVED)


def reconcile(
    judged: Iterable[Judged],
    before: Mapping[Key, Finding],
    now: datetime,
    new_id: Callable[[], str],
    *,
    not_applicable: Container[tuple[str, str]] = (),
    read: Mapping[str, datetime] = MappingProxyType({}),
) -> tuple[Finding, ...]:
    """Return the findings that changed now or are still open, in the order judged, then those not judged.

    `before` has all findings of the devices judged, cleared ones too; `not_applicable` the (device, check) pairs that
    do not concern their device. A fault that holds stays when it is not judged; one that does not, and a finding of
    missing data, end when their check yields data for other objects, or no longer applies. `read` is when devices were
    read, where that was before `now`. What is known from later stands: results taken in late do not undo it.
    """
    results = _worst(judged)
    known = {key: in_force(finding, now) for key, finding in before.items()}
    measured = {key[:2] for key, j in results.items() if j.result.severity is not Severity.UNKNOWN}
    gaps = {key[:2]: j.result for key, j in results.items() if not key[2] and j.result.severity is Severity.UNKNOWN}
    later = {key: f for key, f in known.items() if _is_later(f, read.get(key[0], now))}
    followed = [_follow(j, known.get(key), now, new_id) for key, j in results.items() if key not in later]
    others = [
        _unmentioned(f, key[:2] in measured or key[:2] in not_applicable, gaps, now)
        for key, f in known.items()
        if key not in results and key not in later
    ]
    standing = [f for f in later.values() if f.state is not FindingState.CLEARED]
    changed = tuple(f for f in (*followed, *others, *standing) if f is not None)
    told = {f.id for f in changed}
    lapsed = (f for key, f in known.items() if f is not before[key] and f.id not in told)
    return (*changed, *lapsed)


def severity_of(judged: Judged) -> Severity:
    """Return the severity a finding shows: the raised one where it holds, else what was measured."""
    if judged.holds and judged.result.severity is not Severity.UNKNOWN:
        return judged.raised
    return judged.result.severity


def _worst(judged: Iterable[Judged]) -> dict[Key, Judged]:
    """Two series of a device may bear the same name: the worse one speaks for both."""
    worst: dict[Key, Judged] = {}
    for j in judged:
        seen = worst.get(j.result.key)
        if seen is None or severity_of(j).rank > severity_of(seen).rank:
            worst[j.result.key] = j
    return worst


def _follow(judged: Judged, finding: Finding | None, now: datetime, new_id: Callable[[], str]) -> Finding | None:
    severity = severity_of(judged)
    if severity is Severity.OK:
        return finding and _recover(finding, judged.result, now)
    if finding is None:
        finding = Finding(
            id=new_id(), result=judged.result, state=FindingState.CLEARED, first_seen=now, last_seen=now, times_seen=0
        )
    if severity is Severity.UNKNOWN:
        return _lack(finding, judged.result, now)
    return _fault(finding, replace(judged.result, severity=severity), judged.holds, now)


def _is_later(finding: Finding, than: datetime) -> bool:
    return max(finding.last_seen, finding.cleared_at or finding.last_seen) > than


def _recover(finding: Finding, result: Result, now: datetime) -> Finding | None:
    if finding.state is FindingState.CLEARED:
        return None
    waived = finding.state is FindingState.WAIVED
    if waived and finding.result.severity is Severity.OK:
        return replace(finding, result=result)
    state = FindingState.WAIVED if waived else FindingState.CLEARED
    return replace(finding, result=result, state=state, cleared_at=now, held=False)


def _lack(finding: Finding, result: Result, now: datetime) -> Finding:
    if finding.state is FindingState.CLEARED:
        first = finding.first_seen if finding.times_seen else now
        return replace(finding, result=result, state=FindingState.NEW, first_seen=first, last_seen=now)
    state = _unless_waived(finding, FindingState.PERSISTING)
    if finding.result.severity in FAULTS:
        return replace(finding, state=state, result=replace(finding.result, reason=result.reason, detail=result.detail))
    return replace(finding, state=state, result=result, last_seen=now)


def _fault(finding: Finding, result: Result, held: bool, now: datetime) -> Finding:
    if not finding.times_seen:
        finding = replace(finding, first_seen=now)
        state = FindingState.NEW
    elif finding.state is FindingState.CLEARED or finding.result.severity not in FAULTS:
        state = FindingState.REGRESSED
    else:
        state = FindingState.PERSISTING
    return replace(
        finding,
        result=result,
        state=_unless_waived(finding, state),
        last_seen=now,
        times_seen=finding.times_seen + 1,
        held=held,
    )


def _unless_waived(finding: Finding, state: FindingState) -> FindingState:
    return FindingState.WAIVED if finding.state is FindingState.WAIVED else state


def _unmentioned(
    finding: Finding, ended: bool, gaps: Mapping[tuple[str, str], Result], now: datetime
) -> Finding | None:
    """`gaps` are the checks of which nothing at all could be judged, said once for all their objects."""
    result, of = finding.result, finding.result.key[:2]
    if finding.state is FindingState.CLEARED:
        return None
    is_fault = result.severity in FAULTS
    if ended and (result.severity is Severity.UNKNOWN or (is_fault and not finding.held)):
        # over, but no recovery was measured: `cleared_at`, by which tickets know a recovery, does not move
        nothing = replace(result, severity=Severity.OK, reason="", detail="")
        return replace(finding, result=nothing, state=_unless_waived(finding, FindingState.CLEARED))
    if is_fault and of in gaps:
        return _lack(finding, gaps[of], now)
    return finding
