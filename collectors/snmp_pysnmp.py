"""The pysnmp engine: get and walk for one device, over a socket of its own, by pysnmp's messages."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence

from collectors.ber import Oid, dotted
from collectors.errors import BadData, CollectError, ProfileError, TimedOut, Unreachable, Unsupported
from collectors.model import SnmpAccess, Value, Walk
from collectors.snmp_message import MAX_AGAIN, Again, Answer, Ignored, Request, Status, VarBind, Wire, parsed
from collectors.snmp_pysnmp_wire import PysnmpCommunityWire, PysnmpUsmWire
from collectors.snmp_udp import unreachable
from collectors.snmp_walk import Caps, ColumnWalk, Pace, refusal

MAX_INBOX = 64  # datagrams that wait to be read; more are dropped
RESOLVE_SECONDS = 10.0  # for the name of a device


async def open_pysnmp(peer: str, address: str, access: SnmpAccess) -> "PysnmpTransport":
    """Open a socket that hears only one address; `peer` names the device in errors. Raises CollectError."""
    return PysnmpTransport(peer, access, _wire(access), await _connect(address, access.port))


def _wire(access: SnmpAccess) -> Wire:
    if access.version == "3":
        return PysnmpUsmWire(access)
    if access.community is None:
        raise Unsupported(f"SNMP {access.version} needs a community (right form: community: env:NAME)")
    return PysnmpCommunityWire(access.version, access.community.reveal())


class PysnmpTransport:
    """Asks one device, one request at a time. `heard` counts its valid answers."""

    def __init__(self, peer: str, access: SnmpAccess, wire: Wire, socket: "_Socket") -> None:
        self.requests = 0
        self.heard = 0
        self._peer = peer
        self._access = access
        self._wire = wire
        self._socket = socket
        self._caps = Caps()
        self._pace = Pace(bulk=access.version != "1", repetitions=max(1, access.max_repetitions))

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """Return each OID's value (None where the device has none). Raises CollectError."""
        values: dict[str, Value] = {}
        left = {parsed(oid): oid for oid in oids}
        while left:
            asked = tuple(left)[: self._pace.scalars]
            try:
                answered = self._got(asked, await self._ask(Request("get", asked)))
            except CollectError as error:
                raise self._named(error) from error
            values |= {left.pop(oid): value for oid, value in answered.items()}
        return {oid: values.get(oid) for oid in oids}

    async def walk(self, columns: Sequence[str], *, rows: int | None = None) -> Walk:
        """Read whole columns side by side. Keeps what came before an error; never raises."""
        try:
            walk = ColumnWalk([parsed(column) for column in columns], self._pace, self._caps.rows, rows)
        except ProfileError as error:
            return Walk({}, self._named(error))
        clock = asyncio.get_running_loop().time
        since, octets = clock(), self._socket.octets
        while (request := walk.next_request()) is not None:
            try:
                walk.take(await self._ask(request))
            except TimedOut as error:
                if not (self.heard and walk.shrink()):
                    walk.stop(error)
            except CollectError as error:
                walk.stop(error)
            if over := self._caps.over(clock() - since, self._socket.octets - octets, octets):
                walk.stop(over)
        result = walk.result()
        return Walk(result.rows, result.failure and self._named(result.failure))

    async def close(self) -> None:
        await self._socket.close()

    def _got(self, asked: tuple[Oid, ...], answer: Answer) -> dict[Oid, Value]:
        """Return what an answer settles of what was asked; what it does not is asked again. Raises Refused, BadData."""
        if answer.status == Status.OK:
            return _checked(asked, answer.varbinds)
        named = 1 <= answer.index <= len(asked)
        about = asked[answer.index - 1 if named else 0]
        if answer.status == Status.NO_SUCH_NAME and (named or len(asked) == 1):
            return {about: None}
        if answer.status == Status.TOO_BIG and len(asked) > 1:
            self._pace.scalars = len(asked) // 2
            return {}
        raise refusal(answer.status, about)

    async def _ask(self, request: Request) -> Answer:
        """Send a request up to 1 + retries times. Raises CollectError, without the device's name."""
        request_id = secrets.randbits(31)
        blame: CollectError | None = None
        for _ in range(1 + max(0, self._access.retries)):
            reply = await self._try(request, request_id)
            if isinstance(reply, Answer):
                self.heard += 1
                return reply
            blame = reply or blame
        blame = blame or self._wire.silence()
        tries = 1 + max(0, self._access.retries)
        raise type(blame)(f"{blame} [{tries} x {self._access.timeout:g} s]")

    async def _try(self, request: Request, request_id: int) -> Answer | CollectError | None:
        for _ in range(MAX_AGAIN):
            self._socket.send(self._wire.message(request, request_id))
            self.requests += 1
            reply = await self._reply(request_id)
            if not isinstance(reply, Again):
                return reply
        return BadData("corrects its SNMPv3 engine or clock without end")

    async def _reply(self, request_id: int) -> Answer | Again | CollectError | None:
        """Return the reply to a request, or what came in its place, or None for silence. Raises CollectError."""
        blame: CollectError | None = None
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._access.timeout
        while (datagram := await self._socket.receive(deadline - clock())) is not None:
            reply = self._wire.read(datagram, request_id)
            if not isinstance(reply, Ignored):
                return reply
            blame = reply.blame
        return blame

    def _named(self, error: CollectError) -> CollectError:
        return type(error)(f"{self._peer}: {error}")


def _checked(asked: tuple[Oid, ...], varbinds: tuple[VarBind, ...]) -> dict[Oid, Value]:
    if tuple(varbind.oid for varbind in varbinds) != asked:
        got = ", ".join(dotted(varbind.oid) for varbind in varbinds[:3]) or "nothing"
        raise BadData(f"asked for {len(asked)} OIDs from {dotted(asked[0])} on, and answered with {got}")
    return {varbind.oid: varbind.value for varbind in varbinds}


# ---- the socket ----


class _Socket(asyncio.DatagramProtocol):
    """A connected UDP socket: the kernel drops what others send, and tells of a closed port or a missing route."""

    def __init__(self) -> None:
        self.octets = 0  # received
        self._inbox: asyncio.Queue[bytes | Exception] = asyncio.Queue(MAX_INBOX)
        self.transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.octets += len(data)
        self._put(data)

    def error_received(self, exc: Exception) -> None:
        self._put(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        self._put(exc or ConnectionError("the socket was closed"))

    def _put(self, item: bytes | Exception) -> None:
        if not self._inbox.full():
            self._inbox.put_nowait(item)

    def send(self, datagram: bytes) -> None:
        if self.transport is not None:
            self.transport.sendto(datagram)

    async def receive(self, seconds: float) -> bytes | None:
        """Return the next datagram, or None when none came in time. Raises Unreachable."""
        if seconds <= 0:  # or a flood would never let the time-out in
            return None
        try:
            async with asyncio.timeout(seconds):
                item = await self._inbox.get()
        except TimeoutError:
            return None
        if isinstance(item, Exception):
            raise unreachable(item)
        return item

    async def close(self) -> None:
        if self.transport is not None:
            self.transport.close()
            await self._closed.wait()


async def _connect(address: str, port: int) -> _Socket:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            transport, socket = await loop.create_datagram_endpoint(_Socket, remote_addr=(address, port))
    except TimeoutError as error:
        raise Unreachable(f"the name did not resolve within {RESOLVE_SECONDS:g} s") from error
    except (OSError, UnicodeError) as error:
        raise unreachable(error) from error
    socket.transport = transport
    return socket
