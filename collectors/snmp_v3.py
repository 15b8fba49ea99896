"""The own engine's SNMPv3 messages, sealed and opened for one user of one device (RFC 3412, 3414, 7860). No IO."""

import hmac
import time
from collections.abc import Callable

from collectors import ber
from collectors.errors import AuthFailed, BadData, CollectError, TimedOut
from collectors.model import SnmpAccess
from collectors.snmp_envelope import Envelope, Known, known, read
from collectors.snmp_message import (
    OF_ANOTHER_CONTEXT,
    OTHERS,
    RESPONSE,
    Again,
    Answer,
    Ignored,
    Pdu,
    Request,
    not_snmp,
)
from collectors.snmp_privacy import Cipher, cipher
from collectors.snmp_usm import (
    AUTH_FLAG,
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


class UsmWire:
    """One SNMPv3 user on one device. Finds out the device's engine and clock by itself."""

    __slots__ = ("_cipher", "_engine", "_front", "_keyed", "_known", "_priv", "_said", "_signer", "_user", "usm")

    def __init__(self, access: SnmpAccess, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.usm = Usm(access, monotonic, patient=True)
        self._priv = access.priv_protocol
        self._keyed = b""  # the engine that the keys are of
        self._signer: hmac.HMAC | None = None  # that was given the key, and no octets yet
        self._cipher: Cipher | None = None
        self._engine = b""  # as an element
        self._front = b""  # engine and context, which stand before a PDU
        self._said: tuple[tuple[int, ...], bytes] = ((), b"")  # flags and time, and the parameters sent with them
        self._known: Known | None = None  # the last envelope that was proven
        self._user = ber.element(ber.OCTETS, self.usm.user)

    # ---- out ----

    def seal(self, request: Encoded, request_id: int) -> bytes:
        usm = self.usm
        if not usm.engine:
            self._engine, self._keyed, self._said = b"\x04\x00", b"", ((), b"")
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
            self._signer = hmac.new(localised(usm.masters[0], usm.engine, usm.form.hash), digestmod=usm.form.hash)
        if self._priv:
            key = localised(usm.masters[1], usm.engine, usm.form.hash)
            self._cipher = cipher(self._priv, key, usm.engine, usm.form.hash)
        self._engine = ber.element(ber.OCTETS, usm.engine)
        self._front = self._engine + ber.element(ber.OCTETS, usm.context)
        self._said, self._known = ((), b""), None
        self._keyed = usm.engine

    def _sealed(self, pdu: bytes, message_id: int, flags: int, user: bytes) -> bytes:
        usm = self.usm
        data = ber.element(ber.SEQUENCE, self._front, pdu)
        boots = seconds = size = 0
        salt = b""
        if flags & AUTH_FLAG:
            boots, seconds, size = usm.clock.boots, usm.now(), usm.form.size
        if flags & PRIV_FLAG and self._cipher is not None:
            sealed, salt = self._cipher.encrypt(data, boots, seconds)
            data = ber.element(ber.OCTETS, sealed)
        security = self._until_code((flags, boots, seconds), user, size, len(salt))
        head = b"".join((_VERSION, _HEAD_FRONT, message_id.to_bytes(4), _HEAD_ENDS[flags], security))
        tail = b"".join((bytes((ber.OCTETS, len(salt))), salt, data))
        head = b"\x30" + ber.length(len(head) + size + len(tail)) + head
        return head + _code(self._signer, size, head, bytes(size), tail) + tail

    def _until_code(self, when: tuple[int, int, int], user: bytes, size: int, salt: int) -> bytes:
        """Return the security parameters up to the content of a code of so many octets: the same within a second."""
        if self._said[0] != when:
            _, boots, seconds = when
            before = b"".join((self._engine, ber.integer(boots), ber.integer(seconds), user, bytes((ber.OCTETS, size))))
            room = size + 2 + salt  # of what stands behind
            inner = bytes((ber.SEQUENCE,)) + ber.length(len(before) + room) + before
            outer = bytes((ber.OCTETS,)) + ber.length(len(inner) + room) + inner
            self._said = when, outer
        return self._said[1]

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
            quick = self._known.read(datagram) if self._known is not None else None
            envelope = quick or read(datagram)
        except BadData as error:
            raise not_snmp(datagram) from error
        if envelope.version != 3 or envelope.model != MODEL:
            raise BadData("answered with another SNMP version or security model")
        if envelope.message_id != message_id:
            raise TimedOut(OTHERS)
        if envelope.flags & AUTH_FLAG:
            self._authenticate(datagram, envelope)
            if quick is None:
                self._known = known(datagram)
        octets, at, end = datagram, envelope.data, envelope.end
        try:
            if envelope.flags & PRIV_FLAG:
                octets = self._decrypted(datagram, envelope)
                at, end = 0, len(octets)
            pdu = self._scoped(octets, at, end)
        except BadData as error:
            raise not_snmp(octets) from error
        return Received(envelope.engine, envelope.boots, envelope.seconds, envelope.user, envelope.flags, pdu)

    def _authenticate(self, datagram: bytes, envelope: Envelope) -> None:
        """Raise AuthFailed unless a message's code is whole and right (RFC 3414, 6.3.2; not shorter: CVE-2008-0960)."""
        at, size = envelope.code_at, self.usm.form.size
        if self._signer is None or envelope.code_size != size:
            raise AuthFailed("answered with an authentication code of another protocol")
        end = at + size
        right = _code(self._signer, size, datagram[:at], bytes(size), datagram[end:])
        if not hmac.compare_digest(right, datagram[at:end]):
            raise AuthFailed("answered with a wrong authentication code")

    def _decrypted(self, datagram: bytes, envelope: Envelope) -> bytes:
        if not envelope.flags & AUTH_FLAG or self._cipher is None:
            raise AuthFailed("answered with encryption that was not asked for")
        start, stop = ber.content(datagram, envelope.data, envelope.end, ber.OCTETS)
        return self._cipher.decrypt(datagram[start:stop], envelope.boots, envelope.seconds, envelope.salt)

    def _scoped(self, octets: bytes, at: int, end: int) -> Pdu:
        """Read the PDU of a scoped PDU. Raises BadData, TimedOut.

        An answer must be of the context that was asked for (RFC 3412, 7.2). Whose engine it says that is tells nothing
        more: the message is of the one that was asked.
        """
        at, end = ber.content(octets, at, end, ber.SEQUENCE)
        if octets.startswith(self._front, at, end):
            return read_pdu(octets, at + len(self._front), end)
        _, at = ber.string(octets, at, end)
        context, at = ber.string(octets, at, end)
        pdu = read_pdu(octets, at, end)
        if pdu.kind == RESPONSE and context != self.usm.context:
            raise TimedOut(OF_ANOTHER_CONTEXT)
        return pdu

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
            read(datagram)
        except BadData:
            return not_snmp(datagram)
        return TimedOut(OTHERS)

    def doubted(self) -> bool:
        return self.usm.doubted()

    def forget(self) -> None:
        self.usm.forget()


def _code(signer: hmac.HMAC | None, size: int, *parts: bytes) -> bytes:
    """Return the authentication code of a message in parts; none without a key."""
    if signer is None:
        return b""
    signed = signer.copy()
    for part in parts:
        signed.update(part)
    return signed.digest()[:size]
