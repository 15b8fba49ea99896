"""What was measured, and what was wanted: medians, ratios within each round, goals met and missed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Place = tuple[str, str, str]
"""A table's name, a row's, and a column's."""


@dataclass(frozen=True, slots=True)
class Range:
    """The middle of some values, and how far they lie apart."""

    middle: float
    least: float
    most: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Range | None":
        """Return the range of values; None where there are none."""
        found = list(values)
        return cls(median(found), min(found), max(found), len(found)) if found else None

    def __str__(self) -> str:
        if self.count == 1:
            return number(self.middle)
        return f"{number(self.middle)} ({number(self.least)}-{number(self.most)})"


def number(value: float) -> str:
    """Return a figure with three digits that count: 0.0123, 1.23, 123, 12,300."""
    if value >= 100:
        return f"{value:,.0f}"
    digits = 2 if value >= 1 else 3
    return f"{value:.{digits}f}" if value else "0"


@dataclass(slots=True)
class Results:
    """All values of a run, by table, row and column, one a round; and why some are lacking."""

    values: dict[Place, dict[int, float]] = field(default_factory=dict)
    lacking: dict[tuple[str, str], str] = field(default_factory=dict)  # table and row → why

    def add(self, round_number: int, table: str, row: str, columns: Mapping[str, float]) -> None:
        """Take what one row brought in one round."""
        for column, value in columns.items():
            self.values.setdefault((table, row, column), {})[round_number] = value

    def range(self, place: Place) -> Range | None:
        return Range.of(self.values.get(place, {}).values())

    def ratio(self, of: Place, to: Place) -> Range | None:
        """Return the range of the rounds' ratios, of rounds in which both were measured."""
        ours, theirs = self.values.get(of, {}), self.values.get(to, {})
        return Range.of(ours[n] / theirs[n] for n in ours if theirs.get(n))

    def tables(self) -> dict[str, dict[str, list[str]]]:
        """Return table → row → columns, in the order in which they came."""
        found: dict[str, dict[str, list[str]]] = {}
        for table, row, column in self.values:
            found.setdefault(table, {}).setdefault(row, []).append(column)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return it as plain lists and mappings."""
        return {
            "values": [
                [*place, [[n, value] for n, value in sorted(values.items())]] for place, values in self.values.items()
            ],
            "lacking": [[*where, why] for where, why in self.lacking.items()],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Results":
        """Read what `to_json` gave."""
        values = {(table, row, column): dict(each) for table, row, column, each in data["values"]}
        return cls(values, {(table, row): why for table, row, why in data["lacking"]})


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that is to be at most so much: a value, or its ratio `to` another."""

    title: str
    of: Place
    most: float
    unit: str = ""
    to: Place | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a goal. `met` is None where it was not measured."""

    goal: Goal
    measured: Range | None

    @property
    def met(self) -> bool | None:
        return None if self.measured is None else self.measured.middle <= self.goal.most

    def row(self) -> tuple[str, str, str, str]:
        """Return the goal, what is wanted, what was measured, and whether that is enough."""
        unit = f" {self.goal.unit}" if self.goal.unit else "x"
        measured = "-" if self.measured is None else f"{self.measured}{unit}"
        verdict = {True: "met", False: "MISSED", None: "not measured"}[self.met]
        return self.goal.title, f"<= {number(self.goal.most)}{unit}", measured, verdict


def outcomes(goals: Iterable[Goal], results: Results) -> list[Outcome]:
    """Hold each goal against what was measured."""
    return [
        Outcome(goal, results.range(goal.of) if goal.to is None else results.ratio(goal.of, goal.to)) for goal in goals
    ]


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed, by the nearest rank; 0 of none."""
    found = sorted(values)
    if not found:
        return 0.0
    rank = max(1, -(-int(share * len(found) * 1e6) // 1_000_000))
    return found[rank - 1]
