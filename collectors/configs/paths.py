"""Flatten a configuration: each line with the lines it stands under, told by indentation. Pure."""

import re
from collections.abc import Iterator, Sequence

from collectors.configs.rules import SEPARATOR

MAX_DEPTH = 12  # deeper lines count as standing at this depth
MAX_PREFIX = 1_000  # characters of the lines above; what stands under more has none
COMMENTS = ("#", "!")

_SURPLUS = re.compile(r"(?<=[ \t]{2})[ \t]+")


def paths(lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield for each line its path, and where in it the line itself begins: `("line vty 0 4 / login", 15)`.

    A blank line has the path "". Blanks at the beginning of a line are not part of the path, and of a run of them two
    stay (`kept`): a search may try each way to share them out among its words. A comment (`#`, `!`) ends what stands
    before it, and nothing stands under it: Comware writes what is global a blank to the right of it.
    """
    above: list[tuple[int, str]] = []  # indentation; what the paths of the lines beneath begin with
    for line in lines:
        text = _SURPLUS.sub("", line.strip())
        if not text:
            yield "", 0
            continue
        indent = _width(line)
        while above and above[-1][0] >= indent:
            above.pop()
        prefix = above[-1][1] if above else ""
        yield (prefix + text, len(prefix)) if len(prefix) <= MAX_PREFIX else (text, 0)
        if len(above) < MAX_DEPTH and not text.startswith(COMMENTS):
            above.append((indent, f"{prefix}{text}{SEPARATOR}"[: MAX_PREFIX + 1]))


def places(text: str) -> list[int]:
    """Return where in a line without blanks around it the characters stand that are in its path."""
    surplus = {at for run in _SURPLUS.finditer(text) for at in range(*run.span())}
    return [at for at in range(len(text)) if at not in surplus]


def _width(line: str) -> int:
    return len(line[: len(line) - len(line.lstrip())].expandtabs(8))
