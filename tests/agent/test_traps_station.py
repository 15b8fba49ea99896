"""From a trap on the wire to a poll, a finding, a ticket and its end; a storm beside calm devices; /metrics of it."""

import asyncio
import logging
import re
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pysnmp.proto.api import v2c

from agent import checks, polling, wiring
from agent.model import Entry, FindingState, Inventory, Severity, TicketStatus
from agent.service import Service
from agent.store import Store
from agent.traps.settings import Traps
from agent.traps.station import resolved
from collectors.errors import Unreachable
from collectors.model import Device, DeviceClass, Sample, Secret, Snapshot, SnmpAccess
from collectors.traps.usm import envelope
from tests.agent.stored import new_store
from tests.simulator.bad_traps import v3_trap
from tests.simulator.trap_sender import storm, trap
from tests.simulator.waiting import until

RULES = {name: check for name, check in checks.load().items() if name.startswith("trap_")}
FAULT, CLEARS = "1.3.6.1.4.1.2011.5.25.219.2.5.3", "1.3.6.1.4.1.2011.5.25.219.2.5.4"
NAMES = {"core": "127.0.0.11", "edge": "127.0.0.12", "ups": "127.0.0.13"}
PART = [("1.3.6.1.2.1.47.1.1.1.1.7.5", v2c.OctetString("PWR1"))]


def inventory(interval: float = 3600.0) -> Inventory:
    """Devices that are polled hardly ever: what is read, a trap asked for."""
    return Inventory(
        entries={
            name: Entry(
                device=Device(
                    name=name,
                    address=address,
                    device_class=DeviceClass.SWITCH,
                    snmp=SnmpAccess(community=Secret(f"{name}-words")),
                ),
                interval=timedelta(seconds=interval),
            )
            for name, address in NAMES.items()
        },
        traps=Traps(host="127.0.0.1", port=0),
    )


