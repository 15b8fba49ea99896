"""UPS behind a real upsd: read on mains and on a dying battery, recorded, and every way it can be without one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors import replay
from tests.lab.command_line import CRITICAL, Operator, errors, values
from tests.lab.nut_server import NutServer, nut_server
from tests.lab.processes import eventually, free_port, need
from tests.lab.servers import LOOPBACK

pytestmark = pytest.mark.lab

CASES = Path(__file__).parents[1] / "devices" / "nut"
MAINS = replay.read_variables(CASES / "usb-online" / "variables.dev")
THREE_PHASE = replay.read_variables(CASES / "three-phase" / "variables.dev")
DYING = MAINS | {"ups.status": "OB LB DISCHRG", "battery.charge": "7", "battery.runtime": "60", "input.voltage": "0.0"}
SECRETS = {"LAB_NUT": "not-the-password"}


@pytest.fixture(scope="module")
def upsd(lab_folder: Path) -> Iterator[NutServer]:
    need("dummy-ups")
    ups = {"apc": MAINS, "eaton": THREE_PHASE, "asleep": MAINS}
    server = nut_server(lab_folder / "nut", LOOPBACK, free_port(LOOPBACK), ups)
    with server.running("apc", "eaton"):
        yield server


def test_a_ups_is_read_on_mains_then_on_a_dying_battery(operator: Operator, upsd: NutServer):
    operator.write(upsd.device(ups="apc"), upsd.device("ups-2", ups="eaton"))
    row, other = operator.gather().values()
    assert (row["up"], row["profile"], row["errors"], other["errors"]) == (True, "nut", [], [])
    assert row["facts"]["serial"] == MAINS["device.serial"]
    assert values(row, "ups_battery_charge_ratio") == [1.0]
    assert values(row, "ups_state", kind="output", state="onLine", health="ok") == [1]
    assert sorted(values(other, "ups_load_ratio")) == [0.35, 0.52, 0.61]
    upsd.says("apc", DYING)
    try:
        eventually("the charge", lambda: values(operator.gather()["ups-1"], "ups_battery_charge_ratio") == [0.07])
        code, report = operator.inspect("--device", "ups-1")
    finally:
        upsd.says("apc", MAINS)
    assert code == CRITICAL
    found = {finding["title"]["en"]: finding["severity"] for finding in report["findings"]}
    assert {"UPS operating mode", "UPS battery state", "UPS battery charge"} <= {
        title for title, severity in found.items() if severity == CRITICAL
    }


def test_upsd_lets_anyone_read_so_a_wrong_password_is_no_obstacle_and_is_not_shown(operator: Operator, upsd: NutServer):
    """upsd keeps what it is told of a user until a command needs it (RFC 9271 4.2.15); reading needs none."""
    operator = Operator(operator.folder, SECRETS)
    operator.write(upsd.device(ups="apc", username="ops", password="env:LAB_NUT"))
    row = operator.gather()["ups-1"]
    assert (row["up"], row["errors"]) == (True, [])


@pytest.mark.parametrize(
    ("nut", "kind", "words"),
    [
        ({"ups": "nobody"}, "unsupported", "has no UPS 'nobody' (UNKNOWN-UPS) (right form: nut: {ups: apc}, of apc"),
        ({}, "unsupported", "has 3 UPS: name one (right form: nut: {ups: apc}, of apc, eaton, asleep)"),
        ({"ups": "asleep"}, "stale", "has no driver for UPS 'asleep' (DRIVER-NOT-CONNECTED)"),
        ({"ups": "apc", "tls": "unverified"}, "refused", "does not speak TLS (FEATURE-NOT-"),
        ({"ups": "apc", "port": free_port(LOOPBACK)}, "unreachable", "cannot be reached: Connection refused"),
    ],
    ids=["no such UPS", "which UPS", "no driver", "no TLS", "no server"],
)
def test_each_way_to_be_without_a_ups_has_its_own_word(
    operator: Operator, upsd: NutServer, nut: dict[str, object], kind: str, words: str
):
    operator.write(upsd.device(**nut))
    row = operator.gather()["ups-1"]
    ((found, message),) = errors(row, "nut")
    assert (row["up"], found, words in message) == (False, kind, True), message
    assert values(row, "ups_state") == []


def test_a_recorded_ups_is_a_case_without_its_serial_number(operator: Operator, upsd: NutServer):
    operator.write(upsd.device(ups="apc"))
    done = operator.run("record", "ups-1", "--out", "case")
    assert done.code == 0, done.err
    recorded = replay.read_variables(operator.folder / "case" / "variables.dev")
    assert recorded["ups.status"] == MAINS["ups.status"]
    assert MAINS["device.serial"] not in "".join(recorded.values())
    assert not [name for name in recorded if name.startswith("driver.parameter")]
    assert "ups_battery_charge_ratio 1.0" in (operator.folder / "case" / "expected.yaml").read_text("utf-8")
