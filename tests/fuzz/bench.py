"""The receiving side of the own engine without a network: what is asked, what comes instead, and what that costs."""

import asyncio
import random
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import psutil

from collectors.ber import OCTETS, SEQUENCE, element, integer
from collectors.errors import CollectError
from collectors.model import Secret, SnmpAccess
from collectors.snmp_engine import Engine
from collectors.snmp_own import EngineTransport
from collectors.snmp_poll import GetJob, Job, Poll, WalkJob
from collectors.snmp_udp import Address
from collectors.snmp_usm import Clock
from collectors.snmp_v3 import UsmWire
from collectors.snmp_walk import Caps
from collectors.snmp_window import Window
from tests.fuzz.mutations import COLUMN, SCALAR, answer, binding, damaged, rows, values
from tests.simulator.bad_agent import GARBAGE
from tests.simulator.near import FULL, PLAIN, SIGNED

SLOWEST = 0.05  # seconds of CPU for a datagram
ENGINE_ID = b"\x80\x00\x1f\x88\x05fuzzed"
ACCESSES = (
    SnmpAccess(version="1", community=Secret("c")),
    SnmpAccess(version="2c", community=Secret("c")),
    PLAIN,
    SIGNED,
    replace(FULL, user="sealed"),
)


class NoSocket:
    """Sends nothing."""

    def __init__(self, *_: object) -> None:
        self.window = Window(2**30)

    def send(self, datagram: bytes, address: Address, goes: Callable[[], bool]) -> None:
        goes()

    def close(self) -> None: ...


@dataclass
class Tally:
    """What came of the messages."""

    messages: int = 0
    taken: int = 0  # understood, and believed
    refused: int = 0
    slowest: float = 0.0  # seconds of CPU
    grown: float = 0.0  # MB of memory since the first tenth
    errors: dict[str, int] = field(default_factory=dict)  # our own, by kind

    def add(self, other: "Tally") -> None:
        """Take in what came of a further round."""
        self.messages += other.messages
        self.taken += other.taken
        self.refused += other.refused
        self.slowest = max(self.slowest, other.slowest)
        self.grown += max(0.0, other.grown)
        for kind, count in other.errors.items():
            self.errors[kind] = self.errors.get(kind, 0) + count

    def __str__(self) -> str:
        return (
            f"{self.messages:,} messages: {self.taken:,} taken, {self.refused:,} refused, slowest "
            f"{self.slowest * 1000:.1f} ms of CPU, memory +{self.grown:.1f} MB, {self.errors}"
        )


class Bench:
    """Feeds damaged answers to polls that are under way."""

    def __init__(self, seed: int) -> None:
        self.tally = Tally()
        self._rng = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._engine = Engine(NoSocket)  # type: ignore[arg-type]
        self._lines = [self._line(number, access) for number, access in enumerate(ACCESSES, 1)]
        self._garbage = list(GARBAGE.values())

    def _line(self, number: int, access: SnmpAccess) -> EngineTransport:
        line = EngineTransport("fuzzed", access, self._engine, socket.AF_INET, (f"192.0.2.{number}", 161))
        self._settle_engine(line)
        return line

    def _settle_engine(self, line: EngineTransport) -> None:
        """Let a line be past discovery."""
        if isinstance(line.wire, UsmWire):
            line.wire.usm.engine = ENGINE_ID
            line.wire.usm.clock = Clock(1, 100, time.monotonic(), proven=bool(line.wire.usm.auth))

    def run(self, messages: int) -> Tally:
        """Feed so many messages. Raises whatever is not an error of ours."""
        before = 0.0
        for number in range(messages):
            if number == messages // 10:
                before = memory()
            self._one(self._rng.choice(self._lines))
        self.tally.grown = memory() - before
        return self.tally

    def _one(self, line: EngineTransport) -> None:
        self._settle_engine(line)
        job = self._job(line)
        poll = Poll(line, job, asyncio.get_running_loop().create_future())
        line._place.polls.add(poll)
        poll.next()
        for datagram in self._datagrams(line, job, poll):
            began = time.thread_time()
            self._engine._receive(datagram, line._address)
            self.tally.slowest = max(self.tally.slowest, time.thread_time() - began)
            self.tally.messages += 1
        self._count(job, poll)
        line.settle(poll)
        line._place.polls.discard(poll)

    def _job(self, line: EngineTransport) -> WalkJob | GetJob:
        pace = line._memory.pace
        pace.scalars, pace.width, pace.repetitions, pace.bulk = 20, 20, 20, line._key[1].version != "1"
        if self._rng.random() < 0.5:
            return GetJob([".".join(map(str, SCALAR))], pace)
        names = [".".join(map(str, (*COLUMN[:-1], COLUMN[-1] + n))) for n in range(self._rng.randint(1, 3))]
        return WalkJob(names, pace, Caps(), self._engine.time, self._engine.indexes)

    def _datagrams(self, line: EngineTransport, job: Job, poll: Poll) -> Iterator[bytes]:
        rng = self._rng
        bound = [binding(SCALAR, values(rng))] if isinstance(job, GetJob) else rows(rng)
        inside = answer(poll.id, bound, rng)
        if rng.random() < 0.02:
            yield rng.choice(self._garbage)
        whole = self._sealed(line, damaged(inside, rng) if rng.random() < 0.5 else inside, poll.id)
        yield damaged(whole, rng) if rng.random() < 0.5 else whole

    def _sealed(self, line: EngineTransport, pdu: bytes, message_id: int) -> bytes:
        """Put a device's envelope around a PDU; SNMPv3's with its own keys, so that what is inside is read."""
        if isinstance(line.wire, UsmWire):
            line.wire._localise()
            return line.wire._sealed(pdu, message_id, line.wire.usm.flags, line.wire._user)
        version = 0 if line._key[1].version == "1" else 1
        return element(SEQUENCE, integer(version), element(OCTETS, b"c"), pdu)

    def _count(self, job: WalkJob | GetJob, poll: Poll) -> None:
        failure = job.failure if isinstance(job, GetJob) else job.result().failure
        blame = failure or poll.blame
        if isinstance(blame, CollectError):
            self.tally.refused += 1
            self.tally.errors[blame.kind] = self.tally.errors.get(blame.kind, 0) + 1
        else:
            self.tally.taken += 1

    def close(self) -> None:
        """Let the engine go."""
        for line in self._lines:
            self._engine.close(line._address)


def memory() -> float:
    """Return what this process takes, in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6
