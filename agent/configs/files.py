"""Write a file whole or not at all, for its owner's eyes only."""

import secrets
from pathlib import Path

from agent import files
from agent.store import StoreError


class ConfigStoreError(StoreError):
    """A configuration cannot be kept, or read back."""


def make_private(path: Path) -> None:
    """Make a folder, and those above it that are missing, for its owner's eyes only. Raises OSError."""
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)


def private_folder(path: Path) -> Path:
    """Make a folder as `make_private` does, and return it. Raises ConfigStoreError."""
    try:
        make_private(path)
    except OSError as error:
        raise cannot("written", path, error) from error
    return path


def write(path: Path, data: bytes, *, new: bool = False) -> None:
    """Put a file of mode 0600 in place at once: a crash leaves the old one. Raises ConfigStoreError.

    `new`: a file that is there already stays, also when another process was faster.
    """
    try:
        files.write(path, data, mode=0o600, new=new)
    except OSError as error:
        raise cannot("written", path, error) from error


def own_bytes(path: Path, size: int) -> bytes:
    """Return the random octets of this installation, `size` of them made at the first call. Raises ConfigStoreError."""
    try:
        if not path.exists():
            write(path, secrets.token_bytes(size), new=True)
        return path.read_bytes()
    except OSError as error:
        raise cannot("read", path, error) from error


def cannot(what: str, path: Path, error: OSError) -> ConfigStoreError:
    """Return the error for a file that cannot be read or written."""
    return ConfigStoreError(f"{path} cannot be {what}: {error.strerror or type(error).__name__}")
