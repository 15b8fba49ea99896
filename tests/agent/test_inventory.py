import re
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from agent import checks, inventory
from agent.model import Baseline, Calendar, Contract, Customer, Entry, Inventory, LimitOverride, Site, Targets, Text
from collectors import profiles
from collectors.model import Device, DeviceClass, Secret, SnmpAccess, SshAccess
from tests.agent.inventories import ENV, VALID, entry, load

BASELINES = (
    Baseline(
        model="Huawei S57",
        version="V200R022C00SPC500",
        minimum="V200R019C10",
        safe="17.9",
        advisory="CVE-2024-0001",
    ),
    Baseline(model=".", version="1.0"),
)


@pytest.fixture
def full(tmp_path: Path) -> Inventory:
    (tmp_path / "id_ed25519").touch()
    (tmp_path / "inventory.yaml").write_bytes((VALID / "full.yaml").read_bytes())
    return inventory.load(tmp_path / "inventory.yaml", env=ENV, warn=str)


def test_every_key_arrives_where_it_belongs(full: Inventory, tmp_path: Path) -> None:
    site = full.sites["acme-hq"]
    assert full.entries["core-1"] == Entry(
        device=Device(
            name="core-1",
            address="10.0.0.1",
            device_class=DeviceClass.ROUTER,
            profile="huawei_vrp",
            snmp=SnmpAccess(
                version="3",
                user="ops",
                auth_protocol="sha512",
                auth_key=Secret("an-auth-key"),
                priv_protocol="aes256c",
                priv_key=Secret("a-priv-key"),
                context="vlan-10",
                max_repetitions=10,
                engine="pysnmp",
                timeout=2.0,
                retries=2,
            ),
            ssh=SshAccess(
                username="ops",
                password=Secret("a-password"),
                port=2222,
                known_hosts=tmp_path / "known_hosts",
                connect_timeout=5.0,
                login_timeout=20.0,
                command_timeout=60.0,
                keep_open=True,
            ),
        ),
        site=site,
        criticality="core",
        interval=timedelta(minutes=5),
        uplinks=("GE0/0/47", "GE0/0/48"),
        limits={"cpu": LimitOverride(0.7, 0.9)},
        installed=date(2024, 3, 1),
        baselines=BASELINES,
    )


def test_a_battery_has_a_day_of_its_own(full: Inventory) -> None:
    assert full.entries["ups-1"].battery_installed == date(2023, 5, 6)


def test_groups_give_what_the_device_does_not_say(full: Inventory, tmp_path: Path) -> None:
    assert full.entries["floor-2"] == Entry(
        device=Device(
            name="floor-2",
            address="2001:db8::12",
            device_class=DeviceClass.SWITCH,
            snmp=SnmpAccess(community=Secret("a-community"), port=1161, timeout=2.0, retries=2),
            ssh=SshAccess(
                username="root",
                key_file=tmp_path / "id_ed25519",
                port=2222,
                known_hosts=tmp_path / "trusted",
                connect_timeout=5.0,
                login_timeout=20.0,
                command_timeout=60.0,
                keep_open=True,
            ),
            probe_ports=False,
        ),
        site=full.sites["acme-branch"],
        parent="core-1",
        criticality="aggregation",
        tags=("access", "floor-2", "2024", "NO"),
        interval=timedelta(seconds=10),
        uplinks=("GE0/0/1",),
        ignore_interfaces=("Vlanif1",),
        limits={"cpu": LimitOverride(0.6, 0.95), "uptime": LimitOverride(1800.0)},
        warranty=date(2027, 1, 31),
        baselines=BASELINES,
        config_backup=False,
    )


@pytest.mark.parametrize(
    ("defaults", "device", "backed_up"),
    [
        ("", "", True),
        ("config_backup: false", "", False),
        ("config_backup: {enabled: false}", "", False),
        ("config_backup: {key: env:NP_CONFIG_KEY}", "", True),
        ("config_backup: false", ", config_backup: true", True),
        ("config_backup: true", ", config_backup: false", False),
    ],
)
def test_the_nearest_says_whether_a_configuration_is_backed_up(
    tmp_path: Path, defaults: str, device: str, backed_up: bool
) -> None:
    sw = "name: sw, address: 10.0.0.1, class: switch, snmp: {community: env:NP_COMMUNITY}" + device
    text = f"defaults: {{{defaults}}}\ndevices: [{{{sw}}}]"
    assert load(tmp_path, text).entries["sw"].config_backup is backed_up


def test_the_key_of_raw_configurations_is_resolved(full: Inventory) -> None:
    assert full.config_key == Secret("a-config-key")


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("core-1", {"snmp", "ssh", "icmp"}),
        ("ups-1", {"snmp"}),
        ("ups-2", {"nut", "icmp"}),
        ("door-1", {"icmp"}),
        ("this-machine", {"icmp", "local"}),
    ],
)
def test_a_device_is_read_over_what_it_is_configured_for(name: str, spoken: set[str], full: Inventory) -> None:
    device = full.entries[name].device
    assert {protocol for protocol in ("snmp", "ssh", "nut", "icmp", "local") if getattr(device, protocol)} == spoken


def test_this_machine_needs_no_address_and_no_ping(tmp_path: Path) -> None:
    text = "defaults: {snmp: {community: env:NP_COMMUNITY}}\ndevices: [{name: me, class: server, local: true}]"
    device = load(tmp_path, text).entries["me"].device
    assert device == Device(name="me", address="127.0.0.1", device_class=DeviceClass.SERVER, icmp=False, local=True)


