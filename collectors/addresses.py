"""Where a walk has addresses and MACs: columns that hold their octets, and indices of rows. Pure."""

import re
from collections.abc import Collection, Iterator, Sequence

MACS = (
    "1.3.6.1.2.1.2.2.1.6",  # ifPhysAddress
    "1.3.6.1.2.1.17.1.1",  # dot1dBaseBridgeAddress
    "1.0.8802.1.1.2.1.3.2",  # lldpLocChassisId
    "1.0.8802.1.1.2.1.4.1.1.5",  # lldpRemChassisId
)
"""Columns whose six octets are a MAC, even if they could be a text."""
BRIDGES = (
    "1.3.6.1.2.1.17.2.5",  # dot1dStpDesignatedRoot
    "1.3.6.1.2.1.17.2.15.1.6",  # dot1dStpPortDesignatedRoot
    "1.3.6.1.2.1.17.2.15.1.8",  # dot1dStpPortDesignatedBridge
)
"""Columns of bridges' IDs: a MAC behind two octets of priority."""
ADDRESSES = (
    "1.3.6.1.4.1.9.9.23.1.2.1.1.4",  # cdpCacheAddress
    "1.3.6.1.4.1.9.9.23.1.2.1.1.20",  # cdpCachePrimaryMgmtAddr
    "1.3.6.1.4.1.9.9.23.1.2.1.1.22",  # cdpCacheSecondaryMgmtAddr
)
"""Columns whose four or sixteen octets are an address."""
LLDP_IDS = (
    "1.0.8802.1.1.2.1.3.2",  # lldpLocChassisId
    "1.0.8802.1.1.2.1.3.7.1.3",  # lldpLocPortId
    "1.0.8802.1.1.2.1.4.1.1.5",  # lldpRemChassisId
    "1.0.8802.1.1.2.1.4.1.1.7",  # lldpRemPortId
)
"""Columns that may hold an address, and before it an octet of its family: 1 is IPv4, 2 IPv6."""
BITMAPS = (
    "1.3.6.1.2.1.17.7.1.4.2.1",  # dot1qVlanCurrentTable
    "1.3.6.1.2.1.17.7.1.4.3.1",  # dot1qVlanStaticTable
)
"""Where six octets are 48 ports."""
INDEXED = {
    "1.3.6.1.2.1.4.32.1": 2,  # ipAddressPrefixTable: behind ifIndex
    "1.3.6.1.2.1.4.34.1": 1,  # ipAddressTable
    "1.3.6.1.2.1.4.37.1": 1,  # ipDefaultRouterTable
    "1.0.8802.1.1.2.1.1.7.1": 1,  # lldpConfigManAddrTable
    "1.0.8802.1.1.2.1.3.8.1": 1,  # lldpLocManAddrTable
    "1.0.8802.1.1.2.1.4.2.1": 4,  # lldpRemManAddrTable: behind time mark, port and neighbour
}
"""Entry → arcs between it and the kind of an address in its index: the column, and what is in the index before."""

_SIZES = {"1.4": 4, "2.16": 16, "3.8": 4, "4.20": 16, "6.6": 6}
"""Kind and size of an address → its arcs, without a zone's (RFC 4001 InetAddressType; 6 is a MAC to LLDP)."""
_IPV6 = re.compile(
    r"\.(?:2\.16|4\.20)\.((?:3[2-9]|[45]\d|6[0-3]|25[2-4])"  # 2000::/3, fc00::/7, fe80::/10
    r"(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){15})(?!\d)"
)


def below(oid: str, roots: Collection[str]) -> bool:
    """Say whether an OID is one of the roots or in a subtree of one."""
    return any(oid == root or oid.startswith(f"{root}.") for root in roots)


def held(oid: str, value: bytes) -> bytes:
    """Return the address or the MAC that is in a value of a column; nothing where none is known to be."""
    if len(value) == 6 and (below(oid, MACS) or (_like_a_mac(value) and not below(oid, BITMAPS))):
        return value
    if len(value) == 8 and below(oid, BRIDGES):
        return value[2:]
    if (len(value), value[:1]) in ((5, b"\1"), (17, b"\2")) and below(oid, LLDP_IDS):
        return value[1:]
    return value if below(oid, ADDRESSES) else b""


def _like_a_mac(value: bytes) -> bool:
    """Say whether six octets are rather a MAC than a text or some bits, whatever column they are of."""
    try:
        text = value.rstrip(b"\0\t\r\n ").decode()
    except UnicodeDecodeError:
        return True
    return not text.isprintable() and (not value.isascii() or (any(value[:3]) and any(value[3:])))


def start(oid: str) -> int:
    """Return at which arc of an OID the address in its index begins; 0 if it is of no table that is known for one."""
    entry = next((entry for entry in INDEXED if oid.startswith(f"{entry}.")), "")
    return entry.count(".") + 1 + INDEXED[entry] + 2 if entry else 0


def indexed(oid: str) -> Iterator[bytes]:
    """Yield the addresses and MACs in an OID's index: those of known tables, and IPv6 ones of any."""
    if at := start(oid):
        arcs = oid.split(".")
        yield _octets(arcs[at : at + _SIZES.get(".".join(arcs[at - 2 : at]), 0)])
    for found in _IPV6.finditer(oid):
        octets = _octets(found[1].split("."))
        if not (octets.isascii() and octets.decode().isprintable()):  # a text of 16 characters
            yield octets


def _octets(arcs: Sequence[str]) -> bytes:
    numbers = [int(arc) for arc in arcs]
    return bytes(numbers) if max(numbers, default=0) < 256 else b""
