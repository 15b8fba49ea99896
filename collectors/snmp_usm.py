"""SNMPv3 with the User-based Security Model (RFC 3412, 3414, 3826, 7860), the asking side. No IO.

Engine, clock and keys belong to one wire, so that two devices behind one address, or with one engine ID, never mix.
pysnmp gives the message forms and the ciphers; what a reply must prove before it is believed is decided here.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from pyasn1.codec.ber import encoder
from pyasn1.type import namedtype, univ
from pysnmp.entity import config
from pysnmp.proto.mpmod.rfc3412 import HeaderData
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from collectors.errors import AuthFailed, BadData, CollectError, Refused, TimedOut
from collectors.model import SnmpAccess
from collectors.snmp_message import (
    Again,
    Answer,
    Ignored,
    Oid,
    Pdus,
    Request,
    decode,
    dotted,
    read_response,
    request_pdu,
    varbinds_of,
)

MAX_SIZE = 65_507  # octets of a UDP datagram, what we say we can receive
TIME_WINDOW = 150  # seconds, RFC 3414, 2.2.3

_AUTH_FLAG, _PRIV_FLAG, _REPORTABLE = 1, 2, 4
_USM_STATS: Oid = (1, 3, 6, 1, 6, 3, 15, 1, 1)
_UNKNOWN_CONTEXTS: Oid = (1, 3, 6, 1, 6, 3, 12, 1, 5)  # SNMP-TARGET-MIB snmpUnknownContexts


class _Auth(NamedTuple):
    hash: str
    size: int  # octets of the authentication code in a message
    service: Oid  # pysnmp's name for it


_AUTH = {
    None: _Auth("", 0, ()),
    "md5": _Auth("md5", 12, config.USM_AUTH_HMAC96_MD5),
    "sha": _Auth("sha1", 12, config.USM_AUTH_HMAC96_SHA),
    "sha224": _Auth("sha224", 16, config.USM_AUTH_HMAC128_SHA224),
    "sha256": _Auth("sha256", 24, config.USM_AUTH_HMAC192_SHA256),
    "sha384": _Auth("sha384", 32, config.USM_AUTH_HMAC256_SHA384),
    "sha512": _Auth("sha512", 48, config.USM_AUTH_HMAC384_SHA512),
}
_PRIV = {
    "des": config.USM_PRIV_CBC56_DES,
    "aes128": config.USM_PRIV_CFB128_AES,
    "aes192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "aes192c": config.USM_PRIV_CFB192_AES,
    "aes256c": config.USM_PRIV_CFB256_AES,
}


class _ScopedPdu(univ.Sequence):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(
        namedtype.NamedType("engine", univ.OctetString()),
        namedtype.NamedType("context", univ.OctetString()),
        namedtype.NamedType("data", univ.Any()),
    )


class _Message(univ.Sequence):  # type: ignore[misc]
    componentType = namedtype.NamedTypes(
        namedtype.NamedType("version", univ.Integer()),
        namedtype.NamedType("header", HeaderData()),
        namedtype.NamedType("security", univ.OctetString()),
        namedtype.NamedType("data", univ.Any()),
    )


def master_key(passphrase: str, hash_name: str) -> bytes:
    """Stretch a passphrase to a key for all engines (RFC 3414, A.2: the digest of it repeated to 1,048,576 octets)."""
    words = passphrase.encode()
    if not words:
        raise AuthFailed("the SNMPv3 key is empty (right form: at least 8 characters)")
    return hashlib.new(hash_name, (words * (2**20 // len(words) + 1))[: 2**20]).digest()


def localised(key: bytes, engine: bytes, hash_name: str) -> bytes:
    """Make a master key that of one engine (RFC 3414, A.2)."""
    return hashlib.new(hash_name, key + engine + key).digest()


@dataclass(slots=True)
class _Clock:
    """The device's snmpEngineBoots and snmpEngineTime as we know them. `proven` by an authenticated message."""

    boots: int = 0
    seconds: int = 0
    at: float = 0.0
    proven: bool = False

    def now(self, monotonic: float) -> int:
        return min(self.seconds + int(monotonic - self.at), 2**31 - 1)


