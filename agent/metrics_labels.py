"""Writes labels as Prometheus reads them: valid names, clean texts, the rows of a table at once. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from collectors.columns import Added, Labels, Rows

Columns = Mapping[str, Sequence[str]]
"""Label → its texts, one a row."""

MAX_TEXT = 1024  # characters of a label's value: an ifAlias can be longer, a name people read is not

_HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # parsers differ on NUL; surrogates are no UTF-8
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_TO_ESCAPE = re.compile(r'["\\\n]')
_LABEL = re.compile(rb'([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\(.)")
_NOT_IN_A_NAME = re.compile("[^a-zA-Z0-9_]")


def clean(text: str) -> str:
    """Return hostile text as people may see it: control characters show as U+FFFD; newlines stay."""
    if text.isascii() and text.isprintable():
        return text[:MAX_TEXT]
    return _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text[:MAX_TEXT])


def inside(labels: Mapping[str, str]) -> str:
    """Return labels as they stand between braces. Their names are valid."""
    return ",".join(f'{name}="{text}"' for name, text in zip(labels, _escaped(list(labels.values())), strict=True))


def outside(row: bytes) -> dict[str, str]:
    """Return the labels that stand between the braces of a row, as `inside` writes them."""
    return {name.decode(): _plain(text) for name, text in _LABEL.findall(row)}


def _plain(text: bytes) -> str:
    plain = _ESCAPE.sub(lambda found: b"\n" if found[1] == b"n" else found[1], text) if b"\\" in text else text
    return plain.decode()


class Endings:
    """How the rows of a device end, behind the labels `top` that all have: `,ifName="ge1"} `, or `} ` without more."""

    def __init__(self, top: Collection[str]) -> None:
        self._top = tuple(top)
        self._known: dict[int, Columns | None] = {}  # by the id of rows, which others may add to

    def one(self, labels: Labels) -> str:
        """Return the ending of a row by itself."""
        return _ending(self._top, tuple(labels.items()))

    def of(self, rows: Rows) -> Sequence[str]:
        """Return the endings of the rows of a table."""
        columns = self._columns(rows)
        return list(map(self.one, rows)) if columns is None else _endings(self._top, columns, len(rows))

    def _columns(self, rows: Rows) -> Columns | None:
        """Return each label's texts as they are written, one a row; None where rows have different labels."""
        if id(rows) not in self._known:
            self._known[id(rows)] = self._added(rows) if isinstance(rows, Added) else _written(rows.columns())
        return self._known[id(rows)]

    def _added(self, rows: Added) -> Columns | None:
        of_base = self._columns(rows.base)
        if of_base is None or not rows:
            return None
        picked = {name: [texts[at] for at in rows.picks] for name, texts in of_base.items()}
        own = dict(zip(rows.names, zip(*rows.texts, strict=True), strict=True))
        return {**picked, **{name: _escaped(texts) for name, texts in own.items()}}


def _written(columns: Columns | None) -> Columns | None:
    return None if columns is None else {name: _escaped(texts) for name, texts in columns.items()}


@lru_cache(maxsize=4096)
def _ending(top: tuple[str, ...], labels: tuple[tuple[str, str], ...]) -> str:
    return _endings(top, {name: _escaped([text]) for name, text in labels}, 1)[0]


def _endings(top: tuple[str, ...], columns: Mapping[str, Sequence[str]], many: int) -> Sequence[str]:
    chosen = _chosen(top, tuple(sorted(columns)))
    if not chosen:
        return ["} "] * many
    form = "".join(f',{valid}="%s"' for valid in chosen) + "} "
    return [form % row for row in zip(*(columns[name] for name in chosen.values()), strict=True)]


@lru_cache(maxsize=4096)
def _chosen(top: tuple[str, ...], names: tuple[str, ...]) -> Mapping[str, str]:
    """Return the valid names that are not in `top`, each with the first name that becomes it."""
    found: dict[str, str] = {}
    for name in names:
        if (valid := _label_name(name)) not in top:
            found.setdefault(valid, name)
    return found


def _escaped(texts: Sequence[str]) -> Sequence[str]:
    """Return texts clean and escaped. Most are so already: a look at all of them together shows it."""
    together = " ".join(texts)
    hidden = not (together.isascii() and together.isprintable()) and _HIDDEN.search(together)
    long = len(together) > MAX_TEXT and max(map(len, texts)) > MAX_TEXT
    if long or hidden or _TO_ESCAPE.search(together):
        return [clean(text).translate(_ESCAPED) for text in texts]
    return texts


def _label_name(text: str) -> str:
    """Return a valid label name. Those with two leading underscores are Prometheus' own."""
    name = _NOT_IN_A_NAME.sub("_", text)
    return re.sub("^(__|[0-9]|$)", r"label_\1", name)
