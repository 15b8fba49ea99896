"""Snapshots and runs come back from the store as they were, their tables by column."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model import DeviceResult, Run
from agent.store import StoreCorrupt, bodies, codec
from collectors.columns import Grid, Rows, Samples, packed
from collectors.model import Sample, Snapshot
from tests.agent.faults import NOW
from tests.agent.test_store_codec import hostile, labels, numbers, words
from tests.agent.test_store_codec import snapshots as any_snapshots


def there_and_back(snapshot: Snapshot) -> Snapshot:
    return bodies.unpack_snapshot(bodies.pack_snapshot(snapshot), {})


def ports(*octets: float, device: str = "sw-1") -> Snapshot:
    """Return a snapshot with a table of ports."""
    names = [f"GE1/0/{n}" for n in range(len(octets))]
    grid = Grid(
        Rows({"ifName": name} for name in names),
        {"ifHCInOctets": packed(octets)},
        {"ifHCInOctets": "1.3.6.1.2.1.31.1.1.1.6"},
        tuple(map(str, range(len(octets)))),
    )
    return Snapshot(device=device, taken_at=NOW, samples=Samples([Sample("device_up", {}, 1)], [grid]))


def inspected(*snapshots: Snapshot) -> Run:
    devices = tuple(DeviceResult(snapshot=each, results=(), not_applicable=()) for each in snapshots)
    return Run(id="r1", started_at=NOW, finished_at=NOW, devices=devices)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    rows = draw(st.lists(labels, max_size=3))
    column = st.lists(numbers | st.sampled_from([math.inf, -0.0]), min_size=len(rows), max_size=len(rows)).map(packed)
    columns = draw(st.dictionaries(words, column, max_size=2))
    indexes = draw(st.lists(hostile, min_size=len(rows), max_size=len(rows)).map(tuple))
    return Grid(Rows(rows), columns, draw(st.dictionaries(st.sampled_from([*columns, "?"]), hostile)), indexes)


@settings(max_examples=60, deadline=None)
@given(any_snapshots, st.lists(grids(), max_size=2))
def test_any_snapshot_comes_back(snapshot: Snapshot, tables: list[Grid]) -> None:
    whole = replace(snapshot, samples=Samples(snapshot.samples, tables))
    assert there_and_back(whole) == whole


def test_tables_come_back_as_tables() -> None:
    back = there_and_back(ports(1, 2, 2**64 - 1))
    assert isinstance(back.samples, Samples)
    (grid,) = back.samples.grids
    assert grid.columns["ifHCInOctets"] == packed([1, 2, 2**64 - 1])
    assert next(iter(grid)).oid == "1.3.6.1.2.1.31.1.1.1.6.0"


def test_a_run_comes_back_with_its_tables() -> None:
    run = inspected(ports(1, 2), Snapshot(device="sw-2", taken_at=NOW), ports(device="sw-3"))
    back = bodies.unpack_run(bodies.pack_run(run))
    assert back == run
    assert isinstance(back.devices[0].snapshot.samples, Samples)
    assert bodies.unpack_run(codec.pack(run)) == run  # as runs were stored before


def test_devices_whose_tables_have_the_same_rows_keep_them_once() -> None:
    known: bodies.RowsByLabels = {}
    packed_ones = [bodies.pack_snapshot(ports(1, 2, device=name)) for name in ("sw-1", "sw-2")]
    one, two = (Samples.of(bodies.unpack_snapshot(body, known).samples) for body in packed_ones)
    assert one.grids[0].rows is two.grids[0].rows


def test_a_snapshot_that_was_stored_sample_by_sample_is_still_read() -> None:
    assert bodies.unpack_snapshot(codec.pack(ports(1, 2)), {}) == ports(1, 2)


@pytest.mark.parametrize("body", [b"", b"[{}]", b'[{"snapshot": 1, "grids": []}]', b"x\x9cgarbage"])
def test_a_damaged_snapshot_is_an_error_of_the_store(body: bytes) -> None:
    with pytest.raises(StoreCorrupt, match="Snapshot cannot be read back"):
        bodies.unpack_snapshot(body, {})