@dataclass
class Running:
    """A daemon that hears traps, over a real store."""

    store: Store
    port: int = 0
    polls: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)  # whom traps had polled
    page: str = ""

    def send(self, device: str, oid: str, *, community: str = "", number: int = 1) -> None:
        """Send a trap from a device's address."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.bind((NAMES[device], 0))
            words = community or f"{device}-words"
            line.sendto(trap(words, oid, PART, request_id=number), ("127.0.0.1", self.port))

    def findings(self) -> dict[tuple[str, str, str], tuple[FindingState, Severity]]:
        return {f.result.key: (f.state, f.result.severity) for f in self.store.findings(cleared=True)}

    def statuses(self) -> list[tuple[str, TicketStatus]]:
        return [(ticket.check, ticket.status) for ticket in self.store.tickets()]


@asynccontextmanager
async def daemon(folder: Path, known: Inventory) -> AsyncIterator[Running]:
    with new_store(folder / wiring.STORE) as store:
        running = Running(store)

        async def poll(entry: Entry, before: Snapshot | None) -> Snapshot:
            running.polls[entry.name] += 1
            up = Sample("device_up", {}, 1)
            return Snapshot(device=entry.name, taken_at=datetime.now(UTC), profile="generic", up=True, samples=(up,))

        station = await wiring.station(known, folder)
        assert station is not None
        running.port = station.port
        parts = wiring.daemon(known, RULES, store, poll, station=station)
        service, stop = Service(replace(parts, grace=1.0)), asyncio.Event()

        def soon(device: str) -> None:
            running.asked.append(device)
            service.poll_soon(device)

        async with station.running(soon, stop):
            task = asyncio.create_task(service.run(stop))
            try:
                yield running
            finally:
                stop.set()
                await task
                running.page = parts.metrics.render(datetime.now(UTC)).decode()


async def test_a_trap_is_polled_at_once_and_becomes_a_ticket_that_its_counterpart_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(polling, "AGAIN", 0.01)
    key = ("core", "trap_fault", "hwPowerFail PWR1")
    async with daemon(tmp_path, inventory()) as running:
        running.send("core", FAULT)
        await until(lambda: key in running.findings())
        assert running.findings()[key] == (FindingState.NEW, Severity.CRITICAL)
        assert running.statuses() == [("trap_fault", TicketStatus.OPEN)]
        assert running.asked == ["core"]
        running.send("core", CLEARS, number=2)
        await until(lambda: running.findings()[key][0] is FindingState.CLEARED)
        await until(lambda: running.statuses() == [("trap_fault", TicketStatus.RESOLVED)])
    assert 'netpatrol_traps_total{result="accepted",version="2c"} 2.0' in running.page
    assert 'netpatrol_device_traps_total{device="core",result="kept"} 2.0' in running.page
    assert "device_trap_received" not in running.page
    assert "device_trap_open" not in running.page


async def test_who_is_not_believed_is_counted_and_never_polled(tmp_path):
    async with daemon(tmp_path, inventory()) as running:
        running.send("edge", FAULT, community="public")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.bind(("127.0.0.99", 0))
            line.sendto(trap("core-words", FAULT), ("127.0.0.1", running.port))
            line.sendto(b"", ("127.0.0.1", running.port))
        running.send("ups", FAULT)
        await until(lambda: running.polls["ups"])
    assert running.asked == ["ups"]
    dropped = dict(re.findall(r'netpatrol_traps_dropped_total\{reason="(\w+)"\} (\d+)', running.page))
    assert {reason for reason, count in dropped.items() if count != "0"} == {"credentials", "unknown_source"}
    assert (dropped["credentials"], dropped["unknown_source"]) == ("1", "2")


async def test_a_storm_is_one_ticket_and_the_others_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(polling, "AGAIN", 0.3)
    async with daemon(tmp_path, inventory()) as running:
        target = ("127.0.0.1", running.port)
        calm = asyncio.create_task(
            asyncio.to_thread(storm, target, "core-words", NAMES["core"], total=3000, seconds=0.6)
        )
        for number in range(20):
            running.send("ups", FAULT, number=number + 10)
            await asyncio.sleep(0.02)
        sent = await calm
        await until(lambda: ("core", "trap_storm", "") in running.findings())
        assert len(running.store.tickets()) == 2
    assert sorted(running.statuses()) == [("trap_fault", TicketStatus.OPEN), ("trap_storm", TicketStatus.OPEN)]
    open_now = [key for key, (state, _) in running.findings().items() if state is not FindingState.CLEARED]
    assert sorted(key[:2] for key in open_now) == [("core", "trap_storm"), ("ups", "trap_fault")]
    by_device = dict(re.findall(r'netpatrol_device_traps_total\{(device="\w+",result="\w+")\} (\d+)', running.page))
    assert (by_device['device="ups",result="kept"'], by_device['device="ups",result="dropped"']) == ("20", "0")
    assert (
        sum(int(by_device[f'device="core",result="{result}"']) for result in ("kept", "dropped")) == sent[NAMES["core"]]
    )
    kernel = re.search(r'dropped_total\{reason="kernel"\} (\d+)', running.page)
    assert kernel is not None
    assert kernel[1] == "0"


async def test_a_finding_of_a_trap_says_in_both_languages_what_it_is(tmp_path):
    from agent.describe import describe

    async with daemon(tmp_path, inventory()) as running:
        running.send("core", FAULT)
        await until(running.findings)
        (finding,) = running.store.findings()
    check = RULES["trap_fault"]
    text = "hwPowerFail (entPhysicalName=PWR1)"
    assert describe(check, finding.result, "zh") == f"Trap 上报的故障：严重告警（电源部分功能失效 {text}）"
    assert describe(check, finding.result, "en") == (
        f"Fault told by a trap: reported as critical (A power supply failed in part {text})"
    )


async def test_what_is_heard_before_the_end_is_kept_and_nothing_after(tmp_path):
    async with daemon(tmp_path, inventory()) as running:
        running.send("core", FAULT)
        await until(lambda: running.polls["core"])
        running.send("core", FAULT, number=2)  # some seconds before its turn
        running.send("ups", FAULT)
        await until(lambda: "ups" in running.asked)
    assert running.polls["core"] == 2
    assert {key[:2] for key in running.findings()} == {("core", "trap_fault"), ("ups", "trap_fault")}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", running.port))  # it is free


async def test_our_engines_time_goes_on_while_this_machine_is_suspended(tmp_path, monkeypatch):
    passed = {time.CLOCK_BOOTTIME: 100.0}
    monkeypatch.setattr(time, "clock_gettime", passed.__getitem__)
    async with daemon(tmp_path, inventory()) as running:
        passed[time.CLOCK_BOOTTIME] += 3600.0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.bind((NAMES["core"], 0))
            line.settimeout(5)
            line.sendto(v3_trap(b"", flags=4), ("127.0.0.1", running.port))
            report = await asyncio.to_thread(line.recv, 65_535)
    assert envelope(report, "", 0.0).seconds == 3600


async def test_without_traps_nothing_listens(tmp_path):
    assert await wiring.station(replace(inventory(), traps=None), tmp_path) is None


async def test_a_port_that_cannot_be_had_is_said_before_anything_starts(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable, match=f"cannot listen on 127.0.0.1:{port}"):
            await wiring.station(replace(inventory(), traps=Traps(host="127.0.0.1", port=port)), tmp_path)


async def test_names_are_resolved_and_one_that_is_not_found_is_said(caplog):
    with caplog.at_level(logging.WARNING):
        found = await resolved(["10.0.0.1", "2001:DB8::1", "localhost", "no.such.invalid"])
    assert found["10.0.0.1"] == ("10.0.0.1",)
    assert found["2001:DB8::1"] == ("2001:db8::1",)
    assert "127.0.0.1" in found["localhost"]
    assert found["no.such.invalid"] == ()
    assert "no.such.invalid does not resolve" in caplog.text
