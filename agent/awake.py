"""Since when this process works without a break. While its machine was suspended nothing was read, either."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

BREAK = 60.0  # seconds by which the time of day runs ahead of the monotonic clock, which a suspended machine stops


class Awake:
    """Tells a suspended machine by its two clocks. A time of day that was set looks the same, and counts as a break."""

    def __init__(self, now: datetime, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._since, self._ahead = now, now.timestamp() - clock()

    def since(self, now: datetime) -> datetime:
        """Return when work began, or went on after the last break: then at the latest."""
        before, self._ahead = self._ahead, now.timestamp() - self._clock()
        if abs(self._ahead - before) > BREAK:
            self._since = now
        return self._since
