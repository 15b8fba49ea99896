"""Addresses, request-ids and sockets of the own engine."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from collectors import snmp_udp
from collectors.errors import Unreachable
from collectors.snmp_own import open_own
from collectors.snmp_udp import Address, UdpSocket
from tests.simulator.near import V2C


async def test_a_machine_without_ipv6_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_socket(*_: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", no_socket)
    with pytest.raises(Unreachable, match="not supported"):
        await open_own("sw-7", "::1", V2C)


def test_request_ids_take_four_octets_and_do_not_come_in_order() -> None:
    ids = snmp_udp.ids()
    found = [next(ids) for _ in range(5_000)]
    assert all(2**24 <= each < 2**31 for each in found)
    assert len(set(found)) > 4_990
    assert found != sorted(found)


ADDRESSES = {
    "127.0.0.1": ("127.0.0.1", 161),
    "::1": ("::1", 161, 0, 0),
    "2001:DB8:0::5": ("2001:db8::5", 161, 0, 0),
    "sw1.example": None,
    "fe80::1%eth0": None,
    "127.1": None,
    "": None,
}


@pytest.mark.parametrize(("host", "address"), ADDRESSES.items())
def test_an_address_is_read_as_the_socket_will_give_it(host: str, address: object) -> None:
    found = snmp_udp.numeric(host, 161)
    assert (found and found[1]) == address


# ---- sending together ----

BROADCAST = ("255.255.255.255", 161)  # where the system lets nobody send without being asked


@contextmanager
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.setblocking(False)
        yield made


def at(made: socket.socket) -> Address:
    host, port = made.getsockname()
    return host, port


def waiting(made: socket.socket) -> list[bytes]:
    """Return the datagrams that wait for a peer."""
    found = []
    while True:
        try:
            found.append(made.recv(100))
        except BlockingIOError:
            return found


def still() -> bool:
    return True


class Ours:
    """A socket, and what it told."""

    def __init__(self, heard: Callable[["Ours"], None] = lambda ours: None) -> None:
        self.heard = 0
        self.lost: list[tuple[Address, int | None]] = []
        self._then = heard
        self.socket = UdpSocket(socket.AF_INET, asyncio.get_running_loop(), self._receive, self._lose)
        self.socket._socket.bind(("127.0.0.1", 0))

    def __enter__(self) -> "Ours":
        return self

    def __exit__(self, *_: object) -> None:
        if self.socket._socket.fileno() >= 0:
            self.socket.close()

    def hear_from(self, made: socket.socket, *datagrams: bytes) -> None:
        port = self.socket._socket.getsockname()[1]
        for each in datagrams:
            made.sendto(each, ("127.0.0.1", port))
        self.socket.hear(100)

    def _receive(self, datagram: bytes, sender: Address) -> None:
        self.heard += 1
        self._then(self)

    def _lose(self, address: Address, error: OSError) -> None:
        self.lost.append((address, error.errno))


async def test_what_is_asked_for_on_answers_goes_out_when_all_of_them_were_heard() -> None:
    with peer() as made:
        seen: list[list[bytes]] = []

        def ask(ours: Ours) -> None:
            seen.append(waiting(made))
            ours.socket.send(b"%d" % ours.heard, at(made), still)

        with Ours(ask) as ours:
            ours.hear_from(made, b"a", b"b", b"c")
        assert (seen, waiting(made)) == ([[], [], []], [b"1", b"2", b"3"])


async def test_what_is_sent_without_an_answer_goes_out_when_all_had_their_turn() -> None:
    with peer() as made, Ours() as ours:
        ours.socket.send(b"a", at(made), still)
        ours.socket.send(b"b", at(made), still)
        assert waiting(made) == []
        await asyncio.sleep(0)
        assert waiting(made) == [b"a", b"b"]


async def test_no_more_than_some_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snmp_udp, "MOST_HELD", 2)
    with peer() as made, Ours() as ours:
        for each in (b"a", b"b", b"c"):
            ours.socket.send(each, at(made), still)
        assert waiting(made) == [b"a", b"b"]
        await asyncio.sleep(0)
        assert waiting(made) == [b"c"]


async def test_who_cannot_be_sent_to_is_told_of_and_the_others_are_sent_to() -> None:
    with peer() as made, Ours() as ours:
        for address in (BROADCAST, at(made)):
            ours.socket.send(b"a", address, still)
        await asyncio.sleep(0)
        assert (ours.lost, waiting(made)) == ([(BROADCAST, errno.EACCES)], [b"a"])


async def test_what_is_not_wanted_any_more_does_not_go_out() -> None:
    with peer() as made, Ours() as ours:
        ours.socket.send(b"a", at(made), lambda: False)
        ours.socket.send(b"b", at(made), still)
        await asyncio.sleep(0)
        assert waiting(made) == [b"b"]


async def test_a_socket_that_was_closed_meanwhile_sends_nothing() -> None:
    with peer() as made:

        def close(ours: Ours) -> None:
            ours.socket.send(b"a", at(made), still)
            ours.socket.close()

        with Ours(close) as ours:
            ours.hear_from(made, b"a", b"b")
        assert (ours.heard, ours.lost, waiting(made)) == (1, [], [])
