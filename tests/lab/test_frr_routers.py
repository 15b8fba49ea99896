"""Two FRR routers: a link goes down for real, findings and tickets follow, by polls and by traps; it comes up, and they
are resolved.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.lab.command_line import CRITICAL, Daemon, Operator, errors, values
from tests.lab.conftest import Server
from tests.lab.processes import eventually, need
from tests.lab.routers import TRAPS, Network, network
from tests.lab.servers import SnmpUser

pytestmark = pytest.mark.lab

USER = SnmpUser("ops", "sha256", "aes128")
LINK_CHECKS = {"Uplink down", "Port down", "BGP peer", "OSPF neighbour"}
LINK_TICKETS = [
    ("r1", "BGP peer", "198.51.100.2"),
    ("r1", "OSPF neighbour", "198.51.100.2"),
    ("r1", "Uplink down", "wan0"),
    ("r2", "BGP peer", "198.51.100.1"),
    ("r2", "OSPF neighbour", "198.51.100.1"),
    ("r2", "Port down", "wan0"),
]


@pytest.fixture(scope="module")
def routers(lab_folder: Path, server: Server) -> Iterator[Network]:
    """The network; and the server, whose snmpd counts for a minute before the tests after these can use it."""
    need("ip", "snmpd", "snmpget", "sshd", "ssh-keygen", "zebra", "bgpd", "ospfd", "vtysh", root=True)
    with network(lab_folder, USER) as running:
        yield running


@pytest.fixture(scope="module")
def known_hosts(routers: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The routers' host keys, trusted."""
    folder = tmp_path_factory.mktemp("trust")
    engineer = Operator(folder, USER.secrets, inside=routers.noc)
    engineer.write(*(router.device(USER, folder / "known_hosts") for router in routers.routers))
    for router in routers.routers:
        engineer.trust(router.name)
    return folder / "known_hosts"


@pytest.fixture
def operator(tmp_path: Path, routers: Network, known_hosts: Path) -> Operator:
    """An engineer in the network's own place."""
    first, second = routers.routers
    engineer = Operator(tmp_path, USER.secrets, inside=routers.noc)
    engineer.write(first.device(USER, known_hosts, uplinks=["wan0"]), second.device(USER, known_hosts, parent="r1"))
    return engineer


def of_the_link(tickets: Sequence[dict[str, Any]], *statuses: str) -> list[tuple[str, str, str]]:
    """Return (device, check, object) of the link's tickets with these statuses; a busy machine may have others."""
    found = [(t["device"], t["check"], t["object"]) for t in tickets if t["status"] in statuses]
    return sorted(each for each in found if each[1] in LINK_CHECKS)


def test_each_way_in_brings_the_same_neighbours_and_ssh_the_version(operator, routers: Network, known_hosts: Path):
    ways = {"both": {}, "snmp": {"ssh": False}, "ssh": {"snmp": False}}
    operator.write(
        *(
            router.device(USER, known_hosts) | only | {"name": f"{router.name}-{way}"}
            for router in routers.routers
            for way, only in ways.items()
        )
    )
    rows = operator.gather()
    for router, peer in zip(routers.routers, reversed(routers.routers), strict=True):
        peers = {"bgpPeerRemoteAddr": peer.wan, "bgpPeerRemoteAs": str(peer.autonomous_system)}
        for way in ways:
            row = rows[f"{router.name}-{way}"]
            assert (row["up"], row["profile"], errors(row, "snmp"), errors(row, "ssh")) == (True, "frr", [], [])
            assert row["facts"]["sys_name"] == router.name
            assert values(row, "bgpPeerState", **peers) == values(row, "bgpPeerState") == [6]
            assert values(row, "ospfNbrState", ospfNbrIpAddr=peer.wan, ospfNbrRtrId=peer.loopback) == [8]
        both = rows[f"{router.name}-both"]
        assert f"FRRouting {both['facts']['os_version']} ({router.name})" in router.vtysh("show version")
        assert values(both, "ifOperStatus", ifName="wan0") == [1]
        assert values(both, "device_memory_ratio", entity="Physical memory")


def test_a_link_that_goes_down_opens_one_ticket_a_fault_and_its_return_resolves_them(operator, routers: Network):
    operator.inspect()
    assert of_the_link(operator.tickets(), "Open", "Resolved") == []
    with routers.link_down():
        code, report = operator.inspect()
        assert code == CRITICAL
        assert of_the_link(operator.tickets(), "Open") == LINK_TICKETS
        found = {(f["device"], f["title"]["en"], f["object"]): f for f in report["findings"]}
        assert found.keys() >= set(LINK_TICKETS)
        assert all(found[key]["ticket"] for key in LINK_TICKETS)
        first = {t["number"] for t in operator.tickets()}
        operator.inspect()
        again = operator.tickets()
        assert of_the_link(again, "Open") == LINK_TICKETS
        assert {t["number"] for t in again if t["check"] in LINK_CHECKS} <= first
    operator.inspect()
    after = operator.tickets()
    assert of_the_link(after, "Resolved") == LINK_TICKETS
    assert of_the_link(after, "Open") == []


def ticket_lines(daemon: Daemon, action: str) -> list[str]:
    """Return what the daemon logged of the link's tickets."""
    checks = ("uplink_down", "interface_down", "bgp_peer", "ospf_neighbour")
    lines = [line for line in daemon.said().splitlines() if f" {action}: " in line]
    return [line for line in lines if any(f" {check} " in line for check in checks)]


def test_the_daemon_opens_and_resolves_the_same_tickets_and_stops_when_told(operator: Operator, routers: Network):
    with operator.daemon() as daemon:
        eventually("both routers were polled", lambda: daemon.page().count("\ndevice_up{") == 2)
        with routers.link_down():
            eventually("tickets of the link", lambda: len(ticket_lines(daemon, "open")) >= 6, 90)
            assert of_the_link(operator.tickets(), "Open") == LINK_TICKETS
        eventually("tickets are resolved", lambda: len(ticket_lines(daemon, "resolve")) >= 6, 90)
        assert len(ticket_lines(daemon, "open")) == 6
        code = daemon.stop()
    assert (code, daemon.said().endswith("stopped\n")) == (0, True)
    assert of_the_link(operator.tickets(), "Resolved") == LINK_TICKETS


def test_routers_that_are_polled_hourly_have_tickets_in_seconds(operator, routers: Network, known_hosts: Path):
    """BGP and OSPF come to snmpd by AgentX, and from there as traps of SNMPv3."""
    hourly = {"interval": "1h", "ssh": False}
    entries = [router.device(USER, known_hosts) | hourly for router in routers.routers]
    operator.write(*entries, traps={"listen": f"0.0.0.0:{TRAPS}"})
    with operator.daemon() as daemon:
        eventually("both routers were polled once", lambda: daemon.page().count("\ndevice_up{") == 2)
        with routers.link_down():
            eventually("BGP peers are found down", lambda: len(operator.findings("BGP peer")) == 2)
            news = eventually("what the routers said", lambda: operator.findings("News by trap"))
            assert {"r1", "r2"} >= {name for name, _ in news}
            assert {object_.split()[0] for _, object_ in news} & {
                "bgpBackwardTransNotification",
                "bgpBackwardTransition",
                "ospfNbrStateChange",
            }
        eventually("BGP peers are found up", lambda: not operator.findings("BGP peer"))
        assert daemon.counted("netpatrol_traps_dropped_total", "reason")["credentials"] == 0
