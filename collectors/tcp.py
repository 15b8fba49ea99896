"""Looks whether a device's plain-text ports are open, and what its SSH and TLS offer. Connects, reads, closes.

Nothing is sent but the greetings of SSH and TLS, and nobody logs in. Only the inventory's own address is asked.
"""

import asyncio
import contextlib
import ssl
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collectors import hello
from collectors.convert import clean
from collectors.errors import BadData, CollectError, TimedOut, Unreachable
from collectors.model import Cost, Device, Failure, Reading, Sample

if TYPE_CHECKING:
    from collectors.profiles.rules import Profile

Connect = Callable[..., Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""`asyncio.open_connection`, or a stand-in that takes the same arguments."""

PLAIN = (21, 23, 80)  # FTP, Telnet, HTTP
HTTPS = 443
OPEN, WEAK, EXPIRY = "device_port_open", "device_weak_algorithms", "device_expiry_seconds"
EXPECTED = frozenset({OPEN, WEAK, EXPIRY})
PORTS = frozenset(f"{OPEN}:{port}" for port in PLAIN)
TLS = frozenset({f"{WEAK}:tls", f"{EXPIRY}:certificate"})
SSH = frozenset({f"{WEAK}:ssh"})
"""How `expected` and failures name what this module brings of samples that others share."""

MAX_LINES = 50  # before the version line (RFC 4253 §4.2)
MAX_TEXT = 160
GREETING = b"SSH-2.0-netpatrol\r\n"


class TcpCollector:
    """Connects to each port once, or twice where it speaks TLS; `timeout` is in seconds, for each."""

    protocol = "tcp"

    def __init__(
        self,
        connect: Connect = asyncio.open_connection,
        *,
        timeout: float = 3.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._connect = connect
        self._timeout = timeout
        self._now = now
        self._modern, self._legacy = _context(), _legacy()

    def wants(self, device: Device) -> bool:
        return device.probe_ports and not device.local

    async def read(self, device: Device, profile: "Profile") -> Reading:
        """Return which ports are open, and what is weak. The profile has no say."""
        began = time.monotonic()
        ports = await asyncio.gather(*(self._open(device, port) for port in PLAIN))
        others = await asyncio.gather(self._tls(device), self._ssh(device))
        answered = any(port is not None for port in ports) or any(reading.answered for reading in others)
        # what drops our packets is not open to us
        samples = [Sample(OPEN, {"port": str(n)}, int(bool(port))) for n, port in zip(PLAIN, ports, strict=True)]
        return Reading(
            samples=(*samples, *(sample for reading in others for sample in reading.samples)),
            failures=tuple(failure for reading in others for failure in reading.failures),
            expected=PORTS.union(*(reading.expected for reading in others)),
            answered=answered,
            cost=sum((r.cost for r in others), Cost(requests=len(PLAIN), seconds=time.monotonic() - began)),
        )

    async def _open(self, device: Device, port: int) -> bool | None:
        """Say whether a port is open; None where nothing came back."""
        try:
            async with asyncio.timeout(self._timeout):
                _, writer = await self._connect(device.address, port)
        except ConnectionRefusedError:
            return False
        except (OSError, UnicodeError):  # TimeoutError too
            return None
        await _close(writer)
        return True

    # ---- TLS ----

    async def _tls(self, device: Device) -> Reading:
        """Read the certificate, and try what is deprecated. A device without HTTPS has neither."""
        if not await self._open(device, HTTPS):
            return Reading(cost=Cost(requests=1))
        certificate = await self._handshake(device, self._modern)
        old = await self._handshake(device, self._legacy)
        expected, cost = TLS, Cost(requests=3)
        if not (certificate or old):
            error = BadData(f"{device.name}: port {HTTPS} is open, and no TLS handshake with it succeeds")
            failure = Failure.of(self.protocol, "tls", error, expected)
            return Reading(failures=(failure,), expected=expected, answered=True, cost=cost)
        samples, failures = [_weak("tls", "weak", ["TLS 1.0/1.1"] if old else [])], []
        try:
            ends = hello.valid_until(certificate or old or b"")
            seconds = (ends - self._now()).total_seconds()
            samples.append(Sample(EXPIRY, {"kind": "certificate", "entity": f"TLS {HTTPS}"}, seconds))
        except BadData as error:
            failures.append(
                Failure.of(self.protocol, "tls", BadData(f"{device.name}: {error}"), {f"{EXPIRY}:certificate"})
            )
        return Reading(tuple(samples), failures=tuple(failures), expected=expected, answered=True, cost=cost)

    async def _handshake(self, device: Device, context: ssl.SSLContext) -> bytes | None:
        """Return the certificate a server shows (DER), None where it does not take the offer."""
        try:
            async with asyncio.timeout(self._timeout):
                _, writer = await self._connect(device.address, HTTPS, ssl=context)
        except (OSError, UnicodeError, ValueError):  # ssl.SSLError is an OSError
            return None
        shown = writer.get_extra_info("ssl_object")
        certificate = shown.getpeercert(binary_form=True) if shown is not None else None
        await _close(writer)
        return certificate or None

    # ---- SSH ----

    async def _ssh(self, device: Device) -> Reading:
        """Read what the SSH server of a device offers, where the inventory has SSH access to it."""
        if device.ssh is None:
            return Reading()
        expected, cost = SSH, Cost(requests=1)
        try:
            async with asyncio.timeout(self._timeout):
                found = await self._kexinit(device, device.ssh.port)
        except (OSError, UnicodeError, CollectError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            failure = Failure.of(self.protocol, "ssh", _shaped(device, error), expected)
            return Reading(failures=(failure,), expected=expected, cost=cost)
        samples = tuple(_weak("ssh", level, names) for level, names in found.items())
        return Reading(samples, expected=expected, answered=True, cost=cost)

    async def _kexinit(self, device: Device, port: int) -> dict[str, list[str]]:
        reader, writer = await self._connect(device.address, port)
        try:
            version = hello.ssh_version(await _version_line(reader))
            if version.startswith("1.") and version != "1.99":
                return hello.weak(version, {})
            writer.write(GREETING)
            await writer.drain()
            length, padding = int.from_bytes(await reader.readexactly(4)), (await reader.readexactly(1))[0]
            if not padding < length <= hello.MAX_PACKET:
                raise BadData("its SSH port sends no packet of RFC 4253")
            payload = (await reader.readexactly(length - 1))[: length - 1 - padding]
            return hello.weak(version, hello.offers(payload))
        finally:
            await _close(writer)


async def _version_line(reader: asyncio.StreamReader) -> bytes:
    """Return the first line that begins with SSH-: others may come before it."""
    for _ in range(MAX_LINES):
        line = await reader.readuntil(b"\n")
        if line.startswith(b"SSH-"):
            return line
    raise BadData("its SSH port sends no version line")


def _shaped(device: Device, error: Exception) -> CollectError:
    if isinstance(error, TimeoutError):
        return TimedOut(f"{device.name}: its SSH port did not answer in time")
    if isinstance(error, OSError):
        return Unreachable(f"{device.name}: its SSH port cannot be reached: {error.strerror or type(error).__name__}")
    said = str(error) if isinstance(error, CollectError) else "its SSH port hung up during the greeting"
    return BadData(f"{device.name}: {said}")


def _weak(protocol: str, level: str, names: list[str]) -> Sample:
    state = clean(", ".join(names))[:MAX_TEXT]
    return Sample(WEAK, {"protocol": protocol, "level": level, "state": state}, len(names))


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.0):
            await writer.wait_closed()


def _context() -> ssl.SSLContext:
    """Return what reads any server's certificate: whether to trust it is not the question."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")  # small keys and old signatures too
    return context


def _legacy() -> ssl.SSLContext:
    """Return what speaks TLS 1.0 and 1.1 only, to learn whether a server still does."""
    context = _context()
    with _old_tls_is_meant():
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@contextlib.contextmanager
def _old_tls_is_meant() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
