"""SNMP requests as bytes, and bytes as answers: PDUs, values, and the v1 and v2c message around them. No IO.

pysnmp builds the messages and opens their envelopes. The variable bindings are read here, one by one: pysnmp gives up
a whole answer for one value out of its type's range, as devices do send (a Counter32 with the sign bit, an empty OID).
"""

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, NamedTuple, Protocol

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import namedtype, tag, univ
from pysnmp.proto.api import v2c

from collectors.errors import BadData, CollectError, TimedOut
from collectors.model import Value

MAX_ARCS = 128  # RFC 2578, 3.5
MAX_VARBINDS = 10_000  # an answer

Oid = tuple[int, ...]


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
    """Not an answer to what was asked. `blame` is what it was, should nothing better come."""

    blame: CollectError


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


# ---- envelopes ----


def _context(number: int, payload: univ.Sequence) -> univ.Sequence:
    return payload.subtype(implicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number))


class _Response(univ.Sequence):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(
        namedtype.NamedType("request-id", univ.Integer()),
        namedtype.NamedType("error-status", univ.Integer()),
        namedtype.NamedType("error-index", univ.Integer()),
        namedtype.NamedType("variable-bindings", univ.Any()),
    )


class Pdus(univ.Choice):  # type: ignore[misc]
    """The PDUs a device may send us (RFC 3416): Response and Report, variable bindings unread."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("response", _context(2, _Response())),
        namedtype.NamedType("report", _context(8, _Response())),
    )


class _Message(univ.Sequence):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(
        namedtype.NamedType("version", univ.Integer()),
        namedtype.NamedType("community", univ.OctetString()),
        namedtype.NamedType("data", Pdus()),
    )


def decode(octets: bytes, form: Any) -> Any:
    """Decode BER by an ASN.1 form; what follows is left alone. Raises BadData, whatever the octets."""
    try:
        return decoder.decode(octets, asn1Spec=form)[0]
    except Exception as error:  # pyasn1 also raises bare KeyError, TypeError, RecursionError
        raise BadData(f"{len(octets)} octets that are not SNMP: {octets[:16].hex()}") from error


def request_pdu(request: Request, request_id: int) -> Any:
    """Return the PDU of a request. There is no SetRequest here."""
    api = v2c.apiPDU
    if request.kind == "bulk":
        pdu = v2c.GetBulkRequestPDU()
        api = v2c.apiBulkPDU
        api.set_defaults(pdu)
        api.set_max_repetitions(pdu, request.repetitions)
    else:
        pdu = v2c.GetRequestPDU() if request.kind == "get" else v2c.GetNextRequestPDU()
        api.set_defaults(pdu)
    api.set_request_id(pdu, request_id)
    api.set_varbinds(pdu, [(oid, v2c.null) for oid in request.oids])
    return pdu


def read_response(pdu: Any, request_id: int) -> Answer:
    """Read the Response to this request. Raises BadData, or TimedOut when it is one to another."""
    if int(pdu["request-id"]) != request_id:
        raise TimedOut("only answers to other requests came in time")
    return Answer(int(pdu["error-status"]), int(pdu["error-index"]), varbinds_of(pdu))


def varbinds_of(pdu: Any) -> tuple[VarBind, ...]:
    """Read the variable bindings of a PDU. Raises BadData."""
    return tuple(_varbinds(pdu["variable-bindings"].asOctets()))


class CommunityWire:
    """SNMPv1 and v2c: the community in clear (RFC 1157, 1901)."""

    def __init__(self, version: Literal["1", "2c"], community: str) -> None:
        self._version = 0 if version == "1" else 1
        self._community = community.encode()

    def message(self, request: Request, request_id: int) -> bytes:
        message = v2c.Message()
        v2c.apiMessage.set_defaults(message)
        message.setComponentByPosition(0, self._version)
        v2c.apiMessage.set_community(message, self._community)
        v2c.apiMessage.set_pdu(message, request_pdu(request, request_id))
        return bytes(encoder.encode(message))

    def read(self, datagram: bytes, request_id: int) -> Answer | Ignored:
        try:
            message = decode(datagram, _Message())
            if (int(message["version"]), message["community"].asOctets()) != (self._version, self._community):
                raise TimedOut("only answers with another community or SNMP version came in time")
            if message["data"].getName() != "response":
                raise BadData("answered with a Report, which only SNMPv3 has")
            return read_response(message["data"].getComponent(), request_id)
        except (BadData, TimedOut) as error:
            return Ignored(error)

    def silence(self) -> CollectError:
        return TimedOut("no answer (device down, SNMP off or filtered, or another community)")


# ---- variable bindings ----


def _varbinds(octets: bytes) -> Iterator[VarBind]:
    at, end = _content(octets, 0, len(octets), 0x30)
    found = 0
    while at < end:
        found += 1
        if found > MAX_VARBINDS:
            raise BadData(f"an answer with more than {MAX_VARBINDS:,} variable bindings")
        inner, at = _content(octets, at, end, 0x30)
        name, value = _content(octets, inner, at, 0x06)
        kind, start, stop = _tlv(octets, value, at)
        yield VarBind(_arcs(octets[name:value]), _value(kind, octets[start:stop]), end=kind == 0x82)


def _content(octets: bytes, at: int, end: int, kind: int) -> tuple[int, int]:
    found, start, stop = _tlv(octets, at, end)
    if found != kind:
        raise BadData(f"a variable binding with ASN.1 tag {found:#04x} where {kind:#04x} belongs")
    return start, stop


def _tlv(octets: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return the tag of the element at `at`, and where its content begins and ends."""
    if at + 2 > end:
        raise BadData("an answer that ends within a variable binding")
    kind, length, start = octets[at], octets[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:  # 0: the indefinite form, which RFC 3417, 8 forbids
            raise BadData(f"a variable binding with a length of {size} octets")
        length, start = int.from_bytes(octets[start : start + size]), start + size
    if start + length > end:
        raise BadData("a variable binding longer than its answer")
    return kind, start, start + length


def _arcs(octets: bytes) -> Oid:
    """Decode an OBJECT IDENTIFIER (X.690, 8.19). Raises BadData."""
    if not octets or octets[-1] & 0x80 or len(octets) > MAX_ARCS * 5:
        raise BadData(f"{len(octets)} octets that are no OID: {octets[:16].hex()}")
    arcs: list[int] = []
    arc = 0
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    arcs[:1] = [first, arcs[0] - 40 * first]
    if len(arcs) > MAX_ARCS or max(arcs) >= 2**32:
        raise BadData(f"an OID of {len(arcs)} arcs up to {max(arcs):,} (RFC 2578 allows {MAX_ARCS}, up to 2^32 - 1)")
    return tuple(arcs)


def dotted(oid: Oid) -> str:
    """Write an OID as model.SnmpTransport does."""
    return ".".join(map(str, oid))


def _value(kind: int, octets: bytes) -> Value:
    """Return a value by its tag (RFC 2578, RFC 3416); None for the exceptions, and for what is no value of its type."""
    read = _READ.get(kind)
    return None if read is None else read(octets)


def _integer(octets: bytes) -> Value:
    return int.from_bytes(octets, signed=True) if 1 <= len(octets) <= 9 else None


def _unsigned(bits: int) -> Callable[[bytes], Value]:
    """Devices that leave out the leading zero octet mean 2^32 - 1 by ff ff ff ff, not -1."""

    def read(octets: bytes) -> Value:
        return int.from_bytes(octets, signed=True) % 2**bits if 1 <= len(octets) <= 9 else None

    return read


def _oid_text(octets: bytes) -> Value:
    try:
        return dotted(_arcs(octets)) if octets else "0.0"
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


_READ: dict[int, Callable[[bytes], Value]] = {
    0x02: _integer,
    0x04: bytes,
    0x06: _oid_text,
    0x40: _address,
    0x41: _unsigned(32),
    0x42: _unsigned(32),
    0x43: _unsigned(32),
    0x44: _opaque,
    0x46: _unsigned(64),
    0x47: _unsigned(32),
}
