"""What changed between two configurations, and whether it guards who may get in. Pure.

Both are masked already: a diff shows marks in place of secrets.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collectors.configs import Syntax
from collectors.configs.paths import paths

MAX_COMPARED = 20_000  # lines in between the first and the last difference; beyond, only their number is told
MAX_WIDTH = 160  # characters of a line that are shown
CONTEXT = 1  # lines around a change that are shown

SAME, CHANGED, CHANGED_ACCESS = 0, 1, 2
"""Values of `device_config_drift`."""


@dataclass(frozen=True, slots=True)
class Drift:
    """`lines` is a unified diff without its head; of `removed` and `added` lines all are counted."""

    removed: int = 0
    added: int = 0
    access: bool = False  # a change stands where it is said who may get in
    lines: tuple[str, ...] = ()

    @property
    def value(self) -> int:
        """The value of `device_config_drift`."""
        if not (self.removed or self.added):
            return SAME
        return CHANGED_ACCESS if self.access else CHANGED

    def shown(self, most: int) -> str:
        """Return the diff in at most so many lines, each of bounded width; "" when nothing changed."""
        kept = [line if len(line) <= MAX_WIDTH else line[: MAX_WIDTH - 1] + "…" for line in self.lines[:most]]
        left = len(self.lines) - len(kept)
        if left:
            kept[-1] = f"… +{left + 1} lines (−{self.removed} +{self.added})"
        return "\n".join(kept)


def compare(old: Sequence[str], new: Sequence[str], syntax: Syntax) -> Drift:
    """Compare two configurations line by line."""
    first, last = _same_ends(old, new)
    before, after = old[first : len(old) - last], new[first : len(new) - last]
    if len(before) + len(after) > MAX_COMPARED:
        return Drift(len(before), len(after), True, (f"… −{len(before)} +{len(after)} lines",))
    gone, come = _guarding(old, syntax), _guarding(new, syntax)
    removed = added = 0
    access = False
    lines: list[str] = []
    matcher = difflib.SequenceMatcher(None, before, after)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            removed, added = removed + i2 - i1, added + j2 - j1
            access = access or any(gone[first + i1 : first + i2]) or any(come[first + j1 : first + j2])
    for group in matcher.get_grouped_opcodes(CONTEXT):
        lines += _hunk(group, before, after, first)
    return Drift(removed, added, access, tuple(lines))


def _same_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Return how many lines at the beginning, and at the end, are the same, but for one on either side."""
    shortest = min(len(old), len(new))
    first = next((n for n in range(shortest) if old[n] != new[n]), shortest)
    last = next((n for n in range(shortest - first) if old[-1 - n] != new[-1 - n]), shortest - first)
    return max(0, first - CONTEXT), max(0, last - CONTEXT)


def _guarding(lines: Sequence[str], syntax: Syntax) -> list[bool]:
    """Say of each line whether it has to do with who may get in."""
    searches = syntax.searches("security")
    return [
        any(search.regex.search(path if search.on_path else path[start:]) for search in searches)
        for path, start in paths(lines)
    ]


def _hunk(
    group: Sequence[tuple[str, int, int, int, int]], before: Sequence[str], after: Sequence[str], first: int
) -> Iterator[str]:
    yield f"@@ -{first + group[0][1] + 1} +{first + group[0][3] + 1} @@"
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            yield from (f" {line}" for line in before[i1:i2])
            continue
        yield from (f"-{line}" for line in before[i1:i2])
        yield from (f"+{line}" for line in after[j1:j2])
