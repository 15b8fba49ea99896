"""A device as the own engine asks it: get and walk, and what is kept of the device behind them."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from collectors.errors import AuthFailed, CollectError, ProfileError, TimedOut, Unsupported
from collectors.model import SnmpAccess, Value, Walk
from collectors.snmp_engine import Engine, Memory, engine
from collectors.snmp_poll import GetJob, Job, Poll, WalkJob
from collectors.snmp_udp import Address, resolve
from collectors.snmp_v3 import UsmWire
from collectors.snmp_walk import Caps, Pace
from collectors.snmp_wire import CommunityWire, Messages


async def open_own(peer: str, address: str, access: SnmpAccess) -> "EngineTransport":
    """Open a transport on the running event loop's engine; `peer` names the device in errors. Sends nothing yet.

    Raises CollectError.
    """
    return EngineTransport(peer, access, engine(), *await resolve(address, access.port))


def wire_of(access: SnmpAccess) -> Messages:
    """Return the messages of an access. Raises Unsupported, AuthFailed for one that cannot work."""
    if access.version == "3":
        return UsmWire(access)
    if access.community is None:
        raise Unsupported(f"SNMP {access.version} needs a community (right form: community: env:NAME)")
    return CommunityWire(access.version, access.community.reveal())


def _nothing_known(access: SnmpAccess, now: float) -> Memory:
    pace = Pace(bulk=access.version != "1", repetitions=max(1, access.max_repetitions))
    return Memory(wire_of(access), pace, now)


class EngineTransport:
    """Asks one device, one request at a time. `heard` counts its valid answers."""

    __slots__ = (
        "_address",
        "_caps",
        "_closed",
        "_engine",
        "_key",
        "_lost",
        "_memory",
        "_octets",
        "_peer",
        "_place",
        "_queue",
        "_socket",
        "heard",
        "requests",
        "retries",
        "timeout",
        "wire",
    )

    def __init__(self, peer: str, access: SnmpAccess, engine: Engine, family: int, address: Address) -> None:
        self.requests = 0
        self.heard = 0
        self.timeout = access.timeout
        self.retries = access.retries
        self._peer = peer
        self._engine = engine
        self._address = address
        self._key = address, access
        self._memory = engine.recall(self._key, lambda: _nothing_known(access, engine.time()))
        self._socket, self._place = engine.open(address, family)
        self._queue = engine.queue(access.timeout)
        self.wire = self._memory.wire
        self._caps = Caps()
        self._octets = 0  # of walks so far
        self._lost = self._closed = False

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """Return each OID's value (None where the device has none). Raises CollectError."""
        job = GetJob(oids, self._memory.pace)
        await self._run(job)
        if job.failure is not None:
            raise self._named(job.failure) from job.failure
        return job.result(oids)

    async def walk(self, columns: Sequence[str], *, rows: int | None = None) -> Walk:
        """Read whole columns side by side. Keeps what came before an error; never raises."""
        engine = self._engine
        try:
            job = WalkJob(
                columns, self._memory.pace, self._caps, engine.time, engine.indexes, rows=rows, before=self._octets
            )
        except ProfileError as error:
            return Walk({}, self._named(error))
        await self._run(job)
        self._octets += job.octets
        result = job.result()
        return Walk(result.rows, result.failure and self._named(result.failure))

    async def close(self) -> None:
        """Keep what was learned of the device, and hear it no longer."""
        if self._closed:
            return
        self._closed = True
        if self._lost:
            self.wire.forget()
        self._engine.keep(self._key, self._memory)
        self._engine.close(self._address)

    async def _run(self, job: Job) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        poll = Poll(self, job, done)
        self._place.polls.add(poll)
        try:
            poll.next()
            await done
        finally:
            self.settle(poll)
            self._place.polls.discard(poll)

    # ---- what a poll asks of its line ----

    def new_id(self) -> int:
        return self._engine.new_id()

    def send(self, poll: Poll, datagram: bytes) -> None:
        if poll.held:
            self._leave(poll)
        window = self._socket.window
        if not window.enter(poll.room):
            self._engine.hold(poll)
            window.wait(poll.room, partial(self._send_in_turn, poll, poll.id, poll.room, datagram))
            return
        poll.held = poll.room
        self._send_now(poll, datagram)

    def _send_in_turn(self, poll: Poll, number: int, room: int, datagram: bytes) -> None:
        if self._engine.holds(poll, number):
            poll.held = room
            self._socket.window.take(room)
            self._send_now(poll, datagram)

    def _send_now(self, poll: Poll, datagram: bytes) -> None:
        self._engine.hold(poll)
        self._socket.send(datagram, self._address, partial(self._goes, poll, poll.id))

    def _goes(self, poll: Poll, number: int) -> bool:
        """Begin to wait for an answer, as its request goes out; not where nobody wants it any more."""
        if not self._engine.holds(poll, number):
            return False
        self.requests += 1
        self._place.stray = None
        self._engine.wait(poll, self._queue, self.timeout)
        return True

    def settle(self, poll: Poll) -> None:
        self._engine.settle(poll, self._queue)
        if poll.held:
            self._leave(poll)

    def _leave(self, poll: Poll) -> None:
        held, poll.held = poll.held, 0
        self._socket.window.leave(held)

    def stray(self) -> CollectError | None:
        stray = self._place.stray
        return None if stray is None else self.wire.stray(stray)

    def _named(self, error: CollectError) -> CollectError:
        self._lost |= isinstance(error, TimedOut | AuthFailed)
        return type(error)(f"{self._peer}: {error}")
