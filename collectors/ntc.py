"""ntc-templates: finds the TextFSM template of a command and reads output by it. Each is looked up and compiled once.

`ntc_templates.parse_output` does both anew for every output, which costs ten times what the reading does.
"""

import threading
from functools import cache
from pathlib import Path
from typing import Any

import ntc_templates
import textfsm
from textfsm import clitable

FOLDER = Path(ntc_templates.__file__).parent / "templates"

Record = dict[str, str | list[str]]
"""A row a template has found: its values by their names, in lower case."""

_compile: Any = textfsm.TextFSM  # it has no types


class NoTemplate(LookupError):
    """ntc-templates has none for the platform and command."""


def records(platform: str, command: str, text: str) -> list[Record]:
    """Read what a command line of a platform (cisco_ios, huawei_vrp) printed.

    Raises NoTemplate, and textfsm.TextFSMError for a text that the template refuses.
    """
    files = _files(platform, command)
    return _joined(files, text) if ":" in files else _template(files).records(text)


class _Template:
    """A compiled template. Any thread may read by it."""

    def __init__(self, path: Path) -> None:
        with path.open(encoding="utf-8") as file:
            self._machine = _compile(file)
        self._names = [name.lower() for name in self._machine.header]
        self._lock = threading.Lock()  # it remembers where in the text it is

    def records(self, text: str) -> list[Record]:
        with self._lock:
            self._machine.Reset()
            return [dict(zip(self._names, found, strict=True)) for found in self._machine.ParseText(text)]


@cache
def _files(platform: str, command: str) -> str:
    """Return the file of a command's template, or several with colons between."""
    index = clitable.CliTable("index", str(FOLDER)).index
    row = index.GetRowMatch({"Platform": platform, "Command": command})
    if not row:
        raise NoTemplate(f"ntc-templates has none for {platform} {command!r}")
    return str(index.index[row]["Template"])


@cache
def _template(file: str) -> _Template:
    return _Template(FOLDER / file)


def _joined(files: str, text: str) -> list[Record]:
    """Read by several templates, whose rows belong together by their keys: a rare thing, left to TextFSM."""
    table = clitable.CliTable("index", str(FOLDER))
    table.ParseCmd(text, templates=files)
    return [dict(zip(map(str.lower, table.header.values), row.values, strict=True)) for row in table]
