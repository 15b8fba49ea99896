"""A device's next reading is decoded as if it were its first, whatever changed since the last."""

import operator
import random
from functools import cache
from pathlib import Path

import pytest

from collectors import profiles, replay, snmp_decode, snmp_repeat
from collectors.columns import Rows as LabelRows
from collectors.columns import Samples
from collectors.model import Rows, Sample, Value
from collectors.profiles import ProfileSet
from collectors.profiles.rules import Profile
from collectors.snmp_repeat import Decoder, Shared

DEVICES = Path(__file__).parent.parent / "devices"
WALKS = sorted(DEVICES.glob("*/*/walk.snmprec"))
IF, IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"


@cache
def known() -> ProfileSet:
    return profiles.load()


async def read(walk: Path, profile: Profile) -> Rows:
    return await replay.rows(replay.read_walk(walk), snmp_decode.plan(profile))


def changed(rows: Rows, chance: random.Random, share: float) -> Rows:
    """Return the rows with a share of their values counted on, replaced, or taken away."""
    return {
        column: {index: value for index, old in cells.items() if (value := other(old, chance, share)) != "gone"}
        for column, cells in rows.items()
    }


def other(value: Value, chance: random.Random, share: float) -> Value:
    if chance.random() >= share:
        return value
    if isinstance(value, int):
        return chance.choice((value + 1, value + 1, value + 1, value + 60, 0, -1, 2**64 - 1, b"no number", "gone"))
    return chance.choice((b"other", b"", 7, None, "gone"))


def said(decoded: snmp_decode.Decoded) -> tuple[list[str], dict[str, str], list[str]]:
    return sorted(map(repr, decoded.samples)), dict(decoded.facts), sorted(decoded.problems)


@pytest.mark.parametrize("walk", WALKS, ids=[f"{w.parent.parent.name}/{w.parent.name}" for w in WALKS])
async def test_every_reading_of_a_recorded_device_decodes_as_alone(walk: Path) -> None:
    profile = known()[walk.parent.parent.name]
    chance = random.Random(walk.parent.name)  # noqa: S311
    first = await read(walk, profile)
    decoder, unchanged = Decoder(profile), said(snmp_decode.decode(profile, first))
    for share in (0, 0, 0.01, 0, 0.2, 0.001, 1, 0):
        now = changed(first, chance, share)
        assert said(decoder.decode(now)) == (said(snmp_decode.decode(profile, now)) if share else unchanged)


@pytest.mark.parametrize("walk", WALKS, ids=[f"{w.parent.parent.name}/{w.parent.name}" for w in WALKS])
async def test_a_device_decodes_as_alone_whatever_others_of_its_kind_showed(walk: Path) -> None:
    profile = known()[walk.parent.parent.name]
    chance = random.Random(walk.parent.name)  # noqa: S311
    first, shared = await read(walk, profile), Shared()
    nothing: Rows = {column: {} for column in first}
    readings = [nothing, first, *(changed(first, chance, share) for share in (0, 0.05, 0.3, 1))]
    alone = [said(snmp_decode.decode(profile, now)) for now in readings]
    for now, expected in zip([*readings, nothing, first], [*alone, *alone[:2]], strict=True):
        assert said(Decoder(profile, shared).decode(now)) == expected


PORTS = {
    f"{IFX}.1": {str(n): b"ge%d" % n for n in range(1, 4)},
    f"{IF}.2": {str(n): b"Ethernet %d" % n for n in range(1, 4)},
    f"{IFX}.18": {str(n): b"desk %d" % n for n in range(1, 4)},
    f"{IF}.8": {str(n): 1 for n in range(1, 4)},
    f"{IFX}.6": {str(n): 1000 * n for n in range(1, 4)},
}


def ports(**columns: dict[str, Value]) -> Rows:
    return {**PORTS, **columns}


def labels_of(decoder: Decoder, rows: Rows) -> list[LabelRows]:
    samples = decoder.decode(rows).samples
    assert isinstance(samples, Samples)
    return [grid.rows for grid in samples.grids]


def test_the_labels_of_a_table_are_one_object_as_long_as_they_stay_the_same() -> None:
    decoder = Decoder(known()["generic"])
    first = labels_of(decoder, ports())
    counted = ports(**{f"{IFX}.6": {"1": 1500, "2": 2500, "3": 3500}})
    renamed = ports(**{f"{IFX}.18": {"1": b"desk 1", "2": b"printer", "3": b"desk 3"}})
    assert len(first) == 1
    assert labels_of(decoder, counted)[0] is first[0]
    assert labels_of(decoder, renamed)[0] is not first[0]
    assert labels_of(decoder, ports())[0] is not first[0]


