"""A UDP socket for many devices: sends, hears many datagrams at a wake-up, and learns to whom there is no way."""

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import cast

from collectors.errors import Unreachable
from collectors.snmp_window import Window
from collectors.snmp_wire import LEAST_ID, MOST_ID

RESOLVE_SECONDS = 10.0  # for the name of a device
BUFFER = 32 * 2**20  # octets of answers that may wait
MOST_AT_ONCE = 64  # datagrams heard before others get their turn
MOST_HELD = 64  # datagrams that wait to be sent together
MAX_DATAGRAM = 65_535
_MAPPED = "::ffff:"  # IPv4 written as IPv6, which our IPv6 socket does not send
MAX_ERRORS = 4  # that others left on the socket, before one is taken for our own

# <linux/in.h>, <linux/in6.h>, <linux/errqueue.h>, <asm/socket.h>: Python names none of them
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_FROM_ICMP = (2, 3)  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
_ERROR = struct.Struct("=IB")  # the head of struct sock_extended_err: errno and origin
_SO_RCVBUFFORCE = 33
_ERRQUEUE = getattr(socket, "MSG_ERRQUEUE", 0)  # of Linux alone

Address = tuple[str, int] | tuple[str, int, int, int]
"""As the socket module gives it: host, port and, for IPv6, flow and scope."""


async def resolve(host: str, port: int) -> tuple[int, Address]:
    """Return family and address of a device. An address is read at once; a name is looked up. Raises Unreachable."""
    if (found := numeric(host, port)) is not None:
        return found
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            family, _, _, _, address = (await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM))[0]
    except TimeoutError as error:
        raise Unreachable(f"the name did not resolve within {RESOLVE_SECONDS:g} s") from error
    except (OSError, UnicodeError) as error:
        raise unreachable(error) from error
    return family, cast(Address, address)  # bytes only where Python was built without IPv6


def numeric(host: str, port: int) -> tuple[int, Address] | None:
    """Read an IPv4 or IPv6 address, as the socket will give it; None if it is a name, or has a zone."""
    try:
        if ":" in host:
            plain = socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, host))
            if "." in plain and plain.startswith(_MAPPED):
                return socket.AF_INET, (plain.removeprefix(_MAPPED), port)
            return socket.AF_INET6, (plain, port, 0, 0)
        return socket.AF_INET, (socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, host)), port)
    except (OSError, ValueError):
        return None


def unreachable(error: Exception) -> Unreachable:
    """Say why there is no way to a device."""
    if isinstance(error, ConnectionRefusedError):
        return Unreachable("nothing listens there: the port is closed")
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Unreachable(words or type(error).__name__)


def ids() -> Iterator[int]:
    """Yield request-ids that nobody can guess."""
    while True:
        for number in memoryview(os.urandom(4096)).cast("I"):
            yield number & MOST_ID | LEAST_ID


class UdpSocket:
    """One address family's socket, on one event loop.

    `receive(datagram, sender)` is called with what is heard, `lost(address, error)` when ICMP or the system says that
    there is no way. `window` is of what its buffer holds.

    What is sent goes out together, when all was heard and all had their turn: whoever receives is woken once for it.
    """

    def __init__(
        self,
        family: int,
        loop: asyncio.AbstractEventLoop,
        receive: Callable[[bytes, Address], None],
        lost: Callable[[Address, OSError], None],
    ) -> None:
        self._receive = receive
        self._lost = lost
        self._loop = loop
        self._hearing = False
        self._open = True
        self._held: list[tuple[bytes, Address, Callable[[], bool]]] = []
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._enlarge()
        self.window = Window(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
        if family == socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if _ERRQUEUE:
            level, option = (41, _IPV6_RECVERR) if family == socket.AF_INET6 else (0, _IP_RECVERR)
            self._socket.setsockopt(level, option, 1)
        loop.add_reader(self._socket.fileno(), self._readable)

    def _enlarge(self) -> None:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, BUFFER)
        except OSError:  # not root, or not Linux: as much as the system allows
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)

    def close(self) -> None:
        self._open = False
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def send(self, datagram: bytes, address: Address, goes: Callable[[], bool]) -> None:
        """Send. `goes` is called when it goes out, and says whether it is still to.

        What the system has no room for counts as lost on the way.
        """
        self._held.append((datagram, address, goes))
        if len(self._held) >= MOST_HELD:
            self._send_held()
        elif len(self._held) == 1 and not self._hearing:
            self._loop.call_soon(self._send_held)

    def _send_held(self) -> None:
        held, self._held = self._held, []
        for datagram, address, goes in held:
            error = self._sent(datagram, address) if self._open and goes() else None
            if error is not None:
                self._lost(address, error)

    def _sent(self, datagram: bytes, address: Address) -> OSError | None:
        """Send; return why it is sure not to arrive."""
        error: OSError | None = None
        for _ in range(MAX_ERRORS):
            try:
                self._socket.sendto(datagram, address)
            except (BlockingIOError, InterruptedError):
                return None
            except OSError as caught:
                if caught.errno == errno.ENOBUFS:
                    return None
                error = caught  # perhaps of an earlier datagram, to another device
                self._read_errors()
            else:
                return None
        return error

    def _readable(self) -> None:
        self.hear(MOST_AT_ONCE)

    def hear(self, most: int) -> None:
        """Hear what waits in the buffer, at most so many datagrams."""
        self._hearing = True
        try:
            self._hear(most)
        finally:
            self._hearing = False
            self._send_held()

    def _hear(self, most: int) -> None:
        for heard in range(most):
            try:
                datagram, sender = self._socket.recvfrom(MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                if not heard:
                    self._read_errors()
                return
            except OSError:
                self._read_errors()
            else:
                self._receive(datagram, sender)
                if not self._open:  # whoever was answered closed it
                    return

    def _read_errors(self) -> None:
        """Read what ICMP said of datagrams that were sent."""
        for _ in range(MOST_AT_ONCE if _ERRQUEUE else 0):
            try:
                _, said, _, address = self._socket.recvmsg(0, 512, _ERRQUEUE)
            except OSError:
                return
            for _, _, data in said:
                number, origin = _ERROR.unpack_from(data) if len(data) >= _ERROR.size else (0, 0)
                if origin in _FROM_ICMP and number != errno.EMSGSIZE:
                    self._lost(address, OSError(number, os.strerror(number)))
