"""A recorded case: nothing of the customer is in it, and it plays as the device did."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from collectors import profiles, recording, redaction, replay, yamlfile
from collectors.errors import TimedOut
from collectors.model import Device, DeviceClass, Secret, SnmpAccess, Value
from collectors.profiles import ProfileSet
from collectors.recording import Case, Heard
from collectors.redaction import Known
from tests.collectors.played_cases import lines, play_walk
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.snmp_agent import ADDRESS, COUNTER32, COUNTER64, OID, TICKS, Recorded, SnmpAgent

LOOP = IdleLoop
DEVICES = Path(__file__).parents[1] / "devices"
MAC = bytes.fromhex("4c1fcc123456")
IF, IFX, PART = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1", "1.3.6.1.2.1.47.1.1.1.1"
LLDP, ARP, USER = "1.0.8802.1.1.2.1.4.1.1", "1.3.6.1.2.1.4.22.1.2", "1.3.6.1.6.3.15.1.2.2.1.3"
CUSTOM = "1.3.6.1.4.1.2011.9.9"
MANAGED, ADDRESSED = "1.0.8802.1.1.2.1.4.2.1", "1.3.6.1.2.1.4.34.1"
LIKE_TEXT = bytes.fromhex("005056414243")  # a MAC
PREFIX6 = "2.16.36.8.128.0.0.1.0.0.0.0.0.0.0.0.0.0"  # 2408:8000:1::
OURS6, NEIGHBOUR6 = PREFIX6[:-1] + "7", PREFIX6[:-1] + "119"

SWITCH: dict[str, Recorded] = {
    "1.3.6.1.2.1.1.1.0": "S5735 VRP V200R019C10 on bank-core-7, support +86 see 10.20.30.40",
    "1.3.6.1.2.1.1.2.0": (OID, "1.3.6.1.4.1.2011.2.23.999"),
    "1.3.6.1.2.1.1.3.0": (TICKS, 90_000_000),
    "1.3.6.1.2.1.1.4.0": "Zhang, 13800000000",
    "1.3.6.1.2.1.1.5.0": "bank-core-7",
    "1.3.6.1.2.1.1.6.0": b"Third floor, vault",
    f"{IF}.1.1": 1,
    f"{IF}.2.1": "GigabitEthernet0/0/1",
    f"{IF}.6.1": MAC,
    f"{IF}.8.1": 1,
    f"{IFX}.1.1": "GigabitEthernet0/0/1",
    f"{IFX}.6.1": (COUNTER64, 2**40),
    f"{IFX}.18.1": "to vault-fw 机房".encode(),
    "1.3.6.1.2.1.4.20.1.1.10.20.30.40": (ADDRESS, "10.20.30.40"),
    "1.3.6.1.2.1.4.20.1.3.10.20.30.40": (ADDRESS, "255.255.255.0"),
    f"{ADDRESSED}.3.{OURS6}": 1,
    f"{ADDRESSED}.5.{OURS6}": (OID, f"1.3.6.1.2.1.4.32.1.5.1.{PREFIX6}.64"),
    f"{ARP}.1.10.20.30.99": MAC,
    "1.3.6.1.2.1.17.2.5.0": b"\x80\x00" + MAC,
    "1.3.6.1.2.1.17.2.15.1.8.1": b"\x20\x00\x00\x0c\x29ABC",
    f"{PART}.11.1": "2102350ABC10K9000123",
    f"{LLDP}.5.0.1.1": MAC,
    f"{LLDP}.9.0.1.1": "vault-fw",
    f"{MANAGED}.3.0.1.1.1.4.10.20.30.77": 2,
    f"{MANAGED}.3.0.1.1.{NEIGHBOUR6}": 2,
    f"{USER}.3.111.112.115": "ops-user",
    f"{CUSTOM}.1.0": "serial 2102350ABC10K9000123 of bank-core-7",
    f"{CUSTOM}.2.0": "community s3cr3t-blue, mac 4c1f-cc12-3456, peer 4C:1F:CC:12:34:56",
    f"{CUSTOM}.3.0": "21980107XX4SJ7000001",
    f"{CUSTOM}.4.10.20.30.40.5": (COUNTER32, 2**31 + 5),
    f"{CUSTOM}.5.6.115.51.99.114.51.116.45.98.108.117.101": 1,
    f"{CUSTOM}.6.0": "ospf peer 2408:8000:1::7 and fe80::1",
    f"{CUSTOM}.7.0": LIKE_TEXT,
    f"{CUSTOM}.8.3.{NEIGHBOUR6}.9": 1,
}
PERSONAL = [
    b"bank-core",
    b"Zhang",
    b"vault",
    b"10.20.30",
    b"2102350",
    b"21980107",
    b"s3cr3t",
    b"2408:8000",
    b"ops-user",
]
PERSONAL += [MAC.hex().encode(), b"4c1f-cc12", b"4C:1F:CC", "机房".encode().hex().encode(), b"115.51.99.114"]
PERSONAL += [LIKE_TEXT.hex().encode(), b"000c29414243", b"36.8.128.0.0.1"]


@pytest.fixture(scope="module")
def profile_set() -> ProfileSet:
    return profiles.load()


async def recorded(profile_set: ProfileSet, source: dict[str, Recorded] | Path) -> Case:
    async with SnmpAgent(source, community="s3cr3t-blue") as agent:
        snmp = SnmpAccess(port=agent.port, community=Secret("s3cr3t-blue"))
        device = Device(name="d", address="127.0.0.1", device_class=DeviceClass.SWITCH, snmp=snmp)
        return await recording.case(await recording.hear(device, profile_set), ["s3cr3t-blue", "ops"])


async def test_nothing_of_the_customer_is_in_a_case(profile_set: ProfileSet) -> None:
    case = await recorded(profile_set, SWITCH)
    for text in PERSONAL:
        assert text.lower() not in (case.walk + case.expected.encode()).lower(), text


async def test_what_a_profile_is_written_from_stays(profile_set: ProfileSet, tmp_path: Path) -> None:
    case = await recorded(profile_set, SWITCH)
    recording.write(case, tmp_path)
    values = replay.read_walk(tmp_path / "walk.snmprec").values
    assert case.profile == "huawei_vrp"
    assert values["1.3.6.1.2.1.1.2.0"] == "1.3.6.1.4.1.2011.2.23.999"
    assert values["1.3.6.1.2.1.1.1.0"] == b"S5735 VRP V200R019C10 on device-1, support +86 see 192.0.2.1"
    assert values[f"{IF}.2.1"] == b"GigabitEthernet0/0/1"
    assert values[f"{IFX}.6.1"] == 2**40
    assert values["1.3.6.1.2.1.4.20.1.3.192.0.2.1"] == "255.255.255.0"
    assert values[f"{CUSTOM}.4.192.0.2.1.5"] == 2**31 + 5


async def test_the_same_thing_has_the_same_stand_in_everywhere(profile_set: ProfileSet) -> None:
    walk = (await recorded(profile_set, SWITCH)).walk.decode()
    assert walk.count("00005e005300") == 3  # the port, inside the bridge's id, the neighbour
    assert "mac 0000-5e00-5300, peer 00:00:5e:00:53:00" in walk.lower()
    name = re.search(rf"^{re.escape(LLDP)}\.9\.0\.1\.1\|4\|(.+)$", walk, re.MULTILINE)
    assert name is not None
    assert name[1].startswith("device-")
    assert "serial SN000000000000000001 of device-1" in walk
    assert "\n1.3.6.1.2.1.4.34.1.3.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1|" in walk
    assert "ospf peer 2001:db8::1 and" in walk


@pytest.mark.parametrize("case", ["huawei_vrp", "apc_ups", "linux_netsnmp", "cisco_ios", "h3c_comware"])
async def test_a_device_and_the_recording_of_it_read_the_same(
    profile_set: ProfileSet, case: str, tmp_path: Path
) -> None:
    """Record the simulator playing our own case, and play the record: figures are equal, and expected.yaml is right."""
    source = next(path for path in sorted((DEVICES / case).iterdir()) if (path / "walk.snmprec").exists())
    got = await recorded(profile_set, source / "walk.snmprec")
    recording.write(got, tmp_path)
    assert (got.profile, got.changed) == (case, ())
    played = await play_walk(profile_set[case], tmp_path / "walk.snmprec")
    before = await play_walk(profile_set[case], source / "walk.snmprec")
    assert sorted((s.name, s.value) for s in played.samples) == sorted((s.name, s.value) for s in before.samples)
    expected = yamlfile.read(tmp_path / "expected.yaml").data
    counted = expected.get("counts") or {}
    assert lines(s for s in played.samples if s.name not in counted) == (expected.get("samples") or "").splitlines()
    assert played.facts == expected["facts"]


async def test_a_redaction_that_changes_a_figure_is_told(profile_set: ProfileSet) -> None:
    values: dict[str, Value] = {"1.3.6.1.2.1.1.3.0": 100, "1.3.6.1.2.1.1.5.0": b"core"}
    heard = Heard(profile_set["generic"], values)
    assert (await recording.case(heard)).changed == ()
    # what the login stands in is left out, and with it the figure
    assert (await recording.case(heard, ["\x01\x03"])).changed == ("device_uptime_seconds",)


async def test_a_silent_device_is_no_case(profile_set: ProfileSet) -> None:
    async with SnmpAgent({}, community="other") as agent:
        snmp = SnmpAccess(port=agent.port, community=Secret("wrong"), retries=0)
        device = Device(name="d", address="127.0.0.1", device_class=DeviceClass.SWITCH, snmp=snmp)
        with pytest.raises(TimedOut, match="d "):
            await recording.hear(device, profile_set)


async def test_a_walk_that_ends_early_is_told(profile_set: ProfileSet) -> None:
    repeating = replay.recording({"1.3.6.1.2.1.1.1.0": b"x", "1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.99999.1"})

    class Cut(replay.ReplayTransport):
        async def walk(self, columns, *, rows=None):  # type: ignore[no-untyped-def]
            return replace(await super().walk(columns, rows=rows), failure=TimedOut("a walk of more than 60 s"))

    async def opened(device: Device) -> Cut:
        return Cut(repeating)

    device = Device(name="d", address="127.0.0.1", device_class=DeviceClass.SWITCH)
    heard = await recording.hear(device, profile_set, opened)
    assert set(heard.cut) == {"a walk of more than 60 s"}
    assert heard.values["1.3.6.1.2.1.1.1.0"] == b"x"


@pytest.mark.parametrize(
    ("oid", "value", "line"),
    [
        ("1.3.6.1.2.1.1.3.0", 5, "67|5"),
        ("1.3.9", -5, "2|-5"),
        ("1.3.9", 2**31, "66|2147483648"),
        ("1.3.9", 2**40, "70|1099511627776"),
        ("1.3.9", 1.5, "68x|9f79083ff8000000000000"),
        ("1.3.9", b"a|b", "4|a|b"),
        ("1.3.9", b"", "4|"),
        ("1.3.9", b"a\nb", "4x|610a62"),
        ("1.3.9", "10.0.0.1", "64|10.0.0.1"),
        ("1.3.9", "0.0", "6|0.0"),
    ],
)
def test_a_value_is_written_so_that_it_is_read_the_same(oid: str, value: Value, line: str, tmp_path: Path) -> None:
    path = tmp_path / "walk.snmprec"
    path.write_bytes(recording.snmprec({oid: value}))
    assert path.read_text("utf-8") == f"{oid}|{line}\n"
    assert replay.read_walk(path).values == {oid: value}


def test_a_case_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "walk.snmprec").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        recording.write(Case("generic", b"", ""), tmp_path)
    assert (tmp_path / "walk.snmprec").read_text("utf-8") == "mine"


# ---- redaction ----


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "255.255.255.0", "224.0.0.5", "192.0.2.9"])  # noqa: S104
def test_what_is_no_customers_address_stays(address: str) -> None:
    assert redaction.redact({"1.3.6.1.2.1.99": address}, Known()) == {"1.3.6.1.2.1.99": address}


def test_small_addresses_do_not_break_the_oids_of_columns() -> None:
    values: dict[str, Value] = {"1.3.6.1.2.1.15.3.1.7.1.1.1.1": "1.1.1.1", "1.3.6.1.4.1.9.9.1.1.1.1.5.7": 3}
    read = Known(read=["1.3.6.1.2.1.15.3.1.7"])
    assert redaction.redact(values, read) == {
        "1.3.6.1.2.1.15.3.1.7.192.0.2.1": "192.0.2.1",
        "1.3.6.1.4.1.9.9.1.1.1.1.5.7": 3,
    }


def test_versions_that_look_like_addresses_or_serials_stay() -> None:
    values: dict[str, Value] = {"1.3.6.1.4.1.9.1": b"Version 12.2.55.3", "1.3.6.1.4.1.9.2": b"10.1.2.3 V200R019C10SPC5"}
    known = Known(kept=["10.1.2.3 V200R019C10SPC5"])
    assert redaction.redact(values, known) == values


def test_subtrees_of_logins_and_neighbours_are_left_out_unless_the_profile_reads_them() -> None:
    arp, user = f"{ARP}.1.10.0.0.1", "1.3.6.1.6.3.18.1.1.1.2.97"
    values: dict[str, Value] = {arp: b"x", user: b"public"}
    assert redaction.redact(values, Known()) == {}
    assert list(redaction.redact(values, Known(read=[ARP, user]))) == [arp]


CDP = "1.3.6.1.4.1.9.9.23.1.2.1.1"
REPLACED: dict[str, tuple[str, bytes, bytes]] = {
    "a neighbour's address in CDP": (f"{CDP}.4.1.1", b"\x0a\x14\x1e\x28", b"\xc0\x00\x02\x01"),
    "one that could be a text": (f"{CDP}.20.1.1", b"\n\rAB", b"\xc0\x00\x02\x01"),
    "one of IPv6": (
        f"{CDP}.22.1.1",
        bytes.fromhex("24088000") + bytes(12),
        bytes.fromhex("20010db8") + bytes(11) + b"\1",
    ),
    "a telephone whose chassis is its address": (f"{LLDP}.5.0.1.1", b"\x01\x0a\x14\x1e\x28", b"\x01\xc0\x00\x02\x01"),
    "a MAC of octets below 0x80": (f"{CUSTOM}.1", LIKE_TEXT, b"\0\0\x5e\0\x53\0"),
    "a printable one": (f"{IF}.6.1", b"PD\\ABC", b"\0\0\x5e\0\x53\0"),
    "another bridge's": ("1.3.6.1.2.1.17.2.5.0", b"\x20\0\0\x1b\x21\1\2\3", b"\x20\0\0\0\x5e\0\x53\0"),
    "a location of six octets": ("1.3.6.1.2.1.1.6.0", "机房".encode(), b"location-1"),
    "one in GBK": ("1.3.6.1.2.1.1.6.0", "会议室".encode("gb18030"), b"location-1"),
}


@pytest.mark.parametrize(("oid", "value", "standin"), REPLACED.values(), ids=REPLACED)
def test_octets_that_are_an_address_a_mac_or_a_name_are_replaced(oid: str, value: bytes, standin: bytes) -> None:
    assert redaction.redact({oid: value}, Known()) == {oid: standin}


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (f"{LLDP}.7.0.1.1", b"Gi0/24"),
        (f"{CUSTOM}.1", b"V1.02\0"),
        (f"{CUSTOM}.1", b"OK\r\n\0\0"),
        (f"{CUSTOM}.1", "正常".encode()),
        (f"{CUSTOM}.1", b"\0\0\0\0\0\x05"),
        (f"{CUSTOM}.1", b"\x40\0\0\0\0\0"),
        ("1.3.6.1.2.1.17.7.1.4.3.1.2.10", b"\x20\0\x80\0\0\x08"),
    ],
)
def test_six_octets_of_text_or_of_ports_are_no_mac(oid: str, value: bytes) -> None:
    assert redaction.redact({oid: value}, Known()) == {oid: value}


INDICES = {
    "ipAddressTable": (f"{ADDRESSED}.3.1.4.10.0.0.1", f"{ADDRESSED}.3.1.4.192.0.2.1"),
    "of one digit each": (f"{ADDRESSED}.3.1.4.1.1.1.1", f"{ADDRESSED}.3.1.4.192.0.2.1"),
    "with a zone": (f"{ADDRESSED}.3.3.8.10.0.0.1.0.0.0.2", f"{ADDRESSED}.3.3.8.192.0.2.1.0.0.0.2"),
    "a prefix": ("1.3.6.1.2.1.4.32.1.5.7.1.4.1.1.1.0.24", "1.3.6.1.2.1.4.32.1.5.7.1.4.192.0.2.1.24"),
    "a neighbour's": (f"{MANAGED}.3.0.1.4.1.4.10.0.0.1", f"{MANAGED}.3.0.1.4.1.4.192.0.2.1"),
    "a neighbour's MAC": (f"{MANAGED}.3.0.1.4.6.6.0.80.86.1.2.3", f"{MANAGED}.3.0.1.4.6.6.0.0.94.0.83.0"),
    "IPv6 in any table": (f"{CUSTOM}.8.3.{NEIGHBOUR6}.9", f"{CUSTOM}.8.3.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1.9"),
    "IPv6 with a zone": (
        f"{ADDRESSED}.3.4.20.254.128.0.0.0.0.0.0.0.0.0.0.0.0.0.5.0.0.0.2",
        f"{ADDRESSED}.3.4.20.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.2",
    ),
    "a text of sixteen characters": (f"{CUSTOM}.8.2.16{'.50' * 16}", f"{CUSTOM}.8.2.16{'.50' * 16}"),
    "an OID of sixteen arcs": (f"{CUSTOM}.8.2.16.1.3.6{'.1' * 13}", f"{CUSTOM}.8.2.16.1.3.6{'.1' * 13}"),
    "no octets": (f"{ADDRESSED}.3.1.4.300.0.0.1", f"{ADDRESSED}.3.1.4.300.0.0.1"),
    "cut off": (f"{ADDRESSED}.3.1", f"{ADDRESSED}.3.1"),
}


@pytest.mark.parametrize(("oid", "instead"), INDICES.values(), ids=INDICES)
def test_addresses_in_indices_are_replaced(oid: str, instead: str) -> None:
    assert list(redaction.redact({oid: 1}, Known())) == [instead]


def test_more_addresses_than_documentation_has_are_still_told_apart() -> None:
    values: dict[str, Value] = {f"1.3.6.1.4.1.9.{n}": f"10.0.{n // 250}.{n % 250 + 1}" for n in range(2000)}
    assert len(set(redaction.redact(values, Known()).values())) == 2000


def test_names_in_gbk_are_replaced_and_interfaces_keep_theirs() -> None:
    name, location = "核心".encode("gb18030"), "1.3.6.1.2.1.1.6.0"
    values: dict[str, Value] = {
        "1.3.6.1.2.1.1.5.0": name,
        location: "机房".encode("gb18030"),
        f"{IF}.2.1": b"GE0/0/1",
        f"{IFX}.18.1": b"GE0/0/1",
        f"{IFX}.18.2": b"default",
        "1.3.6.1.4.1.9.1": name + b" is the default",
    }
    got = redaction.redact(values, Known())
    assert list(got.values()) == [
        b"device-1", b"location-1", b"GE0/0/1", b"GE0/0/1", b"port-1", b"device-1 is the default"
    ]  # fmt: skip
