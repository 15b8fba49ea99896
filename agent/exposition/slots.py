"""Bounds how many do something at once, and tells who is at it that others wait."""

import threading


class Slots:
    """A few places, taken and given back. Any thread may ask."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)
        self._lock = threading.Lock()
        self._waiting = 0

    def take(self, seconds: float = 0) -> bool:
        """Take a place, waiting for one so long at most; say whether there was one."""
        if self._free.acquire(blocking=False):
            return True
        self._wait(1)
        try:
            return self._free.acquire(timeout=seconds)
        finally:
            self._wait(-1)

    def give_back(self) -> None:
        """Make room for the next."""
        self._free.release()

    def awaited(self) -> bool:
        """Say whether somebody waits for a place."""
        return self._waiting > 0

    def _wait(self, more: int) -> None:
        with self._lock:
            self._waiting += more
