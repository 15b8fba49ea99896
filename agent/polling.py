"""When each device is polled: at its own interval and phase, at once when asked for, less often while it is silent."""

import asyncio
import heapq
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from operator import itemgetter

log = logging.getLogger(__name__)

STARTS_PER_SECOND = 100.0  # of the first polls; few devices are all polled within 10 s
GOLDEN = (5**0.5 - 1) / 2
"""The fractional parts of its multiples lie evenly between 0 and 1, however many in a row are taken, from wherever."""
AGAIN = 5.0  # seconds between polls of a device that are asked for
SILENT = 3  # polls in a row without an answer, after which a device is polled half as often; a quarter after twice that
LONGEST = 240.0  # seconds between two polls of a silent device, if its interval is not longer: before it goes stale

Poll = Callable[[str], Awaitable[bool]]
"""Polls a device by name; returns whether it answered. What it raises is logged, and costs no other device."""


@dataclass(slots=True)
class _Turn:
    """A device's place in the round."""

    device: str
    interval: float  # seconds
    due: float
    shift: float  # seconds from its first poll to its place in the round, forwards or back
    ticket: int = 0  # of its entry in the queue; an older entry counts no more
    running: bool = False
    wanted: bool = False  # out of turn
    asked_at: float = float("-inf")
    silent: int = 0  # polls in a row without an answer

    def pause(self) -> float:
        """Return the time to the next poll: silent devices hold up others least if they are asked seldom."""
        slower = 1 if self.silent < SILENT else 2 if self.silent < 2 * SILENT else 4
        return max(self.interval, min(self.interval * slower, LONGEST))


def _spread(intervals: Mapping[str, float], now: float) -> Iterator[_Turn]:
    """Yield turns that lie evenly over each interval, while the first polls are all made soon."""
    soon = max(10.0, len(intervals) / STARTS_PER_SECOND)
    for n, (device, interval) in enumerate(sorted(intervals.items(), key=itemgetter(1))):
        place = n * GOLDEN % 1
        first = min(interval, soon) * place
        shift = (interval * place - first + interval / 2) % interval - interval / 2
        yield _Turn(device, interval, now + first, shift)


class Polling:
    """Polls devices until told to stop. One task a poll under way, none for a device that waits."""

    def __init__(
        self,
        intervals: Mapping[str, float],
        poll: Poll,
        *,
        missed: Callable[[int], None] = lambda polls: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take each device's interval in seconds. `missed` is told of polls left out for one that took long."""
        self._poll = poll
        self._missed = missed
        self._clock = clock
        self._numbers = count(1)
        self._queue: list[tuple[float, int, _Turn]] = []
        self._news = asyncio.Event()
        self._polls: set[asyncio.Task[None]] = set()
        self._turns = {turn.device: turn for turn in _spread(intervals, clock())}
        for turn in self._turns.values():
            self._line_up(turn)

    @property
    def running(self) -> int:
        """How many polls are under way."""
        return len(self._polls)

    def is_running(self, device: str) -> bool:
        """Say whether a poll of a device is under way."""
        return device in self._turns and self._turns[device].running

    def soon(self, device: str) -> None:
        """Poll a device out of turn: now, after the poll under way, or some seconds after it was last asked for."""
        turn = self._turns.get(device)
        if turn is None or turn.wanted:
            return
        turn.wanted = True
        if not turn.running:
            self._line_up(turn)
            self._news.set()

    async def run(self, stop: asyncio.Event, grace: float) -> None:
        """Poll until `stop` is set; then let polls under way end, and those asked for, for `grace` seconds."""
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._news.set())
        try:
            while not stop.is_set():
                self._news.clear()
                self._start_what_is_due()
                await self._wait()
        finally:
            stopping.cancel()
        for turn in [turn for turn in self._turns.values() if turn.wanted and not turn.running]:
            self._start(turn, self._clock())
        if self._polls:
            _, late = await asyncio.wait(self._polls, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            self._polls.clear()

    def _line_up(self, turn: _Turn) -> None:
        at = min(turn.due, turn.asked_at + AGAIN) if turn.wanted else turn.due
        turn.ticket = next(self._numbers)
        heapq.heappush(self._queue, (at, turn.ticket, turn))

    def _start_what_is_due(self) -> None:
        now = self._clock()
        while self._queue and self._queue[0][0] <= now:
            _, ticket, turn = heapq.heappop(self._queue)
            if ticket == turn.ticket:
                self._start(turn, now)

    def _start(self, turn: _Turn, now: float) -> None:
        turn.running = True
        if turn.wanted:
            turn.wanted, turn.asked_at = False, now
        task = asyncio.create_task(self._take(turn), name=f"poll {turn.device}")
        self._polls.add(task)
        task.add_done_callback(self._polls.discard)

    async def _take(self, turn: _Turn) -> None:
        try:
            answered = await self._poll(turn.device)
            turn.silent = 0 if answered else turn.silent + 1
        except Exception:  # the edge of one device: a fault of ours here costs the others nothing
            log.exception("%s: this poll failed", turn.device)
        now = self._clock()
        if turn.due <= now:  # it was its turn, or is by now
            missed = max(0, int((now - turn.due) // turn.interval))
            self._missed(missed)
            turn.due += max(turn.interval * (1 + missed), turn.pause()) + turn.shift
            turn.shift = 0.0
        turn.running = False
        self._line_up(turn)
        self._news.set()

    async def _wait(self) -> None:
        """Wait until the next poll is due, or something else was lined up."""
        if self._queue:
            try:
                async with asyncio.timeout(max(0.0, self._queue[0][0] - self._clock())):
                    await self._news.wait()
            except TimeoutError:
                return
        else:
            await self._news.wait()
