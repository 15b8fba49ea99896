"""Prometheus scrapes the agent, and a query returns the device's figures."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.lab.command_line import Daemon, Operator
from tests.lab.conftest import USER, Server, await_cpu, octets_of_lo
from tests.lab.processes import need, path_of
from tests.lab.prometheus import Prometheus, job_of, prometheus, scraping

pytestmark = pytest.mark.lab


@dataclass(frozen=True)
class Watched:
    """A daemon, and the Prometheus that scrapes it."""

    daemon: Daemon
    prometheus: Prometheus

    def one(self, query: str) -> tuple[dict[str, str], float]:
        """Return the labels and value of the only series of a query, once Prometheus has it."""
        return self.prometheus.one(query)


@pytest.fixture(scope="module")
def watched(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A Linux server, polled every 2 s over SNMPv3 and SSH."""
    need("prometheus", "promtool", "snmpget")
    await_cpu(server)
    folder: Path = tmp_path_factory.mktemp("watched")
    operator = Operator(folder, USER.secrets)
    operator.write(server.device(snmp=USER.access, ssh=server.ssh.access, interval="2s"))
    operator.trust("app-1")
    with operator.daemon() as daemon, prometheus(folder, scraping(job_of(daemon.address))) as found:
        yield Watched(daemon, found)


def test_prometheus_finds_the_agent_and_the_device_up(watched: Watched):
    assert watched.one('up{job="netpatrol"} == 1')[1] == 1
    labels, value = watched.one('device_up{device="app-1"}')
    assert value == 1
    assert labels.items() >= {"job": "netpatrol", "site": "lab", "customer": "acme", "device_class": "server"}.items()
    assert watched.one('netpatrol_devices{state="up"}')[1] == 1


def test_a_query_returns_the_octets_of_an_interface(watched: Watched):
    labels, octets = watched.one('ifHCInOctets{device="app-1",ifName="lo"}')
    assert labels["ifDescr"] == "lo"
    assert 0 < octets <= octets_of_lo()
    _, rate = watched.one('rate(ifHCInOctets{device="app-1",ifName="lo"}[20s]) > 0')
    assert rate > 0  # our own polling goes over it


def test_a_query_returns_cpu_memory_and_storage(watched: Watched):
    _, busiest = watched.one('max by (device) (device_cpu_ratio{device="app-1"})')
    assert 0 <= busiest <= 1
    _, memory = watched.one('device_memory_total_bytes{device="app-1",entity="Physical memory"}')
    assert memory == psutil.virtual_memory().total
    _, free = watched.one('1 - device_storage_ratio{device="app-1",entity="/"}')
    assert 0 <= free <= 1


def test_a_scrape_polls_no_device(watched: Watched):
    _, scrapes = watched.one('count_over_time(up{job="netpatrol"}[1m]) > 5')
    _, polls = watched.one("sum(netpatrol_polls_total)")
    assert polls <= scrapes  # once in 2 s, and scraped once in 1 s


def test_promtool_has_nothing_to_say_of_the_page(watched: Watched):
    page = watched.daemon.page("?exclude[]=mib")
    checked = subprocess.run(
        [path_of("promtool"), "check", "metrics"], input=page, capture_output=True, text=True, timeout=60, check=False
    )
    assert "device_cpu_ratio" in page
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
