"""Judge one reading of one device by all checks: every check has results, or does not apply. Pure.

No data is never OK. What should have been measured and was not is UNKNOWN, with the reason:

    nothing of the check was read                        result
    a failure names its sample, or the device is silent  one UNKNOWN for the whole check, with the failure's kind
    it was judged before                                 UNKNOWN for each object, `missing`
    it is `required`                                     UNKNOWN, `unsupported`
    otherwise                                            it does not apply

    an object judged before is not among those read      UNKNOWN for that object, with the failure's kind or `missing`
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial

from agent.checks import limits, objects, tracks
from agent.checks.calm import WELL, each_is_well, is_well, stands, within
from agent.checks.limits import Bound, Verdict
from agent.checks.rules import Check, Rules
from agent.derive import SHARED
from agent.derive.ports import port_names, port_of, port_starts
from agent.derive.readings import By, ByName
from agent.model import Entry, Judged, Result, Severity, Track
from collectors.columns import Samples
from collectors.model import Failure, Sample, Snapshot
from collectors.vocabulary import CHOICES, VOCABULARY

Key = tuple[str, str, str]
OwnLimits = Mapping[tuple[str, str], limits.DeviceLimits]
"""(sample, entity) → what the device itself has as limits for it."""

REASONS = frozenset(
    {"timeout", "unreachable", "auth", "refused", "stale", "bad_data", "unsupported", "parse", "missing", "no_history"}
)
OTHER_REASONS = {"profile": "unsupported"}  # what else a Failure may say


SILENT, MISSING, UNSUPPORTED = (Failure("", kind, "", "") for kind in ("unreachable", "missing", "unsupported"))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the checks say of a device. Each check is in one of the three."""

    judged: tuple[Judged, ...]
    not_applicable: tuple[str, ...]
    calm: tuple[str, ...] = ()  # all of it is OK, as it was
    unread: tuple[Key, ...] = ()  # objects known of checks of which nothing was read now


@dataclass(frozen=True, slots=True)
class _Scene:
    """The device being judged, sorted for look-up."""

    entry: Entry
    snapshot: Snapshot
    previous: Snapshot | None
    tracks: Mapping[str, Mapping[str, Track]]  # check → object → track
    cap: int | None
    now: ByName
    before: ByName
    own_limits: OwnLimits
    ports: Callable[[], frozenset[str]]  # ifName and ifDescr
    names: frozenset[str]  # of the samples there are, now or before
    whole: bool  # all of the device was read

    def series(self, check: Check, among: ByName) -> list[Sample]:
        """Return the series the check judges: not those that have no limit."""
        return [s for s in objects.series(check, *among.parts(check.sample)) if self._has_limit(check, s)]

    def _has_limit(self, check: Check, sample: Sample) -> bool:
        if check.limit.empty:
            return bool(self.own(sample))
        in_port = check.ports_need_own_limit and port_of(sample.labels.get("entity", ""), self.ports()) is not None
        return bool(self.own(sample)) or not in_port

    def may_be_of_a_port(self, check: Check) -> bool:
        """Say whether some series of a check may be of a port."""
        singles, grids = self.now.parts(check.sample)
        starts = port_starts(self.snapshot.samples)
        entities = [entity for s in singles if (entity := s.labels.get("entity", "")).startswith(starts)]
        return bool(grids) or any(port_of(entity, self.ports()) is not None for entity in entities)

    def own(self, sample: Sample) -> limits.DeviceLimits:
        return self.own_limits.get((sample.name, sample.labels.get("entity", "")), {})

    def known(self, check: Check) -> dict[str, Track]:
        """Return the objects judged before, and those of the reading before, with their tracks."""
        known = dict(self.tracks.get(check.name, {}))
        return {name: Track() for name in objects.named(check, self.series(check, self.before), known)} | known

    def failure(self, check: Check) -> Failure | None:
        """Return why a check's sample may be missing: a failure that names it, a want of history last."""
        names = names_of(check)
        naming = [f for f in self.snapshot.failures if not names.isdisjoint(f.samples)]
        return min(naming, key=lambda f: f.kind == "no_history", default=None)

    @property
    def silence(self) -> Failure | None:
        """Return why a device that was not read, or never recognised, was not: management before what only knocks."""
        if self.snapshot.up and self.snapshot.profile is not None:
            return None
        told = [f for f in self.snapshot.failures if f.kind != "no_history"]
        return min(told, key=lambda f: f.protocol in ("icmp", "tcp"), default=None if self.snapshot.up else SILENT)


