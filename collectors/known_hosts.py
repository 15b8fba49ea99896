"""The host keys people have trusted: a file in OpenSSH's known_hosts form (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey

from collectors.errors import CollectError, UntrustedHost

_REVOKED = re.compile(r"\s*@revoked\s+(?P<entry>.+)")


@dataclass(frozen=True, slots=True)
class HostKey:
    """A device's public key."""

    name: str  # ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256 …
    base64: str
    fingerprint: str  # SHA256:…, as `ssh-keygen -l` and the devices show it

    @classmethod
    def of(cls, key: paramiko.PKey) -> "HostKey":
        return cls(key.get_name(), key.get_base64(), key.fingerprint)


def host_name(address: str, port: int) -> str:
    """Return what a device is called in the file: its address, or `[address]:port` off port 22."""
    return address if port == 22 else f"[{address}]:{port}"


def trusted_keys(path: Path, address: str, port: int) -> tuple[paramiko.PKey, ...]:
    """Return the keys the file has for a device, without those it revokes for any; none if there is no file.

    Raises CollectError if it cannot be read.
    """
    name = host_name(address, port)
    lines = _lines(path)
    revoked = _revoked(lines)
    return tuple(key for key in _keys(lines, name) if key not in revoked)


def add_host_key(path: Path, address: str, port: int, key: HostKey, *, replace: bool = False) -> bool:
    """Add a device's key to the file, which only its owner may read; say whether the file changed.

    Raises UntrustedHost when the file revokes the key, or has another one for the device and `replace` is not set;
    CollectError when it cannot be read or written.
    """
    name = host_name(address, port)
    if key in map(HostKey.of, _revoked(_lines(path))):
        raise UntrustedHost(
            f"{name}: the host key {key.fingerprint} is revoked in {path}: have the device make a new one, or take the "
            "@revoked line out if it is wrong"
        )
    known = [HostKey.of(k) for k in trusted_keys(path, address, port)]
    if key in known:
        return False
    if known and not replace:
        was = ", ".join(k.fingerprint for k in known)
        raise UntrustedHost(
            f"{name} was trusted with the host key {was} and now offers {key.fingerprint}: replace it only if the "
            "device was exchanged or its key made anew, else someone may sit in between"
        )
    kept = [kept for line in _lines(path) for kept in _without(line, name)]
    _write(path, [*kept, f"{name} {key.name} {key.base64}"])
    return True


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CollectError(f"{path}: the known_hosts file cannot be read: {error.strerror}") from error


def _keys(lines: Iterable[str], name: str) -> list[paramiko.PKey]:
    return [entry.key for entry in map(_entry, lines) if entry is not None and _matching(entry, name)]


def _entry(line: str) -> HostKeyEntry | None:
    """Read one line; None for comments, lines with a marker and keys that are no keys."""
    if line.lstrip().startswith(("#", "@")):
        return None
    try:
        return HostKeyEntry.from_line(re.sub(r"\s+", " ", line.strip()))
    except (InvalidHostKey, paramiko.SSHException, ValueError, IndexError):
        return None


def _revoked(lines: Iterable[str]) -> list[paramiko.PKey]:
    """Return the keys that are revoked, whatever host their lines name (mostly `*`): who stole one may be anywhere."""
    entries = [_entry(found["entry"]) for found in map(_REVOKED.match, lines) if found is not None]
    return [entry.key for entry in entries if entry is not None]


def _matching(entry: HostKeyEntry, name: str) -> list[str]:
    """Return the entry's names that are this one, in clear or hashed."""
    return [n for n in entry.hostnames if n == name or (n.startswith("|1|") and _hashes_to(n, name))]


def _hashes_to(hashed: str, name: str) -> bool:
    try:
        return str(HostKeys.hash_host(name, hashed)) == hashed
    except (ValueError, IndexError, AssertionError):
        return False


def _without(line: str, name: str) -> Iterator[str]:
    """Give the line back without the name; nothing if it was the only one."""
    entry = _entry(line)
    gone = _matching(entry, name) if entry is not None else []
    if entry is None or not gone:
        yield line
        return
    others = [n for n in entry.hostnames if n not in gone]
    if others:
        yield " ".join([",".join(others), *line.split()[1:]])


def _write(path: Path, lines: list[str]) -> None:
    """Put the whole file in place at once: a crash leaves the old one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write("".join(f"{line}\n" for line in lines))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CollectError(f"{path}: the known_hosts file cannot be written: {error.strerror}") from error
