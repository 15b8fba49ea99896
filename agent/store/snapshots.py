"""Snapshots as they are stored: tables by column, as they are in memory. Thousands are read at a daemon's start."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.store import codec
from agent.store.errors import StoreCorrupt
from collectors.columns import Grid, Labels, Rows, Samples, packed
from collectors.model import Number, Snapshot

RowsByLabels = dict[tuple[tuple[tuple[str, str], ...], ...], Rows]
"""Labels of rows → the rows that have them: those of devices of one kind, which are often alike, are kept once."""


@dataclass(frozen=True, slots=True)
class StoredGrid:
    """A grid, the labels of its rows written out."""

    rows: tuple[Labels, ...]
    columns: Mapping[str, tuple[Number, ...]]
    oids: Mapping[str, str]
    indexes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot with its single samples, and the grids of the others."""

    snapshot: Snapshot
    grids: tuple[StoredGrid, ...]


def pack(snapshot: Snapshot) -> bytes:
    """Return a snapshot as it is stored."""
    samples = Samples.of(snapshot.samples)
    grids = tuple(
        StoredGrid(
            tuple(grid.rows), {name: tuple(each) for name, each in grid.columns.items()}, grid.oids, grid.indexes
        )
        for grid in samples.grids
    )
    return codec.pack(StoredSnapshot(replace(snapshot, samples=samples.plain), grids))


def unpack(body: bytes, known: RowsByLabels) -> Snapshot:
    """Return a snapshot that was packed. `known` takes its rows, for the next ones. Raises StoreCorrupt."""
    try:
        stored = codec.unpack(StoredSnapshot, body)
    except StoreCorrupt:  # as they were stored before: all samples by themselves
        return codec.unpack(Snapshot, body)
    grids = (
        Grid(
            rows=_rows(grid.rows, known),
            columns={name: packed(column) for name, column in grid.columns.items()},
            oids=grid.oids,
            indexes=grid.indexes,
        )
        for grid in stored.grids
    )
    return replace(stored.snapshot, samples=Samples(stored.snapshot.samples, grids))


def _rows(labels: tuple[Labels, ...], known: RowsByLabels) -> Rows:
    key = tuple(tuple(each.items()) for each in labels)
    return known.setdefault(key, Rows(labels))
