"""SNMPv3 messages made by hand, by pysnmp's forms."""

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import univ
from pysnmp.proto.api import v2c
from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters


def report(to: bytes, *, engine: bytes, number: int = 0, boots: int = 1, oid: tuple[int, ...] | None = None) -> bytes:
    """Return an unauthenticated Report of usmStats `number` to a message."""
    asked_with, _ = decoder.decode(to, asn1Spec=SNMPv3Message())
    security = UsmSecurityParameters()
    for position, value in enumerate((engine, boots, 100, b"", b"", b"")):
        security[position] = value
    pdu = v2c.ReportPDU()
    v2c.apiPDU.set_defaults(pdu)
    v2c.apiPDU.set_varbinds(pdu, [(oid or (1, 3, 6, 1, 6, 3, 15, 1, 1, number, 0), v2c.Counter32(1))])
    message = SNMPv3Message()
    message[0] = 3
    for position, value in enumerate((asked_with[1][0], 65507, b"\x00", 3)):
        message[1][position] = value
    message[2] = univ.OctetString(encoder.encode(security))
    scoped = message[3]["plaintext"]
    scoped[0], scoped[1] = engine, b""
    scoped[2].setComponentByType(pdu.tagSet, pdu)
    return bytes(encoder.encode(message))
