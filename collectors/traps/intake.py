"""Which datagrams are kept: each source has its share, settled before anything is opened. No IO; any thread may call.

So a storm of one source costs a look-up a datagram, fills its own queue only, and what is dropped is counted exactly.
"""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from collectors.traps.message import Reason

MAX_WAITING = 16 * 2**20  # octets of datagrams that wait to be opened, of all sources
MAX_STRANGERS = 1000  # addresses told apart of those that no device has


@dataclass(frozen=True, slots=True)
class Share:
    """What one source may send: so many datagrams a second, and so many at once after a quiet time."""

    rate: float = 20.0
    burst: int = 200  # a card of 48 ports that fails says so 48 times, and again when it is back
    octets: int = 2**18  # of those that wait to be opened: so that some sources do not fill the place of all


RELAY = Share(rate=400.0, burst=4000, octets=2**22)
"""Of one that forwards the traps of many devices."""


class Arrival(NamedTuple):
    """A datagram that is kept."""

    source: str
    address: Any  # where an answer goes, as the listener wants it
    datagram: bytes
    at: float  # of listener.clock


@dataclass(slots=True)
class _Source:
    share: Share
    tokens: float
    at: float = 0.0
    waiting: deque[Arrival] = field(default_factory=deque)
    octets: int = 0  # of those
    kept: int = 0
    dropped: int = 0  # of more than it may send, or than is kept at all

    def may(self, now: float, octets: int) -> bool:
        """Say whether one more is within the share, and count it (a token bucket)."""
        self.tokens = min(self.tokens + (now - self.at) * self.share.rate, float(self.share.burst))
        self.at = now
        if self.tokens < 1.0 or len(self.waiting) >= self.share.burst or self.octets + octets > self.share.octets:
            return False
        self.tokens -= 1.0
        return True


@dataclass(frozen=True, slots=True)
class Tally:
    """What came so far, and what of it was dropped here. `strangers` are addresses that no device has, since asked."""

    received: int
    dropped: Mapping[Reason, int]
    by_source: Mapping[str, tuple[int, int]]  # kept, dropped
    waiting: int


class Intake:
    """Queues what the sources may send, and hands it out one source after another."""

    def __init__(self, shares: Mapping[str, Share], *, max_waiting: int = MAX_WAITING) -> None:
        self._sources = {source: _Source(share, float(share.burst)) for source, share in shares.items()}
        self._max_waiting = max_waiting
        self._turn: deque[_Source] = deque()  # those with something waiting
        self._octets = 0
        self._received = 0
        self._dropped: Counter[Reason] = Counter()
        self._strangers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def offer(self, source: str, address: Any, datagram: memoryview, now: float) -> bool:
        """Keep a datagram, or drop and count it. Return whether it is the first that waits: wake who opens them."""
        with self._lock:
            self._received += 1
            of = self._sources.get(source)
            reason = self._refusal(source, of, len(datagram), now)
            if reason is not None or of is None:
                self._dropped[reason or Reason.UNKNOWN_SOURCE] += 1
                return False
            of.kept += 1
            if not of.waiting:
                self._turn.append(of)
            of.waiting.append(Arrival(source, address, bytes(datagram), now))
            first = self._octets == 0
            of.octets += len(datagram)
            self._octets += len(datagram)
            return first

    def _refusal(self, source: str, of: _Source | None, octets: int, now: float) -> Reason | None:
        if of is None:
            if source in self._strangers or len(self._strangers) < MAX_STRANGERS:
                self._strangers[source] += 1
            return Reason.UNKNOWN_SOURCE
        if octets == 0:  # no trap, nor part of a storm
            return Reason.MALFORMED
        if not of.may(now, octets):
            of.dropped += 1
            return Reason.RATE
        if self._octets + octets > self._max_waiting:
            of.dropped += 1
            return Reason.QUEUE
        return None

    def take(self) -> Arrival | None:
        """Return the next datagram: each source has its turn."""
        with self._lock:
            if not self._turn:
                return None
            of = self._turn.popleft()
            arrival = of.waiting.popleft()
            if of.waiting:
                self._turn.append(of)
            of.octets -= len(arrival.datagram)
            self._octets -= len(arrival.datagram)
            return arrival

    def dropped_of(self, source: str) -> int:
        """Return how many traps of a source were dropped here so far."""
        of = self._sources.get(source)
        return of.dropped if of else 0

    def tally(self) -> Tally:
        """Return what came so far."""
        with self._lock:
            return Tally(
                self._received,
                dict(self._dropped),
                {name: (of.kept, of.dropped) for name, of in self._sources.items() if of.kept or of.dropped},
                sum(len(of.waiting) for of in self._turn),
            )

    def strangers(self) -> dict[str, int]:
        """Return the addresses that no device has and what each sent since this was last asked, most first."""
        with self._lock:
            found, self._strangers = self._strangers, Counter()
        return dict(found.most_common())
