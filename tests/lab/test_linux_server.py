"""A Linux server behind real snmpd and sshd: its figures are this machine's, and each wrong way in has its own word."""

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import psutil
import pytest

from tests.lab.command_line import UNKNOWN, Operator, errors, values
from tests.lab.conftest import COMMUNITY, SECRETS, STRONG, USER, Server, await_cpu, octets_of_lo
from tests.lab.processes import free_port, need
from tests.lab.servers import LOOPBACK, Sshd, make_key, sshd, udp_port

pytestmark = pytest.mark.lab

V2C = {"version": "2c", "community": "env:LAB_COMMUNITY"}
ACCESS = {"v2c": V2C, "sha256-aes128": USER.access, "sha512-aes256": STRONG.access}

OTHER_AUTH = replace(USER, auth_key=USER.auth_key[::-1], variable="LAB_OTHER_AUTH")
OTHER_PRIV = replace(USER, priv_key=USER.priv_key[::-1], variable="LAB_OTHER_PRIV")
OTHER_SECRETS = {"LAB_OTHER": COMMUNITY[::-1]} | OTHER_AUTH.secrets | OTHER_PRIV.secrets
FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "community": (V2C | {"community": "env:LAB_OTHER"}, "timeout", "no answer"),
    "auth-key": (OTHER_AUTH.access, "auth", "wrong auth key"),
    "auth-protocol": (replace(USER, auth="sha512").access, "auth", "auth protocol (sha512)"),
    "priv-key": (OTHER_PRIV.access, "auth", "priv key"),
    "user": (replace(USER, name="nobody").access, "auth", "'nobody'"),
    "port": (USER.access | {"port": udp_port()}, "unreachable", "the port is closed"),
}


# ---- SSH ----


def storage_of(row: dict[str, Any]) -> dict[str, float]:
    """Return the size of each file system that was read, by where it is mounted; there is at least one."""
    found = {s["labels"]["entity"]: s["value"] for s in row["samples"] if s["name"] == "device_storage_total_bytes"}
    assert found
    return found


def sizes(mounts: Iterable[str]) -> dict[str, int]:
    """Return what the kernel says of the same file systems."""
    found = {mount: os.statvfs(mount) for mount in mounts}
    return {mount: each.f_blocks * each.f_frsize for mount, each in found.items()}


def read(operator: Operator) -> dict[str, Any]:
    return operator.gather()["app-1"]


def test_ssh_brings_what_the_machine_itself_counts(operator: Operator, server: Server):
    operator.write(server.device(ssh=server.ssh.access))
    operator.trust("app-1")
    row = read(operator)
    assert (row["up"], row["profile"], errors(row, "ssh")) == (True, "linux", [])
    assert row["facts"]["sys_name"] == os.uname().nodename
    assert values(row, "device_memory_total_bytes", entity="Physical memory") == [psutil.virtual_memory().total]
    assert storage_of(row) == sizes(storage_of(row))
    assert values(row, "device_uptime_seconds") == [pytest.approx(time.time() - psutil.boot_time(), abs=60)]
    (cpu,) = values(row, "device_cpu_ratio")
    assert 0 <= cpu <= 1


def test_an_inspection_measures_a_server_over_both(operator: Operator, server: Server):
    operator.write(server.device(snmp=USER.access, ssh=server.ssh.access))
    operator.trust("app-1")
    code, report = operator.inspect()
    (device,) = report["devices"]
    measured = {row["title"]["en"] for row in device["rows"] if row["severity"] != UNKNOWN}
    assert measured >= {"Reachability", "Server CPU utilisation", "Server memory utilisation", "Disk space"}
    assert (code, device["failures"]) == (report["severity"], [])
    assert "cat /proc/meminfo" in device["commands"]


@pytest.fixture
def own_sshd(tmp_path) -> Sshd:
    """An sshd for one test, not started yet."""
    return sshd(tmp_path / "sshd", LOOPBACK, free_port(LOOPBACK))


