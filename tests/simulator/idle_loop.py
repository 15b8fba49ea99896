"""An event loop whose clock stands still while anything can happen, and then goes to the next timer at once.

Time-outs cost no time, and never come before an answer on loopback, however busy the machine is. A test module says
`LOOP = IdleLoop` to run on it.
"""

import asyncio
import selectors
from typing import Any

THREADS = 0.005  # seconds that threads (name look-ups) get to report before the clock goes on


class IdleLoop(asyncio.SelectorEventLoop):
    """Its time is no wall clock: work takes none, waiting takes what it says."""

    def __init__(self, threads: float = THREADS) -> None:
        """Take the seconds that threads get at every jump of the clock: none where all is done in the loop."""
        self._now = 0.0
        self.threads = threads
        super().__init__(_IdleSelector(self))

    def time(self) -> float:
        return self._now

    def skip(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


def idle_loop() -> IdleLoop:
    """Return the loop that a test runs on."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, IdleLoop)
    return loop


class _IdleSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self, loop: IdleLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        ready = super().select(timeout if timeout is None else min(timeout, self._loop.threads))
        if not ready and timeout:
            self._loop.skip(timeout)
        return ready
