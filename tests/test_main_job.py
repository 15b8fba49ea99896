"""The main job as a user runs it: the command line, on a simulated site that answers real SNMP and SSH."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import inventory
from tests.simulator import demo
from tests.simulator.demo import INVENTORY, TRUSTED, VARIABLES
from tests.simulator.site import SimulatedSite, plan
from tests.terminal import Terminal

SECRETS = {name: f"secret-of-{name.lower()}" for name in VARIABLES}


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an own folder, with the demo's inventory on ports that are free; return the inventory's path."""
    settings = {"NETPATROL_DATA": str(tmp_path / "data"), "NETPATROL_LANG": "en"}
    for name, value in {**SECRETS, **settings}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    text = INVENTORY.read_text(encoding="utf-8").replace("timeout: 1s", "timeout: 20s")  # a busy machine answers late
    text = text.replace("{port: 16106}", "{port: 16106, timeout: 1s}")  # but for the device that is dead
    text = re.sub(
        r"(snmp|ssh): \{port: \d+",
        lambda m: f"{m[1]}: {{port: {free_port(socket.SOCK_DGRAM if m[1] == 'snmp' else socket.SOCK_STREAM)}",
        text,
    )
    (tmp_path / "inventory.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "netpatrol-demo").mkdir()
    return tmp_path / "inventory.yaml"


@pytest.fixture
async def site(written: Path) -> AsyncIterator[tuple[Terminal, SimulatedSite]]:
    async with SimulatedSite(inventory.load(written)) as simulated:
        yield Terminal(written.parent), simulated


async def test_faults_become_tickets_and_repairs_resolve_them(site: tuple[Terminal, SimulatedSite]) -> None:
    user, simulated = site
    for device in TRUSTED:
        code, _, said = await user.run("trust", device, "--yes")
        assert code == 0, said
    code, _, said = await user.run("inspect", "--window", "0")
    assert code == 2, said
    opened = {(t["device"], t["check"]) for t in await user.rows("tickets") if t["device"] in plan()}
    assert opened >= {
        ("core-1", "Fan state"),
        ("access-1", "Uplink down"),
        ("ups-1", "UPS operating mode"),
        ("branch-1", "Reachability"),
    }
    assert {device for device, _ in opened} == {"core-1", "access-1", "ups-1", "branch-1"}, opened
    reported = re.search(r"Report: (\S+)", said)
    assert reported
    assert "Ten-GigabitEthernet1/0/1" in await asyncio.to_thread(Path(user.folder, reported[1]).read_text, "utf-8")

    await simulated.repair()
    await user.run("inspect", "--window", "0")
    left = [t for t in await user.rows("tickets") if t["device"] in plan()]
    assert left == []
    every = [t for t in await user.rows("tickets", "--all") if t["device"] in plan()]
    assert {(t["device"], t["check"]) for t in every} == opened
    written = [path.read_bytes() for path in (user.folder / "data").rglob("*") if path.is_file()]
    assert not [s for s in SECRETS.values() if any(s.encode() in content for content in written)]


async def test_a_person_works_on_a_ticket(site: tuple[Terminal, SimulatedSite]) -> None:
    user, _ = site
    await user.run("inspect", "--window", "0", "--device", "ups-1")
    number = (await user.rows("tickets"))[0]["number"]
    assert (await user.run("tickets", "acknowledge", number, "--by", "Duty desk"))[0] == 0
    assert (await user.run("tickets", "pend", number, "--by", "Duty desk"))[0] == 2
    history = await user.rows("tickets", "show", number)
    assert [(row["action"], row["actor"]) for row in history] == [
        ("opened", "netpatrol"),
        ("acknowledged", "Duty desk"),
    ]


@pytest.mark.parametrize(
    ("kind", "where", "right"),
    [
        (socket.SOCK_DGRAM, "core-1: UDP 127.0.0.1", "snmp: {port: 26101}"),
        (socket.SOCK_STREAM, "core-1: TCP 127.0.0.1", "ssh: {port: 26101}"),
    ],
)
def test_a_demo_whose_port_is_taken_says_so_in_one_line_and_leaves_the_other_alone(
    *,
    written: Path,
    kind: socket.SocketKind,
    where: str,
    right: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    of_another = written.parent / "netpatrol-demo" / "netpatrol.db"
    of_another.touch()
    monkeypatch.setattr(demo, "INVENTORY", written)
    monkeypatch.setattr(demo, "DATA", of_another.parent)
    device = inventory.load(written).entries["core-1"].device
    access = device.snmp if kind is socket.SOCK_DGRAM else device.ssh
    assert access
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", access.port))
        assert demo.run() == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"demo: {where}:{access.port} cannot be used: Address already in use. ")
    assert right in err
    assert err.count("\n") == 1
    assert of_another.exists()
