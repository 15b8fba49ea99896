"""The command line: what it prints where, its exit codes, and one clear line for each mistake."""

import json
import socket
import tempfile
from pathlib import Path

import pytest

from agent import cli, inventory
from agent.store import Store, StoreFull

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
        (["gather", "--class", "toaster"], 2, "toaster"),
        (["gather", "-i", "missing.yaml"], 2, "missing.yaml:0: cannot be read"),
        (["inspect", "-i", "missing.yaml"], 78, "missing.yaml:0: cannot be read"),
        (["inspect", "--device", "nobody"], 64, "--device nobody"),
        (["inspect", "--window", "-1"], 64, "window"),
        (["inspect", "--cadence", "weekly"], 64, "weekly"),
        (["inspect", "--manual", "visit.yaml"], 78, "visit.yaml:0: cannot be read"),
        (["manual", "--class", "ups"], 2, "no device of the inventory is selected"),
        (["findings"], 2, "nothing is stored here yet"),
        (["report"], 2, "nothing is stored here yet"),
        (["tickets", "acknowledge", "T-1", "--by", "x"], 2, "nothing is stored here yet"),
        (["devices", "--lang", "fr"], 2, "--lang fr: not a language here"),
        (["run", "--listen", "9469"], 2, "--listen 9469: not an address and port"),
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
    assert "T-" in err
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
