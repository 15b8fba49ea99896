"""The command line: what it prints where, its exit codes, and one clear line for each mistake."""

import asyncio
import io
import json
import socket
import sys
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from agent import cli, inventory
from agent.store import Outcome, Store, StoreFull
from agent.wiring import STORE
from collectors import ssh
from collectors.known_hosts import HostKey

LOCAL = """
customers: [{name: acme, title: {zh: 某某局, en: Acme}}]
sites: [{name: hq, customer: acme}]
devices:
  - {name: here, address: 127.0.0.1, class: server, local: true, site: hq}
  - name: silent
    address: 127.0.0.1
    class: switch
    icmp: false
    snmp: {port: 9, community: env:NP_C, timeout: 1s, retries: 0}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder with an inventory of this machine and of a device that never answers."""
    for name in ("NETPATROL_INVENTORY", "NETPATROL_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NP_C", "not-a-secret")
    monkeypatch.setenv("NETPATROL_LANG", "en")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yaml").write_text(LOCAL, encoding="utf-8")
    return tmp_path


def test_gather_prints_one_object_a_device_and_says_who_was_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["gather", "--format", "jsonl"]) == 1
    out, err = capsys.readouterr()
    rows = {row["device"]: row for row in map(json.loads, out.splitlines())}
    assert (rows["here"]["up"], rows["silent"]["up"]) == (True, False)
    assert {"name", "labels", "value"} <= set(rows["here"]["samples"][0])
    assert [e["kind"] for e in rows["silent"]["errors"]] == ["unreachable"]
    assert "silent" in err


def test_gather_exits_0_when_all_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["gather", "--device", "here", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("Device,Name,Labels,Value\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["gather", "--device", "nobody"], 2, "--device nobody: not in the inventory (known: here, silent)"),
        (["gather", "--site", "moon"], 2, "--site moon: not in the inventory (known: hq)"),
        (["gather", "--class", "ups"], 2, "no device of the inventory is selected"),
        (["gather", "--class", "toaster"], 2, "Invalid value for '--class': 'toaster' is not one of"),
        (
            ["gather", "-i", "missing.yaml"],
            2,
            "missing.yaml: there is no such file: netpatrol init writes one, -i FILE names another\n",
        ),
        (
            ["inspect", "-i", "missing.yaml"],
            78,
            "missing.yaml: there is no such file: netpatrol init writes one, -i FILE names another\n",
        ),
        (["inspect", "--device", "nobody"], 64, "--device nobody"),
        (["inspect", "--window", "-1"], 64, "window"),
        (["inspect", "--cadence", "weekly"], 64, "weekly"),
        (["inspect", "--manual", "visit.yaml"], 78, "visit.yaml: cannot be read: No such file or directory\n"),
        (["manual", "--class", "ups"], 2, "no device of the inventory is selected"),
        (["findings"], 2, "nothing is stored here yet"),
        (["report"], 2, "nothing is stored here yet"),
        (["tickets", "acknowledge", "T-1", "--by", "x"], 2, "nothing is stored here yet"),
        (["devices", "--lang", "fr"], 2, "--lang fr: not a language here"),
        (["run", "--listen", "9469"], 2, "--listen 9469: is not an address and a port"),
        (["run", "--listen", "a..b:9469"], 2, "--listen a..b:9469: is not an address and a port"),
        (["run", "--listen", "127.0.0.1:70000"], 2, "(right form: --listen 127.0.0.1:9469)"),
        (["run", "--traps", "nowhere"], 2, "(right form: --traps 0.0.0.0:1162, or --traps off)"),
        (["trust", "hree"], 2, "DEVICE hree: not in the inventory (did you mean 'here'? known: here, silent)"),
        (["inspect", "--window", "inf"], 64, "window"),
        (["init", "none/new.yaml"], 1, "netpatrol: none/new.yaml: No such file or directory\n"),
        (["init"], 2, "inventory.yaml is already there"),
        (["trust", "here"], 2, "here: has no ssh credential"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_a_mistake_is_one_clear_line_on_stderr(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["gather", "--device", "sillent"], 2, "--device sillent：不在清单中（是否想写 'silent'？可用：here, silent）"),
        (["gather", "-i", "missing.yaml"], 2, "missing.yaml: 文件不存在：可用 netpatrol init 生成，或用 -i 指定\n"),
        (["inspect", "-i", "missing.yaml"], 78, "missing.yaml: 文件不存在：可用 netpatrol init 生成，或用 -i 指定\n"),
        (["run", "--listen", "9469"], 2, "--listen 9469：不是“地址:端口”（正确写法：--listen 127.0.0.1:9469）"),
        (["findings"], 2, "尚无数据（先运行 netpatrol inspect，或用 --data 指定目录）"),
        (["trust", "here"], 2, "here：清单中没有 ssh 凭据"),
        (["init"], 2, "inventory.yaml 已存在（--force 覆盖）"),
        (["discover", "here", "--credentials", "x"], 2, "here：不是网段（正确写法：10.0.0.0/24）"),
    ],
)
@pytest.mark.usefixtures("chinese_locale")
def test_a_mistake_is_said_in_chinese(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == code
    assert words in capsys.readouterr().err


@pytest.fixture
def chinese_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETPATROL_LANG")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")


@pytest.mark.parametrize("language", [["--lang", "zh"], ["--lang=zh"]])
def test_a_mistake_is_said_in_the_language_asked_for(language: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["devices", *language, "-i", "missing.yaml"]) == 2
    assert "文件不存在" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["gather", "inspect"])
