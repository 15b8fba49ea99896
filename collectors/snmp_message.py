"""What is asked over SNMP and what is answered: requests, answers, and the values in them. No IO.

The variable bindings are read one by one: devices do send values out of their type's range (a Counter32 with the sign
bit, an empty OID), and one of those must not cost the others.
"""

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

from collectors import ber
from collectors.ber import Oid, dotted
from collectors.errors import BadData, CollectError, ProfileError, TimedOut
from collectors.model import Value

MAX_VARBINDS = 10_000  # an answer
MAX_AGAIN = 4  # times an SNMPv3 device may correct engine or clock within one try

OTHERS = "only answers to other requests came in time"
OF_ANOTHER_CONTEXT = "only answers of another SNMPv3 context came in time"
SHOWN = 4  # octets of what is no message: further on may be our community, which devices send back
RESPONSE, REPORT = 0xA2, 0xA8
END_OF_MIB = 0x82


class Status(IntEnum):
    """The error-status values (RFC 3416, 3) that reading has to tell apart."""

    OK = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2  # v1 only, in place of noSuchObject and endOfMibView
    AUTHORIZATION_ERROR = 16


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask: `bulk` with `repetitions` rows of each OID."""

    kind: Literal["get", "next", "bulk"]
    oids: tuple[Oid, ...]
    repetitions: int = 1


class VarBind(NamedTuple):
    """One variable binding; `end` is endOfMibView."""

    oid: Oid
    value: Value
    end: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the device said. `index` counts from 1 and names the variable binding that `status` is about; 0: none."""

    status: int
    index: int
    varbinds: tuple[VarBind, ...]


@dataclass(frozen=True, slots=True)
class Again:
    """The wire has learned what it lacked (SNMPv3 engine or clock): send the request again."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Not an answer to what was asked. `blame` is what it was, should nothing better come.

    `refused`: it says that the device will not answer, but anyone could have said so in its place.
    """

    blame: CollectError
    refused: bool = False


class Pdu(NamedTuple):
    """A Response or a Report, its variable bindings unread: their content is `octets[start:end]`."""

    kind: int
    request_id: int
    status: int
    about: int  # Answer.index
    octets: bytes
    start: int
    end: int

    def answer(self) -> Answer:
        """Read the variable bindings. Raises BadData."""
        return Answer(self.status, self.about, varbinds(self.octets, self.start, self.end))


class Wire(Protocol):
    """One device's messages, in one SNMP version."""

    def message(self, request: Request, request_id: int) -> bytes:
        """Return the datagram to send."""
        ...

    def read(self, datagram: bytes, request_id: int) -> Answer | Again | Ignored:
        """Return what a datagram says to this request. Raises CollectError where the device refuses to answer."""
        ...

    def silence(self) -> CollectError:
        """Return what it means that no answer came."""
        ...


@lru_cache(maxsize=16_384)  # profiles name the same ones for every device
def parsed(oid: str) -> Oid:
    """Read a dotted OID. Raises ProfileError."""
    parts = oid.split(".")
    arcs = tuple(int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 10)
    if not 2 <= len(parts) <= ber.MAX_ARCS or len(arcs) != len(parts):
        raise ProfileError(f"{oid!r} is not an OID (right form: 1.3.6.1.2.1.1.3.0)")
    if arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39) or max(arcs) >= 2**32:
        raise ProfileError(f"{oid!r} is not an OID: an arc is out of range")
    return arcs


def answer_to(pdu: Pdu, request_id: int) -> Pdu:
    """Return a Response if it is the one to this request. Raises BadData, or TimedOut when it is one to another."""
    if pdu.kind != RESPONSE:
        raise BadData("answered with a Report, which only SNMPv3 has")
    if pdu.request_id != request_id:
        raise TimedOut(OTHERS)
    return pdu


def not_snmp(octets: bytes) -> BadData:
    """Return what is said of octets that are no message."""
    return BadData(f"{len(octets)} octets that are not SNMP: {octets[:SHOWN].hex()}{'…' * (len(octets) > SHOWN)}")


# ---- variable bindings ----


Binding = tuple[bytes, int, bytes]
"""One variable binding as it came: the octets of its name, and the tag and octets of its value."""


def bindings(octets: bytes, at: int, end: int) -> Iterator[Binding]:
    """Yield what a list of variable bindings holds; `at` and `end` are those of its content. Raises BadData."""
    found = 0
    while at < end:
        found += 1
        if found > MAX_VARBINDS:
            raise BadData(f"an answer with more than {MAX_VARBINDS:,} variable bindings")
        inner, at = ber.content(octets, at, end, ber.SEQUENCE)
        name, value = ber.content(octets, inner, at, ber.OBJECT)
        if value + 2 <= at and octets[value + 1] == at - value - 2 < 0x80:  # as nearly all are
            yield octets[name:value], octets[value], octets[value + 2 : at]
            continue
        kind, start, stop = ber.read(octets, value, at)
        yield octets[name:value], kind, octets[start:stop]


def varbinds(octets: bytes, at: int, end: int) -> tuple[VarBind, ...]:
    """Read a list of variable bindings, `at` and `end` being those of its content. Raises BadData."""
    found = bindings(octets, at, end)
    return tuple(VarBind(ber.arcs(name), value(kind, raw), end=kind == END_OF_MIB) for name, kind, raw in found)


def value(kind: int, octets: bytes) -> Value:
    """Return a value by its tag (RFC 2578, RFC 3416); None for the exceptions, and for what is no value of its type."""
    return READERS[kind](octets)


def _integer(octets: bytes) -> Value:
    return int.from_bytes(octets, signed=True) if 1 <= len(octets) <= 9 else None


def _unsigned(bits: int) -> Callable[[bytes], Value]:
    """Devices that leave out the leading zero octet mean 2^32 - 1 by ff ff ff ff, not -1."""

    def read(octets: bytes) -> Value:
        return int.from_bytes(octets, signed=True) % 2**bits if 1 <= len(octets) <= 9 else None

    return read


def _oid_text(octets: bytes) -> Value:
    try:
        return dotted(ber.arcs(octets)) if octets else "0.0"
    except BadData:
        return None


def _address(octets: bytes) -> Value:
    return ".".join(map(str, octets)) if len(octets) == 4 else None


def _opaque(octets: bytes) -> Value:
    """Read net-snmp's numbers wrapped in an Opaque (NET-SNMP-TC Float, Double; Counter64, Integer64, Unsigned64)."""
    kind, number = octets[:2], octets[3:]
    if octets[2:3] != bytes([len(number) & 0xFF]) or not 1 <= len(number) <= 9:
        return octets
    if kind in (b"\x9f\x78", b"\x9f\x79") and len(number) in (4, 8):
        (real,) = struct.unpack(">f" if len(number) == 4 else ">d", number)
        return real if math.isfinite(real) else None
    if kind in (b"\x9f\x76", b"\x9f\x7a", b"\x9f\x7b"):
        return int.from_bytes(number, signed=kind == b"\x9f\x7a")
    return octets


def _nothing(octets: bytes) -> Value:
    return None


READERS: list[Callable[[bytes], Value]] = [_nothing] * 256
"""What reads a value, by its tag."""
READERS[0x02] = _integer
READERS[0x04] = bytes
READERS[0x06] = _oid_text
READERS[0x40] = _address
READERS[0x41] = READERS[0x42] = READERS[0x43] = READERS[0x47] = _unsigned(32)
READERS[0x44] = _opaque
READERS[0x46] = _unsigned(64)
