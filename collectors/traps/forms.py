"""The ASN.1 forms of notifications, of pysnmp and pyasn1. Decides nothing. No IO."""

from typing import Any

from pyasn1.type import namedtype, tag, univ

from collectors import ber, snmp_message
from collectors.snmp_forms import Body, context
from collectors.snmp_message import VarBind

INFORM = "inform"


def varbinds(body: Any) -> tuple[VarBind, ...]:
    """Read the variable bindings of a PDU, one by one. Raises BadData."""
    octets = body["variable-bindings"].asOctets()
    return snmp_message.varbinds(octets, *ber.content(octets, 0, len(octets), ber.SEQUENCE))


def _tagged(payload: Any, kind: int, number: int) -> Any:
    return payload.subtype(implicitTag=tag.Tag(kind, tag.tagFormatSimple, number))


class _Trap1(univ.Sequence):  # type: ignore[misc]
    """RFC 1157, 4.1.6; the enterprise as octets, for ber."""

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
        namedtype.NamedType("get", context(0, Body())),
        namedtype.NamedType("trap1", context(4, _Trap1())),
        namedtype.NamedType(INFORM, context(6, Body())),
        namedtype.NamedType("trap", context(7, Body())),
    )


def response() -> Any:
    """Return an empty Response PDU."""
    return context(2, Body())
