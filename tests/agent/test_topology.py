"""Who is adjacent to whom, and where the agent is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import topology
from agent.model import Customer, Entry, Inventory, Site, Text
from agent.topology import Neighbour, Standing
from collectors.model import DeviceClass, Sample
from tests.agent.outage import device
from tests.agent.said import NOW, readings, sample, snapshot

T = NOW.timestamp()


def of(*entries: Entry, **heard: list[Neighbour]) -> topology.Topology:
    """The topology of devices, by what each heard. All answered at T, and call themselves by their names."""
    names = [entry.name for entry in entries]
    standings = {name: Standing(name, T, T, neighbours=tuple(heard.get(name.replace("-", "_"), ()))) for name in names}
    return topology.build(Inventory(entries={entry.name: entry for entry in entries}), standings)


def pairs(found: topology.Topology) -> set[str]:
    return {"~".join(sorted((name, far))) for name, around in found.adjacent.items() for far in around}


A, B = device("a"), device("b")


@pytest.mark.parametrize("name", ["b", "B", "b.example.net", "B.Example.NET"])
def test_a_neighbour_is_found_by_name_in_any_case_with_or_without_domain(name):
    assert pairs(of(A, B, a=[Neighbour("p1", name)])) == {"a~b"}


@pytest.mark.parametrize(("full", "heard"), [("sw.1", "sw.1"), ("sw.1", "sw.1.example.net"), ("b.example.net", "b")])
def test_a_name_with_dots_is_not_taken_for_another(full, heard):
    assert pairs(of(A, device(full), device("sw.2"), a=[Neighbour("p1", heard)])) == {f"a~{full}"}


def test_a_neighbour_is_found_by_what_it_calls_itself():
    inventory = Inventory(entries={"a": A, "b": B})
    standings = {
        "a": Standing("a", T, T, neighbours=(Neighbour("p1", "Hall-2"),)),
        "b": Standing("b", T, T, name="hall-2"),
    }
    assert pairs(topology.build(inventory, standings)) == {"a~b"}


def test_a_name_that_several_devices_bear_is_no_device():
    inventory = Inventory(entries={"a": A, "b": B, "c": device("c")})
    standings = {name: Standing(name, T, T, name="Switch") for name in ("b", "c")}
    standings["a"] = Standing("a", T, T, neighbours=(Neighbour("p1", "Switch"),))
    assert pairs(topology.build(inventory, standings)) == set()


@pytest.mark.parametrize("name", ["a", "stranger", "", "."])
def test_oneself_and_strangers_are_no_neighbours(name):
    found = of(A, B, a=[Neighbour("p1", name)])
    assert (pairs(found), dict(found.ends)) == (set(), {})


def test_what_one_end_hears_is_enough():
    found = of(A, B, a=[Neighbour("P1", "b")], b=[Neighbour("p2", "a", lost=T - 5)])
    assert pairs(found) == {"a~b"}
    assert pairs(of(A, B, a=[Neighbour("p1", "b", lost=T - 5)], b=[Neighbour("p2", "a")])) == {"a~b"}
    assert {key: ends[0].device for key, ends in found.ends.items()} == {("a", "p1"): "b", ("b", "p2"): "a"}


def test_a_declared_link_that_both_saw_lost_is_no_link():
    child = device("b", "a")
    assert pairs(of(A, child)) == {"a~b"}
    assert pairs(of(A, child, a=[Neighbour("p1", "b", lost=T - 5)])) == set()
    assert pairs(of(A, child, a=[Neighbour("p1", "b", lost=T + 5)])) == {"a~b"}


@pytest.mark.parametrize(
    ("entries", "roots"),
    [
        ([A, B], {"a", "b"}),
        ([A, device("b", "a"), device("c", "b")], {"a"}),
        ([device("a", criticality="core"), B], {"a"}),
        ([device("a", criticality="core"), device("b", criticality="core")], {"a", "b"}),
        ([device("a", kind=DeviceClass.ROUTER), B], {"a"}),
        ([device("a", kind=DeviceClass.FIREWALL), device("b", criticality="core")], {"a", "b"}),
        ([A, B, device("c", "b")], {"b"}),
        ([device("a", "c"), B, device("c", criticality="core")], {"c"}),
    ],
)
def test_the_agent_is_beside_the_tops_of_what_is_connected(entries, roots):
    assert of(*entries, a=[Neighbour("p1", "b")]).roots == roots


def test_what_is_connected_to_nothing_is_beside_the_agent():
    assert of(A, device("b", criticality="core")).roots == {"a", "b"}


@pytest.mark.parametrize("heard", [(), ("other", "unknown")])
def test_on_the_way_to_a_device_are_its_site_and_all_parents_and_who_it_hears(heard):
    hq, branch = (
        Site(name=n, title=Text(n, n), customer=Customer(name="c", title=Text("c", "c"))) for n in ("hq", "br")
    )
    entries = [
        device("edge"),
        device("core", "edge", site=hq),
        device("router", "core", site=branch),
        device("access", "router", site=branch),
        device("other", "core", site=hq),
        device("spare", site=branch),
    ]
    inventory = Inventory(entries={entry.name: entry for entry in entries})
    access = Standing("access", T, T, neighbours=tuple(Neighbour("p1", name) for name in heard))
    around = {"access", "router", "spare", "core", "edge"} | ({*heard} - {"unknown"})
    assert topology.nearby(inventory, {"access": access, "gone": Standing("gone", T)}) == around


def test_a_standing_is_read_from_a_derived_snapshot():
    labels = {"ifIndex": "1", "ifName": "GE0/0/1", "ifDescr": "GigabitEthernet0/0/1", "ifAlias": ""}
    heard = sample(
        "device_neighbour", local_port="gigabitethernet0/0/1", remote_name="agg", remote_port="p", protocol="cdp"
    )
    said = [sample("device_up", 1), Sample("ifOperStatus", labels, 1), heard]
    found = topology.standing_of(readings(snapshot(said, facts={"sys_name": "Core"})))
    assert found == Standing("core-1", T, T, None, "Core", (Neighbour("GE0/0/1", "agg"),))
    settled = topology.standing_of(readings(snapshot(said)), settled=T + 60)
    assert (settled.at, settled.answered, settled.silent) == (T + 60, T + 60, False)


# ---- drawn once ----

HEARD = st.builds(
    Neighbour,
    port=st.sampled_from(["p1", "p2"]),
    name=st.sampled_from(["a", "b", "c", "hall-2"]),
    lost=st.sampled_from([0.0, T - 60, T]),
)
STANDINGS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.tuples(
        st.sampled_from([None, T - 90, T - 30, T + 30]),
        st.sampled_from(["", "hall-2"]),
        st.lists(HEARD, max_size=2).map(tuple),
    ),
)


@given(st.lists(STANDINGS, min_size=2, max_size=5))
def test_what_was_drawn_before_is_as_if_built_anew(rounds):
    inventory, drawn = Inventory(entries={"a": A, "b": B, "c": device("c", parent="a")}), topology.Drawn()
    for found in rounds:
        standings = {
            name: Standing(name, T, answered, name=called, neighbours=heard)
            for name, (answered, called, heard) in found.items()
        }
        assert drawn.of(inventory, standings) == topology.build(inventory, standings)


def test_devices_that_heard_what_they_heard_before_are_not_drawn_anew():
    inventory, drawn = Inventory(entries={"a": A, "b": B}), topology.Drawn()
    first, second = (
        {"a": Standing("a", at, at, neighbours=(Neighbour("p1", "b", lost=T - 60),)), "b": Standing("b", at, at)}
        for at in (T, T + 60)
    )
    assert drawn.of(inventory, first) is drawn.of(inventory, second)


def test_another_inventory_is_drawn_anew():
    drawn = topology.Drawn()
    assert set(drawn.of(Inventory(entries={"a": A}), {}).adjacent) == {"a"}
    assert set(drawn.of(Inventory(entries={"b": B}), {}).adjacent) == {"b"}