@dataclass(frozen=True, slots=True)
class _Received:
    """One message of this exchange; proven if its flags have _AUTH_FLAG."""

    engine: bytes
    boots: int
    seconds: int
    user: bytes
    flags: int
    pdu: Any
    is_report: bool


class UsmWire:
    """One SNMPv3 user on one device. Finds out the device's engine and clock by itself (RFC 3414, 4)."""

    def __init__(self, access: SnmpAccess, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._name = access.user or ""
        self._user = self._name.encode()
        self._context = access.context.encode()
        self._auth = access.auth_protocol
        self._priv = access.priv_protocol
        self._form = _AUTH[self._auth]
        self._flags = (_AUTH_FLAG if self._auth else 0) | (_PRIV_FLAG if self._priv else 0)
        self._monotonic = monotonic
        if not 1 <= len(self._user) <= 32:
            raise AuthFailed(f"{self._name!r} is not an SNMPv3 user (right form: 1 to 32 octets)")
        if self._priv and not self._auth:
            raise AuthFailed(f"user {self._name!r} has priv without auth (right form: both, or auth alone)")
        self._masters = tuple(
            master_key(key.reveal() if key else "", self._form.hash)
            for protocol, key in ((self._auth, access.auth_key), (self._priv, access.priv_key))
            if protocol
        )
        self._engine = b""
        self._auth_key = b""
        self._priv_key: Any = None
        self._clock = _Clock()
        self._exchange: tuple[int, set[int]] = (0, set())  # request-id, message IDs it was sent under

    # ---- out ----

    def message(self, request: Request, request_id: int) -> bytes:
        if not self._engine:
            return self._sealed(request_pdu(Request("get", ()), request_id), request_id, flags=0, user=b"")
        return self._sealed(request_pdu(request, request_id), request_id, flags=self._flags, user=self._user)

    def _sealed(self, pdu: Any, request_id: int, *, flags: int, user: bytes) -> bytes:
        boots, seconds = self._clock.boots, self._clock.now(self._monotonic())
        if not flags & _AUTH_FLAG:
            boots = seconds = 0
        data, salt = self._scoped(pdu), b""
        if flags & _PRIV_FLAG:
            service = config.PRIV_SERVICES[_PRIV[self._priv or ""]]
            sealed, salted = service.encrypt_data(self._priv_key, (boots, seconds, None), data)
            data, salt = encoder.encode(univ.OctetString(sealed)), salted.asOctets()
        size = self._form.size if flags & _AUTH_FLAG else 0
        security = self._security(boots, seconds, user, bytes(size), salt)
        message = _Message()
        message["version"] = 3
        message["header"]["msgID"] = self._new_message_id(request_id)
        message["header"]["msgMaxSize"] = MAX_SIZE
        message["header"]["msgFlags"] = bytes([flags | _REPORTABLE])
        message["header"]["msgSecurityModel"] = 3
        message["security"] = security
        message["data"] = data
        whole = bytes(encoder.encode(message))
        return self._signed(whole, whole.index(security) + len(security) - 2 - len(salt) - size) if size else whole

    def _scoped(self, pdu: Any) -> bytes:
        scoped = _ScopedPdu()
        scoped["engine"] = self._engine
        scoped["context"] = self._context
        scoped["data"] = encoder.encode(pdu)
        return bytes(encoder.encode(scoped))

    def _security(self, boots: int, seconds: int, user: bytes, code: bytes, salt: bytes) -> bytes:
        parameters = UsmSecurityParameters()
        for position, value in enumerate((self._engine, boots, seconds, user, code, salt)):
            parameters.setComponentByPosition(position, value)
        return bytes(encoder.encode(parameters))

    def _signed(self, whole: bytes, at: int) -> bytes:
        return whole[:at] + self._code(whole) + whole[at + self._form.size :]

    def _code(self, whole: bytes) -> bytes:
        return hmac.digest(self._auth_key, whole, self._form.hash)[: self._form.size]

    def _new_message_id(self, request_id: int) -> int:
        if self._exchange[0] != request_id:
            self._exchange = (request_id, set())
        message_id = secrets.randbits(31)
        self._exchange[1].add(message_id)
        return message_id

    # ---- in ----

    def read(self, datagram: bytes, request_id: int) -> Answer | Again | Ignored:
        try:
            received = self._open(datagram)
            if not received.is_report:
                return self._answer(received, request_id)
            varbinds = varbinds_of(received.pdu)
        except (BadData, AuthFailed, TimedOut) as error:
            return Ignored(error)
        return self._report(received, varbinds[0].oid if varbinds else ())

    def _answer(self, received: _Received, request_id: int) -> Answer:
        """Read a response that proves as much as it was asked for. Raises AuthFailed, and as read_response."""
        if received.flags & self._flags != self._flags:
            raise AuthFailed("answered with less security than it was asked with")
        if not self._engine or (received.engine, received.user) != (self._engine, self._user):
            raise AuthFailed("answered as another engine or user")
        if received.flags & _AUTH_FLAG and not self._in_time(received):
            raise AuthFailed("answered with an old clock: a message played again?")
        return read_response(received.pdu, request_id)

    def _open(self, datagram: bytes) -> _Received:
        """Authenticate and decrypt a message. Raises BadData, AuthFailed, or TimedOut for one of another exchange."""
        message = decode(datagram, _Message())
        header = message["header"]
        if int(message["version"]) != 3 or int(header["msgSecurityModel"]) != 3:
            raise BadData("answered with another SNMP version or security model")
        if int(header["msgID"]) not in self._exchange[1]:
            raise TimedOut("only answers to other requests came in time")
        flags = header["msgFlags"].asOctets()[0]
        security = decode(message["security"].asOctets(), UsmSecurityParameters())
        engine, boots, seconds, user, code, salt = (security.getComponentByPosition(n) for n in range(6))
        if flags & _AUTH_FLAG:
            self._authenticate(datagram, code.asOctets())
        data = message["data"].asOctets()
        if flags & _PRIV_FLAG:
            data = self._decrypted(data, flags, (boots, seconds, salt))
        pdus = decode(decode(data, _ScopedPdu())["data"].asOctets(), Pdus())
        return _Received(
            engine.asOctets(),
            int(boots),
            int(seconds),
            user.asOctets(),
            flags,
            pdus.getComponent(),
            pdus.getName() == "report",
        )

    def _authenticate(self, datagram: bytes, code: bytes) -> None:
        """Raise AuthFailed unless a message's code is whole and right (RFC 3414, 6.3.2; not shorter: CVE-2008-0960)."""
        if not self._auth_key or len(code) != self._form.size or datagram.count(code) != 1:
            raise AuthFailed("answered with an authentication code of another protocol")
        if not hmac.compare_digest(self._code(datagram.replace(code, bytes(len(code)))), code):
            raise AuthFailed("answered with a wrong authentication code")

    def _decrypted(self, data: bytes, flags: int, parameters: tuple[Any, Any, Any]) -> bytes:
        if not flags & _AUTH_FLAG or self._priv_key is None:
            raise AuthFailed("answered with encryption that was not asked for")
        sealed = decode(data, univ.OctetString())
        try:
            service = config.PRIV_SERVICES[_PRIV[self._priv or ""]]
            return bytes(service.decrypt_data(self._priv_key, parameters, sealed))
        except Exception as error:  # pysnmp's StatusInformation, cryptography's ValueError
            raise AuthFailed("answered with what our priv key does not decrypt") from error

    def _in_time(self, received: _Received) -> bool:
        """Say whether an authenticated message is fresh, and set our notion of the clock by it (RFC 3414, 3.2.7b)."""
        clock = self._clock
        known = clock.now(self._monotonic())
        if clock.proven and (received.boots, received.seconds) < (clock.boots, known - TIME_WINDOW):
            return False
        if not clock.proven or (received.boots, received.seconds) > (clock.boots, clock.seconds):
            self._set_clock(received, proven=True)
        return True

    def _set_clock(self, received: _Received, *, proven: bool) -> None:
        self._clock = _Clock(received.boots, received.seconds, self._monotonic(), proven)

    def _report(self, received: _Received, reason: Oid) -> Again | Ignored:
        """Learn from a Report, or raise what it says is wrong (RFC 3414, 5: usmStats….N.0)."""
        about = reason[len(_USM_STATS)] if reason[:-2] == _USM_STATS else 0
        if not self._engine or (about == 4 and received.engine != self._engine):
            return self._learn_engine(received)
        if about == 2 and received.flags & _AUTH_FLAG:
            self._set_clock(received, proven=True)
            return self._again()
        raise self._refusal(about, reason)

    def _learn_engine(self, received: _Received) -> Again | Ignored:
        """Take the engine's ID, and its clock as a hint: a wrong one only costs a notInTimeWindow, which is signed."""
        if not 5 <= len(received.engine) <= 32:  # SNMP-FRAMEWORK-MIB SnmpEngineID
            return Ignored(BadData(f"an SNMPv3 engine ID of {len(received.engine)} octets (RFC 3411: 5 to 32)"))
        self._engine = received.engine
        self._set_clock(received, proven=False)
        if self._auth:
            self._auth_key = localised(self._masters[0], self._engine, self._form.hash)
        if self._priv:
            service = config.PRIV_SERVICES[_PRIV[self._priv]]
            keys = univ.OctetString(self._masters[1]), univ.OctetString(self._engine)
            self._priv_key = service.localize_key(self._form.service, *keys)
        return self._again()

    def _again(self) -> Again:
        """Settle what was sent so far: a Report that comes twice must not count twice."""
        self._exchange[1].clear()
        return Again()

    def _refusal(self, about: int, reason: Oid) -> CollectError:
        level = {0: "noAuthNoPriv", 1: "authNoPriv"}.get(self._flags, "authPriv")
        texts = {
            1: f"user {self._name!r} may not use security level {level} there",
            2: "its clock and ours differ, and it does not prove its own (notInTimeWindow)",
            3: f"knows no SNMPv3 user {self._name!r}",
            4: "does not keep to one SNMPv3 engine ID",
            5: f"wrong auth key or auth protocol ({self._auth}) of user {self._name!r}",
            6: f"wrong priv key or priv protocol ({self._priv}) of user {self._name!r}",
        }
        if about in texts:
            return AuthFailed(texts[about])
        if reason[:-1] == _UNKNOWN_CONTEXTS:
            return Refused(f"knows no SNMPv3 context {self._context.decode()!r}")
        return Refused(f"reports {dotted(reason) or 'nothing'}")

    def silence(self) -> CollectError:
        if not self._engine:
            return TimedOut("no answer to SNMPv3 discovery (device down, SNMPv3 off, or filtered)")
        if self._flags and not self._clock.proven:
            return AuthFailed(f"answers SNMPv3 discovery, but nothing as user {self._name!r}: {self._suspects()}")
        return TimedOut("no answer")

    def _suspects(self) -> str:
        """Name what an agent meets with silence in place of a Report: net-snmp does, what it cannot decrypt."""
        key = f"priv key or protocol ({self._priv})" if self._priv else f"auth key or protocol ({self._auth})"
        context = f" or context {self._context.decode()!r}" if self._context else ""
        return f"{key}{context} is likely wrong"
