"""Bring a configuration as a device prints it into lines that can be kept and compared. Pure."""

import re
from collections.abc import Sequence
from itertools import dropwhile

from collectors.configs.paths import paths
from collectors.configs.rules import Syntax, compiled

SHORTEST = 5  # lines with text that any configuration has
LARGEST = 200_000  # lines

_COMMENT = re.compile(r"\s*(?:!|#\s*$)")


def lines_of(text: str, syntax: Syntax) -> list[str]:
    """Return the lines without what changes by itself, blanks behind them, and blank lines before and after all."""
    changing = [search.regex for search in syntax.searches("changing")]
    kept = (line.rstrip() for line in text.split("\n"))
    lines = list(dropwhile(_blank, (line for line in kept if not any(p.search(line.lstrip()) for p in changing))))
    while lines and _blank(lines[-1]):
        lines.pop()
    return lines


def fault(lines: Sequence[str], syntax: Syntax) -> str:
    """Say why the lines are no whole configuration; "" when they may be one. Nothing of them is quoted."""
    texts = [line for line in lines if not _blank(line)]
    if len(texts) < SHORTEST:
        return f"has {len(texts)} lines: no device's configuration is so short"
    if len(lines) > LARGEST:
        return f"has {len(lines):,} lines: more than we keep"
    if syntax.end is not None and compiled(syntax.end).search(texts[-1].strip()) is None:
        return f"was cut off: its last line is not {syntax.end.strip('^$')!r}"
    return ""


def nothing_saved(lines: Sequence[str], syntax: Syntax) -> bool:
    """Say whether this is a device's word for having no saved configuration, rather than one."""
    said = [line for line in lines if not _blank(line)]
    searches = syntax.searches("nothing_saved")
    return 0 < len(said) < SHORTEST and any(search.regex.search(line) for line in said for search in searches)


def comparable(lines: Sequence[str], syntax: Syntax) -> list[str]:
    """Return the lines by which a running and a saved configuration can be compared: without bare comments, and what
    the two write differently.
    """
    differs = [search.regex for search in syntax.searches("differs")]
    return [
        line
        for line, (path, _) in zip(lines, paths(lines), strict=True)
        if path and not _COMMENT.match(line) and not any(regex.search(path) for regex in differs)
    ]


def _blank(line: str) -> bool:
    return not line.strip()
