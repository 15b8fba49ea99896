"""What of a community file is not read, and why: named where it stands, so that nothing is lost in silence. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from collectors.yamlfile import Document, KeyPath, dotted

MAX_ITEMS = 20_000  # metrics, symbols and tags of one file, aliases followed

Why = Literal[
    "broken",  # the file cannot be read at all
    "clash",  # another file has its name
    "own_name",  # a profile of ours has its name
    "same_oid",  # another file recognises the same devices
    "extends",  # what it extends is not there, or extends it
    "key",  # a key nobody here knows
    "section",  # a part of the format that is not metrics: topology, traps …
    "form",  # not of the form this key has
    "no_oid",  # a name without its OID, which only a MIB could tell
    "pattern",  # not a pattern of RE2
    "type",  # a metric type nobody here knows
    "virtual",  # calculated from other metrics
    "lookup",  # a tag found by a value of another table
    "octets",  # a form of octets nobody here knows
    "code",  # something to be run
    "metadata",  # about parts of the device, or a field that is no fact here
    "renamed",  # its name means something else here
]


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """One thing of a community file that is not read. Line 0 is the file as a whole."""

    file: str
    line: int
    key: str
    why: Why
    what: str = ""  # what is lost, or what it says


class TooMuch(ValueError):
    """A file with more in it than any profile has."""


@dataclass(slots=True)
class Notes:
    """What was found in one file, in the order of reading."""

    document: Document
    found: list[NotUnderstood] = field(default_factory=list)
    _left: int = MAX_ITEMS

    def add(self, path: KeyPath, why: Why, what: object = "") -> None:
        """Name what is not read at `path`."""
        self.found.append(
            NotUnderstood(self.document.file, self.document.line(path), dotted(path), why, str(what)[:200])
        )

    def spend(self) -> None:
        """Count one item. Raises TooMuch."""
        self._left -= 1
        if self._left < 0:
            raise TooMuch(f"has more than {MAX_ITEMS} metrics and tags")

    def mapping(self, data: Any, path: KeyPath, known: Iterable[str] | None = None) -> dict[str, Any] | None:
        """Return a mapping, naming the keys that are not `known` (None: any is); None, named, for what is none."""
        if not isinstance(data, dict):
            self.add(path, "form", "a mapping of keys")
            return None
        for key in () if known is None else data.keys() - set(known):
            self.add((*path, key), "code" if key in ("script", "transform") else "key")
        return data

    def listed(self, data: Any, path: KeyPath) -> list[tuple[KeyPath, Any]]:
        """Return the items of a list with their paths; none for nothing, and named for what is no list."""
        if data is None:
            return []
        if not isinstance(data, list):
            self.add(path, "form", "a list")
            return []
        return [((*path, n), each) for n, each in enumerate(data)]
