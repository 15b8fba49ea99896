"""Real polling processes: each polls its share of this very machine, under several names, and is started again."""

import asyncio
import errno
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from agent import checks, wiring
from agent.derive.traps import OPEN
from agent.model import Entry, Inventory
from agent.poller import Lost, Poll, Polled, Share
from agent.pollers import crew as crews
from agent.pollers.crew import Crew, Member
from agent.pollers.process import Job
from agent.reading import now
from agent.service import Parts, Service
from agent.shown import Writer
from agent.traps.book import Book
from collectors import profiles
from collectors.model import Device, DeviceClass, Health, Secret, Snapshot
from collectors.profiles import FALLBACK, ProfileSet
from collectors.traps.meanings import Event
from tests.simulator import waiting
from tests.simulator.cli_server import CliServer
from tests.simulator.logins import USERS, Site

NAMES = ("app-1", "app-2", "app-3")
FAMILIES = {name: profile for name, profile in profiles.load().items() if name in {FALLBACK, "linux"}}
until = partial(waiting.until, seconds=60.0)  # a process takes some seconds to start on a busy machine
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="descriptors are handed to processes by POSIX means")


def inventory(interval: float) -> Inventory:
    return Inventory(
        entries={
            name: Entry(
                device=Device(name=name, address="127.0.0.1", device_class=DeviceClass.SERVER, local=True),
                interval=timedelta(seconds=interval),
            )
            for name in NAMES
        }
    )


async def never(entry: Entry, before: Snapshot | None) -> Snapshot:
    raise AssertionError("the daemon itself polls nothing")


class Watched(Service):
    """The daemon's service; remembers what it was told."""

    def __init__(self, parts: Parts, crew: Crew) -> None:
        super().__init__(parts, crew)
        self.parts, self.crew, self.polls = parts, crew, list[Polled]()

    def take(self, message: object) -> None:
        self.polls += [message] if isinstance(message, Polled) else []
        super().take(message)  # type: ignore[arg-type]

    def polled(self) -> set[str]:
        return {polled.device for polled in self.polls}

    def paused(self) -> set[str]:
        """The devices whose logins are paused for what several devices answered."""
        said = {polled.device: failure.message for polled in self.polls for failure in polled.reading.failures}
        return {device for device, message in said.items() if "are paused, as app-" in message}

    def page(self) -> str:
        return self.parts.metrics.render(now()).decode()


@asynccontextmanager
async def daemon(
    folder: Path, interval: float, *, poll: Poll = never, processes: int = 2, known: Inventory | None = None
) -> AsyncIterator[Watched]:
    known = known or inventory(interval)
    rules = checks.of_cadence(checks.load(), "continuous")
    store, _ = wiring.open_store(folder, known, rules)
    with store:
        parts = replace(wiring.daemon(known, rules, store, poll), grace=1.0)
        service = Watched(parts, wiring.crew(parts, ProfileSet(FAMILIES), folder, processes))
        stop = asyncio.Event()
        task = asyncio.create_task(service.run(stop))
        try:
            yield service
        finally:
            stop.set()
            await asyncio.wait_for(task, 60)


async def test_processes_poll_what_is_dealt_out_to_them_and_the_daemon_shows_it(tmp_path: Path):
    async with daemon(tmp_path, 1.0) as service:
        await until(lambda: service.polled() == set(NAMES))
        page = service.page()
    assert [len(member.job.share.entries) for member in service.crew.members] == [2, 1]
    assert set(re.findall(r'^device_up{device="([^"]+)".*} 1$', page, re.MULTILINE)) == set(NAMES)
    assert dict(re.findall(r'^netpatrol_poller_devices{poller="(\d)"} (\S+)$', page, re.MULTILINE)) == {
        "1": "2.0",
        "2": "1.0",
    }
    assert float(re.findall(r'^netpatrol_poller_resident_memory_bytes{poller="1"} (\S+)$', page, re.MULTILINE)[0]) > 1e6
    assert set(service.parts.store.latest()) == set(NAMES)  # written by the processes, at the end


async def test_a_process_that_is_killed_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(crews, "FIRST_PAUSE", 0.01)
    async with daemon(tmp_path, 1.0, processes=1) as service:
        await until(lambda: service.polled() == set(NAMES))
        (member,) = service.crew.members
        assert member.pid is not None
        os.kill(member.pid, signal.SIGKILL)
        await until(lambda: "ended unasked" in caplog.text)
        service.polls.clear()
        await until(lambda: service.polled() == set(NAMES))
    assert "polling process 1, of 3 devices, ended unasked (signal 9); it is started again in 0.02 s" in caplog.text


