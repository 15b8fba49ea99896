"""Traps and informs of net-snmp's commands in every version; a storm among others."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.command_line import Daemon, Operator
from tests.lab.conftest import COMMUNITY, SECRETS
from tests.lab.processes import eventually, need, path_of
from tests.lab.servers import SnmpUser, udp_port

pytestmark = pytest.mark.lab

LINK_DOWN, COLD_START = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.1"
ON_BATTERY = "1.3.6.1.4.1.318"  # APC's, a trap of SNMPv1
IF_INDEX = "1.3.6.1.2.1.2.2.1.1.3"
V2C, V1, V3 = "127.0.1.1", "127.0.1.2", "127.0.1.3"
USERS = [
    SnmpUser("ops256", "sha256", "aes128", variable="LAB_ONE"),
    SnmpUser("ops512", "sha512", "aes256", variable="LAB_TWO"),
]
WHERE = "127.0.1.100"
NEWS, FAULT, STORM = "News by trap", "Fault told by a trap", "Trap storm"


def device(name: str, address: str, **snmp: Any) -> dict[str, Any]:
    """Return a device that answers no poll: all that is known of it, it sends."""
    access = {"port": udp_port(), "timeout": "200ms", "retries": 0} | snmp
    return {"name": name, "address": address, "class": "ups", "interval": "1h", "icmp": False, "snmp": access}


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    secrets = SECRETS | USERS[0].secrets | USERS[1].secrets
    return Operator(tmp_path, secrets)


@pytest.fixture
def port() -> int:
    return udp_port()


@pytest.fixture(params=["0", "2"], ids=["polling itself", "beside processes that poll"])
def daemon(operator: Operator, port: int, request: pytest.FixtureRequest) -> Iterator[Daemon]:
    """A daemon that hears, beside devices that never answer."""
    need("snmptrap", "snmpinform")
    community = {"version": "2c", "community": "env:LAB_COMMUNITY"}
    devices = [device("v2c", V2C, **community), device("v1", V1, **community)]
    devices += [device(user.name, V3, **user.access) for user in USERS]
    operator.write(*devices, traps={"listen": f"{WHERE}:{port}"})
    with operator.daemon("--pollers", request.param) as running:
        yield running


def sent(command: str, source: str, port: int, *words: str) -> int:
    """Run one of net-snmp's commands from an address; return its exit code."""
    line = [path_of(command), f"--clientAddr={source}", "-r", "1", "-t", "2", *words[:-1], f"{WHERE}:{port}"]
    line += json.loads(words[-1])
    return subprocess.run(line, capture_output=True, timeout=30, check=False).returncode


def test_traps_and_informs_of_every_version_are_believed_and_become_findings(operator, port, daemon: Daemon):
    def body(*words: str) -> str:
        return json.dumps(["", *words])

    link_down = body(LINK_DOWN, IF_INDEX, "i", "3")
    assert sent("snmptrap", V2C, port, "-v2c", "-c", COMMUNITY, link_down) == 0
    assert sent("snmpinform", V2C, port, "-v2c", "-c", COMMUNITY, body(COLD_START)) == 0
    assert sent("snmptrap", V1, port, "-v1", "-c", COMMUNITY, json.dumps([ON_BATTERY, V1, "6", "5", ""])) == 0
    for number, user in enumerate(USERS):
        engine = ("-e", f"0x80000000010203{number:02x}")
        assert sent("snmptrap", V3, port, *engine, *user.options, body("1.3.6.1.2.1.33.2.1")) == 0
        assert sent("snmpinform", V3, port, *user.options, body("1.3.6.1.4.1.99.1")) == 0
    expected = {
        ("v2c", "linkDown ifIndex 3"),
        ("v2c", "coldStart"),
        ("v1", "apcUpsOnBattery"),
        *((user.name, found) for user in USERS for found in ("upsTrapOnBattery", "1.3.6.1.4.1.99.1")),
    }
    eventually("a finding of each", lambda: operator.findings(NEWS, FAULT).keys() >= expected, 90)
    assert "Port down" in operator.findings(NEWS)["v2c", "linkDown ifIndex 3"]
    page = daemon.page()
    for version, count in (("1", 1), ("2c", 2), ("3", 4)):
        assert f'netpatrol_traps_total{{result="accepted",version="{version}"}} {count}.0' in page
    assert set(daemon.counted("netpatrol_traps_dropped_total", "reason").values()) == {0}


def test_what_proves_nothing_is_counted_and_finds_nothing(operator, port, daemon: Daemon):
    trap = json.dumps(["", LINK_DOWN])
    wrong = SnmpUser(USERS[0].name, "sha256", "aes128", priv_key=USERS[0].priv_key)
    assert sent("snmptrap", V2C, port, "-v2c", "-c", "not-the-community", trap) == 0
    assert sent("snmptrap", V3, port, "-e", "0x8000000001020304", *wrong.options, trap) == 0
    assert sent("snmpinform", V3, port, *wrong.options, trap) != 0
    assert sent("snmptrap", "127.0.1.77", port, "-v2c", "-c", COMMUNITY, trap) == 0
    assert sent("snmpinform", V2C, port, "-v2c", "-c", "not-the-community", trap) != 0
    dropped = daemon.counted("netpatrol_traps_dropped_total", "reason")
    assert (dropped["unknown_source"], dropped["malformed"]) == (1, 0)
    assert dropped["credentials"] >= 4
    assert operator.findings(NEWS, FAULT, STORM) == {}


def test_a_storm_costs_the_others_nothing_and_is_counted_exactly(operator: Operator, port: int, tmp_path: Path):
    calm = [f"127.0.2.{n}" for n in range(1, 51)]
    community = {"version": "2c", "community": "env:LAB_COMMUNITY"}
    devices = [device(f"d{n}", address, **community) for n, address in enumerate([V2C, *calm])]
    operator.write(*devices, traps={"listen": f"{WHERE}:{port}"})
    with operator.daemon() as daemon:
        sender = [sys.executable, "-m", "tests.simulator.trap_sender", f"{WHERE}:{port}"]
        done = subprocess.run(
            [*sender, "--storm", V2C, "--calm", *calm],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "TRAP_COMMUNITY": COMMUNITY},
            capture_output=True,
            timeout=120,
            check=True,
        )
        sums: dict[str, int] = json.loads(done.stdout)
        eventually("the storm's finding", lambda: operator.findings(STORM), 90)
        eventually("all is opened", lambda: "netpatrol_traps_waiting 0.0" in daemon.page())
        page = daemon.page()
    lines = re.findall(r'^netpatrol_device_traps_total{device="(\w+)",result="(\w+)"} (\d+)', page, re.MULTILINE)
    by_device = {(name, result): int(value) for name, result, value in lines}
    for number, address in enumerate(calm, start=1):
        assert (by_device[f"d{number}", "kept"], by_device[f"d{number}", "dropped"]) == (sums[address], 0)
    lost = int(float(re.findall(r'dropped_total{reason="kernel"} (\S+)', page)[0]))
    assert by_device["d0", "kept"] + by_device["d0", "dropped"] + lost == sums[V2C] == 50_000
    assert operator.findings(STORM).keys() == {("d0", "")}
