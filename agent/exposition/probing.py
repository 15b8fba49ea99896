"""Polls a device because somebody asks for it now: one poll a device at a time, and few in all."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait

_log = logging.getLogger(__name__)

POLLS = 16  # in flight that were asked for
WAITERS = 48  # requests that wait for them: of the server's threads some are always left for /metrics

Poll = Callable[[str], Awaitable[object]]
"""Polls a device by its name, and shows the outcome in the metrics before it returns."""


class Busy(Exception):
    """As many polls are under way as may be."""


class Prober:
    """Polls on demand, in the daemon's loop. Asked from the threads of the HTTP server."""

    def __init__(
        self, poll: Poll, loop: asyncio.AbstractEventLoop, *, polls: int = POLLS, waiters: int = WAITERS
    ) -> None:
        self._poll = poll
        self._loop = loop
        self._polls = polls
        self._waiters = threading.BoundedSemaphore(waiters)
        self._flying: dict[str, Future[None]] = {}
        self._lock = threading.Lock()

    def ask(self, device: str, seconds: float) -> bool:
        """Poll a device, or join the poll of it that is under way; return whether it ended in time.

        One that takes longer goes on, and its outcome shows next time. Raises Busy.
        """
        if not self._waiters.acquire(blocking=False):
            raise Busy
        try:
            flying = self._start(device)
            done, _ = wait((flying,), seconds)
        finally:
            self._waiters.release()
        return flying in done and not flying.cancelled() and flying.exception() is None

    @property
    def flying(self) -> int:
        """How many polls are under way."""
        return len(self._flying)

    def _start(self, device: str) -> "Future[None]":
        with self._lock:
            if device in self._flying:
                return self._flying[device]
            if len(self._flying) >= self._polls:
                raise Busy
            polling = self._one(device)
            try:
                future = asyncio.run_coroutine_threadsafe(polling, self._loop)
            except RuntimeError:  # the loop has ended: the daemon stops
                polling.close()
                raise Busy from None
            self._flying[device] = future
        future.add_done_callback(lambda _: self._landed(device))
        return future

    def _landed(self, device: str) -> None:
        with self._lock:
            self._flying.pop(device, None)

    async def _one(self, device: str) -> None:
        try:
            await self._poll(device)
        except Exception:  # the edge of one device
            _log.exception("%s: the poll that was asked for failed", device)
            raise
