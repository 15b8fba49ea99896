"""What the agent says of its own loop, queues and answers."""

import asyncio
import re
from pathlib import Path

import pytest

from agent.metrics import OWN
from agent.metrics_health import Health, Pulse
from agent.push.pusher import Counts


def value(health: Health, name: str, **labels: str) -> float | None:
    found = health.registry.get_sample_value(name, labels)
    return found if found is None else float(found)


class Clock:
    """Stands still until told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_loop_that_never_ran_is_not_late():
    assert Pulse(Clock()).lag() == 0


@pytest.mark.parametrize(
    ("beats", "asked", "lag"),
    [((0.0,), 0.5, 0.0), ((0.0, 1.0), 1.5, 0.0), ((0.0, 1.25), 1.5, 0.25), ((0.0,), 8.0, 7.0), ((0.0, 6.0), 6.5, 5.0)],
    ids=["just begun", "in time", "a little late", "hangs", "has hung"],
)
def test_a_loop_is_as_late_as_its_beat(beats: tuple[float, ...], asked: float, lag: float):
    clock = Clock()
    pulse = Pulse(clock)
    for at in beats:
        clock.now = 1000.0 + at
        pulse.beat()
    clock.now = 1000.0 + asked
    assert pulse.lag() == pytest.approx(lag)


async def test_the_loop_beats_until_it_is_told_to_stop():
    clock = Clock()
    pulse = Pulse(clock)
    task = asyncio.create_task(pulse.beat_on())
    await asyncio.sleep(0)
    clock.now += 3.0
    assert pulse.lag() == 2.0
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_queue_is_asked_for_its_length_when_it_is_shown():
    health, queue = Health("1"), [1, 2, 3]
    health.watch("judged", lambda: len(queue))
    assert value(health, "netpatrol_queue_length", queue="judged") == 3
    queue.clear()
    assert value(health, "netpatrol_queue_length", queue="judged") == 0


def test_answers_are_counted_by_path():
    health = Health("1")
    health.requests.answered("/metrics", 0.5, 1000)
    health.requests.answered("/metrics", 0.25, 500)
    health.requests.refused("/probe")
    assert value(health, "netpatrol_scrape_bytes_total", path="/metrics") == 1500
    assert value(health, "netpatrol_scrape_duration_seconds_sum", path="/metrics") == 0.75
    assert value(health, "netpatrol_scrape_duration_seconds_count", path="/probe") == 0
    assert value(health, "netpatrol_requests_refused_total", path="/probe") == 1


def test_every_figure_of_our_own_is_in_the_documents():
    health = Health("1")
    health.watch("judged", lambda: 0)
    Counts(health.registry)
    shown = {sample.name for family in health.registry.collect() for sample in family.samples}
    ours = {re.sub("_(created|bucket|sum|count)$", "", name) for name in shown if name.startswith("netpatrol_")}
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    assert [name for name in sorted({*ours, *OWN}) if not re.search(rf"`{name}[`{{]|`{name}_total[`{{]", text)] == []
