"""ICMP echoes (RFC 792, RFC 4443) to any number of addresses at once, by one socket a family."""

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, NamedTuple, Protocol

RECEIVE_BUFFER = 4 << 20  # octets: a raw socket hears every echo of this machine
AT_ONCE = 128  # messages read before others get their turn
NONCE = secrets.token_bytes(8)
"""Tells this process' echoes from others'."""

_SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER = 255, 1, 1  # linux/icmp.h, netinet/icmp6.h; not in Python's socket module


class Forbidden(PermissionError):
    """The kernel lets this process send no echoes."""


class Echoed(NamedTuple):
    """What came of some echoes: the round-trip times of those that came back, in seconds, and how many were sent."""

    rtts: tuple[float, ...]
    sent: int


class Ping(Protocol):
    """Sends echoes to one address."""

    async def __call__(self, address: str, *, count: int, interval: float, wait: float) -> Echoed:
        """Send `count` echoes, `interval` seconds apart, and wait `wait` seconds for the last.

        Raises Forbidden, or OSError where there is no such socket.
        """
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """How echoes of one IP version look."""

    number: socket.AddressFamily
    protocol: int
    request: int  # type of the message
    reply: int


IPV4 = Family(socket.AF_INET, socket.IPPROTO_ICMP, 8, 0)
IPV6 = Family(socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, 129)


def open_socket(family: Family) -> socket.socket:
    """Open a socket for echoes: one that needs no privilege; where that is forbidden, a raw one. Raises Forbidden."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            opened = socket.socket(family.number, kind, family.protocol)
        except PermissionError:
            continue
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if kind == socket.SOCK_RAW:
            _hear_replies_only(opened, family)
        return opened
    raise Forbidden


def _hear_replies_only(opened: socket.socket, family: Family) -> None:
    if family is IPV4:
        opened.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF & ~(1 << family.reply)))
    else:
        blocked = [0xFFFFFFFF] * 8
        blocked[family.reply >> 5] &= ~(1 << (family.reply & 31))
        opened.setsockopt(family.protocol, _ICMP6_FILTER, struct.pack("=8I", *blocked))


@dataclass(slots=True)
class _Flight:
    """The echoes to one address that are under way."""

    address: str
    all_back: asyncio.Future[None]
    count: int
    rtts: list[float] = field(default_factory=list)


class Pinger:
    """Pings. A socket is open while echoes are under way."""

    def __init__(self, open_socket: Callable[[Family], socket.socket] = open_socket) -> None:
        self._open = open_socket
        self._lines: dict[Family, _Line] = {}

    async def __call__(self, address: str, *, count: int, interval: float, wait: float) -> Echoed:
        family = IPV6 if ip_address(address).version == 6 else IPV4
        line = self._lines.get(family)
        if line is None or not line.is_open:
            line = self._lines[family] = _Line(family, self._open(family))
        return await line.ping(address, count, interval, wait)


class _Line:
    """One socket, in one running loop."""

    def __init__(self, family: Family, opened: socket.socket) -> None:
        self.is_open = True
        self._family = family
        self._socket = opened
        self._loop = asyncio.get_running_loop()
        self._is_raw_v4 = family is IPV4 and opened.type == socket.SOCK_RAW
        self._under_way: dict[bytes, tuple[_Flight, float]] = {}  # token → flight, when it was sent
        self._flights = 0
        self._number = 0
        self._loop.add_reader(opened, self._read)

    async def ping(self, address: str, count: int, interval: float, wait: float) -> Echoed:
        flight = _Flight(_plain(address), self._loop.create_future(), count)
        target = socket.getaddrinfo(address, 0, self._family.number, 0, flags=socket.AI_NUMERICHOST)[0][4]
        tokens: list[bytes] = []
        self._flights += 1
        try:
            for n in range(count):
                if n:
                    await asyncio.sleep(interval)
                token = self._send(target, flight)
                tokens += [token] if token else []
            if tokens:
                await asyncio.wait((flight.all_back,), timeout=wait)
        finally:
            for token in tokens:
                self._under_way.pop(token, None)
            self._flights -= 1
            if not self._flights:
                self._close()
        return Echoed(tuple(flight.rtts), len(tokens))

    def _send(self, target: tuple[Any, ...], flight: _Flight) -> bytes | None:
        """Send one echo; None where it cannot be sent: no route."""
        self._number += 1
        token = NONCE + struct.pack("!Q", self._number)
        self._under_way[token] = flight, time.perf_counter()
        try:
            self._socket.sendto(_request(self._family, self._number & 0xFFFF, token), target)
        except BlockingIOError:
            return token  # lost on the way out
        except OSError:
            del self._under_way[token]
            flight.count -= 1
            return None
        return token

    def _read(self) -> None:
        for _ in range(AT_ONCE):
            try:
                message, sender = self._socket.recvfrom(2048)
            except BlockingIOError:
                return
            except OSError:
                continue
            self._take(message, _plain(sender[0]), time.perf_counter())

    def _take(self, message: bytes, sender: str, now: float) -> None:
        """Note an echo that came back: of this process, from the address it was sent to, and only once."""
        start = (message[0] & 0x0F) * 4 if self._is_raw_v4 and message else 0
        token = message[start + 8 : start + 24]
        flight, sent = self._under_way.get(token, (None, 0.0))
        if flight is None or message[start] != self._family.reply or flight.address != sender:
            return
        del self._under_way[token]
        flight.rtts.append(now - sent)
        if len(flight.rtts) >= flight.count and not flight.all_back.done():
            flight.all_back.set_result(None)

    def _close(self) -> None:
        self.is_open = False
        self._loop.remove_reader(self._socket)
        self._socket.close()


def _plain(address: str) -> str:
    """Return an address without its zone, in its usual form."""
    return str(ip_address(address.partition("%")[0]))


def _request(family: Family, number: int, token: bytes) -> bytes:
    """Return an echo request. The kernel puts in ICMPv6's checksum, and its own identifier without privilege."""
    head = struct.pack("!BBHHH", family.request, 0, 0, int.from_bytes(NONCE[:2]), number)
    if family is IPV6:
        return head + token
    return head[:2] + struct.pack("!H", _checksum(head + token)) + head[4:] + token


def _checksum(octets: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of octets."""
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
