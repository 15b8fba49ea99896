"""netpatrol's own SNMP engine: one UDP socket an address family for all devices of an event loop, and who waits on it.

An answer finds its request by its ID, and must come from where the request went. What is learned of a device (what it
takes in one request, its SNMPv3 engine and keys) outlives its transport.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from collectors.ber import Indexes
from collectors.errors import TimedOut
from collectors.model import SnmpAccess
from collectors.snmp_poll import Poll
from collectors.snmp_udp import Address, UdpSocket, ids, unreachable
from collectors.snmp_walk import Pace
from collectors.snmp_wire import Messages, message_id

MAX_KNOWN = 100_000  # devices that something is remembered of
REMEMBERED = 24 * 3600.0  # seconds, for what a device takes in one request
SLACK = 0.001  # seconds that timers may come early
STRAYS = 1_024  # datagrams beside the answers that are awaited, heard before anything is late: a flood ends there

_ELSEWHERE = "give the device's address that its SNMP agent answers from, or have it answer from this one"

Known = tuple[Address, SnmpAccess]
"""What a memory belongs to: an address, and the credentials used there."""


@dataclass(slots=True)
class Memory:
    """What is known of a device between its transports."""

    wire: Messages
    pace: Pace
    since: float  # when its pace began


@dataclass(slots=True)
class Place:
    """One address: who asks there, and what last came from there that nobody had asked for."""

    lines: int = 0
    polls: set[Poll] = field(default_factory=set)
    stray: bytes | None = None


Queue = dict[int, Poll]
"""Polls by their IDs, in the order of their deadlines."""


class Engine:
    """All devices of one event loop. Its sockets are open while a transport is.

    `dropped` counts datagrams that answered nothing; `received` all of them.
    """

    def __init__(self, udp: Callable[..., UdpSocket] = UdpSocket) -> None:
        self._udp = udp
        self.received = 0
        self.dropped = 0
        self.indexes = Indexes()
        self.memories: dict[Known, Memory] = {}
        self._ids = ids()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sockets: dict[int, UdpSocket] = {}
        self._places: dict[Address, Place] = {}
        self._pending: dict[int, Poll] = {}
        self._queues: dict[float, Queue] = {}  # by time-out
        self._timer: asyncio.TimerHandle | None = None

    def time(self) -> float:
        """Return the event loop's time."""
        return (self._loop or asyncio.get_running_loop()).time()

    # ---- what is remembered ----

    def recall(self, known: Known, fresh: Callable[[], Memory]) -> Memory:
        """Take what is remembered of a device; whoever takes it has it alone, until it is kept again."""
        found = self.memories.pop(known, None)
        if found is None:
            return fresh()
        if self.time() - found.since > REMEMBERED:
            return replace(fresh(), wire=found.wire)
        return found

    def keep(self, known: Known, memory: Memory) -> None:
        """Remember a device; the one that was asked the longest ago is forgotten for it when there are too many."""
        while len(self.memories) >= MAX_KNOWN:
            del self.memories[next(iter(self.memories))]
        self.memories[known] = memory

    # ---- transports ----

    def open(self, address: Address, family: int) -> tuple[UdpSocket, Place]:
        """Begin to hear an address. Raises Unreachable."""
        self._loop = self._loop or asyncio.get_running_loop()
        found = self._sockets.get(family)
        if found is None:
            try:
                found = self._sockets[family] = self._udp(family, self._loop, self._receive, self._lost)
            except OSError as error:  # a family that this machine does not have
                raise unreachable(error) from error
        place = self._places.setdefault(address, Place())
        place.lines += 1
        return found, place

    def close(self, address: Address) -> None:
        """Hear an address no longer, unless for others."""
        place = self._places[address]
        place.lines -= 1
        if not place.lines:
            del self._places[address]
        if self._places:
            return
        for each in self._sockets.values():
            each.close()
        if self._timer is not None:
            self._timer.cancel()
        self._sockets, self._queues, self._timer, self._loop = {}, {}, None, None

    # ---- out ----

    def new_id(self) -> int:
        """Return an ID that nothing under way has."""
        found = next(self._ids)
        while found in self._pending:
            found = next(self._ids)
        return found

    def queue(self, timeout: float) -> Queue:
        """Return what waits for so many seconds, the longest first."""
        return self._queues.setdefault(timeout, {})

    def wait(self, poll: Poll, queue: Queue, timeout: float) -> None:
        """Await an answer for so many seconds."""
        poll.deadline = deadline = self.time() + timeout
        self._pending[poll.id] = queue[poll.id] = poll
        if self._timer is None or self._timer.when() > deadline:
            self._arm(deadline)

    def hold(self, poll: Poll) -> None:
        """Keep the ID of a poll that waits until it may send."""
        self._pending[poll.id] = poll

    def holds(self, poll: Poll, number: int) -> bool:
        """Say whether a poll still waits to send what has this ID."""
        return self._pending.get(number) is poll

    def settle(self, poll: Poll, queue: Queue) -> None:
        """Await no answer any more."""
        self._pending.pop(poll.id, None)
        queue.pop(poll.id, None)

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._loop is not None:
            self._timer = self._loop.call_at(when, self._tick)

    def _tick(self) -> None:
        """Time out what is late: not what came in time and was not heard yet, because the loop had much else to do."""
        self._timer = None
        now = self.time() + SLACK
        for each in list(self._sockets.values()):
            each.hear(len(self._pending) + STRAYS)
        for queue in list(self._queues.values()):
            late = []
            for poll in queue.values():
                if poll.deadline > now:
                    break
                late.append(poll)
            for poll in late:
                if queue.pop(poll.id, None) is poll:
                    poll.timed_out()
        firsts = [next(iter(queue.values())).deadline for queue in self._queues.values() if queue]
        if firsts and self._loop is not None:
            self._arm(min(firsts))

    # ---- in ----

    def _receive(self, datagram: bytes, sender: Address) -> None:
        self.received += 1
        place = self._places.get(sender)
        if place is None:
            self.dropped += 1
            self._from_elsewhere(datagram, sender)
            return
        if len(place.polls) == 1:  # it judges by itself what is for it
            (poll,) = place.polls
        else:
            found = self._pending.get(message_id(datagram))
            if found is None or found not in place.polls:
                self.dropped += 1
                place.stray = datagram
                return
            poll = found
        self.dropped += not poll.received(datagram)

    def _from_elsewhere(self, datagram: bytes, sender: Address) -> None:
        """Note for a request that its answer came from where nobody was asked: not believed, but worth saying."""
        poll = self._pending.get(message_id(datagram))
        if poll is not None:
            poll.blame = TimedOut(f"answers from {sender[0]} port {sender[1]} only, which was not asked: {_ELSEWHERE}")

    def _lost(self, address: Address, error: OSError) -> None:
        """Tell who asks at an address that there is no way to it."""
        place = self._places.get(address)
        for poll in list(place.polls) if place is not None else ():
            poll.fail(unreachable(error))


_ENGINES: WeakKeyDictionary[asyncio.AbstractEventLoop, Engine] = WeakKeyDictionary()
"""The engine of each event loop: all who ask from one share its sockets, whoever they are."""


def engine() -> Engine:
    """Return the engine of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _ENGINES.get(loop)
    if found is None:
        found = _ENGINES[loop] = Engine()
    return found
