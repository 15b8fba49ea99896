"""BER, as far as SNMP uses it (X.690; RFC 3417, 8): octets as elements and OIDs, and those as octets. No IO.

Every read is bounded by the octets that hold it, whatever they are, and raises BadData.
"""

from collections.abc import Iterable

from collectors.errors import BadData

MAX_ARCS = 128  # RFC 2578, 3.5
MAX_ARC = 2**32 - 1
MAX_OID = MAX_ARCS * 5  # octets
MAX_INTEGER = 9  # octets: a Counter64 with a leading zero
MAX_KNOWN = 65_536  # entries of a memory
MAX_KEPT = 48  # octets of one: an IPv6 address and two numbers have less. Longer ones would take 7 kB each

INTEGER, OCTETS, NULL, OBJECT, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30

Oid = tuple[int, ...]


# ---- to octets ----


def element(kind: int, *contents: bytes) -> bytes:
    """Return an element: its tag, its length in as few octets as it takes, and its content."""
    content = b"".join(contents)
    return bytes((kind,)) + length(len(content)) + content


_LENGTHS = [bytes((size,)) for size in range(0x80)]


def length(size: int) -> bytes:
    """Return the octets that say how long a content is."""
    if size < 0x80:
        return _LENGTHS[size]
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((0x80 | len(octets),)) + octets


def integer(number: int) -> bytes:
    """Return an INTEGER."""
    return element(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, signed=True))


def object_octets(oid: Oid) -> bytes:
    """Return the content of an OBJECT IDENTIFIER."""
    if len(oid) < 2:
        return b""
    return sub_octets((oid[0] * 40 + oid[1], *oid[2:]))


def sub_octets(arcs: Iterable[int]) -> bytes:
    """Return arcs as they stand within an OBJECT IDENTIFIER, behind the first two."""
    octets = bytearray()
    for arc in arcs:
        shift = max(0, arc.bit_length() - 1) // 7 * 7
        while shift:
            octets.append(arc >> shift & 0x7F | 0x80)
            shift -= 7
        octets.append(arc & 0x7F)
    return bytes(octets)


# ---- from octets ----


def read(octets: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return the tag of the element at `at`, and where its content begins and ends."""
    if at + 2 > end:
        raise BadData("an element that is cut off")
    kind, size, start = octets[at], octets[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4:  # 0: the indefinite form, which RFC 3417, 8 forbids
            raise BadData(f"an element with a length of {count} octets")
        size, start = int.from_bytes(octets[start : start + count]), start + count
    if start + size > end:
        raise BadData("an element longer than what holds it")
    return kind, start, start + size


def content(octets: bytes, at: int, end: int, kind: int) -> tuple[int, int]:
    """Return where the content of the element at `at` begins and ends, which must be of a kind."""
    if at + 2 <= end and octets[at] == kind and (size := octets[at + 1]) < 0x80 and at + 2 + size <= end:
        return at + 2, at + 2 + size  # as nearly all are
    found, start, stop = read(octets, at, end)
    if found != kind:
        raise BadData(f"ASN.1 tag {found:#04x} where {kind:#04x} belongs")
    return start, stop


def number(octets: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the INTEGER at `at`, and where it ends."""
    start, stop = content(octets, at, end, INTEGER)
    if 0 < stop - start <= MAX_INTEGER:
        return int.from_bytes(octets[start:stop], signed=True), stop
    raise BadData(f"an INTEGER of {stop - start} octets")


def string(octets: bytes, at: int, end: int) -> tuple[bytes, int]:
    """Return the OCTET STRING at `at`, and where it ends."""
    start, stop = content(octets, at, end, OCTETS)
    return octets[start:stop], stop


def arcs(octets: bytes) -> Oid:
    """Decode the content of an OBJECT IDENTIFIER (X.690, 8.19)."""
    first, *others = sub_arcs(octets)
    top = min(first // 40, 2)
    oid = (top, first - 40 * top, *others)
    if len(oid) > MAX_ARCS:
        raise BadData(f"an OID of {len(oid)} arcs (RFC 2578 allows {MAX_ARCS})")
    return oid


def sub_arcs(octets: bytes) -> Oid:
    """Decode what stands within an OBJECT IDENTIFIER, behind its first two arcs."""
    if not octets or octets[-1] & 0x80 or len(octets) > MAX_OID:
        raise BadData(f"{len(octets)} octets that are no OID: {octets[:16].hex()}")
    found: list[int] = []
    arc = 0
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            found.append(arc)
            arc = 0
    if len(found) > MAX_ARCS or max(found) > MAX_ARC:
        bits = max(found).bit_length()
        raise BadData(f"an OID of {len(found)} arcs of up to {bits} bits (RFC 2578 allows {MAX_ARCS} of 32)")
    return tuple(found)


def dotted(oid: Oid) -> str:
    """Write an OID as model.SnmpTransport does."""
    return ".".join(map(str, oid))


class Indexes(dict[bytes, tuple[str, Oid]]):
    """Row indexes by their octets, as text and as arcs: remembered, because they come back with every poll."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all but the index before the first."""
        super().clear()
        self[b""] = "", ()

    def __missing__(self, octets: bytes) -> tuple[str, Oid]:
        oid = sub_arcs(octets)
        found = dotted(oid), oid
        if len(octets) <= MAX_KEPT:
            if len(self) >= MAX_KNOWN:
                self.clear()
            self[octets] = found
        return found
