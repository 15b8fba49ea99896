"""SNMP devices that misbehave: a UDP responder driven by a script, and a relay that tampers with a real agent's words.

A script is called with every request and returns the datagrams to send back. `TABLE` is a good small table that the
scripts serve as far as they serve anything.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import univ
from pysnmp.proto.api import v2c

Oid = tuple[int, ...]
Bound = tuple[Oid, Any]

COLUMN = "1.3.6.1.2.1.2.2.1.10"
SECOND = "1.3.6.1.2.1.2.2.1.16"
_COLUMN, _SECOND = (tuple(map(int, oid.split("."))) for oid in (COLUMN, SECOND))
ROWS = 8
TABLE: dict[Oid, Any] = {
    (*column, row): v2c.Counter32(row) for column in (_COLUMN, _SECOND) for row in range(1, ROWS + 1)
}
_ORDER = sorted(TABLE)
ONE, TWO = f"{COLUMN}.1", f"{COLUMN}.2"
FULL = {str(row): row for row in range(1, ROWS + 1)}  # what a walk of a column finds


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came, and its number since the agent started."""

    number: int
    version: int
    community: bytes
    kind: str  # get, next, bulk
    request_id: int
    oids: tuple[Oid, ...]
    repetitions: int

    @classmethod
    def of(cls, datagram: bytes, number: int) -> "Asked":
        message, _ = decoder.decode(datagram, asn1Spec=v2c.Message())
        pdu = v2c.apiMessage.get_pdu(message)
        kind = {0: "get", 1: "next", 5: "bulk"}[int(pdu.tagSet[-1].tagId)]
        return cls(
            number,
            int(message[0]),
            bytes(v2c.apiMessage.get_community(message)),
            kind,
            int(v2c.apiPDU.get_request_id(pdu)),
            tuple(tuple(oid) for oid, _ in v2c.apiPDU.get_varbinds(pdu)),
            int(v2c.apiBulkPDU.get_max_repetitions(pdu)) if kind == "bulk" else 1,
        )

    def answer(
        self,
        bound: Iterable[Bound],
        *,
        status: int = 0,
        index: int = 0,
        request_id: int | None = None,
        community: bytes | None = None,
        version: int | None = None,
    ) -> bytes:
        """Return a response; what is not said is right."""
        pdu = v2c.GetResponsePDU()
        v2c.apiPDU.set_defaults(pdu)
        v2c.apiPDU.set_request_id(pdu, self.request_id if request_id is None else request_id)
        v2c.apiPDU.set_error_status(pdu, status)
        v2c.apiPDU.set_error_index(pdu, index)
        v2c.apiPDU.set_varbinds(pdu, list(bound))
        message = v2c.Message()
        v2c.apiMessage.set_defaults(message)
        message.setComponentByPosition(0, self.version if version is None else version)
        v2c.apiMessage.set_community(message, self.community if community is None else community)
        v2c.apiMessage.set_pdu(message, pdu)
        return bytes(encoder.encode(message))

    def right(self, **wrong: Any) -> bytes:
        """Return the response that a good agent gives, but for what is said."""
        if self.kind == "get":
            return self.answer([(oid, TABLE.get(oid, v2c.NoSuchInstance(""))) for oid in self.oids], **wrong)
        bound: list[Bound] = []
        cursors = list(self.oids)
        for _ in range(self.repetitions):
            row = [_next(oid) for oid in cursors]
            bound += row
            cursors = [oid for oid, _ in row]
        return self.answer(bound, **wrong)

    def refuse(self, status: int, index: int = 0) -> bytes:
        """Return an error for what was asked."""
        return self.answer([(oid, v2c.null) for oid in self.oids], status=status, index=index)


def _next(oid: Oid) -> Bound:
    at = bisect_right(_ORDER, oid)
    return (oid, v2c.EndOfMibView("")) if at == len(_ORDER) else (_ORDER[at], TABLE[_ORDER[at]])


Script = Callable[[Asked], Sequence[bytes]]
TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5


# ---- scripts ----


def good(asked: Asked) -> list[bytes]:
    return [asked.right()]


def silent(_: Asked) -> list[bytes]:
    return []


def always(*datagrams: bytes) -> Script:
    """Answer everything with the same octets."""
    return lambda _: datagrams


def silent_after(requests: int) -> Script:
    return lambda asked: good(asked) if asked.number <= requests else []


def rows_at(*indexes: int) -> Script:
    """Answer the n-th request of a column with the n-th index, over and over; every repetition with the same."""
    return lambda asked: [
        asked.answer([((*_COLUMN, indexes[(asked.number - 1) % len(indexes)]), v2c.Integer32(1))] * asked.repetitions)
    ]


