"""Lists of customers become entries: every row is an entry or a clear line, and nothing of it is lost."""

import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from agent import cli, importing, inventory
from agent.import_files import Row
from agent.proposal import render
from collectors.model import DeviceClass

CHINESE = """设备台账,,,,,,
设备名称,管理 IP,设备类型（必填）,站点,质保到期,重要程度,资产编号
core-1,10.0.0.1/24,核心交换机,总部机房,2027/1/31,核心,A-001
防火墙,10.0.0.2,防火墙,总部机房,,,A-002
core-1,10.0.0.3,路由器,branch-1,2027年3月1日,接入,
bad-ip,10.0.0.300,交换机,总部机房,,,A-004
bad-class,10.0.0.5,咖啡机,,,,A-005
,,,,,,
again,10.0.0.1,交换机,,,,
"""
NETBOX = {
    "count": 3,
    "next": None,
    "results": [
        {
            "id": 1,
            "url": "https://netbox/api/dcim/devices/1/",
            "display": "acc-1",
            "name": "acc-1",
            "device_type": {"id": 1, "manufacturer": {"id": 1, "name": "Huawei"}, "model": "S5735"},
            "role": {"id": 2, "name": "Access Switch", "slug": "access-switch"},
            "tenant": {"id": 1, "name": "Acme", "slug": "acme"},
            "site": {"id": 3, "name": "Head Office", "slug": "head-office"},
            "status": {"value": "active", "label": "Active"},
            "primary_ip": {"id": 5, "family": {"value": 4}, "address": "10.1.0.1/24"},
            "primary_ip4": {"id": 5, "address": "10.1.0.1/24"},
            "serial": "SN0001",
            "tags": [{"id": 1, "name": "floor 2", "slug": "floor-2"}],
            "interface_count": 28,
        },
        {"id": 2, "name": "no-ip", "role": {"name": "Router"}, "primary_ip": None},
    ],
}


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Import a file in English; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETPATROL_LANG", "en")

    def imported(name: str, *more: str) -> tuple[int, str, str]:
        code = cli.run(["import", name, *more])
        return (code, *capsys.readouterr())

    return imported


