"""Notifications through a real socket: heard, answered from where they were sent to, and counted."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from collectors.errors import Unreachable
from collectors.model import Secret
from collectors.traps.intake import Intake
from collectors.traps.listener import Listener, bound, host_of
from collectors.traps.message import Reason
from collectors.traps.receiver import Sender
from tests.simulator import trap_sender_v3
from tests.simulator.near import FULL
from tests.simulator.trap_bench import Bench, sender
from tests.simulator.trap_sender import trap
from tests.simulator.trap_sender_v3 import OID, SIGNED
from tests.simulator.waiting import until

HOME = "127.0.0.1"


@pytest.fixture
def line() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((HOME, 0))
        opened.settimeout(5)
        yield opened


class Ear(Bench):
    """The same behind a real socket, in the running loop."""

    def __init__(self, *senders: Sender, host: str = HOME) -> None:
        super().__init__(*senders)
        self.arrived, loop = asyncio.Event(), asyncio.get_running_loop()
        self.intake = Intake(self.receiver.senders.shares())
        self.listener = Listener(bound(host, 0), self.intake, lambda: loop.call_soon_threadsafe(self.arrived.set))
        self.receiver.send = self.listener.send
        self.work = asyncio.create_task(self.receiver.work(self.intake, self.arrived))

    async def heard(self, number: int) -> None:
        await until(lambda: self.intake.tally().received >= number and not self.intake.tally().waiting)

    async def close(self) -> None:
        self.work.cancel()
        await asyncio.gather(self.work, return_exceptions=True)
        self.listener.close()


@pytest.mark.parametrize("access", [FULL, SIGNED], ids=["authPriv", "authNoPriv"])
async def test_pysnmp_hears_that_its_inform_was_accepted(access):
    ear = Ear(sender("edge", HOME, access=access))
    target = (HOME, ear.listener.port)
    assert await trap_sender_v3.send(access, target, OID, inform=True, seconds=5.0) == ""
    wrong = replace(access, auth_key=Secret("another passphrase"))
    assert await trap_sender_v3.send(wrong, target, OID, inform=True, seconds=0.2) != ""
    assert await trap_sender_v3.send(access, target, OID) == ""
    await ear.heard(5)
    await ear.close()
    assert [received.notification.trap for received in ear.believed] == [OID, OID]
    assert ear.receiver.discoveries == 2
    assert ear.receiver.dropped == {Reason.CREDENTIALS: 1}


async def test_a_v2c_inform_is_acknowledged_on_the_wire(line):
    ear = Ear(sender("edge", HOME))
    line.sendto(trap("a-community", inform=True), (HOME, ear.listener.port))
    await ear.heard(1)
    await asyncio.to_thread(line.recv, 65_535)
    await ear.close()
    assert ear.receiver.results == {("2c", "accepted"): 1}


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - of this machine's own
async def test_an_inform_is_acknowledged_from_the_address_it_was_sent_to(line, host):
    ear = Ear(sender("edge", HOME), host=host)
    line.connect(("127.0.0.77", ear.listener.port))  # hears nobody else
    line.send(trap("a-community", inform=True))
    await ear.heard(1)
    await asyncio.to_thread(line.recv, 65_535)
    await ear.close()


async def test_an_inform_over_ipv6_is_acknowledged():
    try:
        ear = Ear(sender("edge", "::1"), host="::1")
    except Unreachable:
        pytest.skip("this machine has no IPv6")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as line:
        line.settimeout(5)
        line.sendto(trap("a-community", inform=True), ("::1", ear.listener.port))
        await ear.heard(1)
        await asyncio.to_thread(line.recv, 65_535)
    await ear.close()


async def test_what_the_kernel_drops_is_counted(line):
    intake = Intake({})
    with bound(HOME, 0) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(200):
            line.sendto(b"x" * 500, deaf.getsockname())
        ear = Listener(deaf.dup(), intake, lambda: None)
        await until(lambda: intake.tally().received + ear.lost() == 200)
        ear.close()
    assert 0 < intake.tally().received < 200
    assert intake.tally().dropped == {Reason.UNKNOWN_SOURCE: intake.tally().received}


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (("10.0.0.1", 5), "10.0.0.1"),
        (("::ffff:10.0.0.1", 5, 0, 0), "10.0.0.1"),
        (("2001:db8::1", 5, 0, 0), "2001:db8::1"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::1"),
    ],
)
def test_a_senders_address_is_as_the_inventory_writes_it(address, host):
    assert host_of(address) == host


def test_a_port_that_is_taken_and_a_host_that_is_not_ours_are_named(line):
    port = line.getsockname()[1]
    with pytest.raises(Unreachable, match=rf"traps: cannot listen on {HOME}:{port}: Address already in use"):
        bound(HOME, port)
    with pytest.raises(Unreachable, match=r"traps: cannot listen on 192\.0\.2\.1:1162"):
        bound("192.0.2.1", 1162)
    with pytest.raises(Unreachable, match=r"traps: cannot listen on no\.such\.invalid:1162"):
        bound("no.such.invalid", 1162)
