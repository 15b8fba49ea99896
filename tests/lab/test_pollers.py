"""A daemon whose devices are polled by other processes: what they find opens tickets, and they end with it."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.lab.command_line import Daemon, Operator
from tests.lab.processes import eventually

pytestmark = pytest.mark.lab

DEVICE = {"class": "server", "local": True, "interval": "2s"}
DEAD = {
    "name": "dead", "class": "switch", "address": "127.0.3.1", "interval": "2s", "icmp": False,
    "snmp": {"version": "2c", "community": "env:LAB_COMMUNITY", "port": 9, "timeout": "100ms", "retries": 0},
}  # fmt: skip
SECRETS = {"LAB_COMMUNITY": "a community nobody has"}


def pollers(daemon: Daemon) -> list[psutil.Process]:
    """Return its polling processes."""
    found = psutil.Process(daemon.process.pid).children()
    return [each for each in found if "agent.pollers.process" in each.cmdline()]


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    made = Operator(tmp_path, SECRETS)
    made.write(DEVICE | {"name": "app-1"}, DEVICE | {"name": "app-2"}, DEAD)
    return made


def test_what_two_processes_read_shows_on_one_page_and_opens_tickets(operator: Operator):
    with operator.daemon("--pollers", "2") as daemon:
        assert "polling 3 devices; in 2 processes" in daemon.said()
        eventually("a ticket", lambda: "dead" in {ticket["device"] for ticket in operator.tickets()}, 60)
        eventually("all are shown", lambda: daemon.page().count("\ndevice_up{") == 3)
        page = daemon.page("", path="/probe?target=app-2")
        assert "probe_success 1" in page
        assert "a community nobody has" not in page + daemon.said()
        processes = pollers(daemon)
        assert len(processes) == 2
        assert daemon.stop() == 0
    assert not any(process.is_running() for process in processes)


def test_a_process_that_dies_is_replaced_and_all_end_when_the_daemon_is_killed(operator: Operator):
    with operator.daemon("--pollers", "1") as daemon:
        (first,) = eventually("a polling process", lambda: pollers(daemon))
        first.kill()
        eventually("it is said", lambda: "ended unasked (signal 9)" in daemon.said())
        (second,) = eventually("another one", lambda: pollers(daemon))
        eventually("it polls", lambda: daemon.page().count("\ndevice_up{") == 3)
        os.kill(daemon.process.pid, signal.SIGKILL)
        eventually("its end", lambda: not second.is_running() or second.status() == psutil.STATUS_ZOMBIE)