def evaluate(
    checks: Mapping[str, Check],
    entry: Entry,
    snapshot: Snapshot,
    *,
    previous: Snapshot | None,
    tracks: Mapping[Key, Track],
    polls_cap: int | None = None,
    quiet: bool = False,
) -> Evaluation:
    """Judge a derived snapshot. `tracks` has those of this device (others are ignored), `previous` the one before.

    `polls_cap`: an inspection cannot wait for more polls than this. Results come sorted by check and object. `quiet`:
    checks of which all is OK, as it was, are named only.
    """
    now, before = (ByName(Samples.of(each.samples if each else ())) for each in (snapshot, previous))
    scene = _Scene(
        entry=entry,
        snapshot=snapshot,
        previous=previous,
        tracks=_of_device(tracks, entry.name),
        cap=polls_cap,
        now=now,
        before=before,
        own_limits=_own_limits(snapshot, now, before),
        ports=cache(partial(port_names, snapshot.samples)),
        names=frozenset((*now.names, *before.names)),
        whole=snapshot.up and snapshot.profile is not None and not snapshot.failures,
    )
    rules = Rules.of(checks)
    asked = _asked(rules, scene)
    calm = {name for name in asked if _is_calm(rules[name], scene)} if quiet else frozenset[str]()
    found = {name: each for name in asked if name not in calm and (each := list(_check(rules[name], scene)))}
    return Evaluation(
        judged=tuple(judged for each in found.values() for judged in each),
        not_applicable=tuple(name for name in rules.order if name not in found and name not in calm),
        calm=tuple(sorted(calm)),
        unread=tuple(_unread(rules, scene, found)),
    )


def _unread(checks: Mapping[str, Check], scene: _Scene, found: Mapping[str, Iterable[Judged]]) -> Iterator[Key]:
    """Yield what a check knows of, should nothing of it be read: the next reading shows whether all is still there."""
    for name, each in found.items():
        nothing = any(not j.result.object and j.result.severity is Severity.UNKNOWN for j in each)
        if nothing and not checks[name].may_vanish:
            yield from ((scene.entry.name, name, of) for of in tracks.measured_before(scene.known(checks[name])) if of)


def _asked(rules: Rules, scene: _Scene) -> list[str]:
    """Return the checks that may have something to say of the device, sorted.

    Not those of which there is no series and never was, if all of the device was read.
    """
    asked = rules.concerned(scene.names, scene.tracks) if scene.whole else rules.order
    device_class = scene.entry.device.device_class
    return sorted(name for name in asked if not (classes := rules[name].classes) or device_class in classes)


def _is_calm(check: Check, scene: _Scene) -> bool:
    known = scene.tracks.get(check.name, {})
    if not scene.now.has(check.sample) or not stands(check, scene.now, scene.before, known):
        return False
    if check.sample == "device_up" and known.get("") != WELL:  # its track says that the device was judged at all
        return False
    override = scene.entry.limits.get(check.name)
    ok = within(check, override)
    own = check.device_limit and any(name == check.sample for name, _ in scene.own_limits)
    if own or ok.empty or (check.ports_need_own_limit and scene.may_be_of_a_port(check)):
        return each_is_well(check, override, ((s, scene.own(s)) for s in scene.series(check, scene.now)))
    return is_well(check, ok, scene.now)


def _own_limits(snapshot: Snapshot, now: By, before: By) -> OwnLimits:
    """Return the device's thresholds: those of the reading before too, where they could not be read again."""
    unread = any("device_limit" in failure.samples for failure in snapshot.failures)
    return limits.of_device(before if unread else {}) | limits.of_device(now)


def names_of(check: Check) -> frozenset[str]:
    """Return how `expected` and failures may name a check's sample: also by what it judges of one that many share."""
    choices = CHOICES.get(check.sample, {})
    chosen = check.where.get(next(iter(VOCABULARY[check.sample].labels)), choices) if choices else ()
    return frozenset({check.sample, *(f"{check.sample}:{choice}" for choice in chosen)})


def _of_device(known: Mapping[Key, Track], device: str) -> dict[str, dict[str, Track]]:
    found: dict[str, dict[str, Track]] = {}
    for (name, check, of), track in known.items():
        if name == device:
            found.setdefault(check, {})[of] = track
    return found


def _check(check: Check, scene: _Scene) -> Iterator[Judged]:
    known = scene.known(check)
    present = objects.named(check, scene.series(check, scene.now), known)
    for name in sorted(present):
        yield _measured(check, scene, name, present[name], known.get(name, tracks.NEVER))
    gone = {name: track for name, track in tracks.measured_before(known).items() if name not in present}
    yield from _lost(check, scene, gone) if present else _nothing(check, scene, gone, known)


