"""Reads a UPS or PDU through a Network UPS Tools server (upsd): connects, asks for its variables, hangs up.

RFC 9271. Nothing is sent but STARTTLS, USERNAME, PASSWORD, LIST UPS, LIST VAR and LOGOUT.
"""

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from collectors import convert, nut_decode, nut_message
from collectors.errors import BadData, CollectError, Stale, TimedOut, Unreachable, Unsupported, UntrustedHost
from collectors.model import Cost, Device, Failure, NutAccess, Reading
from collectors.terminal import quote

if TYPE_CHECKING:
    from collectors.profiles.rules import Profile

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[..., Awaitable[Streams]]
"""`asyncio.open_connection`, or a stand-in that takes the same arguments."""

MAX_LINE = 4096  # octets; upsd's values have at most 256
MAX_LINES = 2000  # of one list; a PDU of 48 outlets has some 700
CLOSING = 0.5  # seconds for the farewell


@dataclass(slots=True)
class Heard:
    """What a server said of a UPS; what came before a failure is kept. `sent` are the commands, without the login."""

    variables: dict[str, str] = field(default_factory=dict)
    failure: CollectError | None = None
    strange: list[str] = field(default_factory=list)  # lines that are none of a list
    sent: list[str] = field(default_factory=list)


class NutCollector:
    """A Collector of model.py."""

    protocol = "nut"

    def __init__(self, connect: Connect = asyncio.open_connection) -> None:
        self._connect = connect

    def wants(self, device: Device) -> bool:
        return device.nut is not None

    async def read(self, device: Device, profile: "Profile") -> Reading:
        """Read all variables once; the profile's `nut` says what they become."""
        if profile.nut is None or device.nut is None:
            return Reading()
        began = time.monotonic()
        heard = await hear(device, device.nut, self._connect)
        reading = nut_decode.decode(profile.nut, heard.variables)
        return replace(
            reading,
            failures=(*_failures(heard, device, device.nut, nut_decode.expected(profile.nut)), *reading.failures),
            answered=bool(heard.variables),
            cost=Cost(commands=tuple(heard.sent), seconds=time.monotonic() - began),
        )


def _failures(heard: Heard, device: Device, access: NutAccess, expected: frozenset[str]) -> list[Failure]:
    found = [] if heard.failure is None else [Failure.of("nut", "LIST VAR", heard.failure, expected)]
    if heard.strange:
        many = f"sends {len(heard.strange)} lines that are none of the list, first {quote(heard.strange[0])}"
        found.append(Failure.of("nut", "LIST VAR", _named(BadData(many), device, access), expected))
    return found


async def hear(device: Device, access: NutAccess, connect: Connect = asyncio.open_connection) -> Heard:
    """Ask for every variable of a UPS. Never raises for the server's fault: `Heard.failure` says it."""
    heard = Heard()
    try:
        async with asyncio.timeout(access.timeout), _conversation(device, access, connect, heard) as talk:
            await talk.log_in()
            await talk.variables(access.ups or nut_message.the_only(await talk.names()))
    except CollectError as error:
        heard.failure = _named(error, device, access)
    except (OSError, EOFError, ValueError) as error:  # TimeoutError and ssl.SSLError are OSErrors
        heard.failure = _named(_shaped(error, access), device, access)
    return heard


def _named(error: CollectError, device: Device, access: NutAccess) -> CollectError:
    """Say whose error it is. What a server says may hold the password it was told."""
    message = f"{device.name}: upsd at {device.address} port {access.port} {error}"
    secret = access.password.reveal() if access.password else ""
    return type(error)(message.replace(secret, "***") if secret else message)


def _shaped(error: Exception, access: NutAccess) -> CollectError:
    found: CollectError = BadData(f"sends lines of more than {MAX_LINE} octets: it is no upsd")
    match error:
        case TimeoutError():
            found = TimedOut(f"did not answer within {access.timeout:g} s")
        case ssl.SSLCertVerificationError():
            found = UntrustedHost(
                f"shows a certificate that is not trusted ({quote(error.verify_message)}), so no login was sent "
                "(right form: nut: {tls: true, ca_file: FILE} with its certificate or its authority's)"
            )
        case ssl.SSLError():
            found = BadData(f"fails in the TLS handshake: {quote(error.reason or type(error).__name__)}")
        case OSError():
            why = os.strerror(error.errno) if isinstance(error, ConnectionError) and error.errno else error.strerror
            found = Unreachable(f"cannot be reached: {why or type(error).__name__}")
        case EOFError():
            found = Unreachable("hung up in the middle")
    return found


# ---- one connection ----


