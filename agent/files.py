"""Write a file whole or not at all."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE


def write(path: Path, data: bytes, *, mode: int | None = None, new: bool = False) -> None:
    """Put a file in place at once: a crash or a full disk leaves the old one. Raises OSError.

    `mode`: None keeps the old file's; a new one gets the usual. `new`: a file that is there already stays, also when
    another process was faster.
    """
    try:
        there = path.stat() if path.exists() else None
        if there is not None and not path.is_file():  # a terminal, a pipe: nothing to keep
            path.write_bytes(data)
            return
        _in_place(path.resolve(), data, S_IMODE(there.st_mode) if there and mode is None else mode, new=new)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def _in_place(path: Path, data: bytes, mode: int | None, *, new: bool) -> None:
    beside = path.with_name(f".netpatrol-{secrets.token_hex(8)}")
    try:
        beside.touch(0o666 if mode is None else mode, exist_ok=False)
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(mode)  # whatever the umask takes away
        if new:
            with suppress(FileExistsError):
                os.link(beside, path)
        else:
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
