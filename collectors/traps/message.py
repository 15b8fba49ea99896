"""A notification's message: SNMPv1 traps, v2c traps and informs, and the PDUs that SNMPv3 seals. No IO.

pysnmp's and pyasn1's forms open the envelope; variable bindings are read one by one, as in answers, so that one odd
value does not cost the trap.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Any, Literal

from pyasn1.codec.ber import encoder
from pyasn1.type import univ

from collectors.ber import Oid, arcs, dotted
from collectors.errors import BadData, CollectError
from collectors.model import Value
from collectors.snmp_forms import community_message, decode
from collectors.snmp_message import VarBind
from collectors.traps.forms import INFORM, Pdus, response, varbinds

Version = Literal["1", "2c", "3"]

MAX_VARBINDS = 200  # a notification: the largest known ones have some forty
SYS_UPTIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
TRAP_OID: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)  # SNMPv2-MIB snmpTrapOID.0
TRAP_ADDRESS: Oid = (1, 3, 6, 1, 6, 3, 18, 1, 3, 0)  # RFC 3584 snmpTrapAddress.0, put in by proxies
GENERIC: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 5)  # SNMPv2-MIB snmpTraps
ENTERPRISE_SPECIFIC = 6
MESSAGE = community_message(Pdus())


class Reason(StrEnum):
    """Why a datagram was dropped."""

    UNKNOWN_SOURCE = "unknown_source"  # no device of the inventory has this address
    RATE = "rate"  # more than its source's share
    QUEUE = "queue"  # too much waits to be opened
    KERNEL = "kernel"  # the socket's buffer was full
    MALFORMED = "malformed"
    CREDENTIALS = "credentials"  # a wrong community, user, key or security level
    REPLAY = "replay"  # authenticated, with an old clock
    UNSUPPORTED = "unsupported"  # another SNMP version, security model or PDU


class Dropped(CollectError):
    """A datagram that is not believed."""

    kind = "trap"

    def __init__(self, reason: Reason, message: str = "") -> None:
        self.reason = reason
        super().__init__(message or reason.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One trap or inform, as its sender means it."""

    version: Version
    trap: str  # snmpTrapOID, dotted
    varbinds: tuple[tuple[str, Value], ...] = ()  # (OID, value), without sysUpTime.0 and snmpTrapOID.0
    origin: str = ""  # the address it says it is from: agent-addr, snmpTrapAddress.0; believed of a relay only
    mark: bytes = b""  # equal for what is sent twice


@dataclass(frozen=True, slots=True)
class Pdu:
    """A PDU out of its message. `body` is of pyasn1."""

    kind: str  # trap1, trap, inform, get
    body: Any

    @property
    def confirmed(self) -> bool:
        return self.kind == INFORM


def version_of(datagram: bytes) -> int:
    """Return the version a message says it has: 0 is SNMPv1, 1 v2c, 3 v3. Raises BadData, Dropped for another."""
    size = datagram[1] if len(datagram) > 1 else 0
    start = 2 + (size & 0x7F if size & 0x80 else 0)
    if datagram[:1] != b"\x30" or datagram[start : start + 2] != b"\x02\x01" or len(datagram) < start + 3:
        raise BadData("a message without an SNMP version")
    version = datagram[start + 2]
    if version not in (0, 1, 3):
        raise Dropped(Reason.UNSUPPORTED, f"SNMP version number {version}")
    return version


def opened(datagram: bytes) -> tuple[Version, bytes, Pdu]:
    """Open a message of v1 or v2c; return also its community. Raises BadData, Dropped."""
    message = decode(datagram, MESSAGE)
    version: Version = "1" if int(message["version"]) == 0 else "2c"
    pdu = Pdu(message["data"].getName(), message["data"].getComponent())
    if pdu.kind == "get" or (pdu.kind == "trap1") != (version == "1"):
        raise Dropped(Reason.UNSUPPORTED, f"a {pdu.kind} PDU in SNMPv{version}")
    return version, message["community"].asOctets(), pdu


def read(pdu: Pdu, version: Version) -> Notification:
    """Return what a PDU says. Raises BadData."""
    return _of_v1(pdu.body) if pdu.kind == "trap1" else _of_v2(pdu.body, version)


def answer(pdu: Pdu) -> Any:
    """Return the Response PDU to an inform: its own request-id and variable bindings (RFC 3416, 4.2.7)."""
    body = response()
    body["request-id"] = int(pdu.body["request-id"])
    body["error-status"] = body["error-index"] = 0
    body["variable-bindings"] = pdu.body["variable-bindings"].asOctets()
    return body


def acknowledgement(community: bytes, pdu: Pdu) -> bytes:
    """Return the v2c message that answers an inform."""
    message = univ.Sequence()
    for position, part in enumerate((univ.Integer(1), univ.OctetString(community), answer(pdu))):
        message.setComponentByPosition(position, part)
    return bytes(encoder.encode(message))


def _mark(*parts: object) -> bytes:
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).digest()


def _bound(body: Any) -> tuple[VarBind, ...]:
    found = varbinds(body)
    if len(found) > MAX_VARBINDS:
        raise BadData(f"a notification with {len(found)} variable bindings (more than {MAX_VARBINDS})")
    return found


def _of_v1(body: Any) -> Notification:
    """Read a trap of SNMPv1 as one of v2 (RFC 3584, 3.1)."""
    enterprise, address = arcs(body["enterprise"].asOctets()), body["agent-addr"].asOctets()
    generic, specific = int(body["generic-trap"]), int(body["specific-trap"])
    if not (0 <= generic <= ENTERPRISE_SPECIFIC and 0 <= specific < 2**31 and len(address) == 4):
        raise BadData("a trap of SNMPv1 without a right number or address")
    found = _bound(body)
    trap = (*enterprise, 0, specific) if generic == ENTERPRISE_SPECIFIC else (*GENERIC, generic + 1)
    uptime = int(body["time-stamp"]) % 2**32
    return Notification(
        version="1",
        trap=dotted(trap),
        varbinds=tuple((dotted(each.oid), each.value) for each in found),
        origin="" if address == bytes(4) else str(IPv4Address(address)),
        mark=_mark(trap, address, uptime, found),
    )


def _of_v2(body: Any, version: Version) -> Notification:
    found = _bound(body)
    said = {each.oid: each.value for each in found}
    trap = said.get(TRAP_OID)
    if not isinstance(trap, str):
        raise BadData("a notification without snmpTrapOID")
    origin = said.get(TRAP_ADDRESS)
    return Notification(
        version=version,
        trap=trap,
        varbinds=tuple((dotted(each.oid), each.value) for each in found if each.oid not in (SYS_UPTIME, TRAP_OID)),
        origin=origin if isinstance(origin, str) else "",
        mark=_mark(trap, int(body["request-id"]) % 2**32, found),
    )
