"""SNMPv3's User-based Security Model (RFC 3412, 3414, 7860): what one user knows and believes of one device. No IO.

Engine, clock and keys belong to one Usm, so that two devices behind one address, or with one engine ID, never mix.
Whoever opens a message proves its authentication code; what it must prove beside is decided here.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from collectors.ber import Oid, dotted
from collectors.errors import AuthFailed, BadData, CollectError, Refused, TimedOut
from collectors.model import SnmpAccess
from collectors.snmp_message import REPORT, Again, Ignored, Pdu, answer_to

MAX_SIZE = 65_507  # octets of a UDP datagram, what we say we can receive
TIME_WINDOW = 150  # seconds, RFC 3414, 2.2.3
MODEL = 3  # the security model's number, RFC 3411, 5

AUTH_FLAG, PRIV_FLAG, REPORTABLE = 1, 2, 4
USM_STATS: Oid = (1, 3, 6, 1, 6, 3, 15, 1, 1)
_UNKNOWN_CONTEXTS: Oid = (1, 3, 6, 1, 6, 3, 12, 1, 5)  # SNMP-TARGET-MIB snmpUnknownContexts


class AuthForm(NamedTuple):
    """A hash by hashlib's name, and the octets of the authentication code in a message."""

    hash: str
    size: int


AUTH_FORMS = {
    None: AuthForm("", 0),
    "md5": AuthForm("md5", 12),
    "sha": AuthForm("sha1", 12),
    "sha224": AuthForm("sha224", 16),
    "sha256": AuthForm("sha256", 24),
    "sha384": AuthForm("sha384", 32),
    "sha512": AuthForm("sha512", 48),
}


def master_key(passphrase: str, hash_name: str) -> bytes:
    """Stretch a passphrase to a key for all engines (RFC 3414, A.2). Raises AuthFailed for an empty one."""
    if not passphrase:
        raise AuthFailed("the SNMPv3 key is empty (right form: at least 8 characters)")
    return _stretched(passphrase.encode(), hash_name)


@lru_cache(maxsize=256)  # a megabyte is hashed, and a site's devices share their passphrases
def _stretched(words: bytes, hash_name: str) -> bytes:
    return stretched(words, hash_name)


