"""How a device is spoken to: what it says itself, its credentials, its groups and the defaults."""

from pathlib import Path

import pytest

from agent import inventory
from agent.model import Entry
from collectors.model import NutAccess, Secret, SnmpAccess
from tests.agent import inventories
from tests.agent.inventories import ENV, VALID

V2C = SnmpAccess(community=Secret("a-community"))
V3 = SnmpAccess(
    version="3",
    user="ops",
    auth_protocol="sha256",
    auth_key=Secret("an-auth-key"),
    priv_protocol="aes128",
    priv_key=Secret("a-priv-key"),
)


CREDENTIALS = """
credentials:
  v2c: {snmp: {community: env:NP_COMMUNITY}}
  v3: {snmp: {version: 3, user: ops, auth: {protocol: sha256, key: env:NP_AUTH}}}
  v3-open: {snmp: {version: 3, user: guest}}
  ssh: {ssh: {username: ops, password: env:NP_SSH}}
  nut: {nut: {username: ops, password: env:NP_SSH}}
groups:
  old: {credentials: [v2c], snmp: {port: 1161}}
  new: {credentials: [v3]}
  none: {snmp: false}
  no-nut: {nut: false}
defaults: {snmp: {timeout: 9s}, nut: {username: all, timeout: 5s}}
"""


def entry(folder: Path, device: str) -> Entry:
    """Load one device beside CREDENTIALS, written as a flow mapping without name, address and class."""
    return inventories.entry(folder, device, CREDENTIALS)


def test_version_3_does_not_take_the_defaults_community_along() -> None:
    found = inventory.load(VALID / "credentials.yaml", env=ENV)
    assert [e.device.snmp for e in found.entries.values()] == [
        V2C,
        V3,
        SnmpAccess(port=1161, community=Secret("1234567")),
    ]
    assert [e.device.ssh is not None for e in found.entries.values()] == [False, True, False]


@pytest.mark.parametrize(
    ("device", "snmp"),
    [
        ("credentials: [v2c]", SnmpAccess(community=Secret("a-community"), timeout=9)),
        ("group: old", SnmpAccess(community=Secret("a-community"), timeout=9, port=1161)),
        ("group: old, snmp: {port: 5}", SnmpAccess(community=Secret("a-community"), timeout=9, port=5)),
        (
            "group: old, snmp: {version: 1}",
            SnmpAccess(version="1", community=Secret("a-community"), timeout=9, port=1161),
        ),
        (
            "groups: [new, old], snmp: {version: 2c, community: env:NP_SHORT}",
            SnmpAccess(community=Secret("1234567"), timeout=9, port=1161),
        ),
        ("group: new, credentials: [v3-open]", SnmpAccess(version="3", user="guest", timeout=9)),
        ("group: new, snmp: {user: me}", SnmpAccess(version="3", user="me", timeout=9)),
        ("groups: [old, none]", None),
        ("group: old, snmp: false", None),
        ("groups: [none, old]", SnmpAccess(community=Secret("a-community"), timeout=9, port=1161)),
        ("group: none, credentials: [v2c]", SnmpAccess(community=Secret("a-community"), timeout=9)),
        ("credentials: [ssh]", None),
        ("icmp: true", None),
    ],
)
def test_the_nearest_wins_key_by_key_and_logins_stay_whole(
    device: str, snmp: SnmpAccess | None, tmp_path: Path
) -> None:
    assert entry(tmp_path, device).device.snmp == snmp


@pytest.mark.parametrize(
    ("device", "password", "key_file", "port"),
    [
        ("credentials: [ssh]", "a-password", None, 22),
        ("credentials: [ssh], ssh: {port: 2222}", "a-password", None, 2222),
        ("credentials: [ssh], ssh: {key_file: id}", "a-password", "id", 22),
        ("credentials: [ssh], ssh: {username: root, key_file: id}", None, "id", 22),
    ],
)
def test_a_login_of_ones_own_leaves_the_others_password_behind(
    device: str, password: str | None, key_file: str | None, port: int, tmp_path: Path
) -> None:
    (tmp_path / "id").touch()
    ssh = entry(tmp_path, device).device.ssh
    assert ssh is not None
    assert ssh.password == (None if password is None else Secret(password))
    assert ssh.key_file == (None if key_file is None else tmp_path / key_file)
    assert ssh.port == port


@pytest.mark.parametrize(
    ("device", "nut"),
    [
        ("icmp: true", None),  # a login in the defaults is not every device's UPS
        ("nut: {ups: eaton}", NutAccess(ups="eaton", username="all", timeout=5)),
        ("nut: {}", NutAccess(username="all", timeout=5)),
        ("credentials: [nut]", NutAccess(username="ops", password=Secret("a-password"), timeout=5)),
        ("credentials: [nut], nut: {username: me}", NutAccess(username="me", timeout=5)),
        ("nut: {port: 13493, tls: true}", NutAccess(username="all", port=13493, tls="verified", timeout=5)),
        ("nut: {tls: unverified}", NutAccess(username="all", tls="unverified", timeout=5)),
        ("nut: {tls: false}", NutAccess(username="all", timeout=5)),
        ("group: no-nut", None),
        ("credentials: [nut], nut: false", None),
    ],
)
def test_a_ups_is_asked_for_where_the_device_its_credentials_or_groups_say_so(
    device: str, nut: NutAccess | None, tmp_path: Path
) -> None:
    assert entry(tmp_path, device).device.nut == nut


def test_the_certificates_a_ups_server_is_checked_by_are_beside_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "upsd.pem").touch()
    nut = entry(tmp_path, "nut: {tls: true, ca_file: upsd.pem}").device.nut
    assert nut is not None
    assert (nut.tls, nut.ca_file) == ("verified", tmp_path / "upsd.pem")
