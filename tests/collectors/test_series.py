"""Every series of a device is there once, and different things keep different names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.model import Sample
from collectors.series import Made, distinct, series, unsaid


def fan(entity: str, oid: str | None = None) -> Sample:
    return Sample("device_fan_speed_rpm", {"entity": entity}, 1000, oid)


def state(entity: str, state: str, kind: str = "fan") -> Sample:
    health = "ok" if state == "normal" else "critical"
    return Sample("device_state", {"entity": entity, "kind": kind, "state": state, "health": health}, 1, None)


def limit(entity: str) -> Sample:
    labels = {"sample": "device_fan_speed_rpm", "entity": entity, "level": "critical", "direction": "below"}
    return Sample("device_limit", labels, 500)


def entities(*rows: Made) -> list[str]:
    return [sample.labels["entity"] for sample in distinct(rows)]


def test_rows_of_one_name_are_told_apart_by_their_index() -> None:
    rows = [Made(0, "7", (fan("Fan"),)), Made(0, "8.1", (fan("Fan"),)), Made(0, "9", (fan("Pump"),))]
    assert entities(*rows) == ["Fan #7", "Fan #8.1", "Pump"]


def test_a_limit_keeps_the_name_of_its_sensor() -> None:
    rows = [Made(0, "7", (fan("Fan"), limit("Fan"))), Made(0, "8", (fan("Fan"),))]
    assert entities(*rows) == ["Fan #7", "Fan #7", "Fan #8"]


def test_two_parts_in_different_states_are_still_of_one_name() -> None:
    rows = [Made(0, "1", (state("Fan", "normal"),)), Made(0, "2", (state("Fan", "failed"),))]
    assert entities(*rows) == ["Fan #1", "Fan #2"]


def test_parts_of_different_kinds_may_share_a_name() -> None:
    rows = [Made(0, "1", (state("1", "normal"),)), Made(0, "1", (state("1", "normal", kind="power_supply"),))]
    assert entities(*rows) == ["1", "1"]


def test_a_row_of_a_later_group_is_told_apart_from_an_earlier_ones() -> None:
    assert entities(Made(0, "1", (fan("Fan"),)), Made(1, "4", (fan("Fan"),))) == ["Fan", "Fan #4"]


def test_a_fallback_stands_only_where_nothing_earlier_does() -> None:
    later = Made(1, "4", (fan("Fan"), fan("Pump")), fallback=True)
    assert entities(Made(0, "1", (fan("Fan"),)), later) == ["Fan", "Pump"]


def test_a_whole_fallback_stands_only_where_nothing_like_it_is() -> None:
    other = (
        fan("Old fan"),
        limit("Old fan"),
        state("Old fan", "normal"),
        state("Old supply", "normal", "power_supply"),
    )
    later = [Made(1, "4", other, fallback="whole"), Made(1, "5", (fan("Older fan"),), fallback="whole")]
    newest = [Made(0, "1", (fan("Fan"), state("Fan", "normal")))]
    assert [(s.name, s.labels["entity"]) for s in distinct([*newest, *later])] == [
        ("device_fan_speed_rpm", "Fan"),
        ("device_state", "Fan"),
        ("device_state", "Old supply"),
    ]
    assert len(distinct(later)) == len(other) + 1


def test_the_same_object_read_twice_is_there_once() -> None:
    rows = [Made(0, "1", (fan("Fan", "1.3.6.1.9.1"),)), Made(1, "1", (fan("Fan", "1.3.6.1.9.1"),))]
    assert entities(*rows) == ["Fan"]


def test_the_first_of_two_symbols_of_a_row_stands() -> None:
    first, second = (
        Sample("ups_battery_runtime_seconds", {}, 60, "a"),
        Sample("ups_battery_runtime_seconds", {}, 0, "b"),
    )
    assert distinct([Made(0, "0", (first, second))]) == (first,)


def test_alarms_of_a_ups_stand_beside_each_other() -> None:
    rows = [Sample("ups_state", {"kind": "battery", "state": s, "health": "critical"}, 1) for s in ("low", "bad")]
    assert len(distinct([Made(0, "1", (rows[0],)), Made(0, "2", (rows[1],))])) == 2


def test_interfaces_are_never_renamed() -> None:
    one, two = (Sample("ifInErrors", {"ifIndex": "1", "ifName": "e1"}, n, str(n)) for n in (1, 2))
    assert distinct([Made(0, "1", (one,)), Made(1, "1", (two,))]) == (one,)


@pytest.mark.parametrize("entity", ["Fan #2", "Fan"])
def test_a_name_that_looks_told_apart_does_not_collide(entity: str) -> None:
    rows = [Made(0, "1", (fan("Fan"),)), Made(0, "2", (fan("Fan"),)), Made(0, "3", (fan(entity),))]
    assert len({sample.series for sample in distinct(rows)}) == 3


ROWS = st.lists(
    st.builds(
        Made,
        st.integers(0, 2),
        st.sampled_from("12"),
        st.lists(st.builds(fan, st.sampled_from(["Fan", "Fan #1", "Fan #2", "Fan #1/1"]))).map(tuple),
        st.booleans(),
    )
)


@given(ROWS)
def test_no_series_is_there_twice(rows: list[Made]) -> None:
    found = [series(sample) for sample in distinct(rows)]
    assert len(found) == len(set(found))


def neighbour(protocol: str, port: str) -> Sample:
    labels = {"local_port": port, "remote_name": "core-1", "remote_port": "1", "protocol": protocol}
    return Sample("device_neighbour", labels, 1)


def peer(address: str) -> Sample:
    return Sample("bgpPeerState", {"bgpPeerRemoteAddr": address, "bgpPeerRemoteAs": "65001"}, 6)


@pytest.mark.parametrize(
    ("said", "more", "left"),
    [
        ([state("Fan 1", "normal")], [state("FAN1", "normal")], []),
        ([state("Fan 1", "normal")], [state("PWR1", "normal", "power_supply")], [0]),
        ([state("Fan 1", "normal")], [fan("FAN1")], [0]),
        ([neighbour("cdp", "Gi1")], [neighbour("lldp", "GigabitEthernet1")], [0]),
        ([neighbour("lldp", "Gi1")], [neighbour("lldp", "GigabitEthernet1")], []),
        ([peer("10.0.0.1")], [peer("2001:db8::1")], [0]),
        ([], [fan("FAN1"), state("FAN1", "normal")], [0, 1]),
    ],
    ids=[
        "a fan by another name",
        "another kind",
        "another figure",
        "another protocol",
        "a port by another name",
        "what has one name everywhere",
        "nothing said",
    ],
)
def test_a_part_two_protocols_tell_of_is_kept_under_the_name_of_the_first(
    said: list[Sample], more: list[Sample], left: list[int]
) -> None:
    assert unsaid(more, said) == tuple(more[n] for n in left)