def loaded(out: str, folder: Path) -> inventory.Inventory:
    """Read what was printed, as the inventory it is meant to become part of."""
    path = folder / "proposed.yaml"
    path.write_text(out, encoding="utf-8")
    return inventory.load(path, warn=lambda problem: None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_chinese_list_becomes_an_inventory(run: Callable[..., Any], tmp_path: Path, encoding: str) -> None:
    (tmp_path / "list.csv").write_text(CHINESE, encoding=encoding)
    code, out, err = run("list.csv")
    found = loaded(out, tmp_path)
    assert code == 1
    assert [(e.name, e.device.address, e.device.device_class, e.criticality) for e in found.entries.values()] == [
        ("core-1", "10.0.0.1", DeviceClass.SWITCH, "core"),
        ("device-10.0.0.2", "10.0.0.2", DeviceClass.FIREWALL, "access"),
        ("core-1-2", "10.0.0.3", DeviceClass.ROUTER, "access"),
    ]
    assert [e.site.title.zh for e in found.entries.values() if e.site] == ["总部机房", "总部机房", "branch-1"]
    assert str(found.entries["core-1-2"].warranty) == "2027-03-01"
    assert [line.partition(": ")[2] for line in err.splitlines()] == [
        "list.csv: row 6: address: is not an IPv4 address: four numbers from 0 to 255, without leading zeros",
        "list.csv: row 7: 设备类型（必填）: '咖啡机' is none of switch, router, firewall, wireless, server, ups, pdu, "
        "storage, nor a word known for one",
        "list.csv: row 9: address 10.0.0.1 is core-1's already",
    ]


def test_nothing_of_a_list_is_lost(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(CHINESE, encoding="utf-8")
    _, out, _ = run("list.csv")
    for cell in {cell for line in CHINESE.splitlines()[2:] for cell in line.split(",") if cell}:
        meant = {"10.0.0.1/24": "10.0.0.1", "核心交换机": "class: switch", "核心": "core", "接入": "access"}
        meant |= {"2027/1/31": "2027-01-31", "2027年3月1日": "2027-03-01", "路由器": "class: router"}
        assert meant.get(cell, cell) in out, cell


SECRET = "hunter2-in-the-list"


@pytest.mark.parametrize(
    "heading",
    [
        "密码",
        "登录口令",
        "SNMP团体字",
        "password",
        "Enable Password",
        "SNMP Community（只读）",
        "auth_key",
        "登录(密码)",
    ],
)
@pytest.mark.parametrize("address", ["10.0.0.1", "10.0.0.300"], ids=["an entry", "a row that is no entry"])
def test_a_secret_of_a_list_is_not_shown_and_how_to_give_it_is_said_once(
    run: Callable[..., Any], tmp_path: Path, heading: str, address: str
) -> None:
    rows = [f"{name},{address},ups,{SECRET},room 2" for name in ("a", "b")]
    (tmp_path / "list.csv").write_text("\n".join((f"name,ip,class,{heading},note", *rows)), encoding="utf-8")
    _, out, err = run("list.csv")
    assert SECRET not in out + err
    assert "***" in out and "room 2" in out
    (said,) = [line for line in err.splitlines() if "shown as ***" in line]
    assert said.startswith(f"netpatrol: list.csv: {heading}: secrets, shown as ***")
    assert "credentials (env:NAME, file:/path or keyring:service/name)" in said


def test_a_secret_in_a_netbox_field_is_not_shown(run: Callable[..., Any], tmp_path: Path) -> None:
    fields = {"snmp_community": SECRET, "rack_note": "left"}
    device = {"name": "a", "primary_ip": "10.0.0.1", "role": "ups", "custom_fields": fields}
    (tmp_path / "netbox.json").write_text(json.dumps([device]), encoding="utf-8")
    _, out, err = run("netbox.json")
    assert SECRET not in out + err
    assert "# custom_fields.snmp_community: ***; custom_fields.rack_note: left" in out


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_cells_may_be_parted_otherwise_and_hold_line_breaks(
    run: Callable[..., Any], tmp_path: Path, separator: str
) -> None:
    rows = [["name", "ip", "type", "note"], ["a", "10.0.0.1", "ups", '"two\nlines"'], ["b", "10.0.0.2", "x", ""]]
    (tmp_path / "list.csv").write_text("\n".join(map(separator.join, rows)), encoding="utf-8")
    code, out, err = run("list.csv")
    assert code == 1
    assert "{name: a, address: 10.0.0.1, class: ups} # note: two lines" in out
    assert "row 4: type: 'x' is none of" in err


def test_a_workbook_is_read_sheet_by_sheet(run: Callable[..., Any], tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    first.title = "网络"
    first.append(["2026 年设备台账"])
    first.append(["名称", "管理IP", "类型", "安装日期", "端口数"])
    first.append(["sw-1", "10.0.0.1", "交换机", datetime(2024, 3, 1), 24.0])  # noqa: DTZ001 - as Excel has it
    second = book.create_sheet("动力")
    second.append(["name", "address", "class"])
    second.append(["ups-1", "10.0.0.2", "不间断电源"])
    second.append(["ups-2", None, "UPS"])
    book.create_sheet("说明").append(["nothing to see here"])
    book.save(tmp_path / "list.xlsx")
    code, out, err = run("list.xlsx")
    assert code == 1
    assert "{name: sw-1, address: 10.0.0.1, class: switch, installed: '2024-03-01'} # 端口数: 24" in out
    assert list(loaded(out, tmp_path).entries) == ["sw-1", "ups-1"]
    assert "sheet 动力, row 3: has no address" in err
    assert "sheet 说明: has no row of headings, and was left out" in err


SHEET = "xl/worksheets/sheet1.xml"


def wrong_checksum(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        checksum = packed.getinfo(SHEET).CRC
    right, wrong = (number.to_bytes(4, "little") for number in (checksum, checksum ^ 1))
    path.write_bytes(path.read_bytes().replace(right, wrong))


def broken_stream(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as packed:
        begins = packed.getinfo(SHEET).header_offset + 30 + len(SHEET)  # of a local file header (APPNOTE 4.3.7)
    raw[begins] ^= 0xFF
    path.write_bytes(raw)


def broken_xml(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(path, "w") as packed:
        for name, part in parts.items():
            packed.writestr(name, part[:-20] if name == SHEET else part)


@pytest.mark.parametrize("damage", [wrong_checksum, broken_stream, broken_xml])
def test_a_damaged_workbook_is_one_clear_line(
    run: Callable[..., Any], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    book = openpyxl.Workbook()
    for row in (["name", "address", "class"], ["ups-1", "10.0.0.2", "ups"]):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    damage(tmp_path / "list.xlsx")
    said = "netpatrol: list.xlsx: is not an XLSX file, or a damaged one: save it anew\n"
    assert run("list.xlsx") == (2, "", said)


def test_the_devices_of_a_netbox_are_taken_in(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "netbox.json").write_text(json.dumps(NETBOX), encoding="utf-8")
    code, out, err = run("netbox.json")
    (entry,) = loaded(out, tmp_path).entries.values()
    assert code == 1
    assert (entry.name, entry.device.address, entry.device.device_class) == ("acc-1", "10.1.0.1", DeviceClass.SWITCH)
    assert entry.tags == ("floor 2",)
    assert entry.site is not None
    assert (entry.site.name, entry.site.title.zh, entry.site.customer.name) == ("Head-Office", "Head Office", "Acme")
    assert "# device_type: Huawei S5735; status: Active; serial: SN0001" in out
    assert "device 2: has no address" in err
    assert "has 2 of NetBox's 3 devices" in err


def test_what_the_inventory_has_is_used_and_not_proposed_again(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text(
        "customers: [{name: acme}]\nsites: [{name: hq, customer: acme, title: 总部}]\n"
        "devices: [{name: core-1, address: 10.0.0.1, class: switch}]\n",
        encoding="utf-8",
    )
    (tmp_path / "list.csv").write_text(
        "name,ip,class,site\ncore-1,10.0.0.9,switch,总部\nx,10.0.0.1,ups,\ny,10.0.0.8,ups,New\n", encoding="utf-8"
    )
    code, out, err = run("list.csv", "-i", "inventory.yaml")
    assert code == 1
    assert "{name: core-1-2, address: 10.0.0.9, class: switch, site: hq}" in out
    assert "sites:\n  - {name: New, title: New, customer: acme}\n" in out
    assert "customers:" not in out
    assert "row 3: address 10.0.0.1 is core-1's already" in err


def test_a_list_without_mistakes_exits_0(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("ip,class\n10.0.0.1,pdu\n", encoding="utf-8")
    code, out, err = run("list.csv")
    assert (code, err) == (0, "")
    assert list(loaded(out, tmp_path).entries) == ["device-10.0.0.1"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("list.xls", b"x", "none of .csv, .xlsx, .json"),
        ("list.xlsx", b"not a zip", "is not an XLSX file"),
        ("list.csv", b"a,b\n1,2\n", "no devices below a row of headings (right form: name,address,class)"),
        ("list.csv", b"", "no devices below a row of headings"),
        ("list.csv", b"name,ip\n\xff\xff\xff\n", "is not text in UTF-8 or GB 18030"),
        ("list.json", b"{", "is not JSON"),
        ("list.json", b'{"results": []}', "has no list of devices"),
        ("list.json", b"3", "has no list of devices"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(
    run: Callable[..., Any], tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    code, out, err = run(name)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_file_that_is_not_there_is_one_clear_line(run: Callable[..., Any]) -> None:
    code, _, err = run("list.csv")
    assert code == 1
    assert "list.csv" in err


def test_the_better_of_two_columns_is_the_site() -> None:
    cells = {"位置": "3 楼", "站点": "hq", "ip": "10.0.0.1", "class": "ups"}
    found = importing.entries([Row("row 2", cells)], None, "{} {}".format)
    assert found.devices[0].keys["site"] == "hq"
    assert found.devices[0].note == "位置: 3 楼"


@pytest.mark.parametrize(
    ("heading", "key"),
    [("管理 IP（必填）*", "address"), ("Device_Name", "name"), ("设备类型", "class"), ("colour", None), ("", None)],
)
def test_headings_are_recognised_however_they_are_written(heading: str, key: str | None) -> None:
    assert importing.words().columns.get(importing.folded(heading)) == key


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "x\x1b[2J", "a\u202eb", "{a: b}", "- x # y", "a: b"])
def test_what_a_cell_says_cannot_break_the_yaml(text: str, tmp_path: Path) -> None:
    cells = {"ip": "10.0.0.1", "class": "ups", "tags": text, "remark": text, "site": text}
    found = importing.entries([Row("row 2", cells)], None, "{} {}".format)
    sections = {"customers": found.customers, "sites": found.sites}
    out = render(found.devices, ["heading"], sections)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert len(loaded(out, tmp_path).entries) == 1
