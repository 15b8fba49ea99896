"""Medians, ratios and goals of the benchmarks."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import Goal, Range, Results, number, outcomes, percentile

OURS, THEIRS = ("polls", "netpatrol", "ms"), ("polls", "peer", "ms")


def measured(ours: list[float], theirs: list[float]) -> Results:
    """Return results of some rounds; a row that is shorter failed in the last ones."""
    results = Results()
    for place, values in ((OURS, ours), (THEIRS, theirs)):
        for number_, value in enumerate(values):
            results.add(number_, place[0], place[1], {place[2]: value})
    return results


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.01234, "0.012"),
        (0.25, "0.250"),
        (1.234, "1.23"),
        (99.9, "99.90"),
        (140.2, "140"),
        (12345.0, "12,345"),
    ],
)
def test_a_figure_shows_the_digits_that_count(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_range_is_the_median_with_the_least_and_the_most() -> None:
    found = Range.of([3.0, 1.0, 2.0, 9.0])
    assert found == Range(2.5, 1.0, 9.0, 4)
    assert str(found) == "2.50 (1.00-9.00)"
    assert str(Range.of([3.0])) == "3.00"
    assert Range.of([]) is None


def test_a_ratio_is_taken_within_each_round_before_the_median() -> None:
    slow_machine_in_the_second_round = measured([1.0, 10.0, 1.2], [2.0, 20.0, 2.0])
    found = slow_machine_in_the_second_round.ratio(OURS, THEIRS)
    assert found is not None
    assert (found.middle, found.least, found.most) == (0.5, 0.5, 0.6)


def test_a_round_in_which_one_side_failed_has_no_ratio() -> None:
    found = measured([1.0, 10.0], [2.0]).ratio(OURS, THEIRS)
    assert found == Range(0.5, 0.5, 0.5, 1)
    assert measured([1.0], []).ratio(OURS, THEIRS) is None
    assert measured([1.0], [0.0]).ratio(OURS, THEIRS) is None


@pytest.mark.parametrize(
    ("goal", "row"),
    [
        (Goal("CPU", OURS, 1.2, "ms"), ("CPU", "<= 1.20 ms", "1.10 (1.00-1.20) ms", "met")),
        (Goal("CPU", OURS, 1.0, "ms"), ("CPU", "<= 1.00 ms", "1.10 (1.00-1.20) ms", "MISSED")),
        (Goal("ratio", OURS, 0.5, to=THEIRS), ("ratio", "<= 0.500x", "0.550 (0.500-0.600)x", "MISSED")),
        (Goal("none", ("no", "such", "row"), 1.0), ("none", "<= 1.00x", "-", "not measured")),
    ],
)
def test_a_goal_says_what_was_wanted_and_what_came(goal: Goal, row: tuple[str, str, str, str]) -> None:
    (outcome,) = outcomes([goal], measured([1.0, 1.2], [2.0, 2.0]))
    assert outcome.row() == row


def test_results_are_the_same_after_json() -> None:
    results = measured([1.0, 2.0], [3.0])
    results.lacking["polls", "third"] = "gcc is not installed"
    assert Results.from_json(json.loads(json.dumps(results.to_json()))) == results


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values)


def test_the_percentile_of_nothing_is_zero() -> None:
    assert percentile([], 0.99) == 0.0
