"""The UDP socket that notifications come to, read by a thread of its own.

A thread, not the event loop: a loop busy for a fifth of a second with polls would let the kernel's buffer overflow in a
storm, and with it the traps of other devices. The thread only looks up the sender; what is kept is opened in the loop.
"""

import contextlib
import errno
import selectors
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from collectors.errors import Unreachable
from collectors.traps.intake import Intake

BUFFER = 8 * 2**20  # octets asked of the kernel; it gives what net.core.rmem_max allows, unless we are root
MAX_DATAGRAM = 65_535
MAX_ANCILLARY = 64  # octets beside a datagram
_FORCE = getattr(socket, "SO_RCVBUFFORCE", 33)  # socket(7)
_IP_PKTINFO = 8  # ip(7); Python 3.11 names IPv6's alone
_AT4, _AT6 = struct.Struct("=i4s4s"), struct.Struct("=16si")  # struct in_pktinfo, in6_pktinfo (RFC 3542, 6)
_MEMINFO = 55  # SO_MEMINFO of <asm-generic/socket.h>; its ninth number counts drops


Ancillary = list[tuple[int, int, bytes]]


def clock() -> float:
    """Return the seconds of a clock that nobody sets and that goes on while we are suspended, as our senders' do."""
    kind = getattr(time, "CLOCK_BOOTTIME", None)  # Linux, where the monotonic clock stands still meanwhile
    return time.monotonic() if kind is None else time.clock_gettime(kind)


def host_of(address: Any) -> str:
    """Return a sender's address as the inventory writes it: no zone, and IPv4 within IPv6 as IPv4."""
    host: str = address[0]
    return host.partition("%")[0].removeprefix("::ffff:") if ":" in host else host


def bound(host: str, port: int) -> socket.socket:
    """Return a socket to hear on. Raises Unreachable with the reason and, for a port below 1024, the way out."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)[0]
        opened = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise Unreachable(f"traps: cannot listen on {host}:{port}: {error.strerror}") from error
    try:
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        _tell_ours(opened, family)
        _enlarge(opened)
        opened.bind(address)
        opened.setblocking(False)
    except OSError as error:
        opened.close()
        raise Unreachable(f"traps: cannot listen on {host}:{port}: {_why(error, port)}") from error
    return opened


def _why(error: OSError, port: int) -> str:
    if error.errno == errno.EACCES and port < 1024:
        return (
            f"ports below 1024 need a privilege (right form: port 1162, with a redirect of {port} to it, "
            "or AmbientCapabilities=CAP_NET_BIND_SERVICE in the service; see docs/traps.md)"
        )
    if error.errno == errno.EADDRINUSE:
        return (
            f"{error.strerror}: end what hears there (another netpatrol, snmptrapd), or give another port "
            '(right form: --traps 0.0.0.0:1163, or traps: {listen: "0.0.0.0:1163"}) (端口被占用)'
        )
    return error.strerror or str(error)


def _enlarge(opened: socket.socket) -> None:
    for option in (_FORCE, socket.SO_RCVBUF):
        with contextlib.suppress(OSError):  # not root, not Linux
            opened.setsockopt(socket.SOL_SOCKET, option, BUFFER)
            return


def _tell_ours(opened: socket.socket, family: int) -> None:
    """Have the socket tell to which of our addresses each datagram was sent; Linux does."""
    if family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    elif sys.platform == "linux":
        opened.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def _from_ours(told: Ancillary) -> Ancillary:
    """Return what has an answer sent from the address that a datagram was sent to, by whatever way."""
    for level, kind, octets in told:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            return [(level, kind, _AT4.pack(0, _AT4.unpack(octets)[1], bytes(4)))]
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return [(level, kind, _AT6.pack(_AT6.unpack(octets)[0], 0))]
    return []


class Listener:
    """Hears until closed. `wake` is called in the thread when something is kept and nothing waited before."""

    def __init__(self, opened: socket.socket, intake: Intake, wake: Callable[[], object]) -> None:
        self._socket = opened
        self._intake = intake
        self._wake = wake
        self._ours, self._stop = socket.socketpair()
        self._thread = threading.Thread(target=self._hear, name="traps", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it hears on: the one the system chose when 0 was asked for."""
        return int(self._socket.getsockname()[1])

    def lost(self) -> int:
        """Return how many datagrams the kernel dropped because its buffer was full; 0 where it does not tell."""
        try:
            return int(struct.unpack("9I", self._socket.getsockopt(socket.SOL_SOCKET, _MEMINFO, 36))[8])
        except (OSError, struct.error):
            return 0

    def send(self, message: bytes, way: Any) -> None:
        """Send an answer back on the way its datagram came: from the address it was sent to, or it is not heard.

        One that cannot be sent is as good as lost: the sender asks again.
        """
        address, told = way
        with contextlib.suppress(OSError):
            self._socket.sendmsg([message], _from_ours(told), 0, address)

    def close(self) -> None:
        """Stop hearing, and wait until it has. Again, it does nothing."""
        if self._stop.fileno() < 0:
            return
        self._stop.send(b"x")
        self._thread.join()
        for each in (self._socket, self._ours, self._stop):
            each.close()

    def _hear(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._ours, selectors.EVENT_READ)
            while all(key.fileobj is self._socket for key, _ in selector.select()):
                self._drain()

    def _drain(self) -> None:
        """Take what the kernel holds; up to a thousand, so that a storm does not keep us from being closed."""
        buffer = bytearray(MAX_DATAGRAM)
        view = memoryview(buffer)
        for _ in range(1000):
            try:
                size, told, _, address = self._socket.recvmsg_into([buffer], MAX_ANCILLARY)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error that an answer of ours met
                continue
            if self._intake.offer(host_of(address), (address, told), view[:size], clock()):
                self._wake()
