"""Community profiles where their users meet them: check-config, gather, /metrics."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent import cli, inventory
from agent.cli import options
from agent.model import Entry
from agent.store import Store
from agent.texts import text
from agent.wiring import daemon
from collectors.model import Device, DeviceClass, Sample, Snapshot
from collectors.profiles.community.notes import Why
from tests.collectors.community_files import CASES
from tests.simulator.snmp_agent import SnmpAgent

INVENTORY = """
defaults: {{profiles_dir: {folder}}}
devices:
  - {{name: core-1, address: 127.0.0.1, class: switch, icmp: false, snmp: {{port: {port}, community: env:NP_C}}}}
"""
BAD = """sysobjectid: 1.3.6.1.4.1.32473.*
metrics:
  - symbol: {OID: 1.3.6.1.4.1.32473.1.0, name: load, colour: red}
  - symbol: {OID: 1.3.6.1.4.1.32473.2.0, name: speed, colour: blue}
  - {symbol: nameOnly}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {"NP_C": "not-a-secret", "NETPATROL_LANG": "en"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "bad.yaml").write_text(BAD, encoding="utf-8")
    return tmp_path


def listed(folder: Path | str, port: int = 9) -> None:
    Path("inventory.yaml").write_text(INVENTORY.format(folder=folder, port=port), encoding="utf-8")


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (
            "en",
            [
                "netpatrol: mine/bad.yaml:3: metrics[0].symbol.colour: this key is not known here, and not read"
                " (and 1 more in this file)",
                "netpatrol: mine/bad.yaml:5: metrics[2].OID: has no numeric OID, and is not read: nameOnly",
            ],
        ),
        (
            "zh",
            [
                "netpatrol: mine/bad.yaml:3: metrics[0].symbol.colour: 不识别此键，不读取（同文件另有 1 处）",
                "netpatrol: mine/bad.yaml:5: metrics[2].OID: 没有数字 OID，不采集：nameOnly",
            ],
        ),
    ],
)
def test_check_config_names_what_is_not_read(
    lang: str, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    listed("mine")
    assert cli.run(["check-config", "--lang", lang]) == 0
    out, err = capsys.readouterr()
    assert err.splitlines() == expected
    assert (
        out.splitlines()[-1]
        == {
            "en": "inventory.yaml: 1 community profiles with 2 metrics",
            "zh": "inventory.yaml: 社区采集模板文件 1 个，指标 2 个",
        }[lang]
    )


def test_check_config_says_nothing_of_the_community_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    Path("inventory.yaml").write_text(INVENTORY.format(folder="mine", port=9).replace("{profiles_dir: mine}", "{}"))
    assert cli.run(["check-config"]) == 0
    out, err = capsys.readouterr()
    assert (len(out.splitlines()), err) == (1, "")


def test_an_inspection_names_it_once_too(capsys: pytest.CaptureFixture[str]) -> None:
    listed("mine")
    cli.run(["inspect", "--window", "0"])
    assert capsys.readouterr().err.count("bad.yaml:5") == 1


def test_every_reason_has_its_words_in_both_languages() -> None:
    for why in get_args(Why):
        assert text(f"community.{why}", "zh", what="WHAT") != text(f"community.{why}", "en", what="WHAT")


def test_profile_may_name_a_community_file_and_is_told_what_there_is(home: Path) -> None:
    listed("mine")
    said = Path("inventory.yaml").read_text("utf-8")
    Path("inventory.yaml").write_text(said.replace("name: core-1,", "name: core-1, profile: bad,"), encoding="utf-8")
    setup = options.load(Path("inventory.yaml"))
    assert setup.inventory.profiles_dirs == (Path("mine"),)
    assert setup.inventory.entries["core-1"].device.profile == "bad"


def gathered(case: Path) -> int:
    """Gather from an agent that answers from a case's walk, with the case's profiles."""

    async def both() -> int:
        async with SnmpAgent(case / "walk.snmprec", community="not-a-secret") as agent:
            listed(case / "profiles", agent.port)
            return await asyncio.to_thread(cli.run, ["gather", "--format", "jsonl"])

    return asyncio.run(both())


@pytest.mark.parametrize(
    ("dialect", "sample"),
    [
        ("datadog", {"name": "exFlags_OnBattery", "value": 1, "oid": "1.3.6.1.4.1.32473.3.4.0"}),
        ("netdata", {"name": "exLicence", "value": 1795842000, "oid": "1.3.6.1.4.1.32473.13.1.0"}),
        ("kentik", {"name": "Load", "value": 34, "oid": "1.3.6.1.4.1.32473.21.1.0"}),
    ],
)
def test_gather_shows_the_communitys_samples_over_a_real_agent(
    dialect: str, sample: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gathered(CASES / dialect) == 0
    row = json.loads(capsys.readouterr().out)
    found = [{key: each[key] for key in sample} for each in row["samples"] if each["name"] == sample["name"]]
    assert found == [sample]
    assert (row["profile"], row["errors"]) == ("generic", [])


async def never(entry: Entry, before: Snapshot | None) -> Snapshot:
    raise AssertionError("nothing is polled here")


def test_metrics_shows_them_with_their_type_and_meaning(tmp_path: Path) -> None:
    listed(CASES / "datadog" / "profiles")
    setup = options.load(Path("inventory.yaml"))
    with Store.open(tmp_path / "store.db") as store:
        metrics = daemon(setup.inventory, {}, store, never, community=setup.profiles.community.meanings).metrics
    samples = (
        Sample("cpu_usage", {"role": "core"}, 42.1),
        Sample("exPortRetries", {"index": "1.1", "port": 'a"\n'}, 3),
        Sample("exLegacy", {}, 5),
        Sample("nobody_knows", {}, 1),
    )
    device = Device(name="core-1", address="192.0.2.1", device_class=DeviceClass.SWITCH)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    metrics.update(Entry(device=device), Snapshot(device="core-1", taken_at=now, up=True, samples=samples))
    families = {f.name: f for f in text_string_to_metric_families(metrics.render(now).decode())}
    assert {name: families[name].type for name in ("cpu_usage", "exPortRetries", "exLegacy")} == {
        "cpu_usage": "gauge",
        "exPortRetries": "counter",
        "exLegacy": "unknown",
    }
    (cpu,) = families["cpu_usage"].samples
    assert (cpu.value, cpu.labels["device"], cpu.labels["role"]) == (42.1, "core-1", "core")
    assert families["cpu_usage"].documentation == "cpu.usage of a community profile"
    assert "nobody_knows" not in families


def test_a_folder_is_found_beside_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    path = tmp_path / "site" / "inventory.yaml"
    path.write_text(INVENTORY.format(folder="[../mine]", port=9), encoding="utf-8")
    assert inventory.load(path).profiles_dirs == (tmp_path / "site" / "../mine",)