def test_customers_sites_and_contracts_are_resolved(full: Inventory) -> None:
    acme = Customer(name="acme", title=Text(zh="某某局", en="Acme"))
    contract = Contract(
        name="acme-2026",
        title=Text(zh="2026 年维保", en="Maintenance 2026"),
        starts=date(2026, 1, 1),
        ends=date(2026, 12, 31),
        calendar=Calendar(
            weekdays=(1, 2, 3, 4, 5),
            holidays=(date(2026, 10, 1),),
            workdays=(date(2026, 10, 10),),
            opens=time(8, 30),
            closes=time(17, 30),
        ),
        levels={
            1: Targets(timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4)),
            4: Targets(response=timedelta(minutes=90)),
        },
    )
    assert full.customers == {"acme": acme, "zen": Customer(name="zen", title=Text(zh="zen", en="zen"))}
    assert full.sites == {
        "acme-hq": Site(name="acme-hq", title=Text(zh="总部", en="总部"), customer=acme, contract=contract),
        "acme-branch": Site(name="acme-branch", title=Text(zh="acme-branch", en="acme-branch"), customer=acme),
    }


@pytest.mark.parametrize(
    ("contract", "calendar"),
    [
        ("office", Calendar(timezone="Asia/Urumqi", weekdays=(1, 2, 3, 4, 5), opens=time(9), closes=time(17))),
        ("always", Calendar(timezone="Asia/Urumqi")),
        ("shop", Calendar(timezone="Asia/Urumqi", weekdays=(1, 2, 6, 7), opens=time(10))),
    ],
)
def test_a_calendar_says_when_the_clocks_run(contract: str, calendar: Calendar, full: Inventory) -> None:
    assert full.contracts[contract].calendar == calendar


def test_the_order_is_the_files(full: Inventory) -> None:
    assert list(full.entries) == ["core-1", "floor-2", "ups-1", "ups-2", "door-1", "this-machine"]
    assert (full.timezone, full.language) == ("Asia/Urumqi", "zh")


def test_devices_may_share_an_address_and_port() -> None:
    found = inventory.load(VALID / "shared_address.yaml", env=ENV)
    communities = {name: e.device.snmp.community for name, e in found.entries.items() if e.device.snmp}
    assert communities == {"dev-001": Secret("a-community"), "dev-002": Secret("1234567")}
    assert (found.timezone, found.language) == ("Asia/Shanghai", None)


@pytest.mark.parametrize(
    ("typed", "field", "value"),
    [
        ("tags: [NO, 0123, 1.10, 22:30]", "tags", ("NO", "0123", "1.10", "22:30")),
        ("uplinks: [1/0/1]", "uplinks", ("1/0/1",)),
        ("interval: 1h30m", "interval", timedelta(minutes=90)),
        (
            "limits: {a: {warning: 5}, b: {critical: -1.5}}",
            "limits",
            {"a": LimitOverride(5), "b": LimitOverride(None, -1.5)},
        ),
    ],
)
def test_a_value_is_what_was_typed(typed: str, field: str, value: object, tmp_path: Path) -> None:
    assert getattr(entry(tmp_path, typed), field) == value


def test_known_profiles_and_checks_pass(tmp_path: Path) -> None:
    found = entry(tmp_path, "profile: generic, limits: {cpu: {warning: 1}}", profiles={"generic"}, checks={"cpu"})
    assert found.device.profile == "generic"


def test_secrets_of_unused_credentials_are_left_alone(tmp_path: Path) -> None:
    head = "credentials: {spare: {snmp: {community: env:NP_NONE}}}"
    assert entry(tmp_path, "icmp: true", head).device.snmp is None


def test_without_resolving_no_secret_is_needed_and_none_is_there(tmp_path: Path) -> None:
    text = "ssh: {username: ops, password: env:NP_NONE, key_file: none}, snmp: {community: file:none}"
    device = entry(tmp_path, text, env={}, resolve=False).device
    assert device.snmp is not None
    assert device.ssh is not None
    assert (device.snmp.community, device.ssh.password) == (Secret(""), Secret(""))


def test_no_secret_is_in_the_repr(full: Inventory) -> None:
    assert not [secret for secret in ENV.values() if secret in repr(full)]


def test_the_starter_loads_as_it_is(tmp_path: Path) -> None:
    found = load(tmp_path, inventory.EXAMPLE, env={})
    assert [e.device.local for e in found.entries.values()] == [True]


def test_the_starters_devices_load_when_the_number_signs_are_taken_away(tmp_path: Path) -> None:
    text = inventory.EXAMPLE.replace("\n  # - ", "\n  - ").replace("\n  #   ", "\n    ").replace("\n  # v3:", "\n  v3:")
    found = load(tmp_path, text, env=ENV)
    assert list(found.entries) == ["this-machine", "core-1", "floor-2", "ups-1", "ups-2"]
    assert found.entries["floor-2"].device.ssh is not None
    assert found.entries["ups-1"].limits == {"ups_load": LimitOverride(0.6, 0.8)}


@pytest.mark.parametrize("text", [inventory.EXAMPLE, (VALID.parents[2] / "inventory.yaml").read_text(encoding="utf-8")])
def test_the_inventories_we_ship_name_real_profiles_and_checks(text: str, tmp_path: Path) -> None:
    env = dict.fromkeys(re.findall(r"env:(\w+)", text), "a-secret-of-8")
    text = text.replace("\n  # - ", "\n  - ").replace("\n  #   ", "\n    ").replace("\n  # v3:", "\n  v3:")
    assert load(tmp_path, text, env=env, profiles=profiles.load(), checks=checks.load(), warn=str).entries
