"""The own engine's SNMP messages: requests as octets, octets as PDUs, and the v1 and v2c message around them. No IO."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

from collectors import ber
from collectors.errors import BadData, CollectError, TimedOut
from collectors.snmp_message import (
    OTHERS,
    REPORT,
    RESPONSE,
    Again,
    Answer,
    Ignored,
    Pdu,
    Request,
    answer_to,
    not_snmp,
)

GET, GET_NEXT, GET_BULK = 0xA0, 0xA1, 0xA5
_KINDS = {"get": GET, "next": GET_NEXT, "bulk": GET_BULK}
_ID_HEAD = b"\x02\x04"  # an INTEGER of four octets
_NOTHING_ASKED = b"\x02\x01\x00\x02\x01\x00"  # error-status and error-index, or non-repeaters and no repetitions
_NO_ERROR = _NOTHING_ASKED
_NULL = b"\x05\x00"
_HEADS = [
    bytes((ber.SEQUENCE,)) + ber.length(len(head) + size + len(_NULL)) + head
    for size in range(2 * ber.MAX_OID + 1)
    for head in [bytes((ber.OBJECT,)) + ber.length(size)]
]
"""What stands before a name of so many octets and its NULL, which is a column and an index, each as long as an OID."""
LEAST_ID = 2**24  # request-ids and message IDs take four octets, so that they can be put into encoded requests
MOST_ID = 2**31 - 1


class Encoded(NamedTuple):
    """A request's PDU: its tag, and all that comes behind the request-id. `rows`: of each object, at most."""

    kind: int
    tail: bytes
    rows: int = 1


class Messages(Protocol):
    """One device's messages, in one SNMP version."""

    def seal(self, request: Encoded, request_id: int) -> bytes:
        """Return the datagram to send. The ID, from LEAST_ID to MOST_ID, is that of the message too."""
        ...

    def open(self, datagram: bytes, request_id: int) -> Pdu | Again | Ignored:
        """Return what a datagram says to this request, variable bindings unread. Raises what the device proves."""
        ...

    def silence(self) -> CollectError:
        """Return what it means that no answer came."""
        ...

    def stray(self, datagram: bytes) -> CollectError:
        """Return what it means that a datagram came which answers no request. Learns nothing from it."""
        ...

    def doubted(self) -> bool:
        """Say whether the next try has to begin from the start; it will."""
        ...

    def forget(self) -> None:
        """Begin from the start with the next request."""
        ...


# ---- requests ----


def encoded(kind: int, names: bytes, repetitions: int = 0) -> Encoded:
    """Make a request of variable bindings that are encoded already."""
    count = _bulk(repetitions) if kind == GET_BULK else _NOTHING_ASKED
    return Encoded(kind, count + ber.element(ber.SEQUENCE, names), repetitions or 1)


@lru_cache
def _bulk(repetitions: int) -> bytes:
    """Return no non-repeaters, and so many repetitions."""
    return b"\x02\x01\x00" + ber.integer(repetitions)


def names_of(oids: Iterable[bytes]) -> bytes:
    """Return the variable bindings that ask for OIDs, which are given as octets."""
    return b"".join([_HEADS[len(oid)] + oid + _NULL for oid in oids])


def request_of(request: Request) -> Encoded:
    """Encode a request."""
    names = names_of(map(ber.object_octets, request.oids))
    return encoded(_KINDS[request.kind], names, request.repetitions)


def pdu_octets(request: Encoded, request_id: int) -> bytes:
    """Return the PDU of a request. There is no SetRequest here."""
    size = ber.length(6 + len(request.tail))
    return b"".join((bytes((request.kind,)), size, _ID_HEAD, request_id.to_bytes(4), request.tail))


DISCOVERY = encoded(GET, b"")


# ---- answers ----


