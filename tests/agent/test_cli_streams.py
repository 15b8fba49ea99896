"""The command as a process of its own: pipes that close, disks that are full, character sets, no stdout at all."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

INVENTORY = """
devices:
  - {name: silent, address: 127.0.0.1, class: switch, icmp: false, snmp: {port: 9, community: env:NP_C, timeout: 1s}}
  - {name: here, address: 127.0.0.1, class: server, local: true}
"""
COMMAND = [sys.executable, "-c", "from agent.cli import main; main()"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Path:
    (tmp_path / "inventory.yaml").write_text(INVENTORY, encoding="utf-8")
    return tmp_path


def ran(
    home: Path, *arguments: str, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE, **env: str
) -> "subprocess.CompletedProcess[str]":
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
    root = str(Path(__file__).parents[2])
    said: Mapping[str, str] = kept | {"PYTHONPATH": root, "LANG": "C.UTF-8", "NP_C": "c", "NETPATROL_LANG": "en"} | env
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=home,
        env=said,
        stdout=stdout,
        stderr=stderr,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


@pytest.fixture
def gone() -> int:
    """A pipe whose reader has left."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.fixture
def many(home: Path) -> None:
    """A thousand devices: what is printed of them is larger than any buffer."""
    devices = "".join(f"  - {{name: d{n}, address: 10.0.{n // 250}.{n % 250}, class: ups}}\n" for n in range(1000))
    (home / "inventory.yaml").write_text(f"devices:\n{devices}", encoding="utf-8")
    rows = "".join(f"e{n},10.1.{n // 250}.{n % 250},ups\n" for n in range(1000))
    (home / "list.csv").write_text(f"name,address,class\n{rows}", encoding="utf-8")


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "command",
    [["devices"], *(["devices", "--format", form] for form in ("json", "jsonl", "csv")),
     ["manual"], ["schema"], ["import", "list.csv"]],
    ids=" ".join,
)  # fmt: skip
def test_a_reader_that_leaves_is_no_error(home: Path, gone: int, command: list[str]) -> None:
    done = ran(home, *command, stdout=gone)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_inspection_whose_reader_left_keeps_its_severity_and_writes_its_report(home: Path, gone: int) -> None:
    done = ran(home, "inspect", "--device", "silent", "--window", "0", stdout=gone)
    assert done.returncode == 2
    assert "Report: netpatrol-data/reports/" in done.stderr
    assert len(list(home.glob("netpatrol-data/reports/*/report.zh.html"))) == 1


def test_an_inspection_goes_on_though_nobody_reads_its_remarks(home: Path, gone: int) -> None:
    spool = home / "netpatrol-data" / "spool"
    spool.mkdir(parents=True)
    (spool / "damaged.json").write_text("{", encoding="utf-8")  # told before anything is read
    done = ran(home, "inspect", "--device", "silent", "--window", "0", stderr=gone)
    assert done.returncode == 2
    assert "Reachability" in done.stdout
    assert len(list(home.glob("netpatrol-data/reports/*/report.zh.html"))) == 1


@pytest.mark.parametrize("arguments", [["findings"], ["devices", "--never"]], ids=" ".join)
def test_a_mistake_keeps_its_exit_code_though_nobody_reads_it(home: Path, gone: int, arguments: list[str]) -> None:
    assert ran(home, *arguments, stderr=gone).returncode == 2


def test_a_full_disk_behind_stdout_is_one_line(home: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = ran(home, "devices", stdout=full.fileno())
    assert (done.returncode, done.stderr) == (1, "netpatrol: No space left on device\n")


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "latin-1"])
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_terminal_that_lacks_a_character_shows_it_escaped(home: Path, encoding: str, form: str) -> None:
    done = ran(home, "devices", "--lang", "zh", "--format", form, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert encoding == "gbk" or r"\u4ea4" in done.stdout


def test_json_stays_json_where_a_terminal_lacks_characters(home: Path) -> None:
    done = ran(home, "devices", "--lang", "zh", "--format", "jsonl", PYTHONIOENCODING="ascii")
    assert [json.loads(line)["class"] for line in done.stdout.splitlines()] == ["交换机", "服务器"]


def test_without_any_stdout_the_command_still_runs(home: Path) -> None:
    shell = f"exec '{COMMAND[0]}' -c '{COMMAND[2]}' devices >&-"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "NP_C": "c"}
    done = subprocess.run(["sh", "-c", shell], cwd=home, env=env, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
