"""SNMPv3's receiving side (RFC 3412, 3414): whom a notification is from, and whether it is fresh. No IO.

A trap's sender is the authoritative engine: its users' keys are localised to the engine ID in the message, and nothing
of it is believed before the authentication code is right. For an inform we are: our own engine ID, boots and time.
"""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pyasn1.codec.ber import encoder
from pyasn1.type import univ
from pysnmp.proto.api import v2c

from collectors import snmp_forms as forms
from collectors.errors import AuthFailed, BadData
from collectors.model import SnmpAccess
from collectors.snmp_privacy import Cipher, cipher
from collectors.snmp_usm import (
    AUTH_FLAG,
    AUTH_FORMS,
    MODEL,
    PRIV_FLAG,
    REPORTABLE,
    TIME_WINDOW,
    USM_STATS,
    localised,
    master_key,
)
from collectors.traps.forms import INFORM, Pdus
from collectors.traps.message import Dropped, Pdu, Reason, answer

Clock = tuple[int, int, float]
"""Boots and time of an engine, and when it said so, of our own clock (listener.clock)."""
K = TypeVar("K")
V = TypeVar("V")

MAX_REMEMBERED = 20_000  # engines' keys and clocks; only what was authenticated is remembered
NOT_OURS = "not for our engine: its sender finds out which it is"
UNKNOWN_LEVEL, NOT_IN_TIME, UNKNOWN_USER, UNKNOWN_ENGINE, WRONG_DIGEST, UNDECIPHERED = range(1, 7)  # usmStats


@dataclass(frozen=True, slots=True)
class Engine:
    """Our own engine (RFC 3411, 3.1.1.1). `started` is of the clock that dates arrivals."""

    id: bytes
    boots: int
    started: float

    def seconds(self, at: float) -> int:
        return int(at - self.started) % 2**31


@dataclass(frozen=True, slots=True)
class Keys:
    """One user's keys, made those of one engine."""

    access: SnmpAccess
    auth: bytes = field(default=b"", repr=False)
    priv: Cipher | None = None

    @property
    def flags(self) -> int:
        return (AUTH_FLAG if self.access.auth_protocol else 0) | (PRIV_FLAG if self.access.priv_protocol else 0)

    @property
    def size(self) -> int:
        return AUTH_FORMS[self.access.auth_protocol].size

    def code(self, whole: bytes) -> bytes:
        return hmac.digest(self.auth, whole, AUTH_FORMS[self.access.auth_protocol].hash)[: self.size]

    def signs(self, datagram: bytes, code: bytes) -> bool:
        """Say whether an authentication code is whole and right (RFC 3414, 6.3.2; not shorter: CVE-2008-0960)."""
        if not self.auth or len(code) != self.size or datagram.count(code) != 1:
            return False
        return hmac.compare_digest(self.code(datagram.replace(code, bytes(len(code)))), code)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message whose scoped PDU is not read yet; `at` is when it came, of our own clock."""

    source: str
    at: float
    message_id: int
    flags: int
    engine: bytes
    boots: int
    seconds: int
    user: bytes
    code: bytes
    salt: bytes
    data: bytes

    @property
    def level(self) -> int:
        return self.flags & (AUTH_FLAG | PRIV_FLAG)


@dataclass(frozen=True, slots=True)
class Opened:
    """A believed message: whose it is, what it holds, and how an inform is acknowledged."""

    access: SnmpAccess
    pdu: Pdu
    code: bytes  # its authentication code; none where it proves nothing
    acknowledge: Callable[[], bytes] | None  # of a trap: none


class Unbelieved(Dropped):
    """A message that is dropped, and may be answered with a Report that tells its sender what it lacks."""

    def __init__(self, reason: Reason, message: str, report: bytes = b"", *, discovery: bool = False) -> None:
        super().__init__(reason, message)
        self.report = report
        self.discovery = discovery  # it only asks for our engine ID


class _Remembered(OrderedDict[K, V]):
    """Forgets what was not used for longest."""

    def put(self, key: K, value: V) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > MAX_REMEMBERED:
            self.popitem(last=False)


def envelope(datagram: bytes, source: str, at: float) -> Envelope:
    """Open a message's envelope. Raises BadData, Dropped."""
    message = forms.decode(datagram, forms.Message())
    header = message["header"]
    if int(header["msgSecurityModel"]) != MODEL:
        raise Dropped(Reason.UNSUPPORTED, "another security model than USM")
    engine, boots, seconds, user, code, salt = forms.security_of(message)
    flags = header["msgFlags"].asOctets()
    if len(flags) != 1 or (flags[0] & PRIV_FLAG and not flags[0] & AUTH_FLAG):
        raise BadData("message flags that no SNMPv3 message may have")
    return Envelope(
        source,
        at,
        int(header["msgID"]),
        flags[0],
        engine.asOctets(),
        int(boots),
        int(seconds),
        user.asOctets(),
        code.asOctets(),
        salt.asOctets(),
        message["data"].asOctets(),
    )


