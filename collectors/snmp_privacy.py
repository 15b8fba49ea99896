"""SNMPv3 privacy: DES (RFC 3414, 8) and AES (RFC 3826, and its longer keys), by a key that is localised. No IO."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any, Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher as _Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

from collectors.errors import AuthFailed
from collectors.model import PrivProtocol
from collectors.snmp_usm import localised, stretched

_SALT = 8  # octets of msgPrivacyParameters
_BLOCK = 16  # octets of AES's
_DES_BLOCK = 8


class Cipher(Protocol):
    """Encrypts for one user of one engine, and decrypts what that engine sends to it."""

    def encrypt(self, data: bytes, boots: int, seconds: int) -> tuple[bytes, bytes]:
        """Return what is encrypted, and the msgPrivacyParameters to it."""
        ...

    def decrypt(self, data: bytes, boots: int, seconds: int, salt: bytes) -> bytes:
        """Return what was encrypted, and perhaps some octets behind it. Raises AuthFailed."""
        ...


class Des:
    """CBC-DES (RFC 3414, 8.1.1)."""

    __slots__ = ("_before", "_counter", "_key")

    def __init__(self, key: bytes) -> None:
        self._key = TripleDES(key[:8] * 3)  # thrice one key is DES
        self._before = int.from_bytes(key[8:16])
        self._counter = secrets.randbits(32)

    def encrypt(self, data: bytes, boots: int, seconds: int) -> tuple[bytes, bytes]:
        self._counter = (self._counter + 1) % 2**32
        salt = boots.to_bytes(4) + self._counter.to_bytes(4)
        padded = data + bytes(-len(data) % _DES_BLOCK)
        return _Cipher(self._key, self._mode(salt)).encryptor().update(padded), salt

    def decrypt(self, data: bytes, boots: int, seconds: int, salt: bytes) -> bytes:
        if len(salt) != _SALT or len(data) % _DES_BLOCK:
            raise not_decrypted()
        return _Cipher(self._key, self._mode(salt)).decryptor().update(data)

    def _mode(self, salt: bytes) -> CBC:
        return CBC((self._before ^ int.from_bytes(salt)).to_bytes(_DES_BLOCK))


class Aes:
    """CFB128-AES-128 (RFC 3826), and the same with longer keys."""

    __slots__ = ("_block", "_key", "_salt")

    def __init__(self, key: bytes) -> None:
        self._key = AES(key)
        self._block: Any = _Cipher(self._key, ECB()).encryptor()  # noqa: S305 - one block of CFB at a time
        self._salt = secrets.randbits(64)

    def encrypt(self, data: bytes, boots: int, seconds: int) -> tuple[bytes, bytes]:
        self._salt = (self._salt + 1) % 2**64
        salt = self._salt.to_bytes(_SALT)
        mode = CFB(boots.to_bytes(4) + seconds.to_bytes(4) + salt)
        return _Cipher(self._key, mode).encryptor().update(data), salt

    def decrypt(self, data: bytes, boots: int, seconds: int, salt: bytes) -> bytes:
        """Decrypt all blocks at once: what is added to each is the block before it, encrypted."""
        if len(salt) != _SALT:
            raise not_decrypted()
        size = len(data)
        before = boots.to_bytes(4) + seconds.to_bytes(4) + salt + data
        stream = self._block.update(before[: size + -size % _BLOCK])
        return (int.from_bytes(data) ^ int.from_bytes(stream[:size])).to_bytes(size)


def not_decrypted() -> AuthFailed:
    """Return what is said of data that a key does not fit."""
    return AuthFailed("answered with what our priv key does not decrypt")


def cipher(protocol: PrivProtocol, key: bytes, engine: bytes, hash_name: str) -> Cipher:
    """Make the cipher of a protocol from a key that is localised to an engine, by the hash of the user's auth."""
    if protocol == "des":
        return Des(key)
    size, extended = _AES[protocol]
    while len(key) < size:
        key = extended(key, engine, hash_name)
    return Aes(key[:size])


def _hashed_on(key: bytes, engine: bytes, hash_name: str) -> bytes:
    """Lengthen a key by its own hash (draft-blumenthal-aes-usm-04, 3.1.2.1)."""
    return key + hashlib.new(hash_name, key).digest()


def _stretched_on(key: bytes, engine: bytes, hash_name: str) -> bytes:
    """Lengthen a key by one made from it as from a passphrase (draft-reeder-snmpv3-usm-3desede-00, 2.1)."""
    return key + localised(stretched(key, hash_name), engine, hash_name)


_AES: dict[str, tuple[int, Callable[[bytes, bytes, str], bytes]]] = {
    "aes128": (16, _hashed_on),
    "aes192": (24, _hashed_on),
    "aes256": (32, _hashed_on),
    "aes192c": (24, _stretched_on),
    "aes256c": (32, _stretched_on),
}
