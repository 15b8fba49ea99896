"""Turn references to secrets (`env:NAME`, `file:/path`, `keyring:service/name`) into secrets.

A message never quotes a secret, nor a text that may be one; it names the reference once its form is known to be right.
"""

import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from collectors.model import Secret

RIGHT_FORM = "env:NAME, file:/path or keyring:service/name"
PATTERN = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f]+|keyring:[^\x00-\x1f/][^\x00-\x1f]*/[^\x00-\x1f]+)$"
MAX_BYTES = 65_536
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Keyring = Callable[[str, str], str | None]
"""(service, name) → the stored secret, None if there is none. Raises SecretError when there is no keyring to ask."""


class SecretError(ValueError):
    """A secret that cannot be had."""


def check_reference(text: str) -> str:
    """Return the text if it has the form of a reference. Raises SecretError, without quoting it."""
    if text.startswith("vault:"):
        raise SecretError(f"has a vault: reference, which is not supported yet: write {RIGHT_FORM}")
    if re.fullmatch(PATTERN, text):
        return text
    scheme = text.partition(":")[0]
    if scheme in ("env", "file", "keyring"):
        raise SecretError(f"is not a complete {scheme}: reference: write {RIGHT_FORM}")
    raise SecretError(f"is a literal secret: write a reference, {RIGHT_FORM}")


def ask_keyring(service: str, name: str) -> str | None:
    """Ask the desktop's keyring (the keyring library picks the backend)."""
    import keyring  # noqa: PLC0415 - looks for backends when imported, and few inventories need it
    import keyring.errors  # noqa: PLC0415

    try:
        return keyring.get_password(service, name)
    except keyring.errors.NoKeyringError:
        raise SecretError("there is no keyring on this machine (use env: or file:)") from None
    except keyring.errors.KeyringError as error:
        raise SecretError(f"the keyring refused: {type(error).__name__}") from None


class Resolver:
    """Resolves the references of one inventory, each once. `warnings` says what is readable by others."""

    def __init__(self, folder: Path, env: Mapping[str, str], keyring: Keyring = ask_keyring) -> None:
        self.warnings: dict[str, str] = {}  # reference → what is unwise about it
        self._folder = folder
        self._env = env
        self._keyring = keyring
        self._known: dict[str, Secret | str] = {}  # a str says why there is none

    def resolve(self, reference: str) -> Secret:
        """Return the secret. Raises SecretError naming what is missing, empty or no text."""
        if reference not in self._known:
            try:
                self._known[reference] = Secret(self._fetch(check_reference(reference)))
            except SecretError as error:
                self._known[reference] = str(error)
        known = self._known[reference]
        if isinstance(known, str):
            raise SecretError(known)
        return known

    def _fetch(self, reference: str) -> str:
        scheme, _, rest = reference.partition(":")
        fetch = {"env": self._from_env, "file": self._from_file, "keyring": self._from_keyring}[scheme]
        value = fetch(rest, reference)
        if not value:
            raise SecretError(f"{reference} is empty")
        if control := _CONTROL.search(value):
            raise SecretError(
                f"{reference} has the control character U+{ord(control[0]):04X}: it must be one line of plain text "
                "(CRLF line ends leave U+000D)"
            )
        if not _is_text(value):
            raise SecretError(f"{reference} is not one line of text")
        return value

    def _from_env(self, name: str, reference: str) -> str:
        if name not in self._env:
            raise SecretError(f"{reference} is not set: export {name} before netpatrol starts")
        return self._env[name]

    def _from_file(self, name: str, reference: str) -> str:
        try:
            path = self._folder / Path(name).expanduser()
            mode = path.stat().st_mode
            if not stat.S_ISREG(mode):
                raise SecretError(f"{reference} is not a file")
            with path.open("rb") as stream:
                raw = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise SecretError(f"{reference} cannot be read: {error.strerror}") from None
        except RuntimeError:
            raise SecretError(f"{reference} has no home folder to begin at") from None
        if len(raw) > MAX_BYTES:
            raise SecretError(f"{reference} is larger than {MAX_BYTES} bytes")
        if stat.S_IMODE(mode) & stat.S_IROTH:
            self.warnings[reference] = f"{reference} can be read by every user of this machine (right form: chmod 600)"
        try:
            return raw.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            raise SecretError(f"{reference} is not UTF-8 text") from None

    def _from_keyring(self, entry: str, reference: str) -> str:
        service, _, name = entry.rpartition("/")
        value = self._keyring(service, name)
        if value is None:
            command = f"keyring set {service} {name}"
            raise SecretError(f"{reference} is not in the keyring (right form: {command})")
        return value


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # bytes of an environment variable that are no UTF-8
        return False
    return True