def test_a_device_whose_host_key_nobody_trusted_is_not_even_called(operator: Operator, server: Server, own_sshd: Sshd):
    operator.write(server.device(ssh=own_sshd.access))
    with own_sshd.running():
        row = read(operator)
        assert own_sshd.connections == 0
    ((kind, message),) = errors(row, "ssh")
    assert (row["up"], kind) == (False, "auth")
    assert "netpatrol trust app-1" in message


def test_a_changed_host_key_is_sent_no_login_until_it_is_replaced_by_hand(operator, server: Server, own_sshd: Sshd):
    operator.write(server.device(ssh=own_sshd.access))
    with own_sshd.running():
        operator.trust("app-1")
        assert read(operator)["up"]
        assert own_sshd.logins_tried > 0
    own_sshd.new_host_key()
    with own_sshd.running():
        row = read(operator)
        assert (own_sshd.connections, own_sshd.logins_tried) == (1, 0)
        refused = operator.run("trust", "app-1", "--yes")
        replaced = operator.run("trust", "app-1", "--yes", "--replace")
        assert read(operator)["up"]
    ((kind, message),) = errors(row, "ssh")
    assert (row["up"], kind) == (False, "auth")
    assert "the host key has changed" in message
    assert (refused.code, replaced.code) == (1, 0)
    assert "was trusted with the host key SHA256:" in refused.err


def test_a_login_that_is_refused_and_a_closed_port_are_told_apart(operator, server, own_sshd: Sshd, tmp_path):
    make_key(tmp_path / "other")
    operator.write(server.device(ssh=own_sshd.access | {"key_file": str(tmp_path / "other")}))
    with own_sshd.running():
        operator.trust("app-1")
        refused = read(operator)
    ((kind, message),) = errors(refused, "ssh")
    assert (refused["up"], kind, "key_file" in message) == (True, "auth", True)
    closed = read(operator)
    ((kind, message),) = errors(closed, "ssh")
    assert (closed["up"], kind, "Connection refused" in message) == (False, "unreachable", True)


# ---- SNMP ----


@pytest.fixture(scope="module")
def readings(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The server read by every right and wrong way in, at once."""
    need("snmpget")
    await_cpu(server)
    operator = Operator(tmp_path_factory.mktemp("operator"), SECRETS | OTHER_SECRETS)
    right = [server.device(name, snmp=access) for name, access in ACCESS.items()]
    wrong = [server.device(name, snmp=access) for name, (access, _, _) in FAULTS.items()]
    operator.write(*right, *wrong)
    return operator.gather()


@pytest.mark.parametrize("name", ACCESS)
def test_snmp_brings_what_the_machine_itself_counts(name: str, readings, server: Server):
    row = readings[name]
    (octets,) = values(row, "ifHCInOctets", ifName="lo")
    assert (row["up"], row["profile"], errors(row, "snmp")) == (True, "linux_netsnmp", [])
    assert (
        row["facts"].items()
        >= {
            "sys_name": "app-1.lab.example",
            "location": "机房 A",
            "os_version": os.uname().release,
        }.items()
    )
    assert server.octets < octets <= octets_of_lo()
    assert values(row, "device_memory_total_bytes", entity="Physical memory") == [psutil.virtual_memory().total]
    assert storage_of(row) == sizes(storage_of(row))
    assert values(row, "ifOperStatus", ifName="lo") == [1]
    for ratio in ("device_cpu_ratio", "device_memory_ratio", "device_storage_ratio"):
        assert values(row, ratio)
        assert all(0 <= value <= 1 for value in values(row, ratio))


@pytest.mark.parametrize(("name", "kind", "words"), [(name, kind, words) for name, (_, kind, words) in FAULTS.items()])
def test_a_wrong_way_in_has_its_own_word(name: str, kind: str, words: str, readings):
    row = readings[name]
    ((found, message),) = errors(row, "snmp")
    assert (row["up"], found) == (kind == "auth", kind)  # who refuses us is there
    assert message.startswith(f"{name} ({LOOPBACK} port ")
    assert words in message
