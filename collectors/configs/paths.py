"""Flatten a configuration: each line with the lines it stands under, told by indentation. Pure."""

from collections.abc import Iterator, Sequence

from collectors.configs.rules import SEPARATOR

MAX_DEPTH = 12  # deeper lines count as standing at this depth
COMMENTS = ("#", "!")


def paths(lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield for each line its path, and where in it the line itself begins: `("line vty 0 4 / login", 15)`.

    A blank line has the path "". Blanks at the beginning of a line are not part of the path. A comment (`#`, `!`) ends
    what stands before it, and nothing stands under it: Comware writes what is global a blank to the right of it.
    """
    above: list[tuple[int, str]] = []
    for line in lines:
        text = line.strip()
        if not text:
            yield "", 0
            continue
        indent = _width(line)
        while above and above[-1][0] >= indent:
            above.pop()
        prefix = "".join(f"{each}{SEPARATOR}" for _, each in above)
        yield prefix + text, len(prefix)
        if len(above) < MAX_DEPTH and not text.startswith(COMMENTS):
            above.append((indent, text))


def _width(line: str) -> int:
    return len(line[: len(line) - len(line.lstrip())].expandtabs(8))
