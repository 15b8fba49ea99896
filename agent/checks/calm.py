"""Tell the checks that need no judging: nothing was raised, came or went, and every figure is within limits. Pure.

Nearly all of what is polled every minute is well, and was. For such a check a look along its figures is enough: judging
each would say OK of the same objects as before, and there would be nothing to remember.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from agent.checks import limits, objects
from agent.checks.rules import Check
from agent.checks.tracks import NEVER
from agent.derive.readings import ByName
from agent.model import LimitOverride, Severity, Track
from collectors.columns import Grid, Rows
from collectors.model import Number, Sample

WELL = Track()
FINITE = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Within:
    """Where a figure is OK: between two bounds, and none of a list."""

    low: float
    high: float
    none_of: frozenset[Number]

    @classmethod
    def of(cls, check: Check, override: LimitOverride | None) -> "Within":
        bounds = limits.bounds(check, override, {})
        ends = {b.side: [end for end in (b.warning, b.critical) if end is not None] for b in bounds}
        return cls(
            low=max(ends.get("below", ()), default=-FINITE),
            high=min(ends.get("above", ()), default=FINITE),
            none_of=frozenset({*check.limit.warning_values, *check.limit.critical_values}),
        )

    def holds(self, values: Sequence[Number]) -> bool:
        """Say whether all values are OK. What is no number is not."""
        low, high = self.low, self.high
        return all(low < value < high for value in values) and self.none_of.isdisjoint(values)


def is_calm(check: Check, within: Within, now: ByName, before: ByName, known: Mapping[str, Track]) -> bool:
    """Say whether judging a check would say OK of the same objects as before, or of new ones where there were none.

    The device has no limits of its own for the sample. `known` are the check's tracks; those of objects that were well
    need not be among them.
    """
    if any(name or track not in (WELL, NEVER) for name, track in known.items()):
        return False
    singles, grids = now.parts(check.sample)
    if not _same(singles, grids, *before.parts(check.sample)):
        return False
    values = _values(check, singles, grids)
    return bool(values) and (_states_are_well(check, singles, grids) if check.limit.by_state else within.holds(values))


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
    if any(now.labels != before.labels for now, before in zip(singles, singles_before, strict=True)):
        return False
    return all(now.rows is before.rows for now, before in zip(grids, grids_before, strict=True))


def _states_are_well(check: Check, singles: Sequence[Sample], grids: Sequence[Grid]) -> bool:
    every = (*singles, *(sample for grid in grids for sample in grid.column(check.sample)))
    judged = (sample for sample in every if objects.matches(check, sample.labels))
    return all(limits.judge(check, sample, [], Severity.OK).severity is Severity.OK for sample in judged)


def _values(check: Check, singles: Sequence[Sample], grids: Sequence[Grid]) -> list[Number]:
    values = [sample.value for sample in singles if objects.matches(check, sample.labels)]
    for grid in grids:
        column = grid.columns[check.sample]
        values += compress(column, _chosen(check, grid.rows)) if check.where or check.where_not else column
    return values


def _chosen(check: Check, rows: Rows) -> Sequence[bool]:
    """Return which of the rows the check judges."""
    key = (is_calm, str(check.where), str(check.where_not))
    if key not in rows.memo:
        rows.memo[key] = [objects.matches(check, labels) for labels in rows]
    chosen: Sequence[bool] = rows.memo[key]
    return chosen