def stretched(words: bytes, hash_name: str) -> bytes:
    """Return the digest of octets repeated to 1,048,576 of them."""
    return hashlib.new(hash_name, (words * (2**20 // len(words) + 1))[: 2**20]).digest()


def localised(key: bytes, engine: bytes, hash_name: str) -> bytes:
    """Make a master key that of one engine (RFC 3414, A.2)."""
    return hashlib.new(hash_name, key + engine + key).digest()


@dataclass(slots=True)
class Clock:
    """The device's snmpEngineBoots and snmpEngineTime as we know them. `proven` by an authenticated message."""

    boots: int = 0
    seconds: int = 0
    at: float = 0.0
    proven: bool = False

    def now(self, monotonic: float) -> int:
        return min(self.seconds + int(monotonic - self.at), 2**31 - 1)


class Received(NamedTuple):
    """One message of this exchange; its authentication code was right if its flags have AUTH_FLAG."""

    engine: bytes
    boots: int
    seconds: int
    user: bytes
    flags: int
    pdu: Pdu


class Usm:
    """One SNMPv3 user on one device. Learns the device's engine and clock from what is received (RFC 3414, 4).

    `patient`: an engine that has proven itself stays until nothing else comes in time, whoever says it is another.
    """

    __slots__ = (
        "_doubted",
        "_monotonic",
        "_name",
        "_patient",
        "_priv",
        "auth",
        "clock",
        "context",
        "engine",
        "flags",
        "form",
        "masters",
        "user",
    )

    def __init__(self, access: SnmpAccess, monotonic: Callable[[], float] = time.monotonic, *, patient: bool) -> None:
        self._name = access.user or ""
        self.user = self._name.encode()
        self.context = access.context.encode()
        self.auth = access.auth_protocol
        self._priv = access.priv_protocol
        self.form = AUTH_FORMS[self.auth]
        self.flags = (AUTH_FLAG if self.auth else 0) | (PRIV_FLAG if self._priv else 0)
        self._monotonic = monotonic
        self._patient = patient
        if not 1 <= len(self.user) <= 32:
            raise AuthFailed(f"{self._name!r} is not an SNMPv3 user (right form: 1 to 32 octets)")
        if self._priv and not self.auth:
            raise AuthFailed(f"user {self._name!r} has priv without auth (right form: both, or auth alone)")
        self.masters = tuple(
            master_key(key.reveal() if key else "", self.form.hash)
            for protocol, key in ((self.auth, access.auth_key), (self._priv, access.priv_key))
            if protocol
        )
        self.forget()

    def forget(self) -> None:
        """Ask for the engine again before anything else."""
        self.engine = b""
        self.clock = Clock()
        self._doubted = False

    def doubted(self) -> bool:
        """Forget the engine if a message said that it is another one now."""
        doubted = self._doubted
        if doubted:
            self.forget()
        return doubted

    def now(self) -> int:
        """Return the engine's time."""
        return self.clock.now(self._monotonic())

    # ---- what is received ----

    def judge(self, received: Received, request_id: int) -> Pdu | Again | Ignored:
        """Return a Response that proves as much as it was asked for, or what a Report means.

        Raises AuthFailed, BadData and TimedOut for what is to be ignored, and what a Report refuses.
        """
        if received.pdu.kind == REPORT:
            try:
                reported = received.pdu.answer().varbinds
            except BadData as error:
                return Ignored(error)
            return self._report(received, reported[0].oid if reported else ())
        try:
            return self._response(received, request_id)
        except (AuthFailed, BadData, TimedOut) as error:
            return Ignored(error)

    def _response(self, received: Received, request_id: int) -> Pdu:
        if received.flags & self.flags != self.flags:
            raise AuthFailed("answered with less security than it was asked with")
        if not self.engine or received.engine != self.engine or received.user != self.user:
            raise AuthFailed("answered as another engine or user")
        if received.flags & AUTH_FLAG and not self._in_time(received):
            raise AuthFailed("answered with an old clock: a message played again?")
        return answer_to(received.pdu, request_id)

    def _in_time(self, received: Received) -> bool:
        """Say whether an authenticated message is fresh, and set our notion of the clock by it (RFC 3414, 3.2.7b)."""
        clock = self.clock
        known = self.now()
        if clock.proven and (received.boots, received.seconds) < (clock.boots, known - TIME_WINDOW):
            return False
        if not clock.proven or (received.boots, received.seconds) > (clock.boots, clock.seconds):
            self._set_clock(received, proven=True)
        return True

    def _set_clock(self, received: Received, *, proven: bool) -> None:
        self.clock = Clock(received.boots, received.seconds, self._monotonic(), proven)

    def _report(self, received: Received, reason: Oid) -> Again | Ignored:
        """Learn from a Report, or say what it says is wrong (RFC 3414, 5: usmStats….N.0). Raises what is proven."""
        about = reason[len(USM_STATS)] if reason[:-2] == USM_STATS else 0
        signed = received.flags & AUTH_FLAG
        another = received.engine != self.engine
        if another and self._patient and self.clock.proven:
            self._doubted = True
            return Ignored(AuthFailed("answers as another SNMPv3 engine than before"))
        if not self.engine or (about == 4 and another):
            return self._learn_engine(received)
        if about == 2 and signed:
            self._set_clock(received, proven=True)
            return Again()
        refusal = self._refusal(about, reason)
        if self.auth and not signed:
            return Ignored(refusal, refused=True)
        raise refusal

    def _learn_engine(self, received: Received) -> Again | Ignored:
        """Take the engine's ID, and its clock as a hint: a wrong one only costs a notInTimeWindow, which is signed."""
        if not 5 <= len(received.engine) <= 32:  # SNMP-FRAMEWORK-MIB SnmpEngineID
            return Ignored(BadData(f"an SNMPv3 engine ID of {len(received.engine)} octets (RFC 3411: 5 to 32)"))
        self.engine = received.engine
        self._set_clock(received, proven=False)
        return Again()

    # ---- what is said about it ----

    def _refusal(self, about: int, reason: Oid) -> CollectError:
        level = {0: "noAuthNoPriv", 1: "authNoPriv"}.get(self.flags, "authPriv")
        texts = {
            1: f"user {self._name!r} may not use security level {level} there",
            2: "its clock and ours differ, and it does not prove its own (notInTimeWindow)",
            3: f"knows no SNMPv3 user {self._name!r}",
            4: "does not keep to one SNMPv3 engine ID",
            5: f"wrong auth key or auth protocol ({self.auth}) of user {self._name!r}",
            6: f"wrong priv key or priv protocol ({self._priv}) of user {self._name!r}",
        }
        if about in texts:
            return AuthFailed(texts[about])
        if reason[:-1] == _UNKNOWN_CONTEXTS:
            return Refused(f"knows no SNMPv3 context {self.context.decode()!r}")
        return Refused(f"reports {dotted(reason) or 'nothing'}")

    def silence(self) -> CollectError:
        """Return what it means that no answer came."""
        if not self.engine:
            return TimedOut("no answer to SNMPv3 discovery (device down, SNMPv3 off, or filtered)")
        if self.flags and not self.clock.proven:
            return AuthFailed(f"answers SNMPv3 discovery, but nothing as user {self._name!r}: {self._suspects()}")
        return TimedOut("no answer")

    def _suspects(self) -> str:
        """Name what an agent meets with silence in place of a Report: net-snmp does, what it cannot decrypt."""
        key = f"priv key or protocol ({self._priv})" if self._priv else f"auth key or protocol ({self.auth})"
        context = f" or context {self.context.decode()!r}" if self.context else ""
        return f"{key}{context} is likely wrong"


def believed(reply: Pdu | Again | Ignored) -> Pdu | Again | Ignored:
    """Raise a refusal that nobody signed, for whoever does not wait for better."""
    if isinstance(reply, Ignored) and reply.refused:
        raise reply.blame
    return reply
