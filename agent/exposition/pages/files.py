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


def names(reports: Path, run: str) -> list[str]:
    """Return the files of a run, by name; none where it has no folder."""
    folder = _folder(reports, run)
    return sorted(entry.name for entry in _files(folder)) if folder else []


def opened(reports: Path, run: str, name: str) -> BinaryIO | None:
    """Open a file of a run; None where it has none of that name. The caller closes it. Raises OSError."""
    folder = _folder(reports, run)
    found = next((entry for entry in _files(folder) if entry.name == name), None) if folder else None
    return Path(found.path).open("rb") if found else None


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield what is left of a file, closing it at the end."""
    with file:
        while piece := file.read(PIECE):
            yield piece


def _folder(reports: Path, run: str) -> str | None:
    return next((e.path for e in _entries(reports) if e.name == run and e.is_dir(follow_symlinks=False)), None)


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    return (e for e in _entries(folder) if e.is_file(follow_symlinks=False) and Path(e.name).suffix in TYPES)


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:  # no report was written yet
        return []
