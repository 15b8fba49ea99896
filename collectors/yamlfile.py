"""Read a YAML file strictly, and remember on which line each key stands.

Every plain scalar stays the text that was typed (`NO`, `22:30`, `0123`, `1.10`): the schema of the field decides what
it becomes. Only null (`null`, `~`, nothing) is None. Duplicate keys, aliases that blow up and deep nesting are refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 20_000_000
MAX_DEPTH = 60
MAX_NODES = 2_000_000  # after aliases are followed

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, shown as `file:line: key: message`. Line 0 is the file as a whole."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (f"{self.file}:{self.line}", self.key, self.message) if part)


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


def read(path: Path) -> Document:
    """Read a UTF-8 file (a BOM is allowed). Raises YamlError."""
    try:
        raw = path.read_bytes()
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
    return parse(text, str(path))


def parse(text: str, file: str) -> Document:
    """Parse YAML text. Raises YamlError with every duplicate key, or the first syntax error."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(filter(None, (error.problem, error.context)))
        raise YamlError([Problem(file, mark.line + 1 if mark else 0, "", f"not valid YAML: {message}")]) from error
    except yaml.YAMLError as error:
        raise YamlError([Problem(file, 0, "", f"not valid YAML: {error}")]) from error
    except RecursionError as error:
        raise YamlError([Problem(file, 0, "", f"is nested deeper than {MAX_DEPTH} levels")]) from error
    builder = _Builder(file)
    data = builder.build(node, ()) if node is not None else None
    if builder.problems:
        raise YamlError(builder.problems)
    return Document(file, data, builder.lines)


class _Builder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self._nodes = 0

    def build(self, node: yaml.Node, path: KeyPath) -> Any:
        self._count(node, path)
        self.lines.setdefault(path, node.start_mark.line + 1)
        match node:
            case yaml.MappingNode():
                return dict(self._pairs(node, path))
            case yaml.SequenceNode():
                return [self.build(child, (*path, n)) for n, child in enumerate(node.value)]
            case yaml.ScalarNode():
                return self._scalar(node, path)
        raise AssertionError(node)

    def _count(self, node: yaml.Node, path: KeyPath) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            what = f"deeper than {MAX_DEPTH} levels" if len(path) > MAX_DEPTH else f"more than {MAX_NODES} values"
            raise YamlError([Problem(self.file, node.start_mark.line + 1, "", f"has {what}")])

    def _pairs(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem(self.file, line, "", "a key must be plain text"))
                continue
            key = key_node.value
            here = (*path, key)
            if key in seen:
                first = self.lines[here]
                self.problems.append(Problem(self.file, line, dotted(here), f"is given twice (first on line {first})"))
                continue
            seen.add(key)
            self.lines[here] = line
            yield key, self.build(value_node, here)

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> str | None:
        if node.tag.startswith("!") or node.tag.startswith("tag:yaml.org,2002:python"):
            self.problems.append(
                Problem(self.file, node.start_mark.line + 1, dotted(path), f"has the tag {node.tag}: write plain YAML")
            )
        plain = node.style is None
        return None if plain and node.value in ("", "~", "null", "Null", "NULL") else str(node.value)


def dotted(path: KeyPath) -> str:
    """Write a key path as people do: `devices[2].snmp.port`."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else part
    return out
