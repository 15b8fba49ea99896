"""BGP peers and OSPF neighbours: down, gone, or meant to be."""

import pytest

from tests.agent.said import MINUTE, failure, neighbour, peer, port, readings, sample, silent, snapshot, values


@pytest.mark.parametrize(
    ("state", "admin", "text", "value"),
    [(6, 2, "established", 0), (1, 2, "idle", 1), (3, 2, "active", 1), (1, 1, "stopped", 0), (42, 2, "42", 1)],
)
def test_a_bgp_peer_that_is_started_should_be_established(state, admin, text, value):
    found = readings(snapshot(peer("10.0.0.2", state, admin)))
    assert values(found, "bgp_peer_down", "bgpPeerRemoteAddr", "state") == {("10.0.0.2", text): value}


@pytest.mark.parametrize(
    ("state", "text", "value"),
    [(8, "full", 0), (4, "twoWay", 0), (1, "down", 1), (5, "exchangeStart", 1), (7, "loading", 1), (0, "0", 1)],
)
def test_an_ospf_neighbour_should_be_full_or_two_way(state, text, value):
    found = readings(snapshot(neighbour("10.0.0.2", state)))
    assert values(found, "ospf_neighbour_down", "ospfNbrIpAddr", "state") == {("10.0.0.2", text): value}


def ospf(*each: list) -> dict[object, object]:
    taken = [snapshot(samples, n * MINUTE, expected={"ospfNbrState"}) for n, samples in enumerate(each)]
    return dict(values(readings(*taken), "ospf_neighbour_down", "ospfNbrIpAddr", "state"))


def test_an_ospf_neighbour_that_is_gone_is_down_until_it_is_back():
    full = neighbour("10.0.0.2", 8)
    assert ospf(full, [], []) == {("10.0.0.2", "gone"): 1}
    assert ospf(full, [], full) == {("10.0.0.2", "full"): 0}
    assert ospf([], []) == {}


def test_an_ospf_neighbour_that_was_exchanged_is_the_same():
    found = ospf(neighbour("10.0.0.2", 8, "1.1.1.1"), neighbour("10.0.0.2", 8, "2.2.2.2"))
    assert found == {("10.0.0.2", "full"): 0}


def test_unnumbered_ospf_neighbours_are_told_apart_by_router():
    first, second = (neighbour(".".join("0000"), 8, router) for router in ("1.1.1.1", "2.2.2.2"))
    found = values(
        readings(snapshot([*first, *second]), snapshot(first, MINUTE)), "ospf_neighbour_down", "ospfNbrRtrId"
    )
    assert found == {"1.1.1.1": 0, "2.2.2.2": 1}


def bgp(*each: list) -> dict[object, object]:
    taken = [snapshot(samples, n * MINUTE, expected={"bgpPeerState"}) for n, samples in enumerate(each)]
    return dict(values(readings(*taken), "bgp_peer_down", "bgpPeerRemoteAddr", "state"))


def test_a_bgp_peer_taken_out_of_the_configuration_is_no_fault():
    two = [*peer("10.0.0.2", 6), *peer("10.0.0.3", 3)]
    assert bgp(two, peer("10.0.0.2", 6)) == {("10.0.0.2", "established"): 0, ("10.0.0.3", "removed"): 0}
    assert bgp(two, peer("10.0.0.2", 6), peer("10.0.0.2", 6)) == {("10.0.0.2", "established"): 0}


def test_when_all_bgp_peers_are_gone_so_is_the_process():
    two = [*peer("10.0.0.2", 6), *peer("10.0.0.3", 3)]
    assert bgp(two, [], []) == {("10.0.0.2", "gone"): 1, ("10.0.0.3", "gone"): 1}
    assert bgp(two, [], two) == {("10.0.0.2", "established"): 0, ("10.0.0.3", "active"): 1}


def test_neighbours_that_could_not_be_read_are_not_gone():
    lost = snapshot([], MINUTE, failures=(failure("ospfNbrState", "bgpPeerState"),), expected={"ospfNbrState"})
    found = readings(snapshot([*neighbour("10.0.0.2", 8), *peer("10.0.0.3", 6)]), lost)
    assert values(found, "ospf_neighbour_down", "ospfNbrIpAddr") == {}
    assert values(found, "bgp_peer_down", "bgpPeerRemoteAddr") == {}


def test_of_a_silent_device_nothing_is_gone_though_no_failure_says_what_was_not_read():
    part = sample("device_state", 1, entity="FAN 1", kind="fan", state="ok", health="ok")
    said = [*peer("10.0.0.2", 6), *neighbour("10.0.0.3", 8), *port(1), part]
    before = snapshot(said)
    found = readings(before, silent(MINUTE))
    verdicts = ("bgp_peer_down", "ospf_neighbour_down", "if_down", "device_part_missing")
    assert before.expected <= found.expected
    assert [s for s in found.samples if s.name in verdicts] == []