def endless(asked: Asked) -> list[bytes]:
    """A column that has no end."""
    (oid,) = asked.oids
    first = oid[-1] if len(oid) > len(_COLUMN) else 0
    return [asked.answer(((*_COLUMN, first + n), v2c.Integer32(1)) for n in range(1, asked.repetitions + 1))]


def too_big_over(varbinds: int) -> Script:
    """Answer no more than so many variable bindings at once."""
    return lambda asked: (
        [asked.answer([], status=TOO_BIG)] if len(asked.oids) * asked.repetitions > varbinds else good(asked)
    )


def without_bulk(asked: Asked) -> list[bytes]:
    return [asked.refuse(GEN_ERR)] if asked.kind == "bulk" else good(asked)


def error_on(column: Oid, status: int) -> Script:
    """Refuse every request that touches a column, and name it."""

    def script(asked: Asked) -> list[bytes]:
        touched = [n for n, oid in enumerate(asked.oids, 1) if oid[: len(column)] == column]
        return [asked.refuse(status, touched[0])] if touched else good(asked)

    return script


def one_late() -> Script:
    """Answer every request only when the next one comes, before that one's own answer."""
    held: list[bytes] = []

    def script(asked: Asked) -> list[bytes]:
        late, held[:] = list(held), [asked.right()]
        return [*late, asked.right()] if late else []

    return script


def varbind(value: bytes) -> bytes:
    """Return an answer's variable binding of COLUMN.1 with a value as these octets, whatever they are."""
    return _tlv(0x30, _tlv(0x06, encoder.encode(v2c.ObjectIdentifier((*_COLUMN, 1)))[2:]) + value)


def raw(*varbinds: bytes, status: int = 0) -> Script:
    """Answer with variable bindings given as octets, and an error-status of any size."""

    def script(asked: Asked) -> list[bytes]:
        head = b"".join(encoder.encode(univ.Integer(n)) for n in (asked.request_id, status, 0))
        pdu = _tlv(0xA2, head + _tlv(0x30, b"".join(varbinds)))
        message = encoder.encode(v2c.Integer(asked.version)) + _tlv(0x04, asked.community) + pdu
        return [_tlv(0x30, message)]

    return script


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x84" + size.to_bytes(4)
    return bytes([tag]) + length + content


GARBAGE: dict[str, bytes] = {
    "a length without octets": bytes.fromhex("3082"),
    "a length without its octet": bytes.fromhex("3081"),
    "an empty sequence": bytes.fromhex("308200"),
    "a tag that does not end": bytes.fromhex("1fff"),
    "a number cut off": bytes.fromhex("30020481"),
    "a version alone": bytes.fromhex("30050201010481"),
    "nested 2,000 deep": b"\x30\x80" * 2_000,
    "an OID of 60,000 octets": _tlv(0x30, _tlv(0x06, b"\x81" * 60_000)),
    "an INTEGER of 60,000 octets": _tlv(0x30, _tlv(0x02, b"\x7f" * 60_000)),
    "text": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "60,000 zeros": bytes(60_000),
    "60,000 ones": b"\xff" * 60_000,
    "format strings": b"%s%n{0.__class__}" * 10,
}


# ---- the servers ----


class BadAgent(asyncio.DatagramProtocol):
    """`async with BadAgent(script) as agent:` answers at `agent.port`. `asked` keeps the requests."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.port = 0
        self.asked: list[Asked] = []
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked.append(Asked.of(data, len(self.asked) + 1))
        for datagram in self.script(self.asked[-1]):
            self._send(datagram, addr)

    def _send(self, datagram: bytes, addr: Any) -> None:
        if self._transport is not None:
            self._transport.sendto(datagram, addr)


class Elsewhere(BadAgent):
    """Answers from the port of `stranger`, where nothing was asked."""

    def __init__(self, script: Script, stranger: BadAgent) -> None:
        super().__init__(script)
        self._stranger = stranger

    def _send(self, datagram: bytes, addr: Any) -> None:
        self._stranger._send(datagram, addr)


class Relay(BadAgent):
    """Passes requests on to a real agent, and its replies through `tamper(reply, number) → replies`, in between."""

    def __init__(self, port: int, tamper: Callable[[bytes, int], Sequence[bytes]]) -> None:
        super().__init__(silent)
        self._agent = ("127.0.0.1", port)
        self._tamper = tamper
        self._manager: Any = None
        self._replies = count(1)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if addr != self._agent:
            self._manager = addr
            self._send(data, self._agent)
            return
        for reply in self._tamper(data, next(self._replies)):
            self._send(reply, self._manager)
