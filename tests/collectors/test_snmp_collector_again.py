"""What the collector asks a device for that it has read before."""

from dataclasses import replace
from typing import Any

import pytest

from collectors import snmp_collector
from collectors.errors import CollectError, Refused, TimedOut, Unreachable
from collectors.profiles.rules import Profile
from collectors.snmp_collector import SnmpCollector
from tests.simulator.played import DEVICE, HC_IN, IF_NAME, OPER, PROFILE, ROWS, STORAGE, Played


async def read_again(collector: SnmpCollector, played: Played) -> Any:
    """Read once more what a device that the collector knows plays."""
    collector._open = played.open
    return await collector.read(DEVICE, PROFILE)


async def knowing(played: Played) -> SnmpCollector:
    collector = SnmpCollector(played.open)
    await collector.read(DEVICE, PROFILE)
    return collector


EMPTY = (OPER, STORAGE)


async def test_tables_that_were_empty_are_walked_together_and_the_others_for_as_many_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for column in EMPTY:
        monkeypatch.delitem(ROWS, column)
    collector, again, full = await knowing(Played()), Played(), Played()
    reading = await read_again(collector, again)
    assert (again.asked[1:], again.expected) == ([(IF_NAME, HC_IN), (OPER, STORAGE)], [2, 0])
    monkeypatch.setitem(ROWS, STORAGE, {"1": 1, "2": 2, "3": 3})
    assert reading.failures == ()
    assert len((await read_again(collector, full)).samples) == len(reading.samples) + 3
    await read_again(collector, full := Played())
    assert (full.asked[1:], full.expected) == ([(STORAGE,), (IF_NAME, HC_IN), (OPER,)], [3, 2, 0])


ALONE = {
    "the one that fails is named": (Refused("genErr"), [(OPER,), (STORAGE,)], ["hrStorageTable"]),
    "silence is counted on": (TimedOut("no answer"), [(OPER,), (STORAGE,)], ["hrStorageTable"]),
    "a closed port": (Unreachable("closed"), [(OPER,), (STORAGE,)], ["hrStorageTable"]),
}


@pytest.mark.parametrize(("error", "asked", "failures"), ALONE.values(), ids=ALONE)
async def test_tables_that_do_not_come_together_are_walked_one_by_one(
    monkeypatch: pytest.MonkeyPatch, error: CollectError, asked: list[tuple[str, ...]], failures: list[str]
) -> None:
    for column in EMPTY:
        monkeypatch.delitem(ROWS, column)
    collector, again, after = await knowing(Played()), Played({STORAGE: error}), Played()
    reading = await read_again(collector, again)
    assert again.asked[2:] == [(OPER, STORAGE), *asked]
    assert [failure.what for failure in reading.failures] == failures
    await read_again(collector, after)
    assert after.asked[1:] == [(STORAGE,), (IF_NAME, HC_IN), (OPER,)]


async def test_a_device_that_is_gone_is_not_asked_for_its_empty_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    for column in EMPTY:
        monkeypatch.delitem(ROWS, column)
    collector, again = await knowing(Played()), Played({IF_NAME: Unreachable("closed")})
    reading = await read_again(collector, again)
    assert len(again.asked) == 2
    assert [failure.what for failure in reading.failures] == ["ifXTable", "ifTable, hrStorageTable"]
    assert frozenset().union(*(failure.samples for failure in reading.failures)) >= {"device_storage_total_bytes"}


async def test_another_profile_knows_nothing_of_what_was_read_before() -> None:
    collector, again = await knowing(Played()), Played()
    collector._open = again.open
    await collector.read(DEVICE, Profile.model_validate(PROFILE.model_dump(exclude_unset=True)))
    assert again.expected == [None, None, None]


async def test_of_so_many_devices_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snmp_collector, "MAX_KNOWN", 2)
    collector = SnmpCollector(Played().open)
    for name in ("a", "b", "c"):
        await collector.read(replace(DEVICE, name=name), PROFILE)
    assert list(collector._known) == ["b", "c"]
