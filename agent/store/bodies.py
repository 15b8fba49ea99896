"""Snapshots and runs as they are stored: tables by column, as they are in memory. Thousands are read at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.model import Run
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


StoredGrids = tuple[StoredGrid, ...]


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot with its single samples, and the grids of the others."""

    snapshot: Snapshot
    grids: StoredGrids


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run whose snapshots have their single samples, and each device's grids of the others."""

    run: Run
    grids: tuple[StoredGrids, ...]


def pack_snapshot(snapshot: Snapshot) -> bytes:
    """Return a snapshot as it is stored."""
    return codec.pack(StoredSnapshot(_bare(snapshot), _grids(snapshot)))


def unpack_snapshot(body: bytes, known: RowsByLabels) -> Snapshot:
    """Return a snapshot that was packed. `known` takes its rows, for the next ones. Raises StoreCorrupt."""
    try:
        stored = codec.unpack(StoredSnapshot, body)
    except StoreCorrupt:  # as they were stored before: all samples by themselves
        return codec.unpack(Snapshot, body)
    return _whole(stored.snapshot, stored.grids, known)


def pack_run(run: Run) -> bytes:
    """Return a run as it is stored."""
    bare = tuple(replace(device, snapshot=_bare(device.snapshot)) for device in run.devices)
    return codec.pack(StoredRun(replace(run, devices=bare), tuple(_grids(device.snapshot) for device in run.devices)))


def unpack_run(body: bytes) -> Run:
    """Return a run that was packed. Raises StoreCorrupt."""
    try:
        stored = codec.unpack(StoredRun, body)
    except StoreCorrupt:  # see above
        return codec.unpack(Run, body)
    known: RowsByLabels = {}
    devices = (
        replace(device, snapshot=_whole(device.snapshot, grids, known))
        for device, grids in zip(stored.run.devices, stored.grids, strict=True)
    )
    return replace(stored.run, devices=tuple(devices))


def _bare(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, samples=Samples.of(snapshot.samples).plain)


def _grids(snapshot: Snapshot) -> StoredGrids:
    return tuple(
        StoredGrid(
            tuple(grid.rows), {name: tuple(each) for name, each in grid.columns.items()}, grid.oids, grid.indexes
        )
        for grid in Samples.of(snapshot.samples).grids
    )


def _whole(bare: Snapshot, grids: StoredGrids, known: RowsByLabels) -> Snapshot:
    return replace(bare, samples=Samples(bare.samples, (_grid(grid, known) for grid in grids))) if grids else bare


def _grid(stored: StoredGrid, known: RowsByLabels) -> Grid:
    labels = tuple(tuple(each.items()) for each in stored.rows)
    columns = {name: packed(column) for name, column in stored.columns.items()}
    return Grid(known.setdefault(labels, Rows(stored.rows)), columns, stored.oids, stored.indexes)
