"""Root cause where nothing was polled for a while: the daemon did not run, or its machine was suspended."""

import pytest

from tests.agent.outage import ROUND, Network, tree

PAUSE = 900


@pytest.fixture
def network() -> Network:
    """A network whose agg died, and where polls begin again after a pause."""
    network = tree()
    network.dead = {"agg"}
    for _ in range(4):
        network.poll(*ROUND)
    network.restart(after=PAUSE)
    return network


@pytest.mark.parametrize("behind", ["access-1", "core"])
def test_what_is_behind_a_dead_device_waits_until_that_is_read_again(network: Network, behind: str) -> None:
    network.poll(behind)
    network.poll("agg", behind)
    assert network.opened() == ["agg"]
    assert network.listed().keys() == {"agg"}


def test_a_dead_device_that_is_not_read_again_holds_up_tickets_for_its_time_only(network: Network) -> None:
    for _ in range(4):
        network.poll("access-1")
    assert network.opened() == ["agg"]
    network.poll("access-1")
    assert network.opened() == ["agg", "access-1"]


def test_what_fell_silent_right_before_the_pause_waits_anew() -> None:
    network = tree()
    network.dead = {"agg"}
    network.poll("access-1")
    network.restart(after=PAUSE)
    for _ in range(3):
        network.poll("access-1")
    assert network.opened() == []
    network.poll("agg", "access-1")
    assert network.findings["access-1", "reachability", ""].result.behind == ("agg",)
