"""The daemon polls each device at its own interval, survives what a poll or the store does, and stops cleanly."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent import checks, reading, service, wiring
from agent.checks.rules import CADENCES
from agent.model import Entry, Inventory, Severity, Track
from agent.poller import Lost, Poller, Tell
from agent.service import Parts, Service
from agent.store import Outcome, Store, StoreError
from collectors.model import Sample, Snapshot
from collectors.profiles import ProfileSet
from tests.agent.inspected import CPU, INVENTORY, Site
from tests.agent.metered import finding
from tests.agent.stored import new_store

QUICK = Inventory(
    entries={name: replace(entry, interval=timedelta(seconds=0.02)) for name, entry in INVENTORY.entries.items()}
)
Answer = Callable[[Entry], Awaitable[Snapshot]]


class Daemon:
    """A service over a real store, whose devices the test answers for."""

    def __init__(self, folder: Path) -> None:
        self.store = new_store(folder / wiring.STORE, wait=0.05)
        self.site = Site(self.store, folder)
        self.polls: Counter[str] = Counter()
        self.stop = asyncio.Event()
        self.parts: Parts

    async def run(self, answer: Answer, until: Callable[[], bool], inventory: Inventory = QUICK) -> None:
        """Poll until the test has seen what it waits for."""

        async def poll(entry: Entry, before: Snapshot | None) -> Snapshot:
            self.polls[entry.name] += 1
            if until():
                self.stop.set()
            return await answer(entry)

        self.parts = wiring.daemon(inventory, {"cpu": CPU}, self.store, poll)
        await asyncio.wait_for(Service(replace(self.parts, grace=1.0)).run(self.stop), timeout=20)

    def page(self) -> str:
        return self.parts.metrics.render(self.site.clock.now()).decode()


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    return Daemon(tmp_path)


async def test_what_holds_for_two_polls_opens_one_ticket(daemon: Daemon) -> None:
    async def busy(entry: Entry) -> Snapshot:
        return daemon.site.snapshot(entry.name, 0.95 if entry.name == "sw-1" else 0.1)

    await daemon.run(busy, lambda: min(daemon.polls.values()) >= 4)
    assert [t.device for t in daemon.store.tickets()] == ["sw-1"]
    assert 'device_cpu_ratio{device="sw-1"' in daemon.page()
    assert 'netpatrol_tickets_open{severity="critical"} 1' in daemon.page()


async def test_what_is_open_shows_before_anything_is_polled_again(daemon: Daemon) -> None:
    async def busy(entry: Entry) -> Snapshot:
        return daemon.site.snapshot(entry.name, 0.95)

    await daemon.run(busy, lambda: min(daemon.polls.values()) >= 4)
    pages: list[str] = []

    async def look(entry: Entry) -> Snapshot:
        pages.append(daemon.page())
        daemon.stop.set()
        return await busy(entry)

    daemon.stop.clear()
    await daemon.run(look, lambda: False)
    assert 'netpatrol_tickets_open{severity="critical"} 2' in pages[0]
    assert 'device_findings_open{device="sw-1",site="' in pages[0]  # as it is after the first poll, too
    assert "netpatrol_tickets_at_work" in pages[0]


async def test_nothing_is_said_of_what_is_open_before_the_store_was_read(daemon: Daemon) -> None:
    async def never(entry: Entry, before: Snapshot | None) -> Snapshot:
        raise AssertionError

    page = wiring.daemon(QUICK, {"cpu": CPU}, daemon.store, never).metrics.render(daemon.site.clock.now()).decode()
    assert "netpatrol_tickets_open{" not in page
    assert "netpatrol_findings_open{" not in page


async def test_a_poll_that_hangs_delays_no_other_device_nor_the_end(daemon: Daemon) -> None:
    async def hang(entry: Entry) -> Snapshot:
        if entry.name == "sw-1":
            await asyncio.Event().wait()
        return daemon.site.snapshot(entry.name, 0.1)

    await daemon.run(hang, lambda: daemon.polls["sw-2"] >= 5)
    assert daemon.polls["sw-1"] <= 1
    assert set(daemon.store.latest()) == {"sw-2"}


async def test_a_store_that_is_locked_costs_no_finding(daemon: Daemon, tmp_path: Path) -> None:
    blocker = sqlite3.connect(tmp_path / wiring.STORE, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    blocker.rollback()

    async def busy(entry: Entry) -> Snapshot:
        if daemon.polls[entry.name] == 1:
            blocker.execute("BEGIN EXCLUSIVE") if not blocker.in_transaction else None
        if daemon.polls[entry.name] == 8 and blocker.in_transaction:
            blocker.rollback()
        return daemon.site.snapshot(entry.name, 0.95)

    await daemon.run(busy, lambda: min(daemon.polls.values()) >= 12)
    blocker.close()
    assert sorted(t.device for t in daemon.store.tickets()) == ["sw-1", "sw-2"]


async def test_a_judgement_that_fails_stops_only_its_own_poll(daemon: Daemon) -> None:
    async def odd(entry: Entry) -> Snapshot:
        if entry.name == "sw-1" and daemon.polls["sw-1"] < 3:
            raise RuntimeError("a fault of ours")
        return daemon.site.snapshot(entry.name, 0.1)

    await daemon.run(odd, lambda: min(daemon.polls.values()) >= 5)
    assert set(daemon.store.latest()) == {"sw-1", "sw-2"}


SLOW = Inventory(
    entries={name: replace(entry, interval=timedelta(hours=1)) for name, entry in INVENTORY.entries.items()}
)


async def test_a_device_is_polled_out_of_turn_and_shows_for_who_waits(daemon: Daemon) -> None:
    async def answer(entry: Entry, before: Snapshot | None) -> Snapshot:
        daemon.polls[entry.name] += 1
        return daemon.site.snapshot(entry.name, 0.1)

    parts = wiring.daemon(SLOW, {"cpu": CPU}, daemon.store, answer)
    service = Service(parts)
    running = asyncio.create_task(service.run(daemon.stop))
    for _ in range(2):  # the second one waits for its turn some seconds: it is not waited for
        waiting = asyncio.create_task(service.poll_now("sw-1"))
        await asyncio.wait({waiting}, timeout=0.2)
    assert daemon.polls["sw-1"] == 1
    assert parts.metrics.find("sw-1") is not None
    daemon.stop.set()
    await asyncio.wait_for(running, 20)
    waiting.cancel()


async def test_who_asks_for_a_device_that_is_being_polled_waits_for_that_poll(daemon: Daemon) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def answer(entry: Entry, before: Snapshot | None) -> Snapshot:
        daemon.polls[entry.name] += 1
        begun.set()
        await go.wait()
        return daemon.site.snapshot(entry.name, 0.1)

    parts = wiring.daemon(SLOW, {"cpu": CPU}, daemon.store, answer)
    service = Service(parts)
    running = asyncio.create_task(service.run(daemon.stop))
    first = asyncio.create_task(service.poll_now("sw-1"))
    await asyncio.wait_for(begun.wait(), 20)
    second = asyncio.create_task(service.poll_now("sw-1"))
    await asyncio.sleep(0)
    go.set()
    await asyncio.wait_for(asyncio.gather(first, second), 20)
    assert daemon.polls["sw-1"] == 1
    daemon.stop.set()
    await asyncio.wait_for(running, 20)


async def test_only_inspections_look_at_ports():
    rules, profiles = checks.load(), ProfileSet({})
    reads = {cadence: reading.reader(profiles, checks.of_cadence(rules, cadence)).collectors for cadence in CADENCES}
    assert [cadence for cadence, collectors in reads.items() if "tcp" not in collectors] == ["continuous"]


async def test_a_recovery_that_the_store_refused_is_written_with_the_next_poll(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, record = [], Store.record

    def refusing(store: Store, *args: Any, **more: Any) -> Any:
        if daemon.polls["sw-1"] > 6 and not refused and any(t == Track() for t in args[1].values()):
            refused.append(args[1])
            raise StoreError("the disk is full")
        return record(store, *args, **more)

    async def busy_then_well(entry: Entry) -> Snapshot:
        return daemon.site.snapshot(entry.name, 0.95 if daemon.polls[entry.name] <= 6 else 0.1)

    monkeypatch.setattr(Store, "record", refusing)
    monkeypatch.setattr(service, "SETTLE_PAUSE", 0.01)
    await daemon.run(busy_then_well, lambda: bool(refused) and min(daemon.polls.values()) >= 14)
    assert refused
    assert set(daemon.store.tracks().values()) == {Track()}


async def test_a_store_that_is_busy_at_the_end_is_tried_again(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    refused, record = [], Store.record

    def refusing(store: Store, snapshots: Any, *args: Any, **more: Any) -> Any:
        if daemon.stop.is_set() and not snapshots and len(refused) < 2:
            refused.append(args)
            raise StoreError("locked")
        return record(store, snapshots, *args, **more)

    async def busy(entry: Entry) -> Snapshot:
        return daemon.site.snapshot(entry.name, 0.95)

    monkeypatch.setattr(Store, "record", refusing)
    monkeypatch.setattr(service, "TRY_AGAIN", 0.001)
    await daemon.run(busy, lambda: min(daemon.polls.values()) >= 4)
    assert len(refused) == 2
    assert sorted(t.device for t in daemon.store.tickets()) == ["sw-1", "sw-2"]


async def test_what_others_change_shows_though_all_is_calm(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """An inspection, in another process, finds what the daemon does not look at."""

    async def calm(entry: Entry) -> Snapshot:
        return daemon.site.snapshot(entry.name, 0.1)

    monkeypatch.setattr(service, "COUNT_PAUSE", 0.01)
    others = []

    def seen() -> bool:
        if daemon.polls["sw-1"] == 4 and not others:
            others.append(found := finding("sw-1", Severity.CRITICAL))
            daemon.store.record((), {}, lambda known: Outcome(findings=(found,)), now=daemon.site.clock.now())
        return bool(others) and 'netpatrol_findings_open{severity="critical"} 1' in daemon.page()

    await daemon.run(calm, seen)


async def test_a_device_that_cannot_be_looked_at_stops_no_settling(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = finding("sw-1", Severity.WARNING)
    found = replace(found, result=replace(found.result, check="cpu"))
    daemon.store.record((), {}, lambda known: Outcome(findings=(found,)), now=daemon.site.clock.now())

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def busy_later(entry: Entry) -> Snapshot:
        late = entry.name == "sw-2" and "sw-1: cannot be judged" in caplog.text
        return daemon.site.snapshot(entry.name, 0.95 if late else 0.1)

    monkeypatch.setattr(Poller, "look_at", broken)
    monkeypatch.setattr(service, "SETTLE_PAUSE", 0.01)
    await daemon.run(busy_later, lambda: bool(daemon.store.tickets()))
    assert [t.device for t in daemon.store.tickets()] == ["sw-2"]


async def test_of_a_device_that_left_the_inventory_only_tickets_count(daemon: Daemon) -> None:
    async def busy(entry: Entry) -> Snapshot:
        return daemon.site.snapshot(entry.name, 0.95)

    await daemon.run(busy, lambda: min(daemon.polls.values()) >= 4)
    daemon.stop.clear()
    await daemon.run(busy, lambda: True, Inventory(entries={"sw-2": QUICK.entries["sw-2"]}))
    assert 'device_findings_open{device="sw-1"' not in daemon.page()
    assert 'netpatrol_findings_open{severity="critical"} 1' in daemon.page()
    assert 'device_tickets_open{device="sw-1",severity="critical"} 1' in daemon.page()


# ---- pollers that forget ----


class Asked:
    """Pollers that poll nothing, and remember what they were asked."""

    running, late = 0, 0.0

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    async def run(self, stop: asyncio.Event, tell: Tell) -> None:
        await stop.wait()

    def soon(self, device: str) -> None:
        self.asked.append(("soon", device))

    def now(self, device: str) -> None:
        self.asked.append(("now", device))

    def hear(self, device: str, heard: Any) -> None:
        self.asked.append(("hear", device, heard))

    def look_at(self, device: str, checks: Any) -> None:
        self.asked.append(("look_at", device, checks))


async def test_a_poller_that_forgot_what_it_was_told_is_told_again(daemon: Daemon) -> None:
    async def never(entry: Entry, before: Snapshot | None) -> Snapshot:
        raise AssertionError

    traps = {"sw-1": [(Sample("device_trap_received", {"trap": "coldStart"}, 0.0),)]}
    parts = wiring.daemon(SLOW, {"cpu": CPU}, daemon.store, never)
    pollers = Asked()
    service = Service(replace(parts, heard=lambda device: traps[device].pop() if traps.get(device) else ()), pollers)
    service.poll_soon("sw-1")
    waiting = asyncio.create_task(service.poll_now("sw-2"))
    await asyncio.sleep(0)
    told = list(pollers.asked)
    assert [words[:2] for words in told] == [("hear", "sw-1"), ("soon", "sw-1"), ("now", "sw-2")]
    service.take(Lost(["sw-1", "sw-2"]))
    assert pollers.asked == [*told, *told]
    waiting.cancel()