@contextlib.asynccontextmanager
async def _conversation(
    device: Device, access: NutAccess, connect: Connect, heard: Heard
) -> AsyncIterator["_Conversation"]:
    talk = _Conversation(await connect(device.address, access.port, limit=MAX_LINE), device.address, access, heard)
    try:
        yield talk
    finally:
        await talk.close()


class _Conversation:
    """Asks and hears line by line."""

    def __init__(self, streams: Streams, address: str, access: NutAccess, heard: Heard) -> None:
        self._reader, self._writer = streams
        self._address = address
        self._access = access
        self._heard = heard
        self._in_clear: Streams | None = None

    async def log_in(self) -> None:
        """Encrypt, then say who we are, as far as the inventory has either."""
        access = self._access
        if access.tls != "off":
            await self._told("STARTTLS")
            await self._encrypt()
        if access.username is not None:
            await self._told("USERNAME", nut_message.quoted(access.username))
        if access.password is not None:
            await self._told("PASSWORD", nut_message.quoted(access.password.reveal()))

    async def names(self) -> list[str]:
        """Return the names of the server's UPS."""
        return list(await self._list(["UPS"], None, {}))

    async def variables(self, ups: str) -> None:
        """Read a UPS's variables into what was heard."""
        try:
            await self._list(["VAR", ups], ups, self._heard.variables)
        except Unsupported as error:
            names = await self.names()
            right = f"right form: nut: {{ups: {names[0]}}}, of " if names else ""
            raise Unsupported(f"{error} ({right}{nut_message.listed(names) or 'it has none'})") from error
        heard = self._heard.variables
        if heard.get("ups.status") == "WAIT":  # it stands alone, for the two seconds a driver takes to begin
            heard.clear()
        if not heard:
            raise Stale(f"lists no variable of UPS {ups!r}: its driver has not read it yet")

    async def close(self) -> None:
        """Take leave, if the server still listens."""
        with contextlib.suppress(OSError, EOFError, ValueError):
            async with asyncio.timeout(CLOSING):
                self._writer.write(b"LOGOUT\n")
                self._writer.close()
                await self._writer.wait_closed()
        self._writer.transport.abort()

    async def _list(self, what: list[str], ups: str | None, found: dict[str, str]) -> Mapping[str, str]:
        """Read a list into `found`: name → text. Raises CollectError; what came before stays in `found`."""
        await self._send(" ".join(["LIST", *what]))
        first = await self._words()
        if not nut_message.begins(first, what):
            raise self._refusal(first or [], ups)
        for _ in range(MAX_LINES):
            line = await self._line()
            said = nut_message.words(line)
            if said == ["END", "LIST", *what]:
                return found
            if said and said[0] == "ERR":
                raise self._refusal(said, ups)
            if (item := nut_message.item(said, what)) is None:
                self._heard.strange.append(line)
            else:
                found.setdefault(*item)
        raise BadData(f"lists more than {MAX_LINES:,} lines")

    async def _told(self, word: str, argument: str = "") -> None:
        """Send a command that is answered by OK. Raises CollectError where it is not."""
        await self._send(word, argument)
        said = await self._words()
        if not said or said[0] != "OK":
            raise self._refusal(said or [], None)

    def _refusal(self, said: list[str], ups: str | None) -> CollectError:
        return nut_message.refused(said, ups, login=self._access.username is not None)

    async def _send(self, command: str, argument: str = "") -> None:
        self._heard.sent.append(command)
        self._writer.write(f"{command} {argument}".rstrip(" ").encode() + b"\n")
        await self._writer.drain()

    async def _words(self) -> list[str] | None:
        return nut_message.words(await self._line())

    async def _line(self) -> str:
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return convert.text(line)

    async def _encrypt(self) -> None:
        """Begin TLS on streams of their own: what was sent in clear beside the answer is not taken for encrypted."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=MAX_LINE, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport = await loop.start_tls(
            self._writer.transport, protocol, _context(self._access), server_hostname=self._address
        )
        if transport is None:
            raise EOFError
        protocol.connection_made(transport)
        self._in_clear = self._reader, self._writer  # closes what is below when it is forgotten
        self._reader, self._writer = reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _context(access: NutAccess) -> ssl.SSLContext:
    """Return how to check the server. Raises UntrustedHost where ca_file cannot be read."""
    try:
        context = ssl.create_default_context(cafile=access.ca_file)
    except OSError as error:  # ssl.SSLError too
        why = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else "it is no certificate (PEM)"
        raise UntrustedHost(f"was not asked: ca_file {access.ca_file} cannot be read: {why}") from error
    if access.tls == "unverified":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
