"""Servers that more than one test asks, started once. Everything they write lies in one folder that goes with them."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.lab.command_line import Operator
from tests.lab.processes import eventually, free_port, need, run
from tests.lab.servers import LOOPBACK, SnmpUser, Sshd, snmpd, sshd, udp_port

COMMUNITY = secrets.token_urlsafe(12)
USER = SnmpUser("ops256", "sha256", "aes128")
STRONG = SnmpUser("ops512", "sha512", "aes256", variable="LAB_STRONG")
SECRETS = {"LAB_COMMUNITY": COMMUNITY} | USER.secrets | STRONG.secrets


@dataclass(frozen=True)
class Server:
    """This machine, as snmpd and sshd show it on the loopback."""

    snmp_port: int
    ssh: Sshd
    octets: int  # that the loopback had received before snmpd started

    def device(self, name: str = "app-1", *, snmp: Any = False, ssh: Any = False, **more: Any) -> dict[str, Any]:
        """Return its inventory entry, with some ways in."""
        if snmp:
            snmp = {"port": self.snmp_port, "timeout": "1s", "retries": 0} | snmp
        return {"name": name, "address": LOOPBACK, "class": "server", "snmp": snmp, "ssh": ssh} | more


def octets_of_lo() -> int:
    """Return what the loopback has received."""
    return psutil.net_io_counters(pernic=True)["lo"].bytes_recv


@pytest.fixture(scope="session")
def lab_folder() -> Iterator[Path]:
    """A folder with a short path, for sockets, that daemons may enter after they gave up root."""
    folder = Path(tempfile.mkdtemp(prefix="netpatrol-lab-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server(lab_folder: Path) -> Iterator[Server]:
    """A Linux server with snmpd and sshd."""
    need("snmpd", "sshd", "ssh-keygen")
    found = Server(udp_port(), sshd(lab_folder / "sshd", LOOPBACK, free_port(LOOPBACK)), octets_of_lo())
    lines = [f"rocommunity {COMMUNITY}", "sysName app-1.lab.example", "sysLocation 机房 A"]
    lines += [line for user in (USER, STRONG) for line in user.lines]
    with snmpd(lab_folder / "snmpd", LOOPBACK, found.snmp_port, lines), found.ssh.running():
        yield found


def await_cpu(server: Server) -> None:
    """Wait until snmpd knows the processor's load, a minute after it started: it counts over a minute."""
    address = f"{LOOPBACK}:{server.snmp_port}"
    ask = ("snmpget", "-v2c", "-c", COMMUNITY, "-Oqv", address, "1.3.6.1.4.1.2021.11.11.0")  # ssCpuIdle
    eventually("snmpd's ssCpuIdle", lambda: run(*ask).strip().isdigit(), 90, pause=0.5)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    """An engineer with an empty folder."""
    return Operator(tmp_path, SECRETS)
