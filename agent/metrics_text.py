"""Writes samples in Prometheus' text format and in OpenMetrics. Pure.

The lines of one metric stand together under one HELP and one TYPE, over all devices, as both formats want it
(https://prometheus.io/docs/instrumenting/exposition_formats/, https://openmetrics.io). The lines are the same in both.

A device's names and labels rarely change, so they are kept apart from its values: a `Layout`, packed, and a `Block` of
values, written when the device is polled. A page is woven of both when it is asked for
(docs/decisions/0011-exposition.md).
"""

import math
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import attrgetter, itemgetter

from collectors.columns import Grid, Samples
from collectors.model import Number, Sample
from collectors.vocabulary import Meaning

MAX_TEXT = 1024  # characters of a label's value: an ifAlias can be longer, a name people read is not
BATCH = 400_000  # series spread out at a time: what a page of any length takes in memory (some 35 MB)
ALIKE = 256  # devices spread out at a time
CHUNK = 1024  # lines handed out at a time

_HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # parsers differ on NUL; surrogates are no UTF-8
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_NOT_IN_A_NAME = re.compile("[^a-zA-Z0-9_]")
_PLAIN = b"0123456789+-.e\n"  # what repr writes of finite numbers
_LONGEST = 308  # digits that any float has room for

_name_of, _labels_of, _value_of = attrgetter("name"), attrgetter("labels"), attrgetter("value")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a device's figures stand: all of its lines but the values."""

    order: "array[int]"  # for each line, the position of its sample
    names: tuple[str, ...]  # sorted; the lines of one stand together
    counts: "array[int]"  # lines of each name
    starts: "array[int]"  # row of a name's first line, where the others follow it; -1: they are scattered
    scattered: Mapping[str, "array[int]"]  # name → rows of its lines
    packed: bytes  # the rows, `{label="text",…} `: those of an interface serve two dozen names
    unknown: int  # samples whose name is not in the vocabulary

    def rows(self) -> list[bytes]:
        return zlib.decompress(self.packed).split(b"\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A device's figures at one instant, as text."""

    layout: Layout
    values: bytes  # in the layout's order, a line each


Spread = dict[str, tuple[list[bytes], list[bytes]]]
"""Metric name → the labels and the values of its lines, of several devices."""

Alike = list[list[Block]]
"""Blocks, those together that have the same names, as often: a fleet has few kinds of devices."""


def layout(
    top: Mapping[str, str],
    samples: Sequence[Sample],
    meanings: Mapping[str, Meaning],
    hidden: Collection[str] = frozenset(),
) -> Layout:
    """Lay out a device's samples, labelled with `top` first: a sample's label of that name gives way.

    A name that is hidden or not in `meanings` is left out, and so is a series that is there already.
    """
    every = Samples.of(samples)
    before = _inside(top)
    series: dict[str, dict[str, int]] = {}  # name → row → position
    known: dict[int, list[str]] = {}  # id of a table's rows → theirs: those of an interface serve two dozen names
    unknown = position = 0
    for name, of in _columns(every):
        shown = name in meanings and name not in hidden
        if shown:
            rows = known.get(id(of)) or known.setdefault(id(of), [_row(before, own_labels(top, each)) for each in of])
            found = series.setdefault(name, {})
            for number, row in enumerate(rows, start=position):
                found.setdefault(row, number)
        elif name not in hidden:
            unknown += len(of)
        position += len(of)
    return _laid_out(series, unknown)


def _columns(samples: Samples) -> Iterator[tuple[str, Sequence[Mapping[str, str]]]]:
    """Yield the name and the labels of each column, a single sample being one of its own."""
    singles = [(sample.labels,) for sample in samples.plain]  # kept meanwhile, as they are told apart by identity
    yield from zip(map(_name_of, samples.plain), singles, strict=True)
    for grid in samples.grids:
        yield from ((name, grid.rows) for name in grid.columns)


def _laid_out(series: Mapping[str, Mapping[str, int]], unknown: int) -> Layout:
    numbered: dict[str, int] = {}
    starts: list[int] = []
    scattered: dict[str, array[int]] = {}
    names = tuple(sorted(series))
    for name in names:
        rows = [numbered.setdefault(text, len(numbered)) for text in series[name]]
        follow = rows == list(range(rows[0], rows[0] + len(rows)))
        starts.append(rows[0] if follow else -1)
        if not follow:
            scattered[name] = _small(rows)
    return Layout(
        order=_small([position for name in names for position in series[name].values()]),
        names=names,
        counts=_small([len(series[name]) for name in names]),
        starts=array("l", starts),
        scattered=scattered,
        packed=zlib.compress("\n".join(numbered).encode(), 3),
        unknown=unknown,
    )


def _small(numbers: Sequence[int]) -> "array[int]":
    return array("H" if max(numbers, default=0) < 2**16 else "L", numbers)


def same_series(one: Samples, other: Samples) -> bool:
    """Say whether two snapshots have the same series in the same order. Quick where they share labels and rows."""
    return (
        len(one.grids) == len(other.grids)
        and all(map(_same_grid, one.grids, other.grids))
        and list(map(_name_of, one.plain)) == list(map(_name_of, other.plain))
        and list(map(_labels_of, one.plain)) == list(map(_labels_of, other.plain))
    )


def _same_grid(one: Grid, other: Grid) -> bool:
    rows = one.rows is other.rows or tuple(one.rows) == tuple(other.rows)
    return rows and tuple(one.columns) == tuple(other.columns)


def block(top: Mapping[str, str], samples: Sequence[Sample], meanings: Mapping[str, Meaning]) -> Block:
    """Return the lines of a device's samples (see `layout`)."""
    return filled(layout(top, samples, meanings), Samples.of(samples))


def filled(laid_out: Layout, samples: Samples) -> Block:
    """Return a block of the samples' values. They are the series that were laid out, in that order."""
    values = list(map(_value_of, samples.plain))
    for grid in samples.grids:
        values += chain.from_iterable(grid.columns.values())
    return Block(laid_out, numbers([values[position] for position in laid_out.order]))


def numbers(values: Sequence[Number]) -> bytes:
    """Return each value as `number` writes it, a line each."""
    try:
        texts = list(map(repr, values))
    except ValueError:  # more digits than Python turns into text
        texts = []
    made = "\n".join(texts).encode()
    plain = texts and max(map(len, texts)) <= _LONGEST and not made.translate(None, _PLAIN)
    return made if plain else "\n".join(map(number, values)).encode()


# ---- pages ----


def join(blocks: Sequence[Block], meanings: Mapping[str, Meaning], *, openmetrics: bool = False) -> str:
    """Return the page of several devices' blocks, without OpenMetrics' end."""
    return b"".join(pages(blocks, meanings, openmetrics=openmetrics)).decode()


def pages(
    blocks: Sequence[Block],
    meanings: Mapping[str, Meaning],
    *,
    wanted: Collection[str] | None = None,
    openmetrics: bool = False,
) -> Iterator[bytes]:
    """Yield the page of several devices' blocks piece by piece: all their names, or those wanted, sorted."""
    kinds = _alike(blocks)
    totals: Counter[str] = Counter()
    for kind in kinds:
        for name, count in zip(kind[0].layout.names, kind[0].layout.counts, strict=True):
            totals[name] += count * len(kind)
    names = sorted(totals if wanted is None else totals.keys() & wanted)
    for batch in _batches(names, totals):
        found = _spread(kinds, batch)
        for name in batch:
            yield _head(name, meanings[name], openmetrics)
            yield from _lines(name, *found.pop(name))
            yield b"\n"


def _alike(blocks: Iterable[Block]) -> Alike:
    kinds: dict[tuple[tuple[str, ...], bytes, bytes], list[Block]] = {}
    for each in blocks:
        laid_out = each.layout
        key = laid_out.names, laid_out.counts.tobytes(), laid_out.starts.tobytes()
        kinds.setdefault(key, []).append(each)
    return [kind[at : at + ALIKE] for kind in kinds.values() for at in range(0, len(kind), ALIKE)]


def _batches(names: Iterable[str], totals: Mapping[str, int]) -> Iterator[dict[str, None]]:
    batch: dict[str, None] = {}
    series = 0
    for name in names:
        if batch and series + totals[name] > BATCH:
            yield batch
            batch, series = {}, 0
        batch[name] = None
        series += totals[name]
    if batch:
        yield batch


def _spread(kinds: Alike, names: Collection[str]) -> Spread:
    """Return the lines of these names, of all blocks."""
    found: Spread = {name: ([], []) for name in names}
    for kind in kinds:
        layouts = [each.layout for each in kind]
        rows, values = [each.rows() for each in layouts], [each.values.split(b"\n") for each in kind]
        at = 0
        for name, count, start in zip(layouts[0].names, layouts[0].counts, layouts[0].starts, strict=True):
            if name in found:
                labels, texts = found[name]
                texts += _of_each(values, at, count)
                labels += _of_each(rows, start, count) if start >= 0 else _scattered(name, layouts, rows)
            at += count
    return found


def _of_each(lists: Iterable[list[bytes]], start: int, count: int) -> Iterable[bytes]:
    if count == 1:
        return map(itemgetter(start), lists)
    return chain.from_iterable(map(itemgetter(slice(start, start + count)), lists))


def _scattered(name: str, layouts: Iterable[Layout], rows: Iterable[list[bytes]]) -> Iterator[bytes]:
    for laid_out, found in zip(layouts, rows, strict=True):
        yield from (found[row] for row in laid_out.scattered[name])


def _lines(name: str, labels: list[bytes], values: list[bytes]) -> Iterator[bytes]:
    """Yield the lines, each with the line end of the one before it."""
    lead = b"\n" + name.encode()
    for at in range(0, len(values), CHUNK):
        few = values[at : at + CHUNK]
        parts = [lead] * (3 * len(few))
        parts[1::3] = labels[at : at + CHUNK]
        parts[2::3] = few
        yield b"".join(parts)


def _head(name: str, meaning: Meaning, openmetrics: bool) -> bytes:
    """Return HELP and TYPE.

    OpenMetrics' counters are called `…_total`. Those of a MIB (ifHCInOctets) are not, and keep their name: there they
    are of type unknown, which a query takes as well.
    """
    text, kind, family = meaning.help.replace("\\", r"\\").replace("\n", r"\n"), str(meaning.type), name
    if openmetrics:
        text = text.replace('"', r"\"")
        family = name.removesuffix("_total") if kind == "counter" else name
        kind = "unknown" if kind == "counter" and family == name else kind
    return f"# HELP {family} {text}\n# TYPE {family} {kind}".encode()


# ---- words ----


def is_mib_name(name: str) -> bool:
    """Say whether a metric has its MIB's name (ifHCInOctets) and not one in Prometheus' own style."""
    return name != name.lower()


def clean(text: str) -> str:
    """Return hostile text as people may see it: control characters show as U+FFFD; newlines stay."""
    if text.isascii() and text.isprintable():
        return text[:MAX_TEXT]
    return _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text[:MAX_TEXT])


