"""What the daemon takes for a break in its work."""

from collections.abc import Sequence

import pytest

from agent.awake import Awake
from tests.agent.faults import NOW, minutes


@pytest.mark.parametrize(
    ("moves", "since"),
    [
        ([], 0),
        ([(10, 10), (10, 10)], 0),
        ([(10, 10), (0.5, 0)], 0),  # a time of day that is kept right, by and by
        ([(10, 10), (30, 0.5), (10, 10)], 40),  # suspended
        ([(30, 0), (10, 10), (30, 0), (10, 10)], 70),
        ([(10, 10), (-30, 0), (10, 10)], -20),  # a time of day that was set back
    ],
)
def test_work_goes_on_since_the_machine_was_last_suspended(moves: Sequence[tuple[float, float]], since: float) -> None:
    """`moves`: minutes that pass by the time of day, and by the monotonic clock."""
    day = ticks = 0.0
    awake = Awake(NOW, lambda: ticks * 60)
    for passed, ticked in moves:
        day, ticks = day + passed, ticks + ticked
        awake.since(minutes(day))
    assert awake.since(minutes(day)) == minutes(since)