def test_an_interrupted_command_says_so(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(work: Coroutine[object, object, object]) -> None:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupt)
    assert cli.run([command, "--device", "here"]) == 130
    assert capsys.readouterr().err == "netpatrol: interrupted\n"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"netpatrol {version('netpatrol')}\n"


@pytest.mark.parametrize("group", [[], ["tickets"], ["findings"], ["config"]])
def test_the_list_of_commands_is_in_both_languages_and_cut_nowhere(
    group: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.run([*group, "--help"]) == 0
    _, _, listed = capsys.readouterr().out.partition("Commands:\n")
    assert [line for line in listed.splitlines() if " · " not in line or not line.endswith(".") or "..." in line] == []


def test_a_name_that_nothing_is_known_of_is_no_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["inspect", "--device", "here", "--window", "0"])
    capsys.readouterr()
    for listing in (["findings", "--device"], ["tickets", "--device"], ["tickets", "--site"]):
        assert cli.run([*listing, "nowhere"]) == 2
        assert f"{listing[1]} nowhere: not in the inventory, and nothing of it is listed" in capsys.readouterr().err
    assert cli.run(["tickets", "--site", "hq"]) == 0


def test_what_was_gathered_is_in_the_order_of_the_inventory(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, _, devices = LOCAL.partition("devices:\n")
    here, _, silent = devices.partition("\n")  # which is waited for, and comes last
    (home / "inventory.yaml").write_text(f"{head}devices:\n{silent}{here}\n", encoding="utf-8")
    assert cli.run(["gather", "--format", "json"]) == 1
    assert [row["device"] for row in json.loads(capsys.readouterr().out)] == ["silent", "here"]


@pytest.fixture
def host_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An SSH device in the inventory, `far`, that shows a host key."""
    monkeypatch.setattr(ssh, "fetch_host_key", lambda *_: HostKey("ssh-ed25519", "AAAA", "SHA256:abc"))
    monkeypatch.setenv("NP_S", "s")
    entry = "  - {name: far, address: 127.0.0.1, class: switch, ssh: {username: ops, password: env:NP_S}}\n"
    (home / "inventory.yaml").write_text(LOCAL + entry, encoding="utf-8")


@pytest.mark.usefixtures("host_key")
@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("y\n", 0, "far is trusted; written to known_hosts"),
        ("n\n", 1, "far is not trusted, and nothing was written"),
        ("", 2, "there is no terminal to ask at: compare the fingerprint, then add --yes"),
    ],
)
def test_a_host_key_is_trusted_only_by_who_says_so(
    typed: str, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert cli.run(["trust", "far"]) == code
    assert words in capsys.readouterr().err
    assert Path("known_hosts").exists() == (code == 0)


def test_a_daemon_whose_port_is_taken_says_where_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert cli.run(["run", "--listen", f"127.0.0.1:{port}"]) == 2
    err = capsys.readouterr().err
    assert f"netpatrol: metrics: cannot listen on 127.0.0.1:{port}: Address already in use: end what" in err
    assert "(right form: --listen 127.0.0.1:9470) (端口被占用)" in err


def test_every_mistake_of_an_inventory_is_told_at_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "inventory.yaml").write_text("devices:\n  - {name: a, clas: x}\n  - {name: a}\n", encoding="utf-8")
    assert cli.run(["check-config"]) == 2
    assert len(capsys.readouterr().err.splitlines()) >= 3


def test_an_unset_variable_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NP_C")
    assert cli.run(["gather"]) == 2
    assert "NP_C" in capsys.readouterr().err


def test_the_starter_inventory_is_right_once_its_variables_are_set(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["init", "new.yaml"]) == 0
    assert (home / "new.yaml").read_text(encoding="utf-8") == inventory.EXAMPLE
    monkeypatch.setenv("NP_COMMUNITY", "c")
    monkeypatch.setenv("NP_SSH", "s")
    assert cli.run(["check-config", "-i", "new.yaml"]) == 0
    assert "correct" in capsys.readouterr().out


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["schema"]) == 0
    assert "devices" in json.loads(capsys.readouterr().out)["properties"]


def test_an_inspection_ends_with_the_worst_severity_and_leaves_a_report(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["inspect", "--device", "silent", "--window", "0"]) == 2
    out, err = capsys.readouterr()
    assert "Reachability" in out
    assert any(line.startswith("T-") and line.endswith(" opened silent Reachability") for line in err.splitlines())
    assert {p.name for p in home.glob("netpatrol-data/reports/*/*")} == {
        "report.json",
        "report.zh.html",
        "report.en.html",
    }
    assert cli.run(["findings", "--format", "json", "--lang", "zh"]) == 0
    assert {row["severity"] for row in json.loads(capsys.readouterr().out)} >= {"严重"}
    assert cli.run(["report", "--list", "--format", "jsonl"]) == 0
    (listed,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert cli.run(["report", listed["run"]]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert cli.run(["report", "20000101T000000Z-0000"]) == 1
    assert "there is no run" in capsys.readouterr().err


def test_the_report_is_of_the_last_inspection_not_of_one_still_to_come(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.run(["inspect", "--device", "silent", "--window", "0"])
    to_come = datetime(9000, 1, 1, tzinfo=UTC)
    with Store.open(home / "netpatrol-data" / STORE) as store:
        made = store.run(store.runs()[0].id)
        ahead = replace(made, id="90000101T000000Z-0000", started_at=to_come, finished_at=to_come)
        store.record([], {}, lambda known: Outcome(), lambda outcome: ahead, now=to_come)
    capsys.readouterr()
    assert cli.run(["report"]) == 0
    assert {Path(line).parent.name for line in capsys.readouterr().out.splitlines()} == {made.id}


def test_a_form_is_printed_filled_in_and_shown_in_the_report(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["manual", "--cadence", "yearly"]) == 0
    form = capsys.readouterr().out
    assert "item: cleaning\n    site: hq\n    ok:" in form
    filled = form.replace("item: cleaning\n    site: hq\n    ok:", "item: cleaning\n    site: hq\n    ok: true")
    (home / "visit.yaml").write_text(filled, encoding="utf-8")
    visit = ["--cadence", "yearly", "--manual", "visit.yaml"]
    assert cli.run(["inspect", "--device", "silent", "--window", "0", *visit]) == 2
    capsys.readouterr()
    (report,) = home.glob("netpatrol-data/reports/*/report.json")
    found = json.loads(report.read_text(encoding="utf-8"))
    assert ["hq"] in [row["where"] for row in found["manual"]]


def test_a_run_that_no_disk_takes_is_printed_as_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Store, "record", no_room)
    monkeypatch.setattr(tempfile, "tempdir", str(home / "inventory.yaml"))
    spool = home / "netpatrol-data" / "spool"
    spool.parent.mkdir()
    spool.touch()
    assert cli.run(["inspect", "--device", "silent", "--window", "0"]) == 2
    told, line = capsys.readouterr().err.splitlines()[-2:]
    assert "could be kept nowhere: save the next line as netpatrol-data/spool/" in told
    assert {judged["result"]["check"] for judged in json.loads(line)[0]["judged"]} >= {"reachability"}


def no_room(*_: object, **__: object) -> None:
    raise StoreFull("the store has no space left")


def test_devices_are_listed_without_their_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NP_C")
    assert cli.run(["devices", "--format", "jsonl"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["device"], row["access"]) for row in rows] == [("here", "local"), ("silent", "snmp")]