def own_labels(top: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return a sample's own labels with valid names and clean texts, sorted, without those that `top` has."""
    labels: dict[str, str] = {}
    for name, text in sorted(own.items()):
        if (valid := _label_name(name)) not in top:
            labels.setdefault(valid, clean(text))
    return labels


def number(value: Number) -> str:
    """Return a value as Go's ParseFloat reads it. Integers are exact; beyond a float's range they are infinite."""
    try:
        as_float = float(value)
    except OverflowError:
        as_float = math.inf if value > 0 else -math.inf
    if math.isnan(as_float):
        return "NaN"
    if math.isinf(as_float):
        return "+Inf" if as_float > 0 else "-Inf"
    return str(int(value)) if isinstance(value, int) else repr(value)


def _row(before: str, own: Mapping[str, str]) -> str:
    inside = ",".join(filter(None, (before, _inside(own))))
    return f"{{{inside}}} " if inside else " "


def _inside(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{clean(text).translate(_ESCAPED)}"' for name, text in labels.items())


@lru_cache(maxsize=4096)
def _label_name(text: str) -> str:
    """Return a valid label name. Those with two leading underscores are Prometheus' own."""
    name = _NOT_IN_A_NAME.sub("_", text)
    return re.sub("^(__|[0-9]|$)", r"label_\1", name)
