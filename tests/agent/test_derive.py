"""What follows from two readings: ports that are down, parts that are gone, ratios."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.derive import DERIVED, SOURCES, derive
from agent.derive.ports import port_of
from agent.model import Entry
from collectors.model import DeviceClass, Snapshot
from collectors.vocabulary import VOCABULARY
from tests.agent.said import (
    DAY,
    MINUTE,
    entry,
    failure,
    neighbour,
    peer,
    port,
    readings,
    sample,
    silent,
    snapshot,
    values,
)

# ---- ports ----

DOWN, LOWER_LAYER = {"ifOperStatus": 2}, {"ifOperStatus": 7}


def down(*each: list, site: Entry) -> dict[object, object]:
    """Derive readings of ports a minute apart; return if_down by (port, role, state)."""
    taken = [snapshot(samples, n * MINUTE) for n, samples in enumerate(each)]
    return dict(values(readings(*taken, site=site), "if_down", "ifName", "role", "state"))


ROUTER, ACCESS = entry(), entry(DeviceClass.SWITCH)
CORE_SWITCH = entry(DeviceClass.SWITCH, criticality="core")
UPLINK = entry(DeviceClass.SWITCH, uplinks=("GE0/0/1",))


@pytest.mark.parametrize(
    ("why", "site", "alias", "first", "then", "expected"),
    [
        ("never up, nobody named it", ROUTER, "", DOWN, DOWN, {}),
        ("was up", ROUTER, "", {}, DOWN, {("GE0/0/1", "known", "down"): 1}),
        ("is up", ROUTER, "", {}, {}, {("GE0/0/1", "known", "up"): 0}),
        ("someone described it", ROUTER, "to HQ", DOWN, LOWER_LAYER, {("GE0/0/1", "known", "lowerLayerDown"): 1}),
        ("the device described it", ROUTER, "GE0/0/1 Interface", DOWN, DOWN, {}),
        ("someone wrote its name too", ROUTER, "GE0/0/1 to HQ", DOWN, DOWN, {("GE0/0/1", "known", "down"): 1}),
        ("a user went home", ACCESS, "", {}, DOWN, {}),
        ("never used", ACCESS, "room 301", DOWN, DOWN, {}),
        ("described and was up", ACCESS, "AP 3", {}, DOWN, {("GE0/0/1", "known", "down"): 1}),
        ("was up, on a core switch", CORE_SWITCH, "", {}, DOWN, {("GE0/0/1", "known", "down"): 1}),
        ("an uplink", UPLINK, "", DOWN, DOWN, {("GE0/0/1", "uplink", "down"): 1}),
        ("an uplink that is well", UPLINK, "", {}, {}, {("GE0/0/1", "uplink", "up"): 0}),
        ("waits for traffic", ROUTER, "", {}, {"ifOperStatus": 5}, {("GE0/0/1", "known", "dormant"): 0}),
        ("not to be judged", entry(ignore_interfaces=("GE*",)), "to HQ", {}, DOWN, {}),
        ("no connector", ROUTER, "x", {"ifConnectorPresent": 2}, DOWN | {"ifConnectorPresent": 2}, {}),
        ("a state of no RFC", ROUTER, "", {}, {"ifOperStatus": 99}, {("GE0/0/1", "known", "99"): 0}),
    ],
)
def test_a_port_is_down_only_where_it_would_be_missed(*, why, site, alias, first, then, expected):
    assert down(port(1, alias=alias, **first), port(1, alias=alias, **then), site=site) == expected, why


@pytest.mark.parametrize(
    ("site", "expected"), [(ROUTER, ("known", "adminDown", 0)), (UPLINK, ("uplink", "adminDown", 1))]
)
def test_a_port_that_someone_shut_is_meant_to_be_down_unless_it_is_an_uplink(site, expected):
    found = down(port(1, alias="x"), port(1, alias="x", ifAdminStatus=2, ifOperStatus=2), site=site)
    role, state, value = expected
    assert found == {("GE0/0/1", role, state): value}


def test_what_was_up_is_remembered_through_silence():
    nothing = silent(MINUTE, failure("ifOperStatus", "ifAdminStatus"))
    half = snapshot(port(2), 2 * MINUTE, failures=(failure("ifOperStatus"),))
    found = readings(snapshot(port(1)), nothing, half, snapshot(port(1, **DOWN), 3 * MINUTE))
    assert values(found, "if_down", "ifName") == {"GE0/0/1": 1}
    assert values(readings(snapshot(port(1)), nothing), "if_down", "ifName") == {}


def test_an_uplink_the_device_does_not_have_is_down():
    site = entry(uplinks=("GE0/0/7", "XGE*"))
    assert down(port(1), port(1), site=site)["GE0/0/7", "uplink", "absent"] == 1
    assert down([], [], site=site) == {}


@pytest.mark.parametrize(
    ("duplex", "oper", "expected"), [(2, 1, {"GE0/0/1": 1}), (3, 1, {"GE0/0/1": 0}), (1, 1, {}), (2, 2, {})]
)
def test_half_duplex_counts_on_ports_that_are_up(duplex, oper, expected):
    found = readings(snapshot(port(1, ifDuplexStatus=duplex, ifOperStatus=oper)))
    assert values(found, "if_half_duplex", "ifName") == expected


# ---- parts ----


def part(entity: str, kind: str = "fan", health: str = "ok"):
    return sample("device_state", 1, entity=entity, kind=kind, state=health, health=health)


def missing(*each: Snapshot) -> dict[object, object]:
    return dict(values(readings(*each), "device_part_missing", "entity"))


def test_a_part_that_was_there_and_is_gone_is_missing_until_it_is_back():
    both = [part("FAN 1"), part("FAN 2")]
    gone = snapshot(both[:1], MINUTE)
    assert missing(snapshot(both)) == {"FAN 1": 0, "FAN 2": 0}
    assert missing(snapshot(both), gone) == {"FAN 1": 0, "FAN 2": 1}
    nothing = silent(2 * MINUTE, failure("device_state"))
    assert missing(snapshot(both), gone, nothing, snapshot(both[:1], 3 * MINUTE)) == {"FAN 1": 0, "FAN 2": 1}
    assert missing(snapshot(both), gone, snapshot(both, 2 * MINUTE)) == {"FAN 1": 0, "FAN 2": 0}


@pytest.mark.parametrize(
    "second",
    [
        silent(MINUTE, failure("device_state")),
        snapshot([part("FAN 1")], MINUTE, failures=(failure("device_state"),)),
        snapshot([], MINUTE, expected={"device_state"}),
    ],
    ids=["silent", "half read", "nothing left of the table"],
)
def test_a_part_that_could_not_be_read_is_not_missing(second):
    assert missing(snapshot([part("FAN 1"), part("FAN 2")]), second) == {}


def test_a_part_in_another_health_is_the_same_part():
    assert missing(snapshot([part("FAN 1")]), snapshot([part("FAN 1", health="critical")], MINUTE)) == {"FAN 1": 0}


def pool(entity: str, used: float | None, total: float | None, ratio: float | None = None):
    told = {"used_bytes": used, "total_bytes": total, "ratio": ratio}
    return [sample(f"device_memory_{key}", value, entity=entity) for key, value in told.items() if value is not None]


@pytest.mark.parametrize(
    ("samples", "ratios"),
    [
        (pool("DRAM", 25, 100), {"DRAM": 0.25}),
        (pool("DRAM", 0, 100), {"DRAM": 0.0}),
        (pool("DRAM", 25, 100, 0.3), {"DRAM": 0.3}),
        ([*pool("DRAM", 25, None), *pool("", None, 50)], {"DRAM": 0.5}),
        (pool("DRAM", 25, None), {}),
        (pool("DRAM", 25, 0), {}),
        (pool("DRAM", 125, 100), {}),
        (pool("DRAM", float("nan"), 100), {}),
    ],
)
def test_a_ratio_is_completed_from_used_and_total(samples, ratios):
    assert values(readings(snapshot(samples)), "device_memory_ratio", "entity") == ratios


def limit(of: str, value: float, entity: str, level: str = "critical", direction: str = "above"):
    return sample("device_limit", value, sample=of, entity=entity, level=level, direction=direction)


def test_power_is_a_share_of_the_budget_the_device_gives():
    watts = [sample("device_power_watts", n, entity=e) for e, n in (("PoE 1", 300), ("PSU 1", 90))]
    found = readings(snapshot([*watts, limit("device_power_watts", 400, "PoE 1")]))
    assert values(found, "device_power_ratio", "entity") == {"PoE 1": 0.75}


@pytest.mark.parametrize(
    ("entity", "port_name"),
    [
        ("GE0/0/1", "GE0/0/1"),
        ("GE0/0/1 Rx", "GE0/0/1"),
        ("GE0/0/1-Rx Lane Power", "GE0/0/1"),
        ("GE0/0/1 (sub) Tx", "GE0/0/1 (sub)"),
        ("GE0/0/12 Rx", None),
        ("GE0/0/1/2 Rx", None),
        ("Slot 1", None),
        ("", None),
    ],
)
def test_a_transceivers_sensor_is_named_after_its_port(entity, port_name):
    assert port_of(entity, {"GE0/0/1", "GE0/0/1 (sub)"}) == port_name


def test_light_counts_in_ports_that_are_up_with_its_limits():
    light = [sample("device_optical_power_dbm", -40, entity=f"GE0/0/{n} {way}") for n in (1, 2) for way in ("Rx", "Tx")]
    limits = [limit("device_optical_power_dbm", -20, f"GE0/0/{n} Rx", direction="below") for n in (1, 2)]
    found = readings(snapshot([*port(1), *port(2, ifOperStatus=2), *light, *limits]))
    assert values(found, "if_optical_power_dbm", "entity").keys() == {"GE0/0/1 Rx", "GE0/0/1 Tx"}
    assert values(found, "device_limit", "sample", "entity").keys() >= {("if_optical_power_dbm", "GE0/0/1 Rx")}
    unread = readings(snapshot([*port(1), *light], failures=(failure("ifOperStatus"),)))
    assert values(unread, "if_optical_power_dbm", "entity") == {}


def ups(*states: tuple[str, str], alarms: int | None = 0, **more: object) -> dict[object, object]:
    told = [sample("ups_state", kind=kind, state=state, health="critical") for kind, state in states]
    told += [] if alarms is None else [sample("ups_alarms", alarms)]
    return dict(
        values(readings(snapshot([*told, sample("ups_state", kind="battery")], **more)), "ups_fault", "kind", "state")
    )


def test_an_alarm_that_left_the_list_of_a_ups_is_over():
    assert ups(("fan", "fanFailure")).keys() == {("fan", "fanFailure"), ("other", "none"), ("temperature", "none")}
    assert ups().keys() == {("fan", "none"), ("other", "none"), ("temperature", "none")}


def test_a_ups_whose_list_was_not_read_is_not_well_for_that():
    assert ups(("fan", "fanFailure"), alarms=None).keys() == {("fan", "fanFailure")}
    assert ups(failures=(failure("ups_alarms"),)) == {}
    assert ups(failures=(failure("ups_state"),)) == {}


# ---- the whole ----


def test_derived_names_are_new_and_their_sources_are_collected():
    assert DERIVED.keys().isdisjoint(VOCABULARY)
    assert frozenset().union(*SOURCES.values()) <= VOCABULARY.keys()


def test_derived_samples_have_the_labels_they_declare():
    everything = [
        *port(1, alias="x", ifHCInOctets=0, ifHighSpeed=1000, ifInErrors=0, ifInDiscards=0, ifHCInUcastPkts=0),
        *peer("10.0.0.2", 6),
        *neighbour("10.0.0.2", 8),
        part("FAN 1"),
        sample("device_uptime_seconds", 10 * DAY),
    ]
    found = readings(snapshot(everything), snapshot(everything, MINUTE))
    made = [s for s in found.samples if s.name in DERIVED]
    assert {s.name for s in made} >= {"if_utilisation_ratio", "if_down", "device_known", "device_rebooted"}
    assert all(set(s.labels) == set(DERIVED[s.name].labels) for s in made)
    assert len({s.series for s in made}) == len(made)


def test_what_was_collected_stays_as_it_was():
    taken = snapshot([part("FAN 1"), *port(1)])
    assert derive(taken, None, entry()).samples[: len(taken.samples)] == taken.samples


def test_what_a_silent_device_was_expected_to_say_is_still_expected():
    found = readings(snapshot([part("FAN 1")]), silent(MINUTE), silent(2 * MINUTE))
    assert {"device_state", "device_part_missing"} <= found.expected


anything = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**400), 10**400)


@given(st.lists(anything, min_size=24, max_size=24))
def test_no_value_makes_it_fail(numbers):
    names = iter(numbers)
    taken = [
        snapshot(
            [
                *port(1, ifOperStatus=next(names), ifHighSpeed=next(names), ifHCInOctets=next(names)),
                *port(2, ifInErrors=next(names), ifInUcastPkts=next(names), ifSpeed=next(names)),
                *peer("10.0.0.2", next(names)),
                *neighbour("10.0.0.2", next(names)),
                *pool("DRAM", next(names), next(names)),
                sample("device_power_watts", next(names), entity="PoE"),
                limit("device_power_watts", next(names), "PoE"),
                sample("device_uptime_seconds", numbers[-1 - n]),
            ],
            n * MINUTE,
        )
        for n in range(2)
    ]
    assert readings(*taken).samples
