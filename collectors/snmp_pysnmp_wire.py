"""The pysnmp engine's SNMP messages: built and opened by pyasn1, and pysnmp's keys and ciphers. No IO."""

import hmac
import secrets
import time
from collections.abc import Callable
from typing import Any, Literal

from pyasn1.codec.ber import encoder
from pyasn1.type import namedtype, univ
from pysnmp.entity import config
from pysnmp.proto.api import v2c

from collectors import ber
from collectors import snmp_forms as forms
from collectors.ber import Oid
from collectors.errors import AuthFailed, BadData, CollectError, TimedOut
from collectors.model import SnmpAccess
from collectors.snmp_message import (
    OF_ANOTHER_CONTEXT,
    OTHERS,
    REPORT,
    RESPONSE,
    Again,
    Answer,
    Ignored,
    Pdu,
    Request,
    answer_to,
)
from collectors.snmp_usm import AUTH_FLAG, MODEL, PRIV_FLAG, REPORTABLE, Received, Usm, believed, localised

_SERVICES: dict[str | None, Oid] = {
    None: (),
    "md5": config.USM_AUTH_HMAC96_MD5,
    "sha": config.USM_AUTH_HMAC96_SHA,
    "sha224": config.USM_AUTH_HMAC128_SHA224,
    "sha256": config.USM_AUTH_HMAC192_SHA256,
    "sha384": config.USM_AUTH_HMAC256_SHA384,
    "sha512": config.USM_AUTH_HMAC384_SHA512,
}
_PRIV = {
    "des": config.USM_PRIV_CBC56_DES,
    "aes128": config.USM_PRIV_CFB128_AES,
    "aes192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "aes192c": config.USM_PRIV_CFB192_AES,
    "aes256c": config.USM_PRIV_CFB256_AES,
}


class _Pdus(univ.Choice):  # type: ignore[misc]
    """The PDUs a device may send us (RFC 3416): Response and Report, variable bindings unread."""

    componentType = namedtype.NamedTypes(
        namedtype.NamedType("response", forms.context(2, forms.Body())),
        namedtype.NamedType("report", forms.context(8, forms.Body())),
    )


_MESSAGE = forms.community_message(_Pdus())


def _request_pdu(request: Request, request_id: int) -> Any:
    """Return the PDU of a request. There is no SetRequest here."""
    api = v2c.apiPDU
    if request.kind == "bulk":
        pdu = v2c.GetBulkRequestPDU()
        api = v2c.apiBulkPDU
        api.set_defaults(pdu)
        api.set_max_repetitions(pdu, request.repetitions)
    else:
        pdu = v2c.GetRequestPDU() if request.kind == "get" else v2c.GetNextRequestPDU()
        api.set_defaults(pdu)
    api.set_request_id(pdu, request_id)
    api.set_varbinds(pdu, [(oid, v2c.null) for oid in request.oids])
    return pdu


def _pdu(pdus: Any) -> Pdu:
    """Take the variable bindings out of a PDU as octets. Raises BadData."""
    pdu, octets = pdus.getComponent(), pdus.getComponent()["variable-bindings"].asOctets()
    kind = REPORT if pdus.getName() == "report" else RESPONSE
    request_id, status, about = (int(pdu[name]) for name in ("request-id", "error-status", "error-index"))
    return Pdu(kind, request_id, status, about, octets, *ber.content(octets, 0, len(octets), ber.SEQUENCE))


class PysnmpCommunityWire:
    """SNMPv1 and v2c: the community in clear (RFC 1157, 1901)."""

    def __init__(self, version: Literal["1", "2c"], community: str) -> None:
        self._version = 0 if version == "1" else 1
        self._community = community.encode()

    def message(self, request: Request, request_id: int) -> bytes:
        message = v2c.Message()
        v2c.apiMessage.set_defaults(message)
        message.setComponentByPosition(0, self._version)
        v2c.apiMessage.set_community(message, self._community)
        v2c.apiMessage.set_pdu(message, _request_pdu(request, request_id))
        return bytes(encoder.encode(message))

    def read(self, datagram: bytes, request_id: int) -> Answer | Ignored:
        try:
            message = forms.decode(datagram, _MESSAGE)
            if (int(message["version"]), message["community"].asOctets()) != (self._version, self._community):
                raise TimedOut("only answers with another community or SNMP version came in time")
            return answer_to(_pdu(message["data"]), request_id).answer()
        except (BadData, TimedOut) as error:
            return Ignored(error)

    def silence(self) -> CollectError:
        return TimedOut("no answer (device down, SNMP off or filtered, or another community)")


# ---- SNMPv3 ----


