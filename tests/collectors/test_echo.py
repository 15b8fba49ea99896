"""Echoes: what came back of those that were sent, whatever else comes in."""

import asyncio
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from collectors import echo
from collectors.echo import IPV4, IPV6, Echoed, Family, Forbidden, Pinger
from tests.simulator.idle_loop import IdleLoop

LOOP = IdleLoop
ROOT = Path(__file__).parents[2]
Answers = Callable[[bytes, str], Iterable[tuple[bytes, str]]]
"""(request, address it went to) → replies, each with the address it comes from."""


class Wire(socket.socket):
    """A socket that a test answers: what is sent comes back as the test says."""

    def __init__(self, answers: Answers) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.bind(("127.0.0.1", 0))
        self.setblocking(False)
        self._answers = answers
        self._senders: list[str] = []

    def sendto(self, message: bytes, target: Any) -> int:  # type: ignore[override]
        for reply, sender in self._answers(message, target[0]):
            self._senders.append(sender)
            super().sendto(reply, self.getsockname())
        return len(message)

    def recvfrom(self, size: int) -> tuple[bytes, Any]:  # type: ignore[override]
        message, _ = super().recvfrom(size)
        return message, (self._senders.pop(0), 0)


def reply(request: bytes, kind: int = 0) -> bytes:
    return bytes([kind]) + request[1:]


async def ping(answers: Answers, address: str = "192.0.2.1", count: int = 3) -> Echoed:
    pinger = Pinger(lambda family: Wire(answers))
    return await pinger(address, count=count, interval=0.2, wait=1.0)


async def test_every_echo_that_comes_back_has_its_round_trip() -> None:
    echoed = await ping(lambda request, to: [(reply(request), to)])
    assert (len(echoed.rtts), echoed.sent) == (3, 3)
    assert all(0 <= rtt < 1 for rtt in echoed.rtts)


@pytest.mark.parametrize(
    "answers",
    [
        lambda request, to: [],
        lambda request, to: [(reply(request), "192.0.2.66")],
        lambda request, to: [(request, to)],
        lambda request, to: [(reply(request, 3), to)],
        lambda request, to: [(reply(request)[:20], to), (b"", to), (b"\x00", to)],
        lambda request, to: [(reply(request[:8] + bytes(16)), to)],
    ],
    ids=["silence", "another sender", "our own request", "unreachable", "cut short", "of another process"],
)
async def test_what_is_no_answer_to_our_echo_counts_for_nothing(answers: Answers) -> None:
    assert await ping(answers) == ((), 3)


async def test_an_echo_that_comes_twice_counts_once() -> None:
    echoed = await ping(lambda request, to: [(reply(request), to)] * 3)
    assert (len(echoed.rtts), echoed.sent) == (3, 3)


async def test_an_echo_without_a_route_is_not_sent() -> None:
    def no_route(request: bytes, to: str) -> Iterable[tuple[bytes, str]]:
        raise OSError(101, "Network is unreachable")

    assert await ping(no_route) == ((), 0)


async def test_many_devices_share_a_socket_and_each_has_its_own_echoes() -> None:
    opened = []

    def answers(request: bytes, to: str) -> Iterable[tuple[bytes, str]]:
        return [] if to.endswith(".7") else [(reply(request), to)]

    def open_one(family: Family) -> socket.socket:
        opened.append(family)
        return Wire(answers)

    pinger = Pinger(open_one)
    pings = (pinger(f"192.0.2.{n}", count=3, interval=0.2, wait=1.0) for n in range(1, 50))
    echoed = await asyncio.gather(*pings)
    assert [len(each.rtts) for each in echoed] == [0 if n == 7 else 3 for n in range(1, 50)]
    assert opened == [IPV4]
    assert len((await pinger("192.0.2.1", count=1, interval=0, wait=1.0)).rtts) == 1
    assert opened == [IPV4, IPV4]


def test_a_kernel_that_forbids_both_kinds_of_socket_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*form: object) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(echo.socket, "socket", forbidden)
    with pytest.raises(Forbidden):
        echo.open_socket(IPV4)


def test_the_checksum_is_the_one_of_rfc_1071() -> None:
    assert echo._checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D
    request = echo._request(IPV4, 7, bytes(range(16)))
    assert sum(struct.unpack("!12H", request)) % 0xFFFF == 0
    assert echo._request(IPV6, 7, bytes(16))[2:4] == bytes(2)


ONLY_DGRAM = """
import asyncio, socket
from collectors import echo
line = echo.open_socket(echo.IPV4)
assert line.type == socket.SOCK_DGRAM
pinged = [asyncio.run(echo.Pinger()(address, count=3, interval=0.01, wait=1.0)) for address in ("127.0.0.1", "::1")]
print(*(len(each.rtts) for each in pinged))
"""


@pytest.mark.lab
def test_loopback_answers_without_privilege_where_the_kernel_allows_it() -> None:
    """In a network namespace of its own, whose setting is nobody else's."""
    allow = 'ip link set lo up && sysctl -qw net.ipv4.ping_group_range="0 2147483647"'
    command = ["unshare", "-n", "sh", "-c", f'{allow} && exec "$0" -c "$1"', sys.executable, ONLY_DGRAM]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (found.stdout.split(), found.stderr) == (["3", "3"], "")


@pytest.mark.lab
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_loopback_answers_by_a_raw_socket(address: str) -> None:
    echoed = await Pinger()(address, count=3, interval=0.01, wait=1.0)
    assert (len(echoed.rtts), echoed.sent) == (3, 3)
