"""`netpatrol record`: what it writes where, and what it says."""

import asyncio
from pathlib import Path

import pytest

from agent import cli
from collectors import replay
from tests.simulator.snmp_agent import OID, TICKS, Recording, SnmpAgent
from tests.simulator.upsd import Upsd

SYSTEM = "1.3.6.1.2.1.1"
SAID: Recording = {
    f"{SYSTEM}.1.0": "Linux bank-7 6.1",
    f"{SYSTEM}.2.0": (OID, "1.3.6.1.4.1.99999.1"),
    f"{SYSTEM}.3.0": (TICKS, 500),
    f"{SYSTEM}.5.0": "bank-7",
    "1.3.6.1.4.1.99999.1.0": "the community is bluebird",
}
INVENTORY = """
credentials: {{v2c: {{snmp: {{port: {port}, community: env:NP_BLUE, timeout: 1s, retries: 0}}}}}}
devices:
  - {{name: core-1, address: 127.0.0.1, class: switch, credentials: [v2c]}}
  - {{name: pinged, address: 127.0.0.1, class: switch}}
  - {{name: ups-1, address: 127.0.0.1, class: ups, nut: {{port: {port}, username: bluebird}}}}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {"NP_BLUE": "bluebird", "NETPATROL_LANG": "en"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    listening(9)
    return tmp_path


def listening(port: int) -> None:
    Path("inventory.yaml").write_text(INVENTORY.format(port=port), encoding="utf-8")


def run_beside_the_device(*arguments: str) -> int:
    async def both() -> int:
        async with SnmpAgent(SAID, community="bluebird") as agent:
            listening(agent.port)
            return await asyncio.to_thread(cli.run, [*arguments])

    return asyncio.run(both())


def test_a_case_is_written_and_the_folder_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_beside_the_device("record", "core-1", "--out", "new/case") == 0
    values = replay.read_walk(home / "new" / "case" / "walk.snmprec").values
    assert values[f"{SYSTEM}.1.0"] == b"Linux device-1 6.1"
    assert values["1.3.6.1.4.1.99999.1.0"] == b"the community is redacted"
    assert "sys_name: device-1" in (home / "new" / "case" / "expected.yaml").read_text("utf-8")
    out, err = capsys.readouterr()
    assert out == ""
    assert "written to new/case (profile generic)" in err
    assert "1.3.6.1.4.1.99999: 1 objects" in err
    assert "bluebird" not in err


def test_a_ups_behind_upsd_is_recorded_by_its_variables(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def both() -> int:
        async with Upsd({"a": {"ups.status": "OL", "ups.id": "bluebird's"}}) as server:
            listening(server.port)
            return await asyncio.to_thread(cli.run, ["record", "ups-1", "--out", "case"])

    assert asyncio.run(both()) == 0
    assert replay.read_variables(home / "case" / "variables.dev") == {"ups.status": "OL", "ups.id": "device-2"}
    assert "ups_alarms 0" in (home / "case" / "expected.yaml").read_text("utf-8")
    assert "read variables.dev through" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nobody", "--out", "x"], 2, "DEVICE nobody: not in the inventory"),
        (["pinged", "--out", "x"], 2, "pinged: has no snmp credential in the inventory, and no nut"),
        (["ups-1", "--out", "x"], 1, "upsd at 127.0.0.1 port 9 cannot be reached"),
        (["core-1", "--out", "there"], 2, "there already has expected.yaml"),
        (["core-1", "--out", "x"], 1, "nothing listens there"),
        (["core-1"], 2, "--out"),
    ],
)
def test_a_mistake_is_one_clear_line_and_writes_nothing(
    home: Path, arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "there").mkdir()
    (home / "there" / "expected.yaml").write_text("mine", encoding="utf-8")
    assert cli.run(["record", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert not (home / "x").exists()
    assert (home / "there" / "expected.yaml").read_text("utf-8") == "mine"
