"""How many requests may be under way on one socket: as many as their answers fit in its buffer, if all came at once.

The others wait their turn; their time-out begins when they are sent. No IO.
"""

from collections import deque
from collections.abc import Callable

Waiting = tuple[int, Callable[[], None]]
"""The room that an answer needs, and what sends its request, unless nobody waits for it any more."""


class Window:
    """Shares out the room of a socket's buffer, in octets."""

    __slots__ = ("_left", "_opening", "_room", "_waiting")

    def __init__(self, room: int) -> None:
        self._room = self._left = room
        self._waiting: deque[Waiting] = deque()
        self._opening = False

    def enter(self, octets: int) -> bool:
        """Take room for an answer, and say whether there was any. What is larger than all goes alone."""
        if octets and (self._waiting or self._is_full(octets)):
            return False
        self._left -= octets
        return True

    def wait(self, octets: int, send: Callable[[], None]) -> None:
        """Have a request sent in its turn, when there is room for its answer: `send` has to take that then."""
        self._waiting.append((octets, send))

    def take(self, octets: int) -> None:
        """Take the room of a request whose turn it is."""
        self._left -= octets

    def leave(self, octets: int) -> None:
        """Give room back, and let in those who wait for it."""
        self._left += octets
        if not self._waiting or self._opening:  # a request that fails at once gives back while others are let in
            return
        self._opening = True
        try:
            while self._waiting and not self._is_full(self._waiting[0][0]):
                self._waiting.popleft()[1]()
        finally:
            self._opening = False

    def _is_full(self, octets: int) -> bool:
        return octets > self._left < self._room
