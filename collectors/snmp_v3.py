"""The own engine's SNMPv3 messages, sealed and opened for one user of one device (RFC 3412, 3414, 7860). No IO."""

import hmac
import time
from collections.abc import Callable
from typing import NamedTuple

from collectors import ber
from collectors.errors import AuthFailed, BadData, CollectError, TimedOut
from collectors.model import SnmpAccess
from collectors.snmp_message import OTHERS, Again, Answer, Ignored, Pdu, Request
from collectors.snmp_privacy import Cipher, cipher
from collectors.snmp_usm import (
    AUTH_FLAG,
    AUTH_FORMS,
    MAX_SIZE,
    MODEL,
    PRIV_FLAG,
    REPORTABLE,
    Received,
    Usm,
    believed,
    localised,
)
from collectors.snmp_wire import (
    DISCOVERY,
    Encoded,
    answered,
    not_snmp,
    pdu_octets,
    read_pdu,
    request_of,
)

_VERSION = ber.integer(3)
_HEAD_FRONT = b"\x30\x11\x02\x04"  # msgGlobalData, and the message ID's own head
_HEAD_ENDS = [
    ber.integer(MAX_SIZE) + ber.element(ber.OCTETS, bytes((flags | REPORTABLE,))) + ber.integer(MODEL)
    for flags in range(AUTH_FLAG + PRIV_FLAG + 1)
]
_NOBODY = ber.element(ber.OCTETS)
_CODE = {form.size: ber.element(ber.OCTETS, bytes(form.size)) for form in AUTH_FORMS.values()}  # not yet filled in


