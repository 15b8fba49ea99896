"""The ASN.1 forms of notifications, of pysnmp and pyasn1. Decides nothing. No IO."""

from typing import Any

from pyasn1.codec.ber import decoder
from pyasn1.type import namedtype, tag, univ
from pysnmp.proto.mpmod.rfc3412 import HeaderData

from collectors import ber, snmp_message
from collectors.ber import Oid
from collectors.errors import BadData
from collectors.snmp_message import VarBind

INFORM = "inform"
MAX_OID_OCTETS = 640  # 128 arcs of at most 5 octets (RFC 2578, 3.5)


def decode(octets: bytes, form: Any) -> Any:
    """Decode BER by an ASN.1 form; what follows is left alone. Raises BadData, whatever the octets."""
    try:
        return decoder.decode(octets, asn1Spec=form)[0]
    except Exception as error:  # pyasn1 also raises bare KeyError, TypeError, RecursionError
        raise BadData(f"{len(octets)} octets that are not SNMP: {octets[:16].hex()}") from error


def varbinds(body: Any) -> tuple[VarBind, ...]:
    """Read the variable bindings of a PDU, one by one. Raises BadData."""
    octets = body["variable-bindings"].asOctets()
    return snmp_message.varbinds(octets, *ber.content(octets, 0, len(octets), ber.SEQUENCE))


def oid_of(octets: bytes) -> Oid:
    """Read the content of an OBJECT IDENTIFIER. Raises BadData."""
    if len(octets) > MAX_OID_OCTETS:  # pyasn1 reads many arcs in quadratic time
        raise BadData(f"an OID of {len(octets)} octets")
    size = bytes([len(octets)]) if len(octets) < 0x80 else b"\x82" + len(octets).to_bytes(2)
    return tuple(decode(b"\x06" + size + octets, univ.ObjectIdentifier()))


def _context(number: int, payload: univ.Sequence) -> Any:
    return payload.subtype(implicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number))


def _tagged(payload: Any, kind: int, number: int) -> Any:
    return payload.subtype(implicitTag=tag.Tag(kind, tag.tagFormatSimple, number))


class Body(univ.Sequence):  # type: ignore[misc]
    """What every PDU but GetBulk and the SNMPv1 trap is made of (RFC 3416, 3), variable bindings unread."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("request-id", univ.Integer()),
        namedtype.NamedType("error-status", univ.Integer()),
        namedtype.NamedType("error-index", univ.Integer()),
        namedtype.NamedType("variable-bindings", univ.Any()),
    )


class _Trap1(univ.Sequence):  # type: ignore[misc]
    """RFC 1157, 4.1.6; the enterprise as octets, for `oid_of`."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("enterprise", _tagged(univ.OctetString(), tag.tagClassUniversal, 6)),
        namedtype.NamedType("agent-addr", _tagged(univ.OctetString(), tag.tagClassApplication, 0)),
        namedtype.NamedType("generic-trap", univ.Integer()),
        namedtype.NamedType("specific-trap", univ.Integer()),
        namedtype.NamedType("time-stamp", _tagged(univ.Integer(), tag.tagClassApplication, 3)),
        namedtype.NamedType("variable-bindings", univ.Any()),
    )


class Pdus(univ.Choice):  # type: ignore[misc]
    """The PDUs that come to a receiver; a Get finds out its engine (RFC 3414, 4)."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("get", _context(0, Body())),
        namedtype.NamedType("trap1", _context(4, _Trap1())),
        namedtype.NamedType(INFORM, _context(6, Body())),
        namedtype.NamedType("trap", _context(7, Body())),
    )


class CommunityMessage(univ.Sequence):  # type: ignore[misc]
    """RFC 1157, 4 and RFC 1901, 3."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("version", univ.Integer()),
        namedtype.NamedType("community", univ.OctetString()),
        namedtype.NamedType("data", Pdus()),
    )


class Message(univ.Sequence):  # type: ignore[misc]
    """RFC 3412, 6, security parameters and data unread."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("version", univ.Integer()),
        namedtype.NamedType("header", HeaderData()),
        namedtype.NamedType("security", univ.OctetString()),
        namedtype.NamedType("data", univ.Any()),
    )


class ScopedPdu(univ.Sequence):  # type: ignore[misc]
    """RFC 3412, 6, the PDU unread."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("engine", univ.OctetString()),
        namedtype.NamedType("context", univ.OctetString()),
        namedtype.NamedType("data", univ.Any()),
    )


def response() -> Any:
    """Return an empty Response PDU."""
    return _context(2, Body())
