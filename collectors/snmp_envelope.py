"""What is around the data of an SNMPv3 message (RFC 3412, 6; RFC 3414, 2.4), as it is received. No IO.

A device's messages differ from each other only by ID, time, authentication code and salt, most of the time. So what one
of them was is kept, and the next is compared with it; any other is read from the start.
"""

from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from collectors import ber
from collectors.errors import BadData

_ID_SIZE = 4  # octets of the IDs that we give
_MAX_TIME = 4  # octets of an engine time


class Envelope(NamedTuple):
    """The header and security parameters of a message. Its data begins at `data`, and it ends at `end`."""

    version: int
    flags: int
    model: int
    engine: bytes
    boots: int
    user: bytes
    code_size: int
    # in what follows messages differ
    message_id: int
    seconds: int
    code_at: int
    salt: bytes
    data: int
    end: int


Same = tuple[int, int, int, bytes, int, bytes, int]
"""What an Envelope begins with."""


def read(datagram: bytes) -> Envelope:
    """Read an envelope. Raises BadData."""
    return _read(datagram)[0]


def _read(datagram: bytes) -> tuple[Envelope, int, int]:
    """Return an envelope, and where the content of its message ID and of its time begin."""
    at, end = ber.content(datagram, 0, len(datagram), ber.SEQUENCE)
    version, at = ber.number(datagram, at, end)
    at, head = ber.content(datagram, at, end, ber.SEQUENCE)
    id_at = at + 2
    message_id, at = ber.number(datagram, at, head)
    _, at = ber.number(datagram, at, head)  # the size that its sender takes
    flags, at = ber.string(datagram, at, head)
    model, _ = ber.number(datagram, at, head)
    if len(flags) != 1:
        raise BadData(f"msgFlags of {len(flags)} octets")
    at, data = ber.content(datagram, head, end, ber.OCTETS)
    at, stop = ber.content(datagram, at, data, ber.SEQUENCE)
    engine, at = ber.string(datagram, at, stop)
    boots, at = ber.number(datagram, at, stop)
    seconds_at = at + 2
    seconds, at = ber.number(datagram, at, stop)
    user, at = ber.string(datagram, at, stop)
    code, at = ber.content(datagram, at, stop, ber.OCTETS)
    salt, _ = ber.string(datagram, at, stop)
    if not (0 <= boots < 2**31 and 0 <= seconds < 2**31):  # RFC 3414, 2.4
        raise BadData("an engine time out of range")
    same: Same = (version, flags[0], model, engine, boots, user, at - code)
    return Envelope(*same, message_id, seconds, code, salt, data, end), id_at, seconds_at


class Known:
    """A message that was read, by which those that differ from it only where they have to are read quickly."""

    __slots__ = ("_code", "_fixed", "_layout", "_same")

    def __init__(self, same: Same, fixed: tuple[bytes, ...], layout: Struct, code: int) -> None:
        self._same = same
        self._fixed = fixed  # the octets before the ID, after it, after the time, and after the code
        self._layout = layout
        self._code = code  # where the code is, from the content's begin

    def read(self, datagram: bytes) -> Envelope | None:
        """Read an envelope; None for one that has to be read from the start. Raises BadData."""
        at, end = ber.content(datagram, 0, len(datagram), ber.SEQUENCE)
        data = at + self._layout.size
        if data > end:
            return None
        front, message_id, middle, time, tail, gap, salt = self._layout.unpack_from(datagram, at)
        if (front, middle, tail, gap) != self._fixed or time[0] & 0x80:
            return None
        return Envelope(*self._same, message_id, int.from_bytes(time), at + self._code, salt, data, end)


def known(datagram: bytes) -> Known | None:
    """Return how to read others like this message; None for one of an unusual form. Raises BadData."""
    at, _ = ber.content(datagram, 0, len(datagram), ber.SEQUENCE)
    envelope, id_at, seconds_at = _read(datagram)
    id_end, seconds_end = id_at + datagram[id_at - 1], seconds_at + datagram[seconds_at - 1]
    code_end, salt_at = envelope.code_at + envelope.code_size, envelope.data - len(envelope.salt)
    usual = id_end == id_at + _ID_SIZE and seconds_end <= seconds_at + _MAX_TIME and salt_at == code_end + 2
    if not usual:
        return None
    parts = ((at, id_at), (id_end, seconds_at), (seconds_end, envelope.code_at), (code_end, salt_at))
    fixed = tuple(datagram[start:stop] for start, stop in parts)
    front, middle, tail, gap = fixed
    time, salt = seconds_end - seconds_at, len(envelope.salt)
    form = f">{len(front)}si{len(middle)}s{time}s{len(tail)}s{envelope.code_size}x{len(gap)}s{salt}s"
    return Known(envelope[:7], fixed, _layout(form), envelope.code_at - at)


_layout = lru_cache(maxsize=1_024)(Struct)  # most devices of a vendor share one
