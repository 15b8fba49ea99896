"""Configuration backup as a user meets it: a simulated device with secrets, inspections, and `netpatrol config`."""

import json
import re
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.collectors.seeded_secrets import seeded
from tests.simulator.cli_server import CliServer, known_hosts_line
from tests.simulator.fake_session import RUNNING, STARTUP, VERSION
from tests.simulator.logins import PASSWORD, USERS
from tests.terminal import Terminal

SEEDED = seeded("vrp")
CONFIG = "\n".join(SEEDED.lines) + "\n"
KEY = "correct horse battery staple"
INVENTORY = """\
defaults: {{icmp: false, language: en, config_backup: {{key: env:NP_CONFIG_KEY}}}}
customers: [{{name: acme, title: Acme}}]
sites: [{{name: hq, customer: acme}}]
devices:
  - name: core-1
    address: 127.0.0.1
    class: switch
    site: hq
    profile: huawei_vrp
    probe_ports: false
    ssh: {{username: ops, password: env:NP_SSH, port: {port}}}
  - {{name: ups-1, address: 127.0.0.1, class: ups, snmp: {{community: env:NP_SSH}}}}
"""


@dataclass
class Desk(Terminal):
    """A terminal, and the device."""

    server: CliServer

    async def inspect(self) -> str:
        _, out, err = await self.run("inspect", "--window", "0", "--device", "core-1")
        return out + err

    def leaks(self, *more: str) -> list[str]:
        """Return the secrets that stand in some file under the data folder, or in a text."""
        files = [path.read_bytes() for path in (self.folder / "data").rglob("*") if path.is_file()]
        everything = [*files, *(text.encode() for text in more)]
        return [secret for _, secret in SEEDED.secrets if any(secret.encode() in content for content in everything)]


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    outputs: dict[str, str | bytes] = {"display version": VERSION, RUNNING: CONFIG, STARTUP: CONFIG}
    async with CliServer(outputs=outputs, users=USERS) as server:
        for name, value in {"NP_SSH": PASSWORD, "NP_CONFIG_KEY": KEY, "NETPATROL_DATA": str(tmp_path / "data")}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "inventory.yaml").write_text(INVENTORY.format(port=server.port), encoding="utf-8")
        (tmp_path / "known_hosts").write_text(known_hosts_line(server))
        yield Desk(tmp_path, server)


async def test_inspections_keep_what_changed_and_no_secret_is_anywhere(desk: Desk) -> None:
    said = await desk.inspect()
    assert "Configuration changed" not in said
    desk.server.outputs[RUNNING] = CONFIG.replace("area 0.0.0.0", "area 0.0.0.9").replace(
        "\nreturn", "\nhttp server enable\nreturn"
    )
    said += await desk.inspect()
    assert re.search(r"Configuration changed: accounts, authentication or access lists changed", said)
    assert re.search(r"Configuration not saved: has unsaved changes", said)
    (report,) = {
        path for path in desk.folder.rglob("report.en.html") if "+http server enable" in path.read_text("utf-8")
    }
    assert "<pre>@@" in report.read_text("utf-8")
    for command in ("show", "diff", "log"):
        code, out, err = await desk.run("config", command, "core-1")
        assert code == 0, err
        said += out + err
    said += json.dumps([await desk.rows(command) for command in ("findings", "tickets", "devices")])
    assert desk.leaks(said) == []
    assert desk.server.lines.count(RUNNING) == 2


async def test_it_is_shown_compared_and_listed(desk: Desk) -> None:
    await desk.run("config", "backup", "--device", "core-1")
    desk.server.outputs[RUNNING] = CONFIG.replace("area 0.0.0.0", "area 0.0.0.9")
    (row,) = await desk.rows("config", "backup", "--device", "core-1")
    assert (row["result"], row["lines"], row["why"]) == ("new version kept", len(SEEDED.lines), "")
    _, shown, _ = await desk.run("config", "show", "core-1")
    assert shown.splitlines()[0] == re.sub(r"\S+$", shown.split()[3], SEEDED.lines[0])
    assert "area 0.0.0.9" in shown
    newest, oldest = await desk.rows("config", "log", "core-1")
    assert (newest["commit"], newest["message"]) == (row["commit"], "netpatrol config backup")
    _, before, _ = await desk.run("config", "show", "core-1", "--version", oldest["commit"])
    assert "area 0.0.0.0" in before
    _, changes, _ = await desk.run("config", "diff", "core-1")
    assert [line for line in changes.splitlines() if line[0] in "+-"] == [
        f"--- core-1 {oldest['commit']}",
        f"+++ core-1 {newest['commit']}",
        "- area 0.0.0.0",
        "+ area 0.0.0.9",
    ]
    _, nothing, said = await desk.run("config", "diff", "core-1", "--from", newest["commit"])
    assert (nothing, said) == ("", "the two versions are the same\n")
    (again,) = await desk.rows("config", "backup", "--device", "core-1")
    assert (again["result"], again["commit"]) == ("unchanged", "")


async def test_the_raw_text_is_only_written_to_a_file_of_ones_own(desk: Desk) -> None:
    await desk.run("config", "backup", "--device", "core-1")
    out = desk.folder / "raw.txt"
    code, printed, said = await desk.run("config", "raw", "core-1", "--out", str(out))
    assert (code, printed) == (0, "")
    assert "delete it after use" in said
    assert out.read_text("utf-8") == CONFIG.rstrip("\n")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    code, _, said = await desk.run("config", "raw", "core-1", "--out", str(out))
    assert (code, "already there" in said) == (2, True)
    assert desk.leaks() == []


async def test_what_cannot_be_backed_up_is_said_with_its_reason(desk: Desk) -> None:
    desk.server.outputs[RUNNING] = CONFIG[:900]
    code, out, _ = await desk.run("config", "backup", "--format", "jsonl", "--lang", "en")
    core, ups = (json.loads(line) for line in out.splitlines())
    assert code == 1
    assert core["result"] == "failed"
    assert "was cut off" in core["why"]
    assert (ups["result"], ups["why"]) == ("not applicable", "the inventory gives no ssh access")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "core-1"], "core-1 has no backup yet"),
        (["diff", "core-1"], "core-1 has no backup yet"),
        (["raw", "core-1", "--out", "x"], "core-1 has no backup yet"),
        (["log", "core-9"], "core-9: not in the inventory"),
    ],
)
async def test_what_is_not_there_is_named(desk: Desk, arguments: list[str], words: str) -> None:
    code, _, said = await desk.run("config", *arguments)
    assert code == 2
    assert words in said


async def test_one_version_cannot_be_compared(desk: Desk) -> None:
    await desk.run("config", "backup", "--device", "core-1")
    code, _, said = await desk.run("config", "diff", "core-1")
    assert (code, "has one version only" in said) == (2, True)
    code, _, said = await desk.run("config", "show", "core-1", "--version", "dead")
    assert (code, "there is no version 'dead'" in said) == (1, True)


async def test_a_device_cannot_drive_the_terminal_by_its_configuration(desk: Desk) -> None:
    desk.server.outputs[RUNNING] = CONFIG.replace("area 0.0.0.0", "area \u202e0.0.0.0")
    await desk.run("config", "backup", "--device", "core-1")
    _, shown, _ = await desk.run("config", "show", "core-1")
    assert "\\u202e" in shown
    assert "\u202e" not in shown
