"""Raw configurations, encrypted: kept only where the inventory gives a key, and read back only on demand.

A file is `NPC1`, salt, nonce and AES-256-GCM of the compressed text; its site and device are authenticated with it.
The key is scrypt (RFC 7914) of what the inventory refers to.
"""

import secrets
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from agent.configs.files import ConfigStoreError, cannot, own_bytes, private_folder, write
from agent.store.ahead import AHEAD
from collectors.model import Secret

MAGIC = b"NPC1"
SALT, NONCE = 16, 12
SUFFIX = ".enc"
SALT_FILE = "_salt"  # no site is called so; in older folders `salt`, which a site can be


@dataclass(slots=True)
class Vault:
    """Raw configurations under one folder: `<site>/<device>/<time>.enc`."""

    folder: Path
    passphrase: Secret
    _keys: dict[bytes, AESGCM] = field(default_factory=dict, repr=False)  # by salt

    def save(self, site: str, device: str, text: Secret, now: datetime) -> bool:
        """Keep a configuration unless it is what was kept last; say whether it was written. Raises ConfigStoreError."""
        newest = self.newest(site, device, now)
        if newest is not None and self._is(newest, site, device, text):
            return False
        salt, nonce = self._salt(), secrets.token_bytes(NONCE)
        path = private_folder(self.folder / site / device) / _file_name(now)
        packed = zlib.compress(text.reveal().encode("utf-8", "surrogatepass"))
        write(path, MAGIC + salt + nonce + self._key(salt).encrypt(nonce, packed, _about(site, device)))
        return True

    def newest(self, site: str, device: str, now: datetime) -> Path | None:
        """Return a device's last raw configuration. One still to come counts as the oldest: its clock was ahead."""
        latest = _file_name(now + AHEAD)
        found = (self.folder / site / device).glob(f"*{SUFFIX}")
        return max(found, key=lambda path: (path.name <= latest, path.name), default=None)

    def load(self, path: Path, site: str, device: str) -> Secret:
        """Decrypt a file. Raises ConfigStoreError, also when it was encrypted with another key."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise cannot("read", path, error) from error
        salt, nonce = data[4 : 4 + SALT], data[4 + SALT : 4 + SALT + NONCE]
        if data[:4] != MAGIC or len(nonce) != NONCE:
            raise ConfigStoreError(f"{path} is no encrypted configuration")
        try:
            packed = self._key(salt).decrypt(nonce, data[4 + SALT + NONCE :], _about(site, device))
        except InvalidTag:
            raise ConfigStoreError(
                f"{path} cannot be decrypted: it was changed, or config_backup.key is not the one it was written with"
            ) from None
        return Secret(zlib.decompress(packed).decode("utf-8", "surrogatepass"))

    def _is(self, path: Path, site: str, device: str, text: Secret) -> bool:
        try:
            return self.load(path, site, device) == text
        except ConfigStoreError:  # of another key: it stays, and the new one is kept beside it
            return False

    def _salt(self) -> bytes:
        """Return one salt for all files of the folder: making a key from it takes a tenth of a second."""
        folder = private_folder(self.folder)
        path, before = folder / SALT_FILE, folder / "salt"
        try:
            if before.is_file():
                before.replace(path)
        except OSError as error:
            raise cannot("written", path, error) from error
        salt = own_bytes(path, SALT)
        return salt if len(salt) == SALT else secrets.token_bytes(SALT)

    def _key(self, salt: bytes) -> AESGCM:
        if salt not in self._keys:
            derived = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(self.passphrase.reveal().encode())
            self._keys[salt] = AESGCM(derived)
        return self._keys[salt]


def _file_name(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}{SUFFIX}"


def _about(site: str, device: str) -> bytes:
    return f"{site}/{device}".encode()
