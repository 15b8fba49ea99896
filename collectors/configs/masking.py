"""Take the secrets out of a configuration, and leave its lines as they are. Pure.

Rather one word too many than one secret too few: what follows a word like `password` is taken for one unless the
family's rules know better, and a line too long to be read is masked whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from re import Pattern

from collectors.configs.paths import paths, places
from collectors.configs.rules import Search, Syntax, compiled

Mark = Callable[[str, str], str]
"""(what stands before a secret in its line, the secret) → what stands in its place."""

MAX_LINE = 4_000  # characters; a search over more takes too long
FIELDS = ("masks", "keywords", "keep")

Span = tuple[int, int]


def mask(lines: Sequence[str], syntax: Syntax, mark: Mark) -> list[str]:
    """Return the lines with a mark in place of each secret. The number of lines stays the same."""
    finder = _Finder(syntax)
    masked: list[str] = []
    inside: Pattern[str] | None = None  # what ends the block we are in
    blocks = [(compiled(block.begin), compiled(block.end)) for block in syntax.blocks]
    for line, (path, start) in zip(lines, paths(lines), strict=True):
        text = path[start:]
        if inside is not None:
            ended = inside.search(text)
            masked.append(line if ended and not text[: ended.start()].strip() else _whole(line, mark))
            inside = None if ended else inside
            continue
        inside = _begins(text, blocks)
        masked.append(_replaced(line, _spans(finder, line, path, start), mark))
    return masked


def _begins(line: str, blocks: Iterable[tuple[Pattern[str], Pattern[str]]]) -> Pattern[str] | None:
    for begin, end in blocks:
        found = begin.search(line)
        if found is not None and end.search(line, found.end()) is None:
            return end
    return None


def _spans(finder: "_Finder", line: str, path: str, start: int) -> list[Span]:
    """Return where secrets stand in a line, counted from its first character that is no blank."""
    text = line.strip()
    if len(line) > MAX_LINE:
        return [(0, len(text))]
    spans = finder.spans(path, start)
    if not spans or len(path) - start == len(text):
        return spans
    at = places(text)
    return [(at[begin], at[end - 1] + 1) for begin, end in spans]


class _Finder:
    """Finds where in a line secrets stand. Remembers, as configurations say the same again and again."""

    def __init__(self, syntax: Syntax) -> None:
        self._by_line: dict[str, tuple[list[Span], list[Span], bool]] = {}
        self._plain = {field: [s for s in syntax.searches(field) if not s.on_path] for field in FIELDS}
        self._on_path = {field: [s for s in syntax.searches(field) if s.on_path] for field in FIELDS}
        self._words = syntax.searches("words")

    def spans(self, path: str, start: int) -> list[Span]:
        """Return the places in the line that begins at `start` of its path, in order, none within another."""
        text = path[start:]
        if text not in self._by_line:
            self._by_line[text] = self._found(self._plain, text, 0)
        found, guessed, kept = self._found(self._on_path, path, start)
        found, guessed, kept = (
            [*self._by_line[text][0], *found],
            [*self._by_line[text][1], *guessed],
            self._by_line[text][2] or kept,
        )
        if not guessed or kept:
            return _merged(found)
        if found:
            return _merged([*found, *(span for span in guessed if not self._leads_on(text, span, found))])
        last = max(guessed)[0]  # nobody knows where it ends: a password may have blanks in it
        return _merged([*guessed, (last, len(text.rstrip(" \t;{")))])

    def _found(
        self, searches: Mapping[str, Sequence[Search]], path: str, start: int
    ) -> tuple[list[Span], list[Span], bool]:
        """Return secrets, what follows a keyword, and whether that is none."""
        found = [span for search in searches["masks"] for span in _matches(search, path, start)]
        guessed = [span for search in searches["keywords"] for span in _matches(search, path, start)]
        return found, guessed, any(search.regex.search(path) for search in searches["keep"])

    def _leads_on(self, text: str, span: Span, found: Sequence[Span]) -> bool:
        """Say whether what follows a keyword is a word before the secret (`cipher`, `level`), which is known."""
        if all(begin < span[1] for begin, _ in found):
            return False
        return any(search.regex.fullmatch(text[slice(*span)]) for search in self._words)


def _matches(search: Search, path: str, start: int) -> Iterator[Span]:
    """Yield the named groups that lie in the line."""
    for match in search.regex.finditer(path):
        for name in match.groupdict():
            begin, end = match.span(name)
            if begin >= start and end > begin:
                yield begin - start, end - start


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _replaced(line: str, spans: Sequence[Span], mark: Mark) -> str:
    if not spans:
        return line
    text = line.strip()
    pieces = [line[: len(line) - len(line.lstrip())]]
    at = 0
    for begin, end in spans:
        pieces += [text[at:begin], mark(text[:begin], text[begin:end])]
        at = end
    return "".join([*pieces, text[at:]])


def _whole(line: str, mark: Mark) -> str:
    return _replaced(line, [(0, len(line.strip()))] if line.strip() else [], mark)
