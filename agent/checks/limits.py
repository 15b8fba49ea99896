"""Hold one figure against its limits: the device's own, else the customer's, else the check's. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from agent.checks.rules import Bounds, Check
from agent.model import LimitOverride, Severity
from collectors.model import Health, Number, Sample

Side = Literal["above", "below"]
Source = Literal["device", "customer", "check"]
DeviceLimits = Mapping[tuple[str, str], float]
"""(side, level) → the threshold the device reports for this series."""

SIDES: tuple[Side, ...] = ("above", "below")
NOTHING = Bounds.model_construct(warning=None, critical=None)

BY_HEALTH = {
    Health.OK: Severity.OK,
    Health.WARNING: Severity.WARNING,
    Health.CRITICAL: Severity.CRITICAL,
    Health.UNKNOWN: Severity.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Bound:
    """Where the severities begin on one side, and who says so."""

    side: Side
    warning: float | None
    critical: float | None
    source: Source

    def limit(self, severity: Severity) -> float | None:
        """Return the limit of a severity; of OK the one that comes first."""
        if severity is Severity.CRITICAL or self.warning is None:
            return self.critical
        return self.warning


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a figure is, and the limit that says so (or the next one it would meet)."""

    severity: Severity
    bound: Bound | None = None
    listed: bool = False  # by a list of values


def bounds(check: Check, override: LimitOverride | None, device: DeviceLimits) -> list[Bound]:
    """Return the sides on which a series has limits."""
    return _bounds(check, override, device) if device else list(_usual(check, override))


@lru_cache(maxsize=4096)
def _usual(check: Check, override: LimitOverride | None) -> tuple[Bound, ...]:
    """Return the sides of a series of which the device says nothing: nearly all."""
    return tuple(_bounds(check, override, {}))


def _bounds(check: Check, override: LimitOverride | None, device: DeviceLimits) -> list[Bound]:
    return [bound for side in SIDES if (bound := _bound(check, side, override, device)) is not None]


def judge(check: Check, sample: Sample, limits: list[Bound], raised: Severity) -> Verdict:
    """Judge one sample. `raised` is what the series is at: it comes back only beyond the check's `clear`.

    A value that is no number is UNKNOWN.
    """
    if check.limit.by_state:
        return Verdict(by_state(check, sample.labels.get("state", ""), sample.labels.get("health", "")))
    value = number(sample.value)
    if value is None:
        return Verdict(Severity.UNKNOWN)
    listed = _by_value(check, value)
    verdicts = [Verdict(_by_bound(bound, value, raised, check.clear), bound) for bound in limits]
    verdicts += [Verdict(listed, listed=True)] if listed is not None else []
    return max(verdicts, key=lambda v: (v.severity.rank, _nearness(v, value)), default=Verdict(Severity.UNKNOWN))


def number(value: Number) -> float | None:
    """Return a value as a finite float, None where it is none."""
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _bound(check: Check, side: Side, override: LimitOverride | None, device: DeviceLimits) -> Bound | None:
    warning, critical = device.get((side, "warning")), device.get((side, "critical"))
    if check.device_limit and (warning is not None or critical is not None):
        if warning is None and critical is not None and check.margin:
            warning = critical - check.margin if side == "above" else critical + check.margin
        return Bound(side, warning, critical, "device")
    own = getattr(check.limit, side) or NOTHING
    theirs = _their_bounds(check, side, override)
    warning = own.warning if theirs.warning is None else theirs.warning
    critical = own.critical if theirs.critical is None else theirs.critical
    if warning is None and critical is None:
        return None
    if warning is not None and critical is not None and theirs.critical is None:
        critical = max(warning, critical) if side == "above" else min(warning, critical)
    return Bound(side, warning, critical, "check" if theirs == NOTHING else "customer")


def _their_bounds(check: Check, side: Side, override: LimitOverride | None) -> Bounds:
    """Return the customer's limits for a side: the only one the check has, or the one whose own limit is nearer.

    A check without a side of its own (it knows the device's limits only) takes none.
    """
    if override is None:
        return NOTHING
    return Bounds.model_construct(
        warning=_if_meant(check, side, "warning", override.warning),
        critical=_if_meant(check, side, "critical", override.critical),
    )


def _if_meant(check: Check, side: Side, level: str, value: Number | None) -> float | None:
    given = None if value is None else number(value)
    if given is None:
        return None
    own = {s: _reach(b, level) for s in SIDES if (b := getattr(check.limit, s)) is not None}
    nearest = min(own, key=lambda s: (abs(own[s] - given), s), default=None)
    return given if side == nearest else None


def _reach(own: Bounds, level: str) -> float:
    """Return a side's own limit of a level, or the other one it has."""
    both = (own.critical, own.warning) if level == "critical" else (own.warning, own.critical)
    return next(limit for limit in both if limit is not None)


def _by_bound(bound: Bound, value: float, raised: Severity, clear: float) -> Severity:
    for severity in (Severity.CRITICAL, Severity.WARNING):
        limit = bound.critical if severity is Severity.CRITICAL else bound.warning
        if limit is None:
            continue
        beyond = value - limit if bound.side == "above" else limit - value
        holds = raised.rank >= severity.rank and raised is not Severity.UNKNOWN and beyond > -clear * abs(limit)
        if beyond >= 0 or holds:
            return severity
    return Severity.OK


def _by_value(check: Check, value: float) -> Severity | None:
    if not check.limit.warning_values and not check.limit.critical_values:
        return None
    if value in check.limit.critical_values:
        return Severity.CRITICAL
    return Severity.WARNING if value in check.limit.warning_values else Severity.OK


@lru_cache(maxsize=8192)
def by_state(check: Check, state: str, health: str) -> Severity:
    """Judge by what the labels `state` and `health` say."""
    if state in check.limit.critical_states:
        return Severity.CRITICAL
    if state in check.limit.warning_states:
        return Severity.WARNING
    if not check.limit.states:
        return Severity.OK
    return BY_HEALTH[Health(health)] if health in set(Health) else Severity.UNKNOWN


def _nearness(verdict: Verdict, value: float) -> float:
    """Of two sides that say the same, the one whose limit is nearer counts."""
    limit = verdict.bound.limit(verdict.severity) if verdict.bound else None
    return -math.inf if limit is None else -abs(value - limit)


def _makes_sense(own: DeviceLimits) -> bool:
    """Say whether a device's limits are limits: some fill in zeros, or the same figure for both sides, for none; and
    where critical comes before warning, one of the two is not set.
    """
    if not any(own.values()):
        return False
    above, below = ([value for (side, _), value in own.items() if side == s] for s in SIDES)
    apart = not above or not below or max(below) < min(above)
    return apart and _in_order(own, "above", 1) and _in_order(own, "below", -1)


def _in_order(own: DeviceLimits, side: Side, sign: int) -> bool:
    warning, critical = own.get((side, "warning")), own.get((side, "critical"))
    return warning is None or critical is None or sign * warning <= sign * critical


def of_device(samples: Mapping[str, Sequence[Sample]]) -> dict[tuple[str, str], DeviceLimits]:
    """Sort a device's own thresholds by (sample, entity), the stricter one where it gives two."""
    found: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
    for sample in samples.get("device_limit", ()):
        label = sample.labels.get
        value = number(sample.value)
        if value is None:
            continue
        of = found.setdefault((label("sample", ""), label("entity", "")), {})
        at = side, _ = label("direction", ""), label("level", "")
        if at in of:
            value = min(of[at], value) if side == "above" else max(of[at], value)
        of[at] = value
    return {of: own for of, own in found.items() if _makes_sense(own)}
