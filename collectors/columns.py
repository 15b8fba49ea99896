"""Samples side by side: the figures of a table kept by column, so that a large device costs little. Pure."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, overload

from collectors.model import Number, Sample

Labels = Mapping[str, str]

MAX_MEMO = 64
"""Things worked out of one table's labels: a device whose ports change all the time does not fill the memory."""


class Rows(Sequence[Labels]):
    """The labels of a table's rows: one object from reading to reading for as long as they stay the same.

    What is worked out of the labels alone is kept in `memo`, under a key of whoever worked it out.
    """

    __slots__ = ("_labels", "memo")

    def __init__(self, labels: Iterable[Labels]) -> None:
        self._labels = tuple(labels)
        self.memo: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._labels)

    @overload
    def __getitem__(self, at: int) -> Labels: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Labels]: ...
    def __getitem__(self, at: int | slice) -> Labels | Sequence[Labels]:
        return self._labels[at]

    def __iter__(self) -> Iterator[Labels]:
        return iter(self._labels)

    def __reduce__(self) -> "tuple[type[Rows], tuple[Any, ...]]":
        return Rows, (tuple(self),)  # for another process: what was worked out stays here

    def columns(self) -> Mapping[str, Sequence[str]] | None:
        """Return each label's texts, one a row; None where rows have other labels than the first."""
        names = self[0].keys() if len(self) else ()
        if any(labels.keys() != names for labels in self):
            return None
        return {name: [labels[name] for labels in self] for name in names}

    def bare(self) -> "Rows":
        """Return rows with the same labels, of which nothing is worked out."""
        return Rows(self)

    def with_labels(self, names: tuple[str, ...], picks: tuple[int, ...], texts: tuple[tuple[str, ...], ...]) -> "Rows":
        """Return some of the rows, by position, each with its texts for further labels. The same for the same call."""
        key = (names, picks, texts)
        if key not in self.memo:
            if len(self.memo) >= MAX_MEMO:
                self.memo.clear()
            self.memo[key] = Added(self, names, picks, texts)
        rows: Rows = self.memo[key]
        return rows


class Added(Rows):
    """Some rows of a base, with labels more. Only those are stored."""

    __slots__ = ("base", "names", "picks", "texts")

    def __init__(
        self, base: Rows, names: tuple[str, ...], picks: tuple[int, ...], texts: tuple[tuple[str, ...], ...]
    ) -> None:
        super().__init__(())
        self.base, self.names, self.picks, self.texts = base, names, picks, texts

    def __len__(self) -> int:
        return len(self.picks)

    @overload
    def __getitem__(self, at: int) -> Labels: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Labels]: ...
    def __getitem__(self, at: int | slice) -> Labels | Sequence[Labels]:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        return {**self.base[self.picks[at]], **dict(zip(self.names, self.texts[at], strict=True))}

    def __iter__(self) -> Iterator[Labels]:
        of_base, names = tuple(self.base), self.names
        for at, texts in zip(self.picks, self.texts, strict=True):
            yield {**of_base[at], **dict(zip(names, texts, strict=True))}


def packed(values: Sequence[Number]) -> Sequence[Number]:
    """Return figures in as little memory as they need: whole numbers of 64 bits, or floats, side by side."""
    kinds = set(map(type, values))
    try:
        if kinds == {int}:
            return array("q" if min(values) < 0 else "Q", values)
        return array("d", values) if kinds == {float} else values
    except OverflowError:
        return values


@dataclass(frozen=True, slots=True)
class Grid:
    """A figure for each row of each column. `columns`: sample name → one figure a row, in the order of the rows.

    `oids`: sample name → the column's OID; with the row's text in `indexes` behind it, that of the instance.
    """

    rows: Rows
    columns: Mapping[str, Sequence[Number]]
    oids: Mapping[str, str] = field(default_factory=dict)
    indexes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    def column(self, name: str) -> Iterator[Sample]:
        """Yield the samples of one name."""
        oid = self.oids.get(name)
        instances: Iterable[str | None] = repeat(None) if oid is None else (f"{oid}.{i}" for i in self.indexes)
        yield from map(Sample, repeat(name), self.rows, self.columns[name], instances)

    def __iter__(self) -> Iterator[Sample]:
        for name in self.columns:
            yield from self.column(name)


class Samples(Sequence[Sample]):
    """Samples of a snapshot: single ones, and those that stand in grids. Equal to any sequence of the same samples."""

    __slots__ = ("grids", "plain")

    def __init__(self, plain: Iterable[Sample] = (), grids: Iterable[Grid] = ()) -> None:
        self.plain = tuple(plain)
        self.grids = tuple(grids)

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> "Samples":
        """Return any samples in this form."""
        return samples if isinstance(samples, Samples) else cls(samples)

    @classmethod
    def join(cls, parts: Iterable[Iterable[Sample]]) -> "Samples":
        """Return the samples of all parts as one."""
        all_parts = [cls.of(part) for part in parts]
        return cls(
            (sample for part in all_parts for sample in part.plain), (grid for part in all_parts for grid in part.grids)
        )

    @property
    def names(self) -> set[str]:
        """The names there are samples of."""
        return {sample.name for sample in self.plain}.union(*(grid.columns for grid in self.grids))

    def named(self, *names: str) -> Iterator[Sample]:
        """Yield the samples of some names."""
        yield from (sample for sample in self.plain if sample.name in names)
        for grid in self.grids:
            for name in names:
                if name in grid.columns:
                    yield from grid.column(name)

    def __iter__(self) -> Iterator[Sample]:
        yield from self.plain
        for grid in self.grids:
            yield from grid

    def __len__(self) -> int:
        return len(self.plain) + sum(map(len, self.grids))

    @overload
    def __getitem__(self, at: int) -> Sample: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Sample]: ...
    def __getitem__(self, at: int | slice) -> Sample | Sequence[Sample]:
        return tuple(self)[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(tuple(self))
