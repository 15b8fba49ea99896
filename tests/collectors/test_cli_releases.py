"""What the same command prints on other releases and models than the recorded ones: the same is read of it."""

import pytest

from collectors import cli_parse, profiles
from collectors.profiles import ProfileSet
from tests.collectors.commands import figures


@pytest.fixture(scope="module")
def known() -> ProfileSet:
    return profiles.load()


LLDP_TABLE = """\
  LocalPort | ChassisId          PortId             PortDescr SysName
  --------- + ------------------ ------------------ --------- ------------------
  1/3       | 00005e-005370      00 00 5e 00 53 70  eth0
  1/4       | 00005e-005371      GigabitEthernet1/0 GigabitEt core-1.example.net
  A7        | 00005e-005372      7                            printer 3
"""
DOM_WITHOUT_LIGHT = """\
Transceiver in 1/1/9
  Rx Power: 0.00mW, -inf
  Tx Power: 0.10 mW (-10.00 dBm)
"""


@pytest.mark.parametrize(
    ("family", "command", "output", "read"),
    [
        (
            "aruba_procurve",
            "show lldp info remote-device",
            LLDP_TABLE,
            {
                "device_neighbour 1/3 00005e-005370 00 00 5e 00 53 70 lldp": 1,
                "device_neighbour 1/4 core-1.example.net GigabitEthernet1/0 lldp": 1,
                "device_neighbour A7 printer 3 7 lldp": 1,
            },
        ),
        (
            "aruba_procurve",
            "show version",
            "ArubaOS (MODEL: 505), Version 8.10.0.4\nAP uptime is 1 week 2 days 3 hours 4 minutes 5 seconds",
            {"device_uptime_seconds": 788645},
        ),
        (
            "aruba_procurve",
            "show interfaces status",
            "  A1       Down links Up      Auto          5GigFD   SFP+SR     No     1",
            {"ifOperStatus A1": 1, "ifHighSpeed A1": 5000, "ifDuplexStatus A1": 3},
        ),
        ("aruba_cx", "show interface dom detail", DOM_WITHOUT_LIGHT, {"device_optical_power_dbm 1/1/9 Tx": -10.0}),
        (
            "aruba_cx",
            "show ntp associations",
            " ID  NAME  REMOTE  REF-ID ST LAST POLL REACH\n  1  192.0.2.8  192.0.2.8  .INIT. 16  -  64  0",
            {"device_ntp_synchronized": 0},
        ),
        (
            "brocade_fastiron",
            "show interfaces",
            "GigEthernetmgmt1 is down, line protocol is down\n  Configured speed auto, actual none, "
            "configured duplex fdx, actual none\n  No port name",
            {"ifOperStatus mgmt1": 2, "ifAdminStatus mgmt1": 1},
        ),
        (
            "brocade_fastiron",
            "show interfaces brief",
            "1/1/17     ERR-DIS None    None None  15    Yes None 0   0000.5e00.5301",
            {"ifOperStatus 1/1/17": 2, "ifAdminStatus 1/1/17": 1, "ifErrorDisabled 1/1/17 errDisabled": 1},
        ),
        (
            "dell_dnos9",
            "show ip interface brief",
            "fortyGigE 0/48    unassigned   NO  Manual   administratively down  down",
            {"ifOperStatus fortyGigE 0/48": 2, "ifAdminStatus fortyGigE 0/48": 2},
        ),
    ],
)
def test_other_releases_are_read_alike(
    known: ProfileSet, family: str, command: str, output: str, read: dict[str, float]
) -> None:
    cli = known[family].cli
    assert cli is not None
    parsed = cli_parse.parse(cli, {command: output})
    assert figures(parsed) == read
    assert parsed.failures == ()