class UsmWire:
    """One SNMPv3 user on one device. Finds out the device's engine and clock by itself."""

    __slots__ = ("_auth_key", "_cipher", "_engine", "_front", "_keyed", "_priv", "_user", "usm")

    def __init__(self, access: SnmpAccess, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.usm = Usm(access, monotonic, patient=True)
        self._priv = access.priv_protocol
        self._keyed = b""  # the engine that the keys are of
        self._auth_key = b""
        self._cipher: Cipher | None = None
        self._engine = b""  # as an element
        self._front = b""  # engine and context, which stand before a PDU
        self._user = ber.element(ber.OCTETS, self.usm.user)

    # ---- out ----

    def seal(self, request: Encoded, request_id: int) -> bytes:
        usm = self.usm
        if not usm.engine:
            self._engine, self._keyed = b"\x04\x00", b""
            self._front = self._engine + ber.element(ber.OCTETS, usm.context)
            return self._sealed(pdu_octets(DISCOVERY, request_id), request_id, 0, _NOBODY)
        self._localise()
        return self._sealed(pdu_octets(request, request_id), request_id, usm.flags, self._user)

    def _localise(self) -> None:
        """Make the keys those of the device's engine."""
        usm = self.usm
        if self._keyed == usm.engine:
            return
        if usm.auth:
            self._auth_key = localised(usm.masters[0], usm.engine, usm.form.hash)
        if self._priv:
            key = localised(usm.masters[1], usm.engine, usm.form.hash)
            self._cipher = cipher(self._priv, key, usm.engine, usm.form.hash)
        self._engine = ber.element(ber.OCTETS, usm.engine)
        self._front = self._engine + ber.element(ber.OCTETS, usm.context)
        self._keyed = usm.engine

    def _sealed(self, pdu: bytes, message_id: int, flags: int, user: bytes) -> bytes:
        usm = self.usm
        data, size = ber.element(ber.SEQUENCE, self._front, pdu), 0
        boots = seconds = 0
        salt = b""
        if flags & AUTH_FLAG:
            boots, seconds, size = usm.clock.boots, usm.now(), usm.form.size
        if flags & PRIV_FLAG and self._cipher is not None:
            sealed, salt = self._cipher.encrypt(data, boots, seconds)
            data = ber.element(ber.OCTETS, sealed)
        security = (self._engine, ber.integer(boots), ber.integer(seconds), user)
        head = _HEAD_FRONT + message_id.to_bytes(4) + _HEAD_ENDS[flags]
        tail = bytes((ber.OCTETS, len(salt))) + salt
        parameters = ber.element(ber.OCTETS, ber.element(ber.SEQUENCE, *security, _CODE[size], tail))
        whole = ber.element(ber.SEQUENCE, _VERSION, head, parameters, data)
        if not size:
            return whole
        end = len(whole) - len(data) - len(tail)
        return whole[: end - size] + self._code(whole) + whole[end:]

    def _code(self, whole: bytes) -> bytes:
        form = self.usm.form
        return hmac.digest(self._auth_key, whole, form.hash)[: form.size]

    # ---- in ----

    def open(self, datagram: bytes, request_id: int) -> Pdu | Again | Ignored:
        try:
            received = self._received(datagram, request_id)
        except (BadData, AuthFailed, TimedOut) as error:
            return Ignored(error)
        return self.usm.judge(received, request_id)

    def _received(self, datagram: bytes, message_id: int) -> Received:
        """Authenticate and decrypt a message. Raises BadData, AuthFailed, or TimedOut for one of another exchange."""
        try:
            envelope = _envelope(datagram)
        except BadData as error:
            raise not_snmp(datagram) from error
        flags, security = envelope.flags, envelope.security
        if envelope.version != 3 or envelope.model != MODEL:
            raise BadData("answered with another SNMP version or security model")
        if envelope.message_id != message_id:
            raise TimedOut(OTHERS)
        if flags & AUTH_FLAG:
            self._authenticate(datagram, security)
        octets, at, end = datagram, envelope.data, envelope.end
        try:
            if flags & PRIV_FLAG:
                octets = self._decrypted(datagram, envelope)
                at, end = 0, len(octets)
            pdu = _scoped(octets, at, end)
        except BadData as error:
            raise not_snmp(octets) from error
        return Received(security.engine, security.boots, security.seconds, security.user, flags, pdu)

    def _authenticate(self, datagram: bytes, security: "_Security") -> None:
        """Raise AuthFailed unless a message's code is whole and right (RFC 3414, 6.3.2; not shorter: CVE-2008-0960)."""
        at, size = security.code_at, self.usm.form.size
        if not self._auth_key or security.code_size != size:
            raise AuthFailed("answered with an authentication code of another protocol")
        blank = datagram[:at] + bytes(size) + datagram[at + size :]
        if not hmac.compare_digest(self._code(blank), datagram[at : at + size]):
            raise AuthFailed("answered with a wrong authentication code")

    def _decrypted(self, datagram: bytes, envelope: "_Envelope") -> bytes:
        if not envelope.flags & AUTH_FLAG or self._cipher is None:
            raise AuthFailed("answered with encryption that was not asked for")
        start, stop = ber.content(datagram, envelope.data, envelope.end, ber.OCTETS)
        security = envelope.security
        return self._cipher.decrypt(datagram[start:stop], security.boots, security.seconds, security.salt)

    # ---- for one message after another ----

    def message(self, request: Request, request_id: int) -> bytes:
        """Return the datagram to send."""
        return self.seal(request_of(request), request_id)

    def read(self, datagram: bytes, request_id: int) -> Answer | Again | Ignored:
        """Return what a datagram says to this request. Raises CollectError where the device refuses to answer."""
        reply = believed(self.open(datagram, request_id))
        return answered(reply) if isinstance(reply, Pdu) else reply

    def silence(self) -> CollectError:
        return self.usm.silence()

    def stray(self, datagram: bytes) -> CollectError:
        try:
            _envelope(datagram)
        except BadData:
            return not_snmp(datagram)
        return TimedOut(OTHERS)

    def doubted(self) -> bool:
        return self.usm.doubted()

    def forget(self) -> None:
        self.usm.forget()


class _Security(NamedTuple):
    engine: bytes
    boots: int
    seconds: int
    user: bytes
    code_at: int
    code_size: int
    salt: bytes


class _Envelope(NamedTuple):
    """What is around the data of a message, which begins at `data`; the message ends at `end`."""

    version: int
    message_id: int
    flags: int
    model: int
    security: _Security
    data: int
    end: int


def _envelope(datagram: bytes) -> _Envelope:
    at, end = ber.content(datagram, 0, len(datagram), ber.SEQUENCE)
    version, at = ber.number(datagram, at, end)
    at, head = ber.content(datagram, at, end, ber.SEQUENCE)
    message_id, at = ber.number(datagram, at, head)
    _, at = ber.number(datagram, at, head)  # the size that its sender takes
    flags, at = ber.string(datagram, at, head)
    model, _ = ber.number(datagram, at, head)
    if len(flags) != 1:
        raise BadData(f"msgFlags of {len(flags)} octets")
    at, data = ber.content(datagram, head, end, ber.OCTETS)
    return _Envelope(version, message_id, flags[0], model, _security(datagram, at, data), data, end)


def _security(octets: bytes, at: int, end: int) -> _Security:
    at, end = ber.content(octets, at, end, ber.SEQUENCE)
    engine, at = ber.string(octets, at, end)
    boots, at = ber.number(octets, at, end)
    seconds, at = ber.number(octets, at, end)
    user, at = ber.string(octets, at, end)
    code, at = ber.content(octets, at, end, ber.OCTETS)
    salt, _ = ber.string(octets, at, end)
    if not (0 <= boots < 2**31 and 0 <= seconds < 2**31):  # RFC 3414, 2.4
        raise BadData("an engine time out of range")
    return _Security(engine, boots, seconds, user, code, at - code, salt)


def _scoped(octets: bytes, at: int, end: int) -> Pdu:
    """Read the PDU of a scoped PDU, whose engine and context are those asked for if the PDU is an answer."""
    at, end = ber.content(octets, at, end, ber.SEQUENCE)
    _, at = ber.string(octets, at, end)
    _, at = ber.string(octets, at, end)
    return read_pdu(octets, at, end)
