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
        (
            "paloalto_panos",
            "show system resources",
            "KiB Mem :  4000000 total,  1000000 free,  1000000 used,  2000000 buff/cache\n",
            {
                "device_memory_total_bytes Management plane": 4096000000,
                "device_memory_used_bytes Management plane": 1024000000,
                "device_memory_ratio Management plane": 0.25,
            },
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


PORTS = {  # family: command, the line of an interface, those that take no cable, those that do
    "huawei_vrp": (
        "display interface",
        "{} current state : UP\n",
        "Vlanif10 LoopBack0 InLoopBack0 NULL0 Eth-Trunk1 Eth-Trunk1.100 10GE1/0/1.5 Tunnel0/0/1 Virtual-Template0",
        "GigabitEthernet0/0/1 MEth0/0/1 XGigabitEthernet0/0/1 10GE1/0/1 Ethernet0/0/1",
    ),
    "h3c_comware": (
        "display interface",
        "{}\nCurrent state: UP\n",
        "Vlan-interface10 LoopBack0 InLoopBack0 NULL0 Bridge-Aggregation1 Route-Aggregation1.2 Vsi-interface3 Vfc2",
        "Ten-GigabitEthernet1/0/1 M-GigabitEthernet0/0/0 GigabitEthernet0/1 Twenty-FiveGigE1/0/5",
    ),
    "cisco_iosxr": (
        "show interfaces",
        "{} is up, line protocol is up\n",
        "Loopback0 Null0 BVI10 Bundle-Ether1 TenGigE0/0/0/0.100 tunnel-te1 PW-Ether5",
        "TenGigE0/0/0/0 MgmtEth0/RP0/CPU0/0 HundredGigE0/0/0/1",
    ),
    "juniper_junos": (
        "show interfaces",
        "Physical interface: {}, Enabled, Physical link is Up\n",
        "ae0 lo0 irb vlan reth1 gr-0/0/0 lt-0/0/0 lsi pp0 st0 vme tap",
        "ge-0/0/0 xe-0/2/0 et-0/0/48 fxp0 me0 em0 t1-0/0/0 so-0/0/0",
    ),
    "mikrotik_routeros": (
        "interface print detail",
        ' 0  R  name="a {0}" type="{0}" mtu=1500 actual-mtu=1500\n',
        "bridge vlan bond loopback pppoe-out gre-tunnel",
        "ether wlan wifi lte",
    ),
    "paloalto_panos": (
        "show interface all",
        "{}  48  [n/a]/[n/a]/up/[n/a]  02:00:5e:00:53:30\n",
        "ae1 vlan loopback tunnel",
        "ethernet1/1 ha1-a hsci dedicated-ha1",
    ),
    "zte_zxr10": (
        "show interface",
        "{} is up,  line protocol is up\n",
        "vlan10 loopback1 smartgroup1 smartgroup1.100 null1 gei-0/1/0/1.5 te_tunnel1",
        "gei_1/1 xgei-1/1/0/1 mgmt_eth",
    ),
}


@pytest.mark.parametrize("family", PORTS)
def test_only_interfaces_that_take_no_cable_are_said_to_have_no_connector(known: ProfileSet, family: str) -> None:
    command, line, logical, physical = PORTS[family]
    output = "".join(map(line.format, [*logical.split(), *physical.split()]))
    cli = known[family].cli
    assert cli is not None
    samples = cli_parse.parse(cli, {command: output}).samples
    seen = {each.labels["ifName"].removeprefix("a ") for each in samples if each.name == "ifOperStatus"}
    without = {each.labels["ifName"].removeprefix("a ") for each in samples if each.name == "ifConnectorPresent"}
    assert seen == {*logical.split(), *physical.split()}
    assert without == {*logical.split()}
