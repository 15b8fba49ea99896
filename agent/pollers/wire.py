"""Carries objects between the daemon and its polling processes: what is as it was is not said again.

Both ends are this program, on this machine, and nobody else has the sockets: so objects are pickled.
"""

import asyncio
import pickle
import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.metrics_text import Layout, economical
from agent.poller import Message, Polled

LIMIT = 4 << 20  # bytes that are read ahead

Names = tuple[str, ...]
MAX_NAMES = 1000  # kinds of lists of checks that are kept once

_SIZE = struct.Struct("!I")
_NO_NUMBERS = array("H")
_NO_LAYOUT = Layout(_NO_NUMBERS, (), _NO_NUMBERS, _NO_NUMBERS, {}, b"", 0)


def framed(thing: object) -> bytes:
    """Return an object as bytes, its size before it."""
    body = pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
    return _SIZE.pack(len(body)) + body


async def received(reader: asyncio.StreamReader) -> Any:
    """Return the next object. Raises asyncio.IncompleteReadError at the end."""
    (size,) = _SIZE.unpack(await reader.readexactly(_SIZE.size))
    return pickle.loads(await reader.readexactly(size))  # noqa: S301 - see above


@dataclass(frozen=True, slots=True)
class Batch:
    """What a polling process tells at a time, and how it is."""

    messages: "tuple[Message | Same, ...]"
    running: int  # polls under way
    late: float  # seconds by which its loop is late
    cpu: float  # seconds used
    memory: int  # bytes in RAM


@dataclass(frozen=True, slots=True)
class Same:
    """A poll that has labels, layout and names of checks as the last one of its device."""

    polled: Polled


class Leaner:
    """Leaves out what the other end knows of a device."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[object, ...]] = {}

    def lean(self, message: Message) -> "Message | Same":
        """Return what to send of a message."""
        if not isinstance(message, Polled):
            return message
        shown = message.shown
        known = shown.block.layout, shown.top, message.calm, message.not_applicable
        last = self._last.get(message.device)
        self._last[message.device] = known
        if last is None or last[0] is not known[0] or last[1:] != known[1:]:
            return message
        shown = replace(shown, top={}, block=replace(shown.block, layout=_NO_LAYOUT))
        return Same(replace(message, shown=shown, calm=(), not_applicable=()))


class Filler:
    """Puts back what was left out. Parts that are alike for many devices are kept once."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Layout, Mapping[str, str], Names, Names]] = {}
        self._names: dict[Names, Names] = {}  # of checks: devices of one kind have the same

    def whole(self, message: "Message | Same") -> Message:
        """Return the message as it was told."""
        match message:
            case Same():
                return self._filled(message.polled)
            case Polled():
                laid_out = economical(message.shown.block.layout)
                calm, not_applicable = self._once(message.calm), self._once(message.not_applicable)
                self._last[message.device] = laid_out, message.shown.top, calm, not_applicable
                return self._filled(message)
        return message

    def _filled(self, polled: Polled) -> Polled:
        laid_out, top, calm, not_applicable = self._last[polled.device]
        shown = replace(polled.shown, top=top, block=replace(polled.shown.block, layout=laid_out))
        return replace(polled, shown=shown, calm=calm, not_applicable=not_applicable)

    def _once(self, names: Names) -> Names:
        if len(self._names) >= MAX_NAMES:
            self._names.clear()
        return self._names.setdefault(names, names)