class PysnmpUsmWire:
    """One SNMPv3 user on one device. Finds out the device's engine and clock by itself (RFC 3414, 4)."""

    def __init__(self, access: SnmpAccess, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.usm = Usm(access, monotonic, patient=False)
        self._priv = access.priv_protocol
        self._keyed = b""  # the engine that the keys are of
        self._auth_key = b""
        self._priv_key: Any = None
        self._exchange: tuple[int, set[int]] = (0, set())  # request-id, message IDs it was sent under

    def _localise(self) -> None:
        usm = self.usm
        if self._keyed == usm.engine:
            return
        if usm.auth:
            self._auth_key = localised(usm.masters[0], usm.engine, usm.form.hash)
        if self._priv:
            service = config.PRIV_SERVICES[_PRIV[self._priv]]
            keys = univ.OctetString(usm.masters[1]), univ.OctetString(usm.engine)
            self._priv_key = service.localize_key(_SERVICES[usm.auth], *keys)
        self._keyed = usm.engine

    # ---- out ----

    def message(self, request: Request, request_id: int) -> bytes:
        if not self.usm.engine:
            return self._sealed(_request_pdu(Request("get", ()), request_id), request_id, flags=0, user=b"")
        self._localise()
        return self._sealed(_request_pdu(request, request_id), request_id, flags=self.usm.flags, user=self.usm.user)

    def _sealed(self, pdu: Any, request_id: int, *, flags: int, user: bytes) -> bytes:
        boots, seconds = self.usm.clock.boots, self.usm.now()
        if not flags & AUTH_FLAG:
            boots = seconds = 0
        data, salt = forms.scoped(self.usm.engine, self.usm.context, pdu), b""
        if flags & PRIV_FLAG:
            service = config.PRIV_SERVICES[_PRIV[self._priv or ""]]
            sealed, salted = service.encrypt_data(self._priv_key, (boots, seconds, None), data)
            data, salt = encoder.encode(univ.OctetString(sealed)), salted.asOctets()
        size = self.usm.form.size if flags & AUTH_FLAG else 0
        security = forms.security(self.usm.engine, boots, seconds, user=user, code=bytes(size), salt=salt)
        whole = forms.message(self._new_message_id(request_id), flags | REPORTABLE, security, data)
        return self._signed(whole, whole.index(security) + len(security) - 2 - len(salt) - size) if size else whole

    def _signed(self, whole: bytes, at: int) -> bytes:
        return whole[:at] + self._code(whole) + whole[at + self.usm.form.size :]

    def _code(self, whole: bytes) -> bytes:
        return hmac.digest(self._auth_key, whole, self.usm.form.hash)[: self.usm.form.size]

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
        except (BadData, AuthFailed, TimedOut) as error:
            return Ignored(error)
        reply = believed(self.usm.judge(received, request_id))
        if isinstance(reply, Again):
            self._exchange[1].clear()  # a Report that comes twice must not count twice
        if not isinstance(reply, Pdu):
            return reply
        try:
            return reply.answer()
        except BadData as error:
            return Ignored(error)

    def _open(self, datagram: bytes) -> Received:
        """Authenticate and decrypt a message. Raises BadData, AuthFailed, or TimedOut for one of another exchange."""
        message = forms.decode(datagram, forms.Message())
        header = message["header"]
        if int(message["version"]) != 3 or int(header["msgSecurityModel"]) != MODEL:
            raise BadData("answered with another SNMP version or security model")
        if int(header["msgID"]) not in self._exchange[1]:
            raise TimedOut(OTHERS)
        flags = header["msgFlags"].asOctets()[0]
        engine, boots, seconds, user, code, salt = forms.security_of(message)
        if flags & AUTH_FLAG:
            self._authenticate(datagram, code.asOctets())
        data = message["data"].asOctets()
        if flags & PRIV_FLAG:
            data = self._decrypted(data, flags, (boots, seconds, salt))
        scoped = forms.decode(data, forms.ScopedPdu())
        pdu = _pdu(forms.decode(scoped["data"].asOctets(), _Pdus()))
        if pdu.kind == RESPONSE and scoped["context"].asOctets() != self.usm.context:
            raise TimedOut(OF_ANOTHER_CONTEXT)
        return Received(engine.asOctets(), int(boots), int(seconds), user.asOctets(), flags, pdu)

    def _authenticate(self, datagram: bytes, code: bytes) -> None:
        """Raise AuthFailed unless a message's code is whole and right (RFC 3414, 6.3.2; not shorter: CVE-2008-0960)."""
        if not self._auth_key or len(code) != self.usm.form.size or datagram.count(code) != 1:
            raise AuthFailed("answered with an authentication code of another protocol")
        if not hmac.compare_digest(self._code(datagram.replace(code, bytes(len(code)))), code):
            raise AuthFailed("answered with a wrong authentication code")

    def _decrypted(self, data: bytes, flags: int, parameters: tuple[Any, Any, Any]) -> bytes:
        if not flags & AUTH_FLAG or self._priv_key is None:
            raise AuthFailed("answered with encryption that was not asked for")
        sealed = forms.decode(data, univ.OctetString())
        try:
            service = config.PRIV_SERVICES[_PRIV[self._priv or ""]]
            return bytes(service.decrypt_data(self._priv_key, parameters, sealed))
        except Exception as error:  # pysnmp's StatusInformation, cryptography's ValueError
            raise AuthFailed("answered with what our priv key does not decrypt") from error

    def silence(self) -> CollectError:
        return self.usm.silence()
