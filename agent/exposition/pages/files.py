"""The files that reports were written to. Names are looked for among those in the folder, never made into paths."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from agent.exposition.message import HTML

TYPES = {
    ".html": HTML,
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""What is served, by the end of its name."""

PIECE = 64 * 1024  # octets


def folders(reports: Path) -> dict[str, str]:
    """Return the folder of each run that has one. Raises OSError."""
    return {entry.name: entry.path for entry in _entries(reports) if entry.is_dir(follow_symlinks=False)}


def names(folder: str | None) -> list[str]:
    """Return the files of a run's folder, by name. Raises OSError."""
    return sorted(_files(folder))


def opened(folder: str | None, name: str) -> BinaryIO | None:
    """Open a file of a run's folder; None where it has none of that name. The caller closes it. Raises OSError."""
    path = _files(folder).get(name)
    return Path(path).open("rb") if path else None


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield what is left of a file, closing it at the end."""
    with file:
        while piece := file.read(PIECE):
            yield piece


def _files(folder: str | None) -> dict[str, str]:
    found = _entries(folder) if folder else []
    return {e.name: e.path for e in found if e.is_file(follow_symlinks=False) and Path(e.name).suffix in TYPES}


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:  # no report was written yet
        return []
