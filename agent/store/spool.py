"""What could not be stored, as one JSON file each, until the store takes it in."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from agent.model import Judged, Run
from agent.store import codec
from agent.store.errors import StoreCorrupt, StoreError
from collectors.model import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """What was measured and judged, undecided: findings and tickets are settled when the store takes it in."""

    id: str  # the run's; one of its own where there is no run
    now: datetime  # of judging
    snapshots: tuple[Snapshot, ...] = ()
    judged: tuple[Judged, ...] = ()
    not_applicable: tuple[tuple[str, str], ...] = ()  # (device, check)
    run: Run | None = None  # without findings and changes


def to_text(spooled: Spooled) -> str:
    """Return a file's content: one line of ASCII JSON, for stdout where no file can be written."""
    return codec.to_ascii(spooled) + "\n"


def save(directory: Path, spooled: Spooled) -> Path:
    """Write the file `<id>.json`, whole or not at all, and return its path. Raises StoreError."""
    path = directory / f"{quote(spooled.id, safe='')}.json"
    unfinished = path.with_suffix(".tmp")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="ascii") as file:
            file.write(to_text(spooled))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise StoreError(f"{path} cannot be written: {error.strerror}: free some space or give access") from error
    return path


def waiting(directory: Path) -> tuple[Path, ...]:
    """Return the files that wait in the directory, in no special order."""
    return tuple(sorted(directory.glob("*.json")))


def load(path: Path) -> Spooled:
    """Read a file back. Raises StoreError, also for a file that is not whole."""
    try:
        return codec.from_json(Spooled, path.read_bytes())
    except StoreCorrupt as error:
        raise StoreCorrupt(f"{path} is no spooled run: move it away ({error})") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error


def load_all(directory: Path) -> Iterator[tuple[Path, Spooled | StoreError]]:
    """Yield every waiting file with its content, or why it has none, oldest first."""
    loaded = [(path, _try(path)) for path in waiting(directory)]
    broken = [pair for pair in loaded if isinstance(pair[1], StoreError)]
    whole = [(path, found) for path, found in loaded if isinstance(found, Spooled)]
    yield from broken
    yield from sorted(whole, key=lambda pair: pair[1].now)


def _try(path: Path) -> Spooled | StoreError:
    try:
        return load(path)
    except StoreError as error:
        return error
