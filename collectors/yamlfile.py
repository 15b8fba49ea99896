"""Read a YAML file strictly, and remember on which line each key stands.

Every plain scalar stays the text that was typed (`NO`, `22:30`, `0123`, `1.10`): the schema of the field decides what
it becomes. Only null (`null`, `~`, nothing) is None. Duplicate keys, aliases that blow up and deep nesting are refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 20_000_000
MAX_DEPTH = 60
MAX_NODES = 2_000_000  # after aliases are followed

KeyPath = tuple[str | int, ...]

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")  # YAML 1.2 §5.1
_NULLS = ("", "~", "null", "Null", "NULL")
_PLAIN_TAGS = (None, *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq")))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, shown as `file:line: key: message`. Line 0 is the file as a whole, and not shown."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (where, self.key, self.message) if part)


class YamlError(ValueError):
    """A file that cannot be read. `problems` has every reason found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(slots=True)
class Document:
    """Plain data (dict, list, str, None), and the line of each key path."""

    file: str
    data: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """Return the line of the nearest enclosing key that is in the file (1 if none)."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Return what is wrong with a key, or is wrong for want of it."""
        return Problem(self.file, self.line(path), dotted(path), message)


def read(path: Path) -> Document:
    """Read a UTF-8 file (a BOM is allowed). Raises YamlError."""
    return _whole(*scan(path))


def parse(text: str, file: str) -> Document:
    """Parse YAML text. Raises YamlError with every duplicate key, or the first syntax error."""
    return _whole(*scan_text(text, file))


def scan(path: Path) -> tuple[Document, list[Problem]]:
    """Read a file as far as it makes sense: duplicate keys and the like come back beside the data (first one kept).

    For callers that have more to say about the same file. Raises YamlError when there is nothing to go on with.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise YamlError([Problem(str(path), 0, "", f"cannot be read: {error.strerror}")]) from error
    if len(raw) > MAX_BYTES:
        raise YamlError([Problem(str(path), 0, "", f"is larger than {MAX_BYTES // 1_000_000} MB")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = "is not UTF-8 text (save the file as UTF-8; 请另存为 UTF-8)"
        raise YamlError([Problem(str(path), line, "", message)]) from error
    return scan_text(text, str(path))


def scan_text(text: str, file: str) -> tuple[Document, list[Problem]]:
    """Parse YAML text, as `scan` does a file's."""
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        message = f"has the control character U+{ord(control[0]):04X}: it must be plain text"
        raise YamlError([Problem(file, line, "", message)])
    builder = _Builder(file)
    try:
        data = builder.document(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        raise YamlError([_syntax(error, text, file)]) from error
    return Document(file, data, builder.lines), builder.problems


def dotted(path: KeyPath) -> str:
    """Write a key path as people do: `devices[2].snmp.port`."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" if out else _shown(part)
    return out


def _shown(key: str) -> str:
    return key if key.isprintable() else key.encode("unicode_escape").decode()


def _whole(document: Document, problems: list[Problem]) -> Document:
    if problems:
        raise YamlError(problems)
    return document


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    lines = text.splitlines()
    number = min(mark.line + 1, len(lines)) if mark else 0  # libyaml counts one more at the end of the file
    said = (getattr(error, "problem", None), getattr(error, "context", None))
    message = f"not valid YAML: {' '.join(filter(None, said)) or 'cannot be understood'}"
    near = lines[max(number - 2, 0) : number]
    if any(line.lstrip(" -").startswith("\t") for line in near):
        message += " (indent with spaces, not tabs; 请用空格缩进)"
    elif any("：" in line for line in near):
        message += " (write ': ' with an ASCII colon, not '：'; 请用半角冒号)"
    return Problem(file, number, "", message)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


@dataclass(frozen=True, slots=True)
class _Anchor:
    data: Any
    nodes: int
    height: int  # levels below it


class _Builder:
    """Turns the parser's events into data. Works on events, not on composed nodes: libyaml's composer recurses in C."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self._events: Iterator[Any] = iter(())
        self._anchors: dict[str, _Anchor] = {}
        self._nodes = 0
        self._deepest = 0

    def document(self, events: Iterator[Any]) -> Any:
        """Build the file's one document; None if it has none."""
        self._events = events
        next(events)  # stream start
        if isinstance(next(events), yaml.StreamEndEvent):
            return None
        data = self._node(next(events), ())
        next(events)  # document end
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._complain(after, (), "a second document begins here (---): one file is one document")
        return data

    def _node(self, event: Any, path: KeyPath) -> Any:
        self._grow(event, path, 1, 0)
        self.lines.setdefault(path, _line(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if event.tag not in _PLAIN_TAGS:
            self._complain(event, path, "has a tag (!…): write plain YAML, and quote a value that begins with !")
        if event.anchor is None:
            return self._content(event, path)
        return self._anchored(event, path)

    def _content(self, event: Any, path: KeyPath) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return dict(self._pairs(path))
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._node(child, (*path, n)) for n, child in enumerate(self._children())]
        plain = not event.style  # None from Python's parser, "" from libyaml's
        return None if plain and event.value in _NULLS else str(event.value)

    def _children(self) -> Iterator[Any]:
        while not isinstance(event := next(self._events), yaml.CollectionEndEvent):
            yield event

    def _pairs(self, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for event in self._children():
            if not isinstance(event, yaml.ScalarEvent):
                self._complain(event, path, "a key must be plain text")
                self._skip(event, path)
                self._skip(next(self._events), path)
                continue
            key, here = str(event.value), (*path, str(event.value))
            if key in seen:
                self._complain(event, here, f"is given twice (first on line {self.lines[here]})")
                self._skip(next(self._events), path)
                continue
            seen.add(key)
            self.lines[here] = _line(event)
            value = self._node(next(self._events), here)
            if key == "<<" and not event.style:
                self._complain(event, here, "merge keys are not YAML 1.2: write the keys out")
                continue
            yield key, value

    def _skip(self, event: Any, path: KeyPath) -> None:
        self._node(event, (*path, "?"))  # checked, and its lines kept apart from those of the data

    def _anchored(self, event: Any, path: KeyPath) -> Any:
        self._anchors.pop(event.anchor, None)  # inside itself the name is not yet known
        nodes, deepest = self._nodes, self._deepest
        self._deepest = len(path)
        data = self._content(event, path)
        self._anchors[event.anchor] = _Anchor(data, self._nodes - nodes, self._deepest - len(path))
        self._deepest = max(deepest, self._deepest)
        return data

    def _alias(self, event: Any, path: KeyPath) -> Any:
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            self._complain(event, path, "refers (*) to no anchor (&) above it: quote a value that begins with *")
            return None
        self._grow(event, path, anchor.nodes, anchor.height)
        return anchor.data

    def _grow(self, event: Any, path: KeyPath, nodes: int, height: int) -> None:
        self._nodes += nodes
        self._deepest = max(self._deepest, len(path) + height)
        if self._nodes > MAX_NODES or self._deepest > MAX_DEPTH:
            deep = self._deepest > MAX_DEPTH
            what = f"is nested deeper than {MAX_DEPTH} levels" if deep else f"has more than {MAX_NODES} values"
            raise YamlError([Problem(self.file, _line(event), "", what)])

    def _complain(self, event: Any, path: KeyPath, message: str) -> None:
        self.problems.append(Problem(self.file, _line(event), dotted(path), message))
