"""Writes samples in Prometheus' text format and in OpenMetrics. Pure.

The lines of one metric stand together under one HELP and one TYPE, over all devices, as both formats want it
(https://prometheus.io/docs/instrumenting/exposition_formats/, https://openmetrics.io). The lines are the same in both.

A device's names and labels rarely change, so they are kept apart from its values: a `Layout`, packed, and a `Block` of
values, written when the device is polled. A page is woven of both when it is asked for
(docs/decisions/0011-exposition.md).
"""

import math
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from operator import attrgetter, itemgetter
from typing import TypeVar

from agent.metrics_labels import Endings, inside
from collectors.columns import Grid, Samples
from collectors.model import Number, Sample
from collectors.vocabulary import Meaning

BATCH = 400_000  # series spread out at a time: what a page of any length takes in memory (some 35 MB)
ALIKE = 256  # devices spread out at a time
CHUNK = 1024  # lines handed out at a time

_PLAIN = b"0123456789+-.e\n"  # what repr writes of finite numbers
_LONGEST = 308  # digits that any float has room for

T = TypeVar("T", bound=Hashable)

_name_of, _labels_of, _value_of = attrgetter("name"), attrgetter("labels"), attrgetter("value")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a device's figures stand: all of its lines but the values."""

    order: "array[int]"  # for each line, the position of its sample
    names: tuple[str, ...]  # sorted; the lines of one stand together
    counts: "array[int]"  # lines of each name
    starts: "array[int]"  # row of a name's first line, where the others follow it; -1: they are scattered
    scattered: Mapping[str, "array[int]"]  # name → rows of its lines
    packed: bytes  # how the rows end, `,label="text"…} `: those of an interface serve two dozen names
    unknown: int  # samples whose name is not in the vocabulary
    top: bytes = b""  # the labels that all rows begin with

    def rows(self) -> list[bytes]:
        """Return the labels of each row, `{label="text",…} `."""
        endings = zlib.decompress(self.packed)
        if not self.top:
            return [b"{" + ending[1:] if ending[:1] == b"," else b" " for ending in endings.split(b"\n")]
        return (b"{" + self.top + endings.replace(b"\n", b"\n{" + self.top)).split(b"\n")

    def series(self) -> Iterator["Series"]:
        """Yield each line without its value."""
        rows = self.rows()
        for name, count, start in zip(self.names, self.counts, self.starts, strict=True):
            at = range(start, start + count) if start >= 0 else self.scattered[name]
            yield from ((name, rows[row]) for row in at)


@dataclass(frozen=True, slots=True)
class Block:
    """A device's figures at one instant, as text."""

    layout: Layout
    values: bytes  # in the layout's order, a line each


Series = tuple[str, bytes]
"""A metric's name, and its labels as they stand in a line: `{label="text",…} `, or a space."""

Spread = dict[str, tuple[list[bytes], list[bytes]]]
"""Metric name → the labels and the values of its lines, of several devices."""

Alike = list[list[Block]]
"""Blocks, those together that have the same names, as often: a fleet has few kinds of devices."""


def layout(
    top: Mapping[str, str],
    samples: Sequence[Sample],
    meanings: Collection[str],
    hidden: Collection[str] = frozenset(),
) -> Layout:
    """Lay out a device's samples, labelled with `top` first: a sample's label of that name gives way.

    A name that is hidden or not in `meanings` is left out, and so is a series that is there already.
    """
    every = Samples.of(samples)
    shown = {name for name in every.names if name in meanings and name not in hidden}
    endings = Endings(top)
    numbered: dict[str, int] = {}  # how a row ends → its number
    series: dict[str, dict[int, int]] = {}  # name → number of the row → position
    by_name = sorted((sample.name, position) for position, sample in enumerate(every.plain) if sample.name in shown)
    for name, position in by_name:  # so that the rows of a name follow each other
        row = numbered.setdefault(endings.one(every.plain[position].labels), len(numbered))
        series.setdefault(name, {}).setdefault(row, position)
    position = len(every.plain)
    for grid in every.grids:
        of_rows = endings.of(grid.rows) if not shown.isdisjoint(grid.columns) else ()
        rows = [numbered.setdefault(ending, len(numbered)) for ending in of_rows]
        for name in grid.columns:
            if rows and name in shown:
                _take(series.setdefault(name, {}), rows, position)
            position += len(grid.rows)
    return _laid_out(top, series, numbered, _unknown(every, shown.union(hidden)))


def _take(found: dict[int, int], rows: Sequence[int], position: int) -> None:
    """Take in a column, but for series that are there already."""
    positions = range(position, position + len(rows))
    if not found and len(set(rows)) == len(rows):
        found.update(zip(rows, positions, strict=True))
        return
    for row, at in zip(rows, positions, strict=True):
        found.setdefault(row, at)


def _unknown(samples: Samples, known: Collection[str]) -> int:
    plain = sum(sample.name not in known for sample in samples.plain)
    return plain + sum(len(grid.rows) for grid in samples.grids for name in grid.columns if name not in known)


def _laid_out(
    top: Mapping[str, str], series: Mapping[str, Mapping[int, int]], numbered: Iterable[str], unknown: int
) -> Layout:
    starts: list[int] = []
    scattered: dict[str, array[int]] = {}
    names = tuple(sorted(series))
    for name in names:
        rows = list(series[name])
        follow = rows == list(range(rows[0], rows[0] + len(rows)))
        starts.append(rows[0] if follow else -1)
        if not follow:
            scattered[name] = _small(rows)
    return Layout(
        order=_small([position for name in names for position in series[name].values()]),
        names=_one(names),
        counts=_small([len(series[name]) for name in names]),
        starts=_one_array("l", array("l", starts).tobytes()),
        scattered=scattered,
        packed=_one(zlib.compress("\n".join(numbered).encode(), 3)),
        unknown=unknown,
        top=inside(top).encode(),
    )


def _small(numbers: Sequence[int]) -> "array[int]":
    code = "H" if max(numbers, default=0) < 2**16 else "L"
    return _one_array(code, array(code, numbers).tobytes())


@lru_cache(maxsize=1024)
def _one_array(code: str, octets: bytes) -> "array[int]":
    """Return the same array for the same numbers: devices of one kind are laid out alike."""
    return array(code, octets)


@lru_cache(maxsize=1024)
def _one(thing: T) -> T:
    """Return the first thing that was equal to this one."""
    return thing


def economical(laid_out: Layout) -> Layout:
    """Return a layout that comes from elsewhere with parts that those alike have as well, and not copies of them."""
    return replace(
        laid_out,
        order=_one_array(laid_out.order.typecode, laid_out.order.tobytes()),
        names=_one(laid_out.names),
        counts=_one_array(laid_out.counts.typecode, laid_out.counts.tobytes()),
        starts=_one_array(laid_out.starts.typecode, laid_out.starts.tobytes()),
        packed=_one(laid_out.packed),
    )


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


def block(top: Mapping[str, str], samples: Sequence[Sample], meanings: Collection[str]) -> Block:
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
