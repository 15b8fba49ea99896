"""One fault, one ticket: what is cut off by it is listed, whatever the shape of the network and the order of polls."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agent.outage import Network, cables, device, port

ROUND = ("access-2", "access-1", "agg", "core")


def tree() -> Network:
    """core - agg - access-1, access-2; all heard."""
    entries = [device("core"), device("agg", "core"), device("access-1", "agg"), device("access-2", "agg")]
    laid = cables("core~agg", "agg~access-1", "agg~access-2")
    network = Network(entries, laid, laid, "core")
    network.poll(*ROUND)
    return network


def ring() -> Network:
    """core - a - b - c - core. The inventory can only say one way."""
    entries = [device("core"), device("a", "core"), device("b", "a"), device("c", "core")]
    laid = cables("core~a", "a~b", "b~c", "c~core")
    network = Network(entries, laid, laid, "core")
    network.poll("core", "a", "b", "c")
    return network


def test_what_is_behind_a_dead_device_is_listed_in_its_ticket() -> None:
    network = tree()
    network.dead = {"agg"}
    for _ in range(4):
        network.poll(*ROUND)
    assert network.opened() == ["agg"]
    assert network.listed() == {"agg": {"access-1", "access-2", "core to agg"}}
    assert network.said("agg") == "其后 2 台设备不可达：access-1, access-2 / 2 devices behind it: access-1, access-2"


def test_a_dead_root_is_the_cause_of_all() -> None:
    network = tree()
    network.dead = {"core"}
    for _ in range(4):
        network.poll(*ROUND)
    assert network.opened() == ["core"]
    assert network.listed() == {"core": {"agg", "access-1", "access-2"}}


def test_the_list_has_what_was_not_read_since_too() -> None:
    network = tree()
    network.dead = {"agg"}
    for _ in range(4):
        network.poll("core", "agg")
    assert network.listed() == {"agg": {"core to agg"}}
    assert "access-1, access-2" in network.said("agg")


def test_a_child_waits_until_its_parent_was_read_again() -> None:
    network = tree()
    network.dead = {"agg"}
    for _ in range(4):
        network.poll("access-1")
    assert network.opened() == []
    assert not network.findings["access-1", "reachability", ""].held
    network.poll("agg")
    network.poll("access-1")
    assert network.findings["access-1", "reachability", ""].result.behind == ("agg",)


def test_a_child_that_fails_alone_gets_its_ticket_when_its_parent_answered() -> None:
    network = tree()
    network.dead = {"access-1"}
    for _ in range(4):
        network.poll("access-1")
    assert network.opened() == []
    network.poll("agg", "access-1")
    assert network.opened() == ["access-1"]


def test_a_parent_that_is_never_read_is_not_waited_for_for_ever() -> None:
    network = tree()
    network.dead = {"access-1"}
    for _ in range(7):
        network.poll("access-1")
    assert network.opened() == ["access-1"]


def test_when_the_cause_is_back_what_is_still_silent_gets_its_own_ticket_on_its_next_poll() -> None:
    network = tree()
    network.dead = {"agg", "access-1"}
    for _ in range(4):
        network.poll(*ROUND)
    network.dead = {"access-1"}
    network.poll("agg", "access-2")
    assert network.opened() == ["agg"]
    assert network.at_work() == set()
    network.poll("access-1")
    assert network.opened() == ["agg", "access-1"]
    assert network.findings["access-1", "reachability", ""].result.behind == ()


def test_a_poll_that_was_under_way_when_the_cause_came_back_opens_nothing() -> None:
    network = tree()
    network.dead = {"agg"}
    for _ in range(4):
        network.poll(*ROUND)
    slow = network.read("access-1")
    network.dead = set()
    network.poll("agg")
    network.settle([slow])
    network.poll("access-1")
    assert network.opened() == ["agg"]


def test_a_ticket_that_was_there_before_its_device_fell_behind_another_stays() -> None:
    network = tree()
    network.dead = {"access-1"}
    for _ in range(4):
        network.poll(*ROUND)
    network.dead = {"access-1", "agg"}
    for _ in range(4):
        network.poll(*ROUND)
    assert network.opened() == ["access-1", "agg"]
    assert network.at_work() == {"access-1", "agg"}


def test_an_inspection_settles_all_its_devices_together() -> None:
    network = tree()
    network.dead = {"agg"}
    for _ in range(3):
        network.inspect()
    assert network.opened() == ["agg"]
    assert network.listed() == {"agg": {"access-1", "access-2", "core to agg"}}


def test_a_ring_with_one_dead_device_has_nothing_behind_it() -> None:
    network = ring()
    network.dead = {"a"}
    for _ in range(4):
        network.poll("b", "c", "core", "a")
    assert network.opened() == ["a"]
    assert network.listed() == {"a": {"core to a", "b to a"}}


def test_two_dead_devices_of_a_ring_are_both_causes_of_what_is_between_them() -> None:
    network = ring()
    network.dead = {"a", "c"}
    for _ in range(4):
        network.poll("b", "c", "a", "core")
    assert sorted(network.opened()) == ["a", "c"]
    assert network.findings["b", "reachability", ""].result.behind == ("a", "c")


def test_a_cable_that_was_cut_before_is_no_way() -> None:
    network = ring()
    network.cut = cables("core~a")
    for _ in range(4):
        network.poll("a", "b", "c", "core")
    assert sorted(network.opened()) == ["a to core", "core to a"]
    network.dead = {"c"}
    for _ in range(4):
        network.poll("a", "b", "core", "c")
    assert sorted(network.opened()) == ["a to core", "c", "core to a"]
    assert network.listed() == {"c": {"a", "b", "core to c"}}


def test_a_device_whose_only_cable_is_cut_has_one_ticket_that_names_the_port() -> None:
    network = tree()
    network.cut = cables("agg~access-1")
    for _ in range(4):
        network.poll(*ROUND)
    assert network.opened() == ["access-1"]
    assert network.listed() == {"access-1": {"agg to access-1"}}


def test_a_port_waits_until_the_device_at_its_other_end_was_read_again() -> None:
    network = tree()
    network.dead = {"access-1"}
    for _ in range(4):
        network.poll("agg")
    assert network.opened() == []
    for _ in range(3):
        network.poll("access-1", "agg")
    assert network.opened() == ["access-1"]


def test_a_port_read_before_the_device_at_its_other_end_came_back_opens_nothing() -> None:
    network = tree()
    network.dead = {"access-1"}
    for _ in range(4):
        network.poll(*ROUND)
    slow = network.read("agg")
    network.dead = set()
    network.poll("access-1")
    network.settle([slow])
    assert network.opened() == ["access-1"]


def test_a_device_that_answers_echoes_is_there_though_nobody_can_manage_it() -> None:
    network = tree()
    network.hung = {"agg"}
    network.dead = {"access-1"}
    for _ in range(4):
        network.poll(*ROUND)
    assert sorted(network.opened()) == ["access-1", "agg"]
    assert network.findings["access-1", "reachability", ""].result.behind == ()


def test_the_echoes_a_dead_device_does_not_answer_are_no_fault_of_their_own() -> None:
    network = tree()
    network.dead = {"access-1"}
    for _ in range(4):
        network.poll(*ROUND)
    assert network.findings["access-1", "packet_loss", ""].result.behind == ("access-1",)
    assert network.opened() == ["access-1"]
    assert network.listed() == {"access-1": {"agg to access-1"}}


@pytest.mark.parametrize(("passed", "behind"), [(120, ("agg",)), (3600, ())])
def test_a_state_that_is_too_old_explains_nothing(passed: float, behind: tuple[str, ...]) -> None:
    network = tree()
    network.dead = {"agg"}
    network.inspect()
    network.clock += passed
    network.inspect("access-1")
    assert network.findings["access-1", "reachability", ""].result.behind == behind


def test_a_cable_that_is_an_uplink_at_both_ends_has_two_tickets() -> None:
    entries = [device("core"), device("a", "core", uplinks=("to b",)), device("b", "core", uplinks=("to a",))]
    laid = cables("core~a", "core~b", "a~b")
    network = Network(entries, laid, laid, "core")
    network.poll("core", "a", "b")
    network.cut = cables("a~b")
    for _ in range(4):
        network.poll("core", "a", "b")
    assert sorted(network.opened()) == ["a to b", "b to a"]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_cable_between_two_that_answer_has_the_ticket_of_the_end_that_is_an_uplink(order: tuple[str, ...]) -> None:
    entries = [device("core"), device("a", "core"), device("b", "core", uplinks=("to a",))]
    laid = cables("core~a", "core~b", "a~b")
    network = Network(entries, laid, laid, "core")
    network.poll("core", *order)
    network.cut = cables("a~b")
    for _ in range(4):
        network.poll("core", *order)
    assert network.opened() == ["b to a"]
    assert network.listed() == {"b to a": {"a to b"}}


def test_without_parents_neighbours_alone_tell_who_is_behind_the_core() -> None:
    entries = [device("access"), device("agg"), device("core", criticality="core")]
    laid = cables("core~agg", "agg~access")
    network = Network(entries, laid, laid, "core")
    network.poll("core", "agg", "access")
    network.dead = {"agg"}
    for _ in range(4):
        network.poll("access", "agg", "core")
    assert network.opened() == ["agg"]
    assert network.listed() == {"agg": {"access", "core to agg"}}


def test_where_nothing_is_known_of_the_network_every_device_has_its_own_ticket() -> None:
    network = Network([device("a"), device("b")], cables("a~b"), (), "a")
    network.dead = {"a"}
    for _ in range(4):
        network.poll("b", "a")
    assert sorted(network.opened()) == ["a", "b"]


# ---- any network, any order ----


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, random.Random]:
    """A tree with declared parents, some more cables that are heard, polled at mixed intervals."""
    size = draw(st.integers(2, 8))
    parents = {n: draw(st.integers(0, n - 1)) for n in range(1, size)}
    more = draw(st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=3))
    pairs = {frozenset({f"d{n}", f"d{parent}"}) for n, parent in parents.items()}
    extra = {frozenset({f"d{a}", f"d{b}"}) for a, b in more if a != b} - pairs
    heard = extra | {pair for pair in sorted(pairs, key=sorted) if draw(st.booleans())}
    entries = [device("d0"), *(device(f"d{n}", f"d{parent}") for n, parent in parents.items())]
    return Network(entries, pairs | extra, heard, "d0"), random.Random(draw(st.integers(0, 2**32)))  # noqa: S311


def poll_on(network: Network, dice: random.Random, seconds: float) -> None:
    """Poll every device at an interval and phase of its own; what was read is settled in batches, sometimes late."""
    start, waiting = network.clock, []
    due = [
        (start + phase + n * interval, name)
        for name in network.inventory.entries
        for interval, phase in [(dice.choice((60, 90, 150)), dice.uniform(1, 60))]
        for n in range(int(seconds // interval))
    ]
    for at, name in sorted(due):
        network.clock = at
        waiting.append(network.read(name))
        if dice.random() < 0.4:
            network.settle(waiting)
            waiting = []
    network.clock = start + seconds + 60
    network.settle(waiting)


@settings(max_examples=40)
@given(networks(), st.data())
def test_every_cause_and_nothing_else_gets_one_ticket(made: tuple[Network, random.Random], data: st.DataObject) -> None:
    network, dice = made
    poll_on(network, dice, 150)
    dead = st.sets(st.sampled_from(sorted(network.inventory.entries)), min_size=1, max_size=3)
    network.dead = data.draw(dead, label="dead")
    network.cut = data.draw(st.sets(st.sampled_from(sorted(network.laid, key=sorted)), max_size=2), label="cut")
    poll_on(network, dice, 600)
    expected = network.causes() | ports(network)
    assert sorted(network.opened()) == sorted(expected)
    for cause in network.causes():
        assert network.listed().get(cause, set()) & network.inventory.entries.keys() == network.behind(cause)
    network.dead = data.draw(st.sets(st.sampled_from(sorted(network.dead))), label="still dead")
    poll_on(network, dice, 450)
    assert sorted(network.opened()) == sorted(expected | network.causes() | ports(network))
    assert network.at_work() == network.causes() | ports(network)


def ports(network: Network) -> set[str]:
    """The ports that are down between two devices that answer."""
    both = (cable for cable in network.cut & network.heard if cable <= network.reachable())
    return {f"{name} {port(cable, name)}" for cable in both for name in cable}