@dataclass(slots=True)
class Usm:
    """Opens SNMPv3 messages, and remembers the clocks of their senders."""

    engine: Engine
    _masters: dict[SnmpAccess, tuple[bytes, ...]] = field(default_factory=dict, repr=False)  # bounded by the inventory
    _keys: _Remembered[tuple[SnmpAccess, bytes], Keys] = field(default_factory=_Remembered, repr=False)
    _clocks: _Remembered[tuple[str, bytes], Clock] = field(default_factory=_Remembered)
    _reports: int = 0

    def open(self, datagram: bytes, source: str, accesses: Iterable[SnmpAccess], at: float) -> Opened:
        """Open a message that one of `accesses` proves; it came from the address `source`, `at` a time of our clock.

        Raises BadData, Dropped, and Unbelieved with the Report that is due.
        """
        found = envelope(datagram, source, at)
        ours = found.engine == self.engine.id
        if not 5 <= len(found.engine) <= 32:  # SNMP-FRAMEWORK-MIB SnmpEngineID
            if found.flags & REPORTABLE:
                raise self._unbelieved(found, UNKNOWN_ENGINE, NOT_OURS)
            raise BadData(f"an engine ID of {len(found.engine)} octets")
        users = [a for a in dict.fromkeys(accesses) if a.version == "3" and (a.user or "").encode() == found.user]
        if not users:
            raise self._unbelieved(found, UNKNOWN_USER, "no such user on its device")
        keys = self._proven(datagram, found, users)
        self._keys.put((keys.access, found.engine), keys)
        if found.flags & AUTH_FLAG and not (self._in_our_time(found) if ours else self._fresh(found)):
            raise self._unbelieved(found, NOT_IN_TIME, "an old or foreign clock", keys)
        scoped = forms.decode(self._clear(found, keys), forms.ScopedPdu())
        pdus = forms.decode(scoped["data"].asOctets(), Pdus())
        pdu = Pdu(pdus.getName(), pdus.getComponent())
        code = found.code if found.flags & AUTH_FLAG else b""
        if pdu.kind == "trap" and not ours:  # reportable or not: RFC 3412, 6.4
            return Opened(keys.access, pdu, code, None)
        if pdu.kind == INFORM and ours:
            return Opened(keys.access, pdu, code, lambda: self._response(found, keys, scoped, pdu))
        if found.flags & REPORTABLE and not ours:
            raise self._unbelieved(found, UNKNOWN_ENGINE, NOT_OURS)
        raise Dropped(Reason.UNSUPPORTED, f"a {pdu.kind} PDU in SNMPv3")

    # ---- proof ----

    def _proven(self, datagram: bytes, found: Envelope, users: Iterable[SnmpAccess]) -> Keys:
        """Return the keys of the user that a message proves to be from, at the level the inventory asks for."""
        fitting = [keys for keys in self._localised(users, found.engine) if keys.flags == found.level]
        if not fitting:
            raise self._unbelieved(found, UNKNOWN_LEVEL, "another security level than the inventory has")
        for keys in fitting:
            if not found.flags & AUTH_FLAG or keys.signs(datagram, found.code):
                return keys
        raise self._unbelieved(found, WRONG_DIGEST, "a wrong authentication code")

    def _localised(self, users: Iterable[SnmpAccess], engine: bytes) -> Iterator[Keys]:
        for access in users:
            yield self._keys.get((access, engine)) or self._make(access, engine)

    def _make(self, access: SnmpAccess, engine: bytes) -> Keys:
        if access.auth_protocol is None:
            return Keys(access)
        form = AUTH_FORMS[access.auth_protocol]
        if access not in self._masters:
            words = [key.reveal() for key in (access.auth_key, access.priv_key) if key]
            self._masters[access] = tuple(master_key(each, form.hash) for each in words)
        auth, *priv = self._masters[access]
        if access.priv_protocol is None or not priv:
            return Keys(access, localised(auth, engine, form.hash))
        made = cipher(access.priv_protocol, localised(priv[0], engine, form.hash), engine, form.hash)
        return Keys(access, localised(auth, engine, form.hash), made)

    def _in_our_time(self, found: Envelope) -> bool:
        """RFC 3414, 3.2.7a."""
        away = abs(found.seconds - self.engine.seconds(found.at))
        return found.boots == self.engine.boots != 2**31 - 1 and away <= TIME_WINDOW

    def _fresh(self, found: Envelope) -> bool:
        """RFC 3414, 3.2.7b. Only authenticated messages come here, so that nobody else sets a clock.

        A clock is of its sender's address too: devices with copied configurations have one engine ID.
        """
        key = found.source, found.engine
        clock = self._clocks.get(key)
        if found.boots == 2**31 - 1 or (_is_old(found, clock) if clock else self._is_of_another(found)):
            return False
        if clock is None or (found.boots, found.seconds) > clock[:2]:
            self._clocks.put(key, (found.boots, found.seconds, found.at))
        return True

    def _is_of_another(self, found: Envelope) -> bool:
        """Say whether a first message of an engine from an address rather is a recorded one of another device.

        It is, where another address has this engine by a clock that the message is too old for, and this address has
        another engine. Of an address that has none yet it may be a device with a copied configuration.
        """
        elsewhere = [clock for (_, engine), clock in self._clocks.items() if engine == found.engine]
        here = any(source == found.source for source, _ in self._clocks)
        return here and bool(elsewhere) and all(_is_old(found, clock) for clock in elsewhere)

    def _clear(self, found: Envelope, keys: Keys) -> bytes:
        if keys.priv is None:
            return found.data
        sealed = forms.decode(found.data, univ.OctetString()).asOctets()
        try:
            return keys.priv.decrypt(sealed, found.boots, found.seconds, found.salt)
        except AuthFailed as error:
            raise self._unbelieved(found, UNDECIPHERED, "our priv key does not decrypt it") from error

    # ---- answers ----

    def _response(self, found: Envelope, keys: Keys, scoped: Any, pdu: Pdu) -> bytes:
        """RFC 3412, 7.1: in the request's own context, which senders of informs call theirs."""
        return self._sealed(found, keys, answer(pdu), (scoped["engine"].asOctets(), scoped["context"].asOctets()))

    def _unbelieved(self, found: Envelope, about: int, message: str, keys: Keys | None = None) -> Unbelieved:
        """Return what to raise. Only what asked for it is answered (RFC 3412, 7.1), and told our engine first."""
        reason = Reason.REPLAY if about == NOT_IN_TIME else Reason.CREDENTIALS
        if not found.flags & REPORTABLE:
            return Unbelieved(reason, message)
        if found.engine != self.engine.id:
            about, keys = UNKNOWN_ENGINE, None
        self._reports += 1
        pdu = v2c.ReportPDU()
        v2c.apiPDU.set_defaults(pdu)
        v2c.apiPDU.set_request_id(pdu, 0)  # RFC 3412, 7.1: 0 where it is not known
        v2c.apiPDU.set_varbinds(pdu, [((*USM_STATS, about, 0), v2c.Counter32(self._reports % 2**32))])
        signing = None if keys is None else Keys(_without_priv(keys.access), keys.auth)
        return Unbelieved(reason, message, self._sealed(found, signing, pdu), discovery=about == UNKNOWN_ENGINE)

    def _sealed(self, to: Envelope, keys: Keys | None, pdu: Any, context: tuple[bytes, bytes] | None = None) -> bytes:
        """Write our engine's answer to a message; without keys one that proves nothing."""
        keys = keys or Keys(SnmpAccess(version="3"))
        boots, seconds = self.engine.boots, self.engine.seconds(to.at)
        data, salt = forms.scoped(*(context or (self.engine.id, b"")), pdu), b""
        if keys.priv is not None:
            sealed, salt = keys.priv.encrypt(data, boots, seconds)
            data = encoder.encode(univ.OctetString(sealed))
        place = secrets.token_bytes(keys.size)  # found again by what it is: nothing else in the message equals it
        security = forms.security(self.engine.id, boots, seconds, user=to.user, code=place, salt=salt)
        whole = forms.message(to.message_id, keys.flags, security, data)
        return whole.replace(place, keys.code(whole.replace(place, bytes(keys.size)))) if place else whole


def _is_old(found: Envelope, clock: Clock) -> bool:
    """Say whether a message is older than a clock allows (RFC 3414, 3.2.7b)."""
    boots, seconds, at = clock
    return (found.boots, found.seconds) < (boots, seconds + int(found.at - at) - TIME_WINDOW)


def credentials(access: SnmpAccess) -> SnmpAccess:
    """Return what a notification must bear, without how its device is asked: equal for all with the same."""
    if access.version != "3":
        return SnmpAccess(version="2c", community=access.community)
    return replace(_without_priv(access), priv_protocol=access.priv_protocol, priv_key=access.priv_key)


def _without_priv(access: SnmpAccess) -> SnmpAccess:
    return SnmpAccess(version="3", user=access.user, auth_protocol=access.auth_protocol, auth_key=access.auth_key)
