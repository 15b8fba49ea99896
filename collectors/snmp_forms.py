"""ASN.1 forms of SNMP's messages for pyasn1, beside pysnmp's own: variable bindings and what is sealed stay unread.

pysnmp gives up a whole message for one value out of its type's range. No IO.
"""

from collections.abc import Sequence
from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import constraint, namedtype, tag, univ
from pysnmp.proto.mpmod.rfc3412 import HeaderData
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from collectors.snmp_message import not_snmp
from collectors.snmp_usm import MAX_SIZE, MODEL


def decode(octets: bytes, form: Any) -> Any:
    """Decode BER by an ASN.1 form; what follows is left alone. Raises BadData, whatever the octets."""
    try:
        found = decoder.decode(octets, asn1Spec=form)[0]
    except Exception as error:  # pyasn1 also raises bare KeyError, TypeError, RecursionError
        raise not_snmp(octets) from error
    if type(found) is not type(form) or not found.isValue:  # for some damaged tags pyasn1 returns bytes or `noValue`
        raise not_snmp(octets)
    return found


def context(number: int, payload: Any) -> Any:
    """Tag a PDU as one of SNMP's: 0 is a GetRequest (RFC 3416, 3)."""
    return payload.subtype(implicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number))


_NUMBER = univ.Integer().subtype(subtypeSpec=constraint.ValueRangeConstraint(-(2**63), 2**63 - 1))
"""One that can be shown: Python writes none of more than 4,300 digits."""


class Body(univ.Sequence):  # type: ignore[misc]
    """What every PDU but GetBulk and the SNMPv1 trap is made of (RFC 3416, 3)."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("request-id", _NUMBER),
        namedtype.NamedType("error-status", _NUMBER),
        namedtype.NamedType("error-index", _NUMBER),
        namedtype.NamedType("variable-bindings", univ.Any()),
    )


def community_message(pdus: univ.Choice) -> Any:
    """Return the form of a message of SNMPv1 or v2c with one of some PDUs (RFC 1157, 4; RFC 1901, 3)."""
    return univ.Sequence(
        componentType=namedtype.NamedTypes(
            namedtype.NamedType("version", univ.Integer()),
            namedtype.NamedType("community", univ.OctetString()),
            namedtype.NamedType("data", pdus),
        )
    )


class Message(univ.Sequence):  # type: ignore[misc]
    """A message of SNMPv3 (RFC 3412, 6)."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("version", univ.Integer()),
        namedtype.NamedType("header", HeaderData()),
        namedtype.NamedType("security", univ.OctetString()),
        namedtype.NamedType("data", univ.Any()),
    )


class ScopedPdu(univ.Sequence):  # type: ignore[misc]
    """RFC 3412, 6."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("engine", univ.OctetString()),
        namedtype.NamedType("context", univ.OctetString()),
        namedtype.NamedType("data", univ.Any()),
    )


def scoped(engine: bytes, context: bytes, pdu: Any) -> bytes:
    """Write a scoped PDU."""
    form = ScopedPdu()
    form["engine"], form["context"], form["data"] = engine, context, encoder.encode(pdu)
    return bytes(encoder.encode(form))


def security(engine: bytes, boots: int, seconds: int, *, user: bytes, code: bytes, salt: bytes) -> bytes:
    """Write USM's security parameters (RFC 3414, 2.4)."""
    form = UsmSecurityParameters()
    for position, value in enumerate((engine, boots, seconds, user, code, salt)):
        form.setComponentByPosition(position, value)
    return bytes(encoder.encode(form))


def security_of(message: Any) -> Sequence[Any]:
    """Return the security parameters of a message, in the order of `security`. Raises BadData."""
    form = decode(message["security"].asOctets(), UsmSecurityParameters())
    return [form.getComponentByPosition(position) for position in range(6)]


def message(message_id: int, flags: int, parameters: bytes, data: bytes) -> bytes:
    """Write a message of SNMPv3, its scoped PDU sealed or in clear."""
    form = Message()
    form["version"] = 3
    header = {"msgID": message_id, "msgMaxSize": MAX_SIZE, "msgFlags": bytes([flags]), "msgSecurityModel": MODEL}
    for name, value in header.items():
        form["header"][name] = value
    form["security"], form["data"] = parameters, data
    return bytes(encoder.encode(form))
