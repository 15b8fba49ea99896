"""Gathering many devices: none waits for another that hangs, and no bound is passed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from collectors.errors import TimedOut
from collectors.gather import Bounds, gather_all
from collectors.model import Collector, Device, Reading, Snapshot
from collectors.profiles.rules import Profile
from tests.simulator.fake_collectors import NOW, PROFILES, SNMP, Fake, FakeSnmp, a_device, unanswered


@dataclass
class Fleet(Fake):
    """Pings many devices at once, some of which are silent until `gate` opens. Remembers how many are under way."""

    protocol: str = "icmp"
    silent: frozenset[str] = frozenset()
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    running: list[str] = field(default_factory=list)
    most: int = 0
    full: asyncio.Event = field(default_factory=asyncio.Event)  # all that are silent are under way

    async def read(self, device: Device, profile: Profile) -> Reading:
        self.running.append(device.name)
        self.most = max(self.most, len(self.running))
        if self.silent.issubset(self.running):
            self.full.set()
        await (self.gate.wait() if device.name in self.silent else asyncio.sleep(0))
        self.running.remove(device.name)
        return Reading(answered=True)


def pings(*names: str) -> list[Device]:
    return [a_device(name, icmp=True) for name in names]


async def read_all(devices: list[Device], fleet: Collector, **more: Any) -> tuple[Snapshot, ...]:
    collectors: Mapping[str, Collector] = {"icmp": fleet}
    return await gather_all(devices, profiles=PROFILES, collectors=collectors, now=lambda: NOW, **more)


async def test_snapshots_come_in_the_order_asked_for():
    fleet = Fleet(silent=frozenset({"a"}))
    fleet.gate.set()
    assert [s.device for s in await read_all(pings("a", "b", "c"), fleet)] == ["a", "b", "c"]


async def test_no_devices_give_no_snapshots():
    assert await read_all([], Fleet()) == ()


async def test_a_device_that_hangs_delays_no_other():
    fleet = Fleet(silent=frozenset({"dead"}))
    done: list[str] = []

    def on_done(snapshot: Snapshot) -> None:
        done.append(snapshot.device)
        if len(done) == 20:
            fleet.gate.set()  # only when all the others are in is it let go

    names = [f"d{n}" for n in range(20)]
    await read_all(pings("dead", *names), fleet, on_done=on_done, bounds=Bounds(devices=2))
    assert (sorted(done[:20]), done[20:]) == (sorted(names), ["dead"])


async def test_a_site_where_all_is_dead_leaves_the_others_their_places():
    dead = [f"dead{n}" for n in range(10)]
    fleet = Fleet(silent=frozenset(dead))
    done: list[str] = []

    def on_done(snapshot: Snapshot) -> None:
        done.append(snapshot.device)
        if len(done) == 5:
            fleet.gate.set()

    alive = [f"up{n}" for n in range(5)]
    site = dict.fromkeys(dead, "far") | dict.fromkeys(alive, "near")
    bounds = Bounds(devices=3, per_site=2)
    await read_all(pings(*dead, *alive), fleet, on_done=on_done, bounds=bounds, site=lambda d: site[d.name])
    assert sorted(done[:5]) == alive


@pytest.mark.parametrize(("bounds", "most"), [({"devices": 3}, 3), ({"devices": 50, "per_site": 4}, 4)])
async def test_no_more_devices_are_read_at_once_than_the_bounds_say(bounds, most):
    fleet = Fleet()
    await read_all(pings(*(f"d{n}" for n in range(20))), fleet, bounds=Bounds(**bounds), site=lambda _: "one")
    assert fleet.most == most


async def test_two_readings_of_one_device_wait_for_each_other():
    fleet, bounds = Fleet(), Bounds()
    await asyncio.gather(*(read_all(pings("d"), fleet, bounds=bounds) for _ in range(3)))
    assert fleet.most == 1


async def test_the_last_profile_of_each_device_is_passed_on():
    devices = [replace(SNMP, name="a"), replace(SNMP, name="b")]
    snmp = FakeSnmp(says=unanswered(TimedOut()))
    snapshots = await gather_all(
        devices, profiles=PROFILES, collectors={"snmp": snmp}, now=lambda: NOW, known={"a": "acme_os", "b": None}
    )
    assert [snapshot.profile for snapshot in snapshots] == ["acme_os", None]


async def test_a_caller_that_fails_at_one_snapshot_hears_of_it_when_all_are_done():
    done: list[str] = []

    def on_done(snapshot: Snapshot) -> None:
        done.append(snapshot.device)
        if snapshot.device == "a":
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await read_all(pings("a", "b", "c"), Fleet(), on_done=on_done)
    assert sorted(done) == ["a", "b", "c"]


async def test_calling_off_the_whole_calls_off_every_device():
    fleet = Fleet(silent=frozenset({"a", "b"}))
    whole = asyncio.create_task(read_all(pings("a", "b"), fleet))
    await fleet.full.wait()
    whole.cancel()
    with pytest.raises(asyncio.CancelledError):
        await whole
    await asyncio.sleep(0)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_each_device_under_way_has_a_thread_to_wait_in():
    Bounds(devices=60).make_room()
    loop, arrived, all_in = asyncio.get_running_loop(), [], asyncio.Event()

    def block(number: int) -> None:
        arrived.append(number)
        if len(arrived) == 60:
            loop.call_soon_threadsafe(all_in.set)
        asyncio.run_coroutine_threadsafe(all_in.wait(), loop).result()

    await asyncio.gather(*(asyncio.to_thread(block, number) for number in range(60)))
    assert len(arrived) == 60
