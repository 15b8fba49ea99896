"""Polls on demand: one a device, few in all, none waited for too long."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import wait

import pytest

from agent.exposition import probing
from agent.exposition.probing import Busy, Prober


class Polls:
    """Polls of the daemon's loop, which runs in a thread of its own; each waits until it is let go."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.asked: list[str] = []
        self.begun = threading.Semaphore(0)
        self.fails = False
        self._go: dict[str, asyncio.Event] = {}
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    async def poll(self, device: str) -> None:
        self.asked.append(device)
        event = self._go.setdefault(device, asyncio.Event())
        self.begun.release()
        await event.wait()
        if self.fails:
            raise ZeroDivisionError

    def let_go(self, device: str) -> None:
        self.loop.call_soon_threadsafe(lambda: self._go.setdefault(device, asyncio.Event()).set())

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


@pytest.fixture
def polls() -> Iterator[Polls]:
    found = Polls()
    yield found
    found.close()


def in_background(prober: Prober, *devices: str) -> tuple[list[threading.Thread], list[bool]]:
    outcomes: list[bool] = []
    threads = [threading.Thread(target=lambda name=d: outcomes.append(prober.ask(name, 10))) for d in devices]
    for thread in threads:
        thread.start()
    return threads, outcomes


def test_a_poll_that_ends_in_time_has_succeeded(polls: Polls):
    prober = Prober(polls.poll, polls.loop)
    polls.let_go("core-1")
    assert prober.ask("core-1", 10) is True
    assert polls.asked == ["core-1"]


def test_a_poll_that_takes_too_long_goes_on_and_is_joined(polls: Polls):
    prober = Prober(polls.poll, polls.loop)
    assert [prober.ask("core-1", 0.01) for _ in range(2)] == [False, False]
    assert (polls.asked, prober.flying) == (["core-1"], 1)
    polls.let_go("core-1")
    assert prober.ask("core-1", 10) is True


def test_all_who_ask_for_a_device_wait_for_one_poll(polls: Polls, monkeypatch: pytest.MonkeyPatch):
    waiting = threading.Barrier(6)
    monkeypatch.setattr(probing, "wait", lambda *these: (waiting.wait(10), wait(*these))[1])
    prober = Prober(polls.poll, polls.loop)
    threads, outcomes = in_background(prober, *["core-1"] * 5)
    waiting.wait(10)
    polls.let_go("core-1")
    for thread in threads:
        thread.join(10)
    assert outcomes == [True] * 5
    assert polls.asked == ["core-1"]


def test_no_more_devices_are_polled_at_once_than_may_be(polls: Polls):
    prober = Prober(polls.poll, polls.loop, polls=2)
    threads, outcomes = in_background(prober, "a", "b")
    assert all(polls.begun.acquire(timeout=10) for _ in range(2))
    with pytest.raises(Busy):
        prober.ask("c", 10)
    polls.let_go("a")
    polls.let_go("b")
    for thread in threads:
        thread.join(10)
    assert outcomes == [True, True]
    polls.let_go("c")
    assert prober.ask("c", 10) is True


def test_no_more_requests_wait_than_may(polls: Polls):
    prober = Prober(polls.poll, polls.loop, waiters=1)
    threads, _ = in_background(prober, "a")
    assert polls.begun.acquire(timeout=10)
    with pytest.raises(Busy):
        prober.ask("a", 10)
    polls.let_go("a")
    threads[0].join(10)
    assert prober.ask("a", 10) is True


def test_a_poll_that_fails_is_no_success_and_the_next_one_is_tried(polls: Polls, caplog: pytest.LogCaptureFixture):
    prober = Prober(polls.poll, polls.loop)
    polls.fails = True
    polls.let_go("core-1")
    assert prober.ask("core-1", 10) is False
    assert "core-1: the poll that was asked for failed" in caplog.text
    polls.fails = False
    assert prober.ask("core-1", 10) is True


def test_nothing_is_polled_once_the_daemon_has_stopped():
    loop = asyncio.new_event_loop()
    loop.close()

    async def poll(device: str) -> None:
        raise AssertionError(device)

    with pytest.raises(Busy):
        Prober(poll, loop).ask("core-1", 1)
