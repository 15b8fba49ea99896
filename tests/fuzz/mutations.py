"""Answers as a device would give them, and what becomes of octets on a bad day."""

import random
from collections.abc import Callable, Sequence

from collectors import ber
from collectors.snmp_message import RESPONSE

COLUMN = (1, 3, 6, 1, 2, 1, 2, 2, 1, 10)
SCALAR = (1, 3, 6, 1, 2, 1, 1, 1, 0)
MOST = 65_507  # octets of a UDP datagram

_OCTETS = (0x00, 0x01, 0x02, 0x04, 0x06, 0x1F, 0x30, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xA0, 0xA2, 0xA8, 0xFF)
_PIECES = (
    b"\x30\x80\x00\x00",
    b"\x02\x09" + b"\xff" * 9,
    b"\x06\x01\x80",
    b"\x04\x84\xff\xff\xff\xff",
    b"\x30\x84\x7f\xff\xff\xff",
    b"\x02\x82\x10\x00",
    b"%s%n{0.__class__}",
    b"\x1f\xff\xff\xff\x7f",
)


def binding(oid: Sequence[int], value: bytes) -> bytes:
    """Return a variable binding."""
    return ber.element(ber.SEQUENCE, ber.element(ber.OBJECT, ber.object_octets(tuple(oid))), value)


def values(rng: random.Random) -> bytes:
    """Return a value of some type, well formed or nearly."""
    kind = rng.choice((0x02, 0x04, 0x05, 0x06, 0x40, 0x41, 0x42, 0x43, 0x44, 0x46, 0x80, 0x81, 0x82, 0x5F))
    return ber.element(kind, rng.randbytes(rng.choice((0, 1, 2, 4, 5, 8, 9, 40, 200))))


def answer(request_id: int, bindings: Sequence[bytes], rng: random.Random) -> bytes:
    """Return the PDU of a Response."""
    status = rng.choice((0, 0, 0, 0, 0, 0, 1, 2, 5, 16, 300))
    numbers = map(ber.integer, (request_id, status, rng.choice((0, 1, -1, 10_000))))
    return ber.element(RESPONSE, *numbers, ber.element(ber.SEQUENCE, *bindings))


def rows(rng: random.Random) -> list[bytes]:
    """Return the variable bindings of a column: most often in order, with values of any kind."""
    indexes = [*range(1, rng.choice((1, 2, 4, 30)) + 1)]
    if rng.random() < 0.2:
        rng.shuffle(indexes)
    base = rng.choice((COLUMN, COLUMN, COLUMN, COLUMN[:-1], (*COLUMN, 200, 70_000)))
    return [binding((*base, index), values(rng)) for index in indexes]


# ---- damage ----


def _set(octets: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(octets))
    return octets[:at] + bytes((rng.choice((*_OCTETS, rng.randrange(256))),)) + octets[at + 1 :]


def _cut(octets: bytes, rng: random.Random) -> bytes:
    return octets[: rng.randrange(len(octets))]


def _lose(octets: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(octets))
    return octets[:at] + octets[at + rng.randint(1, 8) :]


def _repeat(octets: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(octets))
    return octets[:at] + octets[at : at + rng.randint(1, 60)] * rng.randint(2, 4) + octets[at:]


def _insert(octets: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(octets))
    return octets[:at] + rng.choice(_PIECES) + octets[at:]


def _nest(octets: bytes, rng: random.Random) -> bytes:
    at, head = rng.randrange(len(octets)), rng.choice((b"\x30\x80", b"\x30\x84\x00\x00\xff\xff", b"\xa2\x82\xff\xff"))
    return octets[:at] + head * rng.choice((3, 50, 5_000)) + octets[at:]


def _swell(octets: bytes, rng: random.Random) -> bytes:
    """Put in an element of tens of thousands of octets: an INTEGER, an OID, a string."""
    kind, filling = rng.choice(((0x02, b"\x7f"), (0x02, b"\xff"), (0x06, b"\x81"), (0x06, b"\x01"), (0x04, b"%")))
    at = rng.randrange(len(octets))
    return octets[:at] + ber.element(kind, filling * rng.choice((300, 60_000))) + octets[at:]


_DAMAGE: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _set,
    _set,
    _set,
    _cut,
    _lose,
    _repeat,
    _insert,
    _insert,
)
_RARE = (_nest, _swell)


def damaged(octets: bytes, rng: random.Random) -> bytes:
    """Return octets with one to four things wrong."""
    for _ in range(rng.randint(1, 4)):
        if octets:
            octets = rng.choice(_DAMAGE if rng.random() < 0.97 else _RARE)(octets, rng)
    return octets[:MOST]