def test_devices_share_labels_that_are_equal_and_not_what_is_worked_out_of_them() -> None:
    shared = Shared()
    first, same, other = (Decoder(known()["generic"], shared) for _ in range(3))
    (rows,) = labels_of(first, ports())
    (again,) = labels_of(same, ports(**{f"{IFX}.6": {"1": 7, "2": 8, "3": 9}}))
    assert again is not rows
    assert all(map(operator.is_, again, rows))
    renamed = ports(**{f"{IFX}.18": {"1": b"door", "2": b"desk 2", "3": b"desk 3"}})
    assert [labels["ifAlias"] for labels in labels_of(other, renamed)[0]] == ["door", "desk 2", "desk 3"]
    assert labels_of(same, ports())[0] is again


def test_devices_share_columns_that_are_equal() -> None:
    shared = Shared()
    renamed = ports(**{f"{IFX}.18": {"1": b"door", "2": b"", "3": b""}, f"{IFX}.6": {"1": 7, "2": 8, "3": 9}})
    one, other = (Decoder(known()["generic"], shared).decode(rows).samples for rows in (PORTS, renamed))
    assert isinstance(one, Samples)
    assert isinstance(other, Samples)
    assert one.grids[0].columns["ifOperStatus"] is other.grids[0].columns["ifOperStatus"]
    assert list(other.grids[0].columns["ifHCInOctets"]) == [7, 8, 9]


def test_a_table_that_was_empty_stands_in_a_grid_once_it_has_rows() -> None:
    shared = Shared()
    nothing: Rows = {column: {} for column in PORTS}
    decoder = Decoder(known()["generic"], shared)
    assert labels_of(decoder, nothing) == []
    assert len(labels_of(decoder, ports())) == 1
    assert len(labels_of(Decoder(known()["generic"], shared), nothing)) == 0
    assert len(labels_of(Decoder(known()["generic"], shared), ports())) == 1


def test_a_device_with_more_ports_than_another_of_its_kind_has_them_all() -> None:
    shared = Shared()
    Decoder(known()["generic"], shared).decode(ports())
    more = {column: {**cells, "4": value} for column, cells in PORTS.items() for value in [next(iter(cells.values()))]}
    decoded = Decoder(known()["generic"], shared).decode(more)
    assert said(decoded) == said(snmp_decode.decode(known()["generic"], more))
    assert isinstance(decoded.samples, Samples)
    assert [len(grid.rows) for grid in decoded.samples.grids] == [4]


def test_a_port_that_comes_does_not_lend_its_figures_to_another() -> None:
    decoder = Decoder(known()["generic"])
    decoder.decode(ports())
    more = {column: {"0": value, **cells} for column, cells in PORTS.items() for value in [next(iter(cells.values()))]}
    counters = {s.labels["ifIndex"]: s.value for s in decoder.decode(more).samples if s.name == "ifHCInOctets"}
    assert counters == {"0": 1000, "1": 1000, "2": 2000, "3": 3000}


def test_samples_are_equal_to_any_sequence_of_the_same() -> None:
    decoded = Decoder(known()["generic"]).decode(ports())
    assert decoded.samples == tuple(decoded.samples)
    assert decoded.samples != (*decoded.samples, Sample("device_up", {}, 1))
    assert len(decoded.samples) == len(tuple(decoded.samples)) == 6
    assert decoded.samples[-1] == tuple(decoded.samples)[-1]


def test_of_what_is_new_with_every_reading_not_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snmp_repeat, "MAX_SHARED", 1_000)
    shared = Shared()
    for first in range(50):
        rows = tuple(range(first, first + 100))
        assert shared.one(rows) is rows
        assert shared.one(tuple(range(first, first + 100))) is rows
        assert sum(map(len, shared._known)) < 1_000


def test_a_reading_of_very_many_rows_is_not_kept_for_other_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snmp_repeat, "MAX_LIKE", 10)
    profile, shared = known()["generic"], Shared()
    for rows, kept in ((11, False), (10, True)):
        read = {f"{IF}.10": {str(row): row for row in range(rows)}}
        assert said(Decoder(profile, shared).decode(read)) == said(snmp_decode.decode(profile, read))
        assert (shared.look(profile, read) is not None) is kept
