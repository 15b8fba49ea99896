"""Tell the checks that need no judging: nothing was raised, came or went, and every figure is within limits. Pure.

Nearly all of what is polled every minute is well, and was. For such a check a look along its figures is enough: judging
each would say OK of the same objects as before, and there would be nothing to remember.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from operator import ne

from agent.checks import limits, objects
from agent.checks.limits import DeviceLimits
from agent.checks.rules import Check
from agent.checks.tracks import NEVER
from agent.derive.readings import ByName
from agent.model import LimitOverride, Severity, Track
from collectors.columns import Grid, Labels, Rows
from collectors.model import Number, Sample

WELL = Track()
FINITE = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Within:
    """Where a figure is OK: between two bounds, and none of a list; or by its state. `empty`: nothing says so."""

    low: float
    high: float
    none_of: frozenset[Number]
    by_state: bool
    empty: bool

    def holds(self, values: Sequence[Number]) -> bool:
        """Say whether all values are OK. What is no number is not."""
        fits = self.low < min(values) and max(values) < self.high
        listed = bool(self.none_of) and not self.none_of.isdisjoint(values)
        return fits and not listed and not any(map(ne, values, values))  # NaN is not itself


@lru_cache(maxsize=4096)
def within(check: Check, override: LimitOverride | None) -> Within:
    """Return where a check says OK, with the customer's own limits."""
    bounds = limits.bounds(check, override, {})
    ends = {b.side: [end for end in (b.warning, b.critical) if end is not None] for b in bounds}
    return Within(
        low=max(ends.get("below", ()), default=-FINITE),
        high=min(ends.get("above", ()), default=FINITE),
        none_of=frozenset({*check.limit.warning_values, *check.limit.critical_values}),
        by_state=check.limit.by_state,
        empty=check.limit.empty,
    )


def stands(check: Check, now: ByName, before: ByName, known: Mapping[str, Track]) -> bool:
    """Say whether a check has the same objects as before, or new ones where there were none, and nothing was raised.

    `known` are the check's tracks; those of objects that were well need not be among them.
    """
    if any(name or track not in (WELL, NEVER) for name, track in known.items()):
        return False
    return _same(*now.parts(check.sample), *before.parts(check.sample))


def is_well(check: Check, ok: Within, now: ByName) -> bool:
    """Say whether there is something to judge, and all of it is OK. The device has no limits of its own for it."""
    singles, grids = now.parts(check.sample)
    if ok.by_state:
        return _states_are_well(check, singles, grids)
    values = _values(check, singles, grids)
    return bool(values) and ok.holds(values)


def each_is_well(check: Check, override: LimitOverride | None, series: Iterable[tuple[Sample, DeviceLimits]]) -> bool:
    """Say the same of series, each with the limits that the device itself has for it."""
    found = [limits.judge(check, each, limits.bounds(check, override, own), Severity.OK) for each, own in series]
    return bool(found) and all(verdict.severity is Severity.OK for verdict in found)


def _same(
    singles: Sequence[Sample],
    grids: Sequence[Grid],
    singles_before: Sequence[Sample],
    grids_before: Sequence[Grid],
) -> bool:
    """Say whether the series are those of before, or there were none."""
    if not singles_before and not grids_before:
        return True
    if len(singles) != len(singles_before) or len(grids) != len(grids_before):
        return False
    if any(
        now.labels is not before.labels and now.labels != before.labels
        for now, before in zip(singles, singles_before, strict=True)
    ):
        return False
    return all(now.rows is before.rows for now, before in zip(grids, grids_before, strict=True))


def _states_are_well(check: Check, singles: Sequence[Sample], grids: Sequence[Grid]) -> bool:
    alone = _severities(check, (sample.labels for sample in singles))
    return (alone.union(*(_of_rows(check, grid.rows) for grid in grids))) == {Severity.OK}


def _severities(check: Check, among: Iterable[Labels]) -> frozenset[Severity]:
    judged = (labels for labels in among if objects.matches(check, labels))
    return frozenset(limits.by_state(check, each.get("state", ""), each.get("health", "")) for each in judged)


def _of_rows(check: Check, rows: Rows) -> frozenset[Severity]:
    """Return what the states of a table's rows are: they are labels, and stay as they are."""
    key = (_of_rows, check)
    if key not in rows.memo:
        rows.memo[key] = _severities(check, rows)
    found: frozenset[Severity] = rows.memo[key]
    return found


def _values(check: Check, singles: Sequence[Sample], grids: Sequence[Grid]) -> list[Number]:
    every = not (check.where or check.where_not)
    values = [sample.value for sample in singles if every or objects.matches(check, sample.labels)]
    for grid in grids:
        column = grid.columns[check.sample]
        values += column if every else compress(column, objects.chosen(check, grid.rows))
    return values