def read_pdu(octets: bytes, at: int, end: int) -> Pdu:
    """Read a Response or a Report up to its variable bindings. Raises BadData."""
    kind, at, stop = ber.read(octets, at, end)
    if kind not in (RESPONSE, REPORT):
        raise BadData(f"PDU tag {kind:#04x}")
    request_id, at = ber.number(octets, at, stop)
    if octets[at : at + 6] == _NO_ERROR:
        status = about = 0
        at += 6
    else:
        status, at = ber.number(octets, at, stop)
        about, at = ber.number(octets, at, stop)
    start, stop = ber.content(octets, at, stop, ber.SEQUENCE)
    return Pdu(kind, request_id, status, about, octets, start, stop)


def message_id(datagram: bytes) -> int:
    """Return the ID that an answer repeats: of the request (v1, v2c) or of the message (v3). -1 if there is none."""
    try:
        at, _ = _head(datagram, 0)
        if datagram[at + 2] == 3:
            at, _ = _head(datagram, at + 3)
        else:
            start, size = _head(datagram, at + 3)
            at, _ = _head(datagram, start + size)
        return int.from_bytes(datagram[at + 2 : at + 2 + datagram[at + 1]])
    except IndexError:
        return -1


def _head(octets: bytes, at: int) -> tuple[int, int]:
    """Return where the content of an element begins, and its size, unchecked."""
    size, start = octets[at + 1], at + 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(octets[at + 2 : start])
    return start, size


class CommunityWire:
    """SNMPv1 and v2c: the community in clear (RFC 1157, 1901)."""

    __slots__ = ("_community", "_front", "_version")

    def __init__(self, version: Literal["1", "2c"], community: str) -> None:
        self._version = 0 if version == "1" else 1
        self._community = community.encode()
        self._front = ber.integer(self._version) + ber.element(ber.OCTETS, self._community)

    def seal(self, request: Encoded, request_id: int) -> bytes:
        pdu = pdu_octets(request, request_id)
        return b"".join((b"\x30", ber.length(len(self._front) + len(pdu)), self._front, pdu))

    def open(self, datagram: bytes, request_id: int) -> Pdu | Ignored:
        try:
            at, end = ber.content(datagram, 0, len(datagram), ber.SEQUENCE)
            if datagram.startswith(self._front, at):
                at += len(self._front)
            else:
                at = self._checked(datagram, at, end)
            pdu = read_pdu(datagram, at, end)
        except BadData:
            return Ignored(not_snmp(datagram))
        except TimedOut as error:
            return Ignored(error)
        try:
            return answer_to(pdu, request_id)
        except (BadData, TimedOut) as error:
            return Ignored(error)

    def _checked(self, datagram: bytes, at: int, end: int) -> int:
        """Return where the PDU begins. Raises BadData, or TimedOut for what is not between us and this device."""
        version, at = ber.number(datagram, at, end)
        community, at = ber.string(datagram, at, end)
        if (version, community) != (self._version, self._community):
            raise TimedOut("only answers with another community or SNMP version came in time")
        return at

    def message(self, request: Request, request_id: int) -> bytes:
        """Return the datagram to send."""
        return self.seal(request_of(request), request_id)

    def read(self, datagram: bytes, request_id: int) -> Answer | Ignored:
        """Return what a datagram says to this request."""
        reply = self.open(datagram, request_id)
        return answered(reply) if isinstance(reply, Pdu) else reply

    def silence(self) -> CollectError:
        return TimedOut("no answer (device down, SNMP off or filtered, or another community)")

    def stray(self, datagram: bytes) -> CollectError:
        reply = self.open(datagram, 0)
        return reply.blame if isinstance(reply, Ignored) else TimedOut(OTHERS)

    def doubted(self) -> bool:
        return False

    def forget(self) -> None:
        """Do nothing: there is nothing to be learned."""


def answered(pdu: Pdu) -> Answer | Ignored:
    """Read the variable bindings of a Response."""
    try:
        return pdu.answer()
    except BadData as error:
        return Ignored(error)
