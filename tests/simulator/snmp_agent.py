"""A real SNMP agent on loopback that answers from a recording: v1, v2c and v3, GET, GETNEXT and GETBULK.

It is pysnmp's engine with a MIB of our own, so that what it says of users, keys and clocks is not said by the code that
is tested with it. Several agents run in one event loop; their recordings can be replaced while they run.
"""

import asyncio
import secrets
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pysnmp.carrier.asyncio.dgram.udp import DOMAIN_NAME
from pysnmp.carrier.base import AbstractTransportDispatcher
from pysnmp.entity import config
from pysnmp.entity.rfc3413 import cmdrsp
from pysnmp.entity.rfc3413.context import SnmpContext
from pysnmp.proto.api import v2c
from pysnmp.smi.instrum import AbstractMibInstrumController

from collectors.model import SnmpAccess
from tests.simulator.pysnmp_engines import engine_of

MAX_VARBINDS = 600  # of one GETBULK

Typed = tuple[int, int | str | bytes | None]
"""(ASN.1 tag in decimal as .snmprec files have it, value)."""

Recorded = int | str | bytes | Typed | Callable[[], "Recorded"]
"""A plain int is an Integer32, text and octets an OCTET STRING. A callable is asked anew for every request."""

Recording = Mapping[str, Recorded]

INTEGER, OCTETS, NULL, OID, ADDRESS, COUNTER32, GAUGE32, TICKS, OPAQUE, COUNTER64 = 2, 4, 5, 6, 64, 65, 66, 67, 68, 70

_TYPES: dict[int, Callable[[Any], Any]] = {
    INTEGER: v2c.Integer32,
    OCTETS: v2c.OctetString,
    NULL: lambda _: v2c.Null(""),
    OID: v2c.ObjectIdentifier,
    ADDRESS: v2c.IpAddress,
    COUNTER32: v2c.Counter32,
    GAUGE32: v2c.Gauge32,
    TICKS: v2c.TimeTicks,
    OPAQUE: v2c.Opaque,
    COUNTER64: v2c.Counter64,
}
_NUMBERS = {INTEGER, COUNTER32, GAUGE32, TICKS, COUNTER64}
AUTH = {
    None: config.USM_AUTH_NONE,
    "md5": config.USM_AUTH_HMAC96_MD5,
    "sha": config.USM_AUTH_HMAC96_SHA,
    "sha224": config.USM_AUTH_HMAC128_SHA224,
    "sha256": config.USM_AUTH_HMAC192_SHA256,
    "sha384": config.USM_AUTH_HMAC256_SHA384,
    "sha512": config.USM_AUTH_HMAC384_SHA512,
}
PRIV = {
    None: config.USM_PRIV_NONE,
    "des": config.USM_PRIV_CBC56_DES,
    "aes128": config.USM_PRIV_CFB128_AES,
    "aes192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "aes192c": config.USM_PRIV_CFB192_AES,
    "aes256c": config.USM_PRIV_CFB256_AES,
}


def read_snmprec(path: Path) -> dict[str, Recorded]:
    """Read a file of `OID|tag|value` lines; `x` behind the tag says that the value is in hex."""
    recording: dict[str, Recorded] = {}
    for line in path.read_bytes().splitlines():
        if line.strip() and not line.startswith(b"#"):
            oid, tag, value = line.split(b"|", 2)
            recording[oid.decode().strip(".")] = _recorded(tag.decode(), value)
    return recording


def _recorded(tag: str, value: bytes) -> Typed:
    raw = bytes.fromhex(value.decode()) if tag.endswith("x") else value
    kind = int(tag.rstrip("x"))
    if kind in _NUMBERS:
        return kind, int.from_bytes(raw, signed=kind == INTEGER) if tag.endswith("x") else int(raw)
    if kind == ADDRESS and tag.endswith("x"):
        return kind, ".".join(map(str, raw))
    return kind, raw if kind in (OCTETS, OPAQUE) else raw.decode()


def _typed(value: Recorded) -> Any:
    if callable(value):
        return _typed(value())
    kind, plain = value if isinstance(value, tuple) else (INTEGER if isinstance(value, int) else OCTETS, value)
    return _TYPES[kind](plain.encode() if kind == OCTETS and isinstance(plain, str) else plain)