async def test_what_a_process_was_told_before_it_was_killed_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(crews, "FIRST_PAUSE", 0.01)
    book = Book()
    async with daemon(tmp_path, 1.0, processes=1) as service:
        object.__setattr__(service.parts, "heard", lambda device: book.take(device, 0, now().timestamp()))
        await until(lambda: service.polled() == set(NAMES))
        (member,) = service.crew.members
        assert member.pid is not None
        os.kill(member.pid, signal.SIGSTOP)
        book.note("app-2", Event("coldStart", "", Health.WARNING, "coldStart"), now().timestamp())
        service.poll_soon("app-2")
        os.kill(member.pid, signal.SIGKILL)
        await until(lambda: any(polled.heard for polled in service.polls))
    assert any(sample.name == OPEN for sample in service.parts.store.latest()["app-2"].samples)


async def test_a_login_that_devices_of_several_processes_refuse_is_tried_nowhere_nor_after_one_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(crews, "FIRST_PAUSE", 0.01)
    async with CliServer(users=USERS) as server:
        site, known = Site(tmp_path), inventory(1.0)
        site.trust(server)
        wrong = replace(site.device(server.port, password=Secret("wrong-4712")), profile="linux")
        entries = {name: replace(entry, device=replace(wrong, name=name)) for name, entry in known.entries.items()}
        async with daemon(tmp_path, 1.0, known=Inventory(entries=entries)) as service:
            await until(lambda: service.paused() == set(NAMES))
            first, _ = service.crew.members
            assert first.pid is not None
            os.kill(first.pid, signal.SIGKILL)
            await until(lambda: "ended unasked" in caplog.text)
            service.polls.clear()
            await until(lambda: service.polled() == set(NAMES))
            assert service.paused() == set(NAMES)
        assert len(server.attempts) == len(NAMES)


async def test_a_process_that_cannot_be_started_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    entries = inventory(1.0).entries
    job = Job(
        share=Share(entries=entries, rules={}, writer=Writer({})), profiles=ProfileSet({}), at_once=1, per_site=1,
        sessions=1, logins=1, store=Path("unused"),
    )  # fmt: skip
    pairs, stop, told = [socket.socketpair() for _ in range(3)], asyncio.Event(), list[object]()
    made = list(pairs)

    async def none_left(*_: object, **__: object) -> None:
        if not made:
            stop.set()
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(crews, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(socket, "socketpair", made.pop)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", none_left)
    await asyncio.wait_for(Member(1, job).run(stop, told.append), 60)
    assert told == [Lost(entries.keys())] * 2
    assert [end.fileno() for pair in pairs for end in pair] == [-1] * 6
    assert "polling process 1, of 3 devices, ended unasked ([Errno 24] Too many open files)" in caplog.text


async def test_what_was_heard_goes_to_the_process_and_comes_back_with_a_poll(tmp_path: Path):
    book = Book()
    async with daemon(tmp_path, 3600.0, processes=1) as service:
        object.__setattr__(service.parts, "heard", lambda device: book.take(device, 0, now().timestamp()))
        book.note("app-2", Event("coldStart", "", Health.WARNING, "coldStart"), now().timestamp())
        service.poll_soon("app-2")
        await until(lambda: any(polled.heard for polled in service.polls))
        assert "app-2" in service.polled()
        await asyncio.wait_for(service.poll_now("app-2"), 60)
    assert any(sample.name == OPEN for sample in service.parts.store.latest()["app-2"].samples)


def test_as_many_processes_poll_as_are_needed_and_there_are_cores():
    def needed(devices: int, interval: float, cores: int) -> int:
        one = inventory(interval).entries["app-1"]
        return wiring.pollers_for(Inventory(entries=dict.fromkeys(map(str, range(devices)), one)), cores)

    assert needed(1000, 60, 8) == 0
    assert needed(10_000, 60, 2) == 2
    assert needed(10_000, 60, 8) == 4
    assert needed(10_000, 600, 8) == 0
    assert needed(100, 1, 8) == 2


def test_devices_of_a_kind_are_dealt_out_evenly_wherever_they_stand_in_the_inventory():
    one = inventory(60).entries["app-1"]
    names = [f"site-{number:02}-{kind}" for number in range(100) for kind in ("firewall", "switch")]
    hands = wiring.dealt(dict.fromkeys(names, one), 2)
    assert sorted(name for hand in hands for name in hand) == sorted(names)
    assert [len(hand) for hand in hands] == [100, 100]
    assert all(35 <= sum("firewall" in name for name in hand) <= 65 for hand in hands)


def test_fewer_devices_than_processes_make_fewer_hands():
    assert [len(hand) for hand in wiring.dealt(inventory(60).entries, 5)] == [1, 1, 1]


async def test_without_devices_there_is_no_process_and_the_end_is_waited_for():
    crew, stop = Crew([]), asyncio.Event()
    running = asyncio.create_task(crew.run(stop, lambda message: None))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not running.done()
    stop.set()
    await asyncio.wait_for(running, 20)
