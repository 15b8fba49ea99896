"""A poller tells what its polls bring, adds what was heard, judges what it is asked to, and keeps snapshots."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent import judging
from agent import poller as polling
from agent.derive.traps import OPEN, RECEIVED
from agent.model import Entry, Severity
from agent.poller import LookedAt, Message, Poll, Polled, Poller, Remembered, Share
from agent.shown import Writer
from agent.store import Outcome, Store, StoreError
from agent.traps.book import Book
from collectors.model import Health, Sample, Snapshot
from collectors.traps.meanings import Event
from collectors.vocabulary import VOCABULARY
from tests.agent.inspected import CPU
from tests.agent.metered import entry
from tests.agent.stored import new_store
from tests.simulator.waiting import until

KEY = ("sw-1", "cpu", "CPU")


class Working:
    """A poller at work over a real store, whose devices say what the test wants."""

    def __init__(self, folder: Path, interval: float) -> None:
        self.store = new_store(folder / "netpatrol.db", wait=0.05)
        self.cpus = {"CPU": 0.1}
        self.up = True
        self.told: list[Message] = []
        entries = {"sw-1": replace(entry("sw-1"), interval=timedelta(seconds=interval))}
        self.share = Share(entries=entries, rules={"cpu": CPU}, writer=Writer(VOCABULARY), grace=0.5)
        self.poller = self.polling(self.poll)

    def polling(self, poll: Poll) -> Poller:
        return Poller(self.share, poll, self.store, lambda: datetime.now(UTC))

    async def poll(self, entry: Entry, before: Snapshot | None) -> Snapshot:
        read = [Sample("device_cpu_ratio", {"entity": name}, cpu) for name, cpu in self.cpus.items() if self.up]
        samples = (Sample("device_up", {}, int(self.up)), *read)
        return Snapshot(device=entry.name, taken_at=datetime.now(UTC), up=self.up, samples=samples)

    @property
    def polls(self) -> list[Polled]:
        return [each for each in self.told if isinstance(each, Polled)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(self.poller.run(stop, self.told.append))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 20)


@pytest.fixture
def quick(tmp_path: Path) -> Working:
    return Working(tmp_path, 0.01)


@pytest.fixture
def slow(tmp_path: Path) -> Working:
    return Working(tmp_path, 3600.0)


async def test_it_tells_how_devices_stood_and_then_what_each_poll_brings(slow: Working):
    async with slow.running():
        slow.poller.soon("sw-1")
        await until(lambda: slow.polls)
    remembered, polled = slow.told
    assert remembered == Remembered({})
    assert isinstance(polled, Polled)
    assert (polled.reading.samples, polled.reading.up, polled.heard) == ((), True, False)
    assert set(polled.shown.block.layout.names) >= {"device_up", "device_cpu_ratio"}
    assert (polled.calm, polled.tracks) == (("cpu",), {})
    assert polled.took >= 0


async def test_what_is_calm_is_told_without_results_and_judged_when_asked(quick: Working):
    async with quick.running():
        await until(lambda: quick.polls and quick.polls[-1].calm == ("cpu",))
        quick.poller.look_at("sw-1", ["cpu"])
        looked_at = [each for each in quick.told if isinstance(each, LookedAt)]
    assert [(each.device, each.judged[0].result.key, each.judged[0].raised) for each in looked_at] == [
        ("sw-1", KEY, Severity.OK)
    ]
    assert (quick.polls[-1].judged, quick.polls[-1].tracks) == ((), {})


async def test_what_is_not_calm_is_told_with_what_to_remember(quick: Working):
    quick.cpus = {"CPU": 0.95}
    async with quick.running():
        await until(lambda: len(quick.polls) > 2)
    assert [polled.judged[0].raised for polled in quick.polls[:2]] == [Severity.OK, Severity.CRITICAL]
    assert [polled.tracks[KEY].streak for polled in quick.polls[:2]] == [1, 2]


async def test_what_was_heard_goes_with_the_next_poll(slow: Working):
    book = Book()
    book.note("sw-1", Event("coldStart", "", Health.WARNING, "coldStart"), datetime.now(UTC).timestamp())
    async with slow.running():
        slow.poller.hear("sw-1", book.take("sw-1", 0, 0.0))
        slow.poller.soon("sw-1")
        await until(lambda: slow.polls)
    assert [polled.heard for polled in slow.polls] == [True]
    assert [s.name for s in slow.store.latest()["sw-1"].samples if s.name == OPEN] == [OPEN]


async def test_what_was_heard_before_a_poll_that_failed_goes_with_the_next(
    quick: Working, monkeypatch: pytest.MonkeyPatch
):
    judge, failed, book = judging.judge, list[str](), Book()

    def failing(rules: Any, entry: Entry, *args: Any, **more: Any) -> Any:
        if not failed:
            failed.append(entry.name)
            raise ZeroDivisionError
        return judge(rules, entry, *args, **more)

    monkeypatch.setattr(judging, "judge", failing)
    book.note("sw-1", Event("coldStart", "", Health.WARNING, "coldStart"), datetime.now(UTC).timestamp())
    quick.poller.hear("sw-1", book.take("sw-1", 0, 0.0))
    async with quick.running():
        await until(lambda: len(quick.polls) > 1)
    assert [polled.heard for polled in quick.polls[:2]] == [True, False]
    assert [s.name for s in quick.store.latest()["sw-1"].samples if s.name == OPEN] == [OPEN]


async def test_what_was_heard_and_cannot_be_judged_is_dropped_after_two_polls(
    quick: Working, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    judge, failed = judging.judge, list[str]()

    def failing(rules: Any, entry: Entry, snapshot: Snapshot, **more: Any) -> Any:
        if any(sample.name == RECEIVED for sample in snapshot.samples):
            failed.append(entry.name)
            raise ZeroDivisionError
        return judge(rules, entry, snapshot, **more)

    monkeypatch.setattr(judging, "judge", failing)
    quick.poller.hear("sw-1", [Sample(RECEIVED, {"trap": "coldStart"}, 0.0)])
    async with quick.running():
        await until(lambda: len(quick.polls) > 1)
    assert failed == ["sw-1"] * 2
    assert [polled.heard for polled in quick.polls[:2]] == [True, False]
    assert "sw-1: what was heard of it is dropped, as it could not be judged twice" in caplog.text


async def test_a_part_that_is_gone_after_a_silence_is_missed_though_the_daemon_was_started_in_it(
    tmp_path: Path, quick: Working
):
    quick.cpus = {"CPU": 0.1, "CPU 2": 0.1}
    async with quick.running():
        await until(lambda: quick.polls and quick.polls[-1].calm == ("cpu",))
        quick.up = False
        await until(lambda: not quick.polls[-1].reading.up)
    assert await said_after_a_start(tmp_path, quick) == ONE_IS_MISSING


async def test_a_part_that_is_missing_stays_so_though_the_daemon_is_started_again(tmp_path: Path, quick: Working):
    quick.cpus = {"CPU": 0.1, "CPU 2": 0.1}
    async with quick.running():
        await until(lambda: quick.polls and quick.polls[-1].calm == ("cpu",))
        quick.cpus = {"CPU": 0.1}
        await until(lambda: len(quick.polls[-1].judged) == 2)
    assert await said_after_a_start(tmp_path, quick) == ONE_IS_MISSING


ONE_IS_MISSING = {"CPU": (Severity.OK, ""), "CPU 2": (Severity.UNKNOWN, "missing")}


async def said_after_a_start(folder: Path, before: Working) -> dict[str, tuple[Severity, str]]:
    """Store the tracks that were told, and return what the first poll after a start of the daemon is judged to be."""
    tracks = {key: track for polled in before.polls for key, track in polled.tracks.items()}
    before.store.record((), tracks, lambda known: Outcome(), now=datetime.now(UTC))
    again = Working(folder, 0.01)
    async with again.running():
        await until(lambda: again.polls)
    return said(again.polls[0])


def said(polled: Polled) -> dict[str, tuple[Severity, str]]:
    return {j.result.object: (j.result.severity, j.result.reason) for j in polled.judged}


async def test_a_poll_under_way_will_do_for_who_wants_one_now(slow: Working):
    begun, go = asyncio.Event(), asyncio.Event()
    answer = slow.poll

    async def poll(entry: Entry, before: Snapshot | None) -> Snapshot:
        begun.set()
        await go.wait()
        return await answer(entry, before)

    slow.poller = slow.polling(poll)
    async with slow.running():
        slow.poller.now("sw-1")
        await begun.wait()
        slow.poller.now("sw-1")
        assert slow.poller.running == 1
        go.set()
        await until(lambda: slow.polls)
        await until(lambda: not slow.poller.running)
    assert len(slow.polls) == 1


async def test_the_last_snapshot_is_kept_and_gone_on_from(tmp_path: Path, slow: Working):
    async with slow.running():
        slow.poller.soon("sw-1")
        await until(lambda: slow.polls)
    taken_at = slow.polls[0].reading.taken_at
    assert slow.store.latest()["sw-1"].taken_at == taken_at
    again = Working(tmp_path, 3600.0)
    async with again.running():
        await until(lambda: again.told)
    remembered = again.told[0]
    assert isinstance(remembered, Remembered)
    assert remembered.standings["sw-1"].at == taken_at.timestamp()


async def test_a_snapshot_that_the_store_refuses_is_counted_and_written_later(
    quick: Working, monkeypatch: pytest.MonkeyPatch
):
    record, refused = Store.record, []

    def refusing(store: Store, *args: Any, **more: Any) -> Any:
        if not refused:
            refused.append(args[0])
            raise StoreError("the disk is full")
        return record(store, *args, **more)

    monkeypatch.setattr(Store, "record", refusing)
    monkeypatch.setattr(polling, "KEEP_PAUSE", 0.01)
    async with quick.running():
        await until(lambda: any(polled.refused for polled in quick.polls))
        await until(quick.store.latest)
    assert sum(polled.refused for polled in quick.polls) == 1


async def test_the_last_snapshots_are_kept_though_the_store_is_busy_at_first(
    slow: Working, monkeypatch: pytest.MonkeyPatch
):
    record, refused = Store.record, []

    def refusing(store: Store, *args: Any, **more: Any) -> Any:
        if len(refused) < 3:
            refused.append(args[0])
            raise StoreError("locked")
        return record(store, *args, **more)

    async with slow.running():
        slow.poller.soon("sw-1")
        await until(lambda: slow.polls)
        monkeypatch.setattr(polling, "KEEP_PAUSE", 0.01)
        monkeypatch.setattr(Store, "record", refusing)
    assert (len(refused), set(slow.store.latest())) == (3, {"sw-1"})
