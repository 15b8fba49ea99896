"""SSH sessions of the daemon and of an inspection, from the composition root down to a device that counts logins."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import inventory, reading
from collectors import profiles
from tests.simulator.cli_server import CliServer, known_hosts_line
from tests.simulator.fake_session import VERSION
from tests.simulator.logins import left_threads
from tests.terminal import Terminal

INVENTORY = """\
defaults: {{icmp: false, language: en}}
devices:
  - name: core-1
    address: 127.0.0.1
    class: switch
    profile: huawei_vrp
    probe_ports: false
    ssh: {{username: ops, password: env:NP_SSH, port: {port}, keep_open: true}}
"""


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CliServer]:
    monkeypatch.setattr("collectors.ssh_wire.SETTLE", 0.02)
    monkeypatch.setenv("NP_SSH", "secret")
    async with CliServer(outputs={"display version": VERSION}) as server:
        (tmp_path / "inventory.yaml").write_text(INVENTORY.format(port=server.port), encoding="utf-8")
        (tmp_path / "known_hosts").write_text(known_hosts_line(server))
        yield server


@pytest.mark.parametrize(("keep", "logins"), [(True, 1), (False, 3)])
async def test_the_daemon_logs_in_once_and_whatever_ends_logs_in_anew(
    server: CliServer, tmp_path: Path, keep: bool, logins: int
) -> None:
    reader = reading.reader(profiles.load(), sessions=10 if keep else 0)
    entry = inventory.load(tmp_path / "inventory.yaml").entries["core-1"]
    polls = [await reader.one(entry, None) for _ in range(3)]
    assert all(poll.up and poll.facts["model"] == "S5735" for poll in polls)
    assert (server.connections, len(server.attempts)) == (logins, logins)
    await asyncio.to_thread(reader.close)
    assert await asyncio.to_thread(left_threads) == []


async def test_an_inspection_tells_a_device_a_wrong_password_once(
    server: CliServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NP_SSH", "wrong-4712")
    monkeypatch.chdir(tmp_path)
    _, out, _ = await Terminal(tmp_path).run("inspect", "--window", "0.1", "--data", str(tmp_path / "data"))
    assert len(server.attempts) == 1
    assert "4712" not in out
