"""Carries objects between the daemon and its polling processes: what is as it was is not said again.

Both ends are this program, on this machine, and nobody else has the sockets: so objects are pickled.
"""

import asyncio
import pickle
import struct
from array import array
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from agent.metrics_text import Layout
from agent.poller import Message, Polled
from collectors.columns import Samples

LIMIT = 4 << 20  # bytes that are read ahead
PARTS = 1000  # of layouts that are shared: a fleet has few kinds of devices

_SIZE = struct.Struct("!I")
_NOTHING = Samples()
_NO_NUMBERS = array("H")
_NO_LAYOUT = Layout(_NO_NUMBERS, (), _NO_NUMBERS, _NO_NUMBERS, {}, b"", 0)

T = TypeVar("T")


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

    def __init__(self, *, samples: bool) -> None:
        """`samples`: the other end wants the figures as such, not only as text."""
        self._samples = samples
        self._last: dict[str, tuple[object, ...]] = {}

    def lean(self, message: Message) -> "Message | Same":
        """Return what to send of a message."""
        if not isinstance(message, Polled):
            return message
        shown = message.shown if self._samples else replace(message.shown, samples=_NOTHING)
        known = shown.block.layout, shown.top, message.calm, message.not_applicable
        last = self._last.get(message.device)
        self._last[message.device] = known
        if last is None or last[0] is not known[0] or last[1:] != known[1:]:
            return replace(message, shown=shown)
        shown = replace(shown, top={}, block=replace(shown.block, layout=_NO_LAYOUT))
        return Same(replace(message, shown=shown, calm=(), not_applicable=()))


class Filler:
    """Puts back what was left out. Parts that are alike for many devices are kept once."""

    def __init__(self) -> None:
        self._last: dict[str, Polled] = {}
        self._shared: dict[Any, Any] = {}

    def whole(self, message: "Message | Same") -> Message:
        """Return the message as it was told."""
        if isinstance(message, Same):
            polled, last = message.polled, self._last[message.polled.device]
            block = replace(polled.shown.block, layout=last.shown.block.layout)
            shown = replace(polled.shown, top=last.shown.top, block=block)
            return replace(polled, shown=shown, calm=last.calm, not_applicable=last.not_applicable)
        if isinstance(message, Polled):
            message = self._economical(message)
            nothing = replace(message.shown, samples=_NOTHING, block=replace(message.shown.block, values=b""))
            self._last[message.device] = replace(message, shown=nothing, judged=(), tracks={})
        return message

    def _economical(self, polled: Polled) -> Polled:
        laid_out = polled.shown.block.layout
        shared = replace(
            laid_out,
            order=self._array(laid_out.order),
            names=self._alike(laid_out.names, laid_out.names),
            counts=self._array(laid_out.counts),
            starts=self._array(laid_out.starts),
        )
        return replace(
            polled,
            shown=replace(polled.shown, block=replace(polled.shown.block, layout=shared)),
            calm=self._alike(polled.calm, polled.calm),
            not_applicable=self._alike(polled.not_applicable, polled.not_applicable),
        )

    def _array(self, numbers: "array[int]") -> "array[int]":
        return self._alike((numbers.typecode, numbers.tobytes()), numbers)

    def _alike(self, key: object, thing: T) -> T:
        if len(self._shared) >= PARTS:
            self._shared.clear()
        found: T = self._shared.setdefault(key, thing)
        return found
