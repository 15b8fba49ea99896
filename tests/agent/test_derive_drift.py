"""What should stay as it was: facts, roles, neighbours, the speed of ports."""

import pytest

from collectors.model import DeviceClass, Sample, Snapshot
from tests.agent.said import DAY, MINUTE, entry, failure, port, readings, sample, silent, snapshot, values

CORE = entry(DeviceClass.SWITCH, criticality="core")


def facts(at: float = 0.0, *failures, **said: str) -> Snapshot:
    return snapshot([sample("device_up")], at, facts=said, failures=failures)


def changed(*each: Snapshot) -> dict[object, object]:
    return dict(values(readings(*each), "device_fact_changed", "fact", "state"))


def test_facts_that_stay_are_no_news():
    assert changed(facts(serial="A1")) == {("serial", "A1"): 0}
    assert changed(facts(serial="A1"), facts(DAY, serial="A1")) == {("serial", "A1"): 0}


def test_a_fact_that_changed_is_told_with_what_it_was_for_a_month():
    said = {("serial", "A1 → B2"): 1}
    assert changed(facts(serial="A1"), facts(DAY, serial="B2")) == said
    assert changed(facts(serial="A1"), facts(DAY, serial="B2"), facts(20 * DAY, serial="B2")) == said
    assert changed(facts(serial="A1"), facts(DAY, serial="B2"), facts(40 * DAY, serial="B2")) == {("serial", "B2"): 0}


def test_a_device_that_was_silent_while_it_was_exchanged_is_caught():
    assert changed(facts(serial="A1"), silent(DAY), silent(2 * DAY), facts(3 * DAY, serial="B2"))["serial", "A1 → B2"]


@pytest.mark.parametrize(("kind", "told"), [("timeout", {}), ("auth", {}), ("unsupported", {("model", "X → Y"): 1})])
def test_a_fact_is_not_compared_when_another_protocol_may_have_told_it(kind, told):
    assert changed(facts(model="X"), facts(DAY, failure("device_cpu_ratio", kind=kind), model="Y")) == told


def test_a_ping_that_was_lost_does_not_keep_facts_from_being_compared():
    lost = failure("device_icmp_rtt_seconds", protocol="icmp")
    assert changed(facts(model="X"), facts(DAY, lost, model="Y")) == {("model", "X → Y"): 1}


def test_contact_and_location_are_not_watched():
    assert changed(facts(contact="a"), facts(DAY, contact="b")) == {}


# ---- roles ----


def member(state: str, at: float = 0.0, health: str = "ok", kind: str = "redundancy") -> Snapshot:
    labels = {"entity": "VRRP 10 on Vlan10", "kind": kind, "state": state, "health": health}
    return snapshot([sample("device_state", **labels)], at)


def roles(*each: Snapshot) -> dict[object, object]:
    return dict(values(readings(*each), "device_role_changed", "entity", "state"))


def test_a_role_that_was_switched_is_told_for_a_day():
    who = "VRRP 10 on Vlan10"
    switched = [member("master"), member("backup", MINUTE)]
    assert roles(*switched) == {(who, "master → backup"): 1}
    assert roles(*switched, member("backup", DAY / 2)) == {(who, "master → backup"): 1}
    assert roles(*switched, member("backup", 2 * DAY)) == {(who, "backup"): 0}
    assert roles(*switched, member("master", 2 * MINUTE)) == {(who, "backup → master"): 1}


def test_a_part_that_is_faulty_has_not_switched_its_role():
    assert roles(member("master"), member("initialize", MINUTE, health="critical")) == {}
    assert roles(member("full", kind="fan"), member("half", MINUTE, kind="fan")) == {}


# ---- neighbours ----


def ports(at: float, neighbours: dict[int, str], down: tuple[int, ...] = ()) -> Snapshot:
    """Two ports, up unless said otherwise, and who is heard at them."""
    samples: list[Sample] = [s for n in (1, 2) for s in port(n, ifOperStatus=2 if n in down else 1)]
    samples += [
        sample("device_neighbour", 1, local_port=f"GE0/0/{n}", remote_name=name, remote_port="ge1", protocol="lldp")
        for n, name in neighbours.items()
    ]
    return snapshot(samples, at, expected={"device_neighbour"})


def neighbours(*each: Snapshot, site=CORE) -> dict[object, object]:
    found = values(readings(*each, site=site), "device_neighbour_changed", "port", "state")
    return {name: state for (name, state), value in found.items() if value}


@pytest.mark.parametrize(
    ("then", "now", "news"),
    [
        ({1: "a"}, {1: "a"}, {}),
        ({1: "a"}, {1: "b"}, {"GE0/0/1": "a ge1 → b ge1"}),
        ({1: "a"}, {1: "a", 2: "c"}, {"GE0/0/2": "- → c ge1"}),
        ({1: "a", 2: "c"}, {1: "a"}, {"GE0/0/2": "c ge1 → -"}),
    ],
)
def test_a_neighbour_that_came_went_or_was_exchanged_is_told(then, now, news):
    assert neighbours(ports(0, then), ports(MINUTE, now)) == news


def test_a_port_that_is_down_tells_nothing_of_its_cabling():
    found = [ports(0, {1: "a"}), ports(MINUTE, {}, down=(1,))]
    assert neighbours(*found) == {}
    assert neighbours(*found, ports(2 * MINUTE, {1: "b"})) == {"GE0/0/1": "a ge1 → b ge1"}


def test_who_plugs_in_at_an_access_switch_is_nobodys_business():
    access = entry(DeviceClass.SWITCH)
    assert neighbours(ports(0, {1: "phone"}), ports(MINUTE, {1: "laptop"}), site=access) == {}
    uplink = entry(DeviceClass.SWITCH, uplinks=("GE0/0/1",))
    assert neighbours(ports(0, {1: "core"}), ports(MINUTE, {1: "rogue"}), site=uplink) == {
        "GE0/0/1": "core ge1 → rogue ge1"
    }


def test_neighbours_that_could_not_be_read_have_not_gone():
    unread = snapshot(port(1), MINUTE, failures=(failure("device_neighbour"),), expected={"device_neighbour"})
    assert neighbours(ports(0, {1: "a"}), unread, ports(2 * MINUTE, {1: "a"})) == {}


# ---- speed ----


def speed(*megabits: int, up: int = 1, days: float = 1) -> dict[object, object]:
    taken = [snapshot(port(1, ifHighSpeed=n, ifOperStatus=up), k * days * DAY) for k, n in enumerate(megabits)]
    return dict(values(readings(*taken), "if_speed_ratio", "state"))


@pytest.mark.parametrize(
    ("megabits", "told"),
    [
        ([1000], {"1 Gbit/s": 1}),
        ([1000, 100], {"1 Gbit/s → 100 Mbit/s": 0.1}),
        ([1000, 100, 100], {"1 Gbit/s → 100 Mbit/s": 0.1}),
        ([100, 1000], {"1 Gbit/s": 1}),
        ([1000, 100, 1000], {"1 Gbit/s": 1}),
        ([10_000, 0], {}),
    ],
)
def test_a_port_is_held_against_the_best_speed_it_had(megabits, told):
    assert speed(*megabits) == pytest.approx(told)


def test_a_speed_that_lasted_a_month_is_the_ports_speed():
    assert speed(1000, 100, 100, days=20) == pytest.approx({"1 Gbit/s → 100 Mbit/s": 0.1})
    assert speed(1000, 100, 100, 100, days=20) == {"100 Mbit/s": 1}


def test_a_port_that_is_down_has_no_speed():
    assert speed(1000, up=2) == {}
