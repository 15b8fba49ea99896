"""What is remembered of a device for the time when it is silent: when it answered, its name, its neighbours."""

from dataclasses import replace

import pytest

from agent.derive import links, memory
from collectors.model import Sample, Snapshot
from tests.agent.said import DAY, MINUTE, NOW, entry, failure, port, readings, sample, silent, snapshot, values

START = NOW.timestamp()
HERE = replace(entry(), device=replace(entry().device, address="192.0.2.1"))


def up(at: float = 0.0, *samples: Sample, **more: object) -> Snapshot:
    return snapshot([sample("device_up", 1), *samples], at * MINUTE, **more)


def down(at: float, *samples: Sample) -> Snapshot:
    return replace(silent(at * MINUTE, failure("device_neighbour")), samples=(sample("device_up", 0), *samples))


def unsure(at: float) -> Snapshot:
    return silent(at * MINUTE, failure("device_up", kind="auth"))


def heard(name: str, of: int = 1) -> Sample:
    return sample("device_neighbour", local_port=f"GE0/0/{of}", remote_name=name, remote_port="p", protocol="lldp")


def reach(*each: Snapshot, site=HERE) -> tuple[object, object]:
    """When it answered and when that changed, in minutes."""
    found = readings(*each, site=site)
    ages = (values(found, name, "any").get("") for name in (links.ANSWERED, links.CHANGED))
    return tuple(None if age is None else (age - START) / MINUTE for age in ages)


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        ([up(0)], (0, None)),
        ([up(0), up(1)], (1, None)),
        ([down(0)], (None, 0)),
        ([up(0), down(1), down(2)], (0, 1)),
        ([up(0), down(1), up(2)], (2, 2)),
        ([up(0), down(1), up(2), up(3)], (3, 2)),
        ([up(0), down(1), up(2), down(3), down(4)], (2, 3)),
        ([up(0), unsure(1)], (0, None)),
        ([up(0), down(1), unsure(2), down(3)], (0, 1)),
    ],
)
def test_the_times_it_answered_and_that_changed_are_kept(each, expected):
    assert reach(*each) == expected
    assert links.is_silent(*expected) is not each[-1].up or each[-1] == unsure(1)


def echo(loss: float) -> Sample:
    return sample("device_icmp_loss_ratio", loss)


def test_a_device_that_answers_echoes_is_not_silent():
    assert reach(up(0), down(1, echo(0.4))) == (1, None)
    assert reach(up(0), down(1, echo(1.0))) == (0, 1)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_an_echo_from_this_machine_says_nothing_of_a_device(address):
    here = replace(entry(), device=replace(entry().device, address=address))
    assert reach(up(0), down(1, echo(0)), site=here) == (0, 1)


@pytest.mark.parametrize(
    ("each", "name"),
    [
        ([up(0, facts={"sys_name": "core"}), down(1), down(2)], "core"),
        ([up(0, facts={"sys_name": "old"}), up(1, facts={"sys_name": "new"})], "new"),
        ([up(0, facts={"sys_name": "core"}), up(1)], "core"),
    ],
)
def test_the_name_of_a_silent_device_is_remembered(each, name):
    assert values(readings(*each), memory.KNOWN, "what", "entity") == {(links.NAME, name): 1}


def lost(*each: Snapshot) -> dict[object, object]:
    """Neighbours, and when they were missed, in minutes; None: they are there."""
    found = values(readings(*each), links.LOST, "remote_name")
    return {name: (at - START) / MINUTE if at else None for name, at in found.items()}


def listening(at: float, *samples: Sample, **port_values: int) -> Snapshot:
    return up(at, *port(1, **port_values), *samples, expected={"device_neighbour"})


def test_a_neighbour_that_goes_with_its_port_is_remembered_with_the_time():
    gone = [listening(0, heard("agg")), listening(1, ifOperStatus=2), listening(2, ifOperStatus=2)]
    assert lost(*gone) == {"agg": 1}
    assert lost(*gone, listening(3, heard("agg"))) == {"agg": None}


def test_a_neighbour_that_goes_while_its_port_is_up_is_forgotten():
    assert lost(listening(0, heard("agg")), listening(1)) == {}
    assert lost(listening(0, heard("agg")), listening(1, heard("new"))) == {"new": None}


def test_neighbours_that_could_not_be_read_are_not_lost():
    unread = up(1, *port(1, ifOperStatus=2), failures=(failure("device_neighbour"),), expected={"device_neighbour"})
    assert lost(listening(0, heard("agg")), unread, down(2)) == {"agg": None}


def test_a_neighbour_of_a_port_with_another_name_is_remembered():
    other = replace(heard("agg"), labels={**heard("agg").labels, "local_port": "eth 1"})
    assert lost(listening(0, other), listening(1)) == {"agg": 1}


def test_a_neighbour_that_is_gone_is_forgotten_after_a_month():
    gone = [listening(0, heard("agg")), listening(1, ifOperStatus=2)]
    month = 30 * DAY / MINUTE
    assert lost(*gone, listening(month, ifOperStatus=2)) == {"agg": 1}
    assert lost(*gone, listening(month + 1, ifOperStatus=2)) == {}


def test_a_device_that_makes_up_neighbours_does_not_fill_the_store():
    many = [heard(f"n{n}") for n in range(links.MAX_NEIGHBOURS + 10)]
    assert len(lost(listening(0, *many))) == links.MAX_NEIGHBOURS


def test_what_is_remembered_is_expected_where_its_sources_are():
    assert readings(listening(0)).expected >= {links.LOST, links.ANSWERED, links.CHANGED}
    assert links.LOST not in readings(up(0)).expected