# ---- measured ----


def _measured(check: Check, scene: _Scene, name: str, samples: Iterable[Sample], track: Track) -> Judged:
    """Judge an object; of several series that share it the worst speaks."""
    override = scene.entry.limits.get(check.name)
    verdicts = []
    for sample in samples:
        sides = limits.bounds(check, override, scene.own(sample))
        verdicts.append((limits.judge(check, sample, sides, track.severity), sample))
    verdict, sample = max(verdicts, key=lambda v: (v[0].severity.rank, _stable(v[1])))
    return _judged(check, scene, _result(check, scene, name, sample, verdict), track)


def _stable(sample: Sample) -> tuple[float, str]:
    return limits.number(sample.value) or 0.0, str(sorted(sample.labels.items()))


def _result(check: Check, scene: _Scene, name: str, sample: Sample, verdict: Verdict) -> Result:
    severity, bound = verdict.severity, verdict.bound
    by_state = bound is None and not verdict.listed
    value = limits.number(sample.value)
    silence = scene.silence if check.sample == "device_up" and severity is not Severity.OK else None
    unknown = "bad_data" if value is None else "unsupported"
    return Result(
        device=scene.entry.name,
        check=check.name,
        object=name,
        severity=severity,
        value=None if by_state or value is None else sample.value,
        text=sample.labels.get("state", ""),
        limit=bound.limit(severity) if bound else None,
        limit_source=_source(bound),
        direction=bound.side if bound else "in" if verdict.listed else "state",
        reason=_reason(silence) if silence else unknown if severity is Severity.UNKNOWN else "",
        detail=silence.message if silence else "",
    )


def _source(bound: Bound | None) -> limits.Source:
    return bound.source if bound else "check"


# ---- not measured ----


def _lost(check: Check, scene: _Scene, gone: Mapping[str, Track]) -> Iterator[Judged]:
    """Say of objects judged before that they were not among those read now."""
    failure = scene.failure(check)
    for name, track in sorted(gone.items()):
        if failure is not None or not check.may_vanish or track.severity in tracks.FAULTS:
            yield _unknown(check, scene, name, track, failure or MISSING)


def _nothing(check: Check, scene: _Scene, gone: Mapping[str, Track], known: Mapping[str, Track]) -> Iterator[Judged]:
    """Say why there is nothing at all of a check."""
    failure = scene.failure(check) or scene.silence
    if failure is not None:
        if _owed(check, scene, known):
            yield _unknown(check, scene, "", known.get("", tracks.NEVER), failure)
    elif names_of(check).isdisjoint(scene.snapshot.expected):
        raised = {name: track for name, track in gone.items() if track.severity in tracks.FAULTS}
        for name, track in sorted(raised.items()):
            yield _unknown(check, scene, name, track, UNSUPPORTED)
    elif gone:
        yield from _lost(check, scene, gone)
    elif check.required:
        yield _unknown(check, scene, "", known.get("", tracks.NEVER), UNSUPPORTED)


def _owed(check: Check, scene: _Scene, known: Mapping[str, Track]) -> bool:
    """Say whether a check that could not be made concerns the device.

    Not one that never had anything to judge when the device was read before; nor one of a sample that many things
    share, if only the name they share is expected. Of a device never recognised nothing is known to be expected: then
    what every device of its class must have.
    """
    if known:
        return True
    names = names_of(check) - SHARED
    if names.isdisjoint(scene.snapshot.expected):
        return check.required and scene.snapshot.profile is None and _has_management(scene.entry)
    before = scene.previous.expected if scene.previous else frozenset[str]()
    return check.required or not scene.tracks or names.isdisjoint(before)


def _has_management(entry: Entry) -> bool:
    device = entry.device
    return bool(device.snmp or device.ssh or device.nut or device.local)


def _reason(failure: Failure) -> str:
    return failure.kind if failure.kind in REASONS else OTHER_REASONS.get(failure.kind, "bad_data")


def _unknown(check: Check, scene: _Scene, name: str, track: Track, failure: Failure) -> Judged:
    result = Result(
        device=scene.entry.name,
        check=check.name,
        object=name,
        severity=Severity.UNKNOWN,
        reason=_reason(failure),
        detail=failure.message,
    )
    return _judged(check, scene, result, track)


def _judged(check: Check, scene: _Scene, result: Result, track: Track) -> Judged:
    polls = check.polls if scene.cap is None else min(check.polls, scene.cap)
    raised, after = tracks.step(track, result.severity, polls)
    return Judged(result=result, raised=raised, track=after)
