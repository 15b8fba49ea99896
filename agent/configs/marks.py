"""What stands in place of a secret: a mark that changes when the secret does, and from which nobody gets it back.

A mark is 16 bits of an HMAC under a key of this installation. So few bits tell a change of 65535 in 65536 secrets, and
leave to whoever steals key and marks many words that fit each. The device's name and the line before the secret are
part of it: the same password in two places has two marks. With a key for raw configurations in the inventory, that
goes into it too, and what lies on the disk is not enough to test a guess.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from agent.configs.files import ConfigStoreError, own_bytes
from collectors.configs.masking import Mark
from collectors.model import Secret

KEY_BYTES = 32
DIGITS = 4
CONSTANT = "<masked>"  # for families that show the same secret differently each time


@dataclass(frozen=True, slots=True)
class Marks:
    """Makes the marks of one installation."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, path: Path, passphrase: Secret | None = None) -> "Marks":
        """Read the installation's key, or make one. Raises ConfigStoreError."""
        own = own_bytes(path, KEY_BYTES)
        if len(own) != KEY_BYTES:
            raise ConfigStoreError(f"{path} is no key of {KEY_BYTES} bytes: bring the right one back, or delete it")
        if passphrase is None:
            return cls(own)
        return cls(hmac.digest(own, passphrase.reveal().encode(), hashlib.sha256))

    def mark(self, device: str, *, constant: bool = False) -> Mark:
        """Return what makes the marks of one device's secrets."""

        def made(before: str, secret: str) -> str:
            if constant:
                return CONSTANT
            words = "\0".join((device, " ".join(before.split()), secret))
            digest = hmac.digest(self.key, words.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()
            return f"<masked:{digest[:DIGITS]}>"

        return made