class _Mib(AbstractMibInstrumController):  # type: ignore[misc]
    """The objects of one recording, in order."""

    def __init__(self) -> None:
        self._order: list[tuple[int, ...]] = []
        self._values: dict[tuple[int, ...], Any] = {}

    def load(self, recording: Recording) -> None:
        arcs = {tuple(map(int, oid.strip(".").split("."))): value for oid, value in recording.items()}
        self._order = sorted(arcs)
        self._values = {oid: value if callable(value) else _typed(value) for oid, value in arcs.items()}

    def read_variables(self, *varbinds: Any, **_: Any) -> list[tuple[Any, Any]]:
        return [(name, self._value(tuple(name))) for name, _ in varbinds]

    def read_next_variables(self, *varbinds: Any, **_: Any) -> list[tuple[Any, Any]]:
        return [self._next(name) for name, _ in varbinds]

    def _next(self, name: Any) -> tuple[Any, Any]:
        at = bisect_right(self._order, tuple(name))
        if at == len(self._order):
            return name, v2c.EndOfMibView("")
        return v2c.ObjectIdentifier(self._order[at]), self._value(self._order[at])

    def _value(self, oid: tuple[int, ...]) -> Any:
        if oid not in self._values:
            return v2c.NoSuchInstance("")
        value = self._values[oid]
        return _typed(value) if callable(value) else value


class _Bulk(cmdrsp.BulkCommandResponder):  # type: ignore[misc]
    max_varbinds = MAX_VARBINDS


class _Dispatcher(AbstractTransportDispatcher):  # type: ignore[misc]
    """Gives pysnmp's engine a socket of ours: no timers, and gone at once when it is closed."""

    def __init__(self, send: Callable[[bytes, Any], None]) -> None:
        super().__init__()
        self._send = send

    def send_message(self, message: bytes, domain: tuple[int, ...], address: Any) -> None:
        self._send(message, address)


class SnmpAgent(asyncio.DatagramProtocol):
    """`async with SnmpAgent(recording, community="public", users=[...]) as agent:` serves it at `agent.port`.

    `users` are what a manager would be given; `engine_id` is made up unless said. `requests` counts the datagrams.
    """

    def __init__(
        self,
        recording: Recording | Path,
        *,
        community: str | None = None,
        users: Sequence[SnmpAccess] = (),
        address: str = "127.0.0.1",
        port: int = 0,
        engine_id: bytes | None = None,
    ) -> None:
        self.address = address
        self.port = port
        self.engine_id = engine_id or b"\x80\x00\x1f\x88\x05" + secrets.token_bytes(8)
        self.requests = 0
        self._mib = _Mib()
        self._engine = _engine(self.engine_id, self._send)
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()
        self.load(recording)
        if community is not None:
            config.add_v1_system(self._engine, "community", community)
        _add_users(self._engine, users)
        _serve(self._engine, self._mib, {b""} | {user.context.encode() for user in users})

    def load(self, recording: Recording | Path) -> None:
        """Answer from another recording from now on."""
        self._mib.load(read_snmprec(recording) if isinstance(recording, Path) else recording)

    def restart(self, boots: int = 1) -> None:
        """Do what a restart does to SNMPv3's clock: one boot more; of a device that forgets them, fewer."""
        self._framework("snmpEngineBoots").syntax += boots

    def _framework(self, name: str) -> Any:
        return self._engine.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", name)[0]

    async def __aenter__(self) -> "SnmpAgent":
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, self.port))
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Answer no more, and let go of the port."""
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()

    def _send(self, message: bytes, address: Any) -> None:
        if self._transport is not None:
            self._transport.sendto(message, address)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.requests += 1
        self._engine.message_dispatcher.receive_message(self._engine, DOMAIN_NAME, addr, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()


def _engine(engine_id: bytes, send: Callable[[bytes, Any], None]) -> Any:
    engine = engine_of(engine_id)
    engine.register_transport_dispatcher(_Dispatcher(send))
    return engine


def _add_users(engine: Any, users: Iterable[SnmpAccess]) -> None:
    for user in users:
        config.add_v3_user(
            engine,
            user.user,
            AUTH[user.auth_protocol],
            user.auth_key.reveal() if user.auth_key else None,
            PRIV[user.priv_protocol],
            user.priv_key.reveal() if user.priv_key else None,
        )


def _serve(engine: Any, mib: _Mib, contexts: Iterable[bytes]) -> None:
    context = SnmpContext(engine)
    context.unregister_context_name(b"")
    for name in contexts:
        context.register_context_name(name, mib)
    for responder in (cmdrsp.GetCommandResponder, cmdrsp.NextCommandResponder, _Bulk):
        responder(engine, context)
