"""Lines of real commands that a profile must name when it does not understand them, and those it must not."""

import pytest

from collectors import cli_parse, profiles
from collectors.profiles import ProfileSet

DF_K, DF_I, MDSTAT = "df -P -k -T", "df -P -i -T", "cat /proc/mdstat"
DISK = "/dev/sda2 ext4 1000 500 500 50% /"
ARRAY = "md0 : active raid1 sdb1[1] sda1[0]\n      524224 blocks super 1.2 [2/2] [UU]"
PORT = "Interface 1/1/1 is up\n Admin state is up\n Description: x"
ICX_PORT = "GigabitEthernet1/1/1 is up, line protocol is up\n  No port name"
FTOS_PORT = "TenGigabitEthernet 1/1        unassigned      YES None   up                    up"
PROVISION_PORT = "  1/1          100/1000T  | No        Yes     Up     1000FDx    MDIX off  0"
NEIGHBOUR = "192.0.2.1 1 Full/DR 3d04h11m 33.907s 203.0.113.1 eth1:203.0.113.7 0 0 0"


@pytest.fixture(scope="module")
def known() -> ProfileSet:
    return profiles.load()


def named(known: ProfileSet, family: str, command: str, *lines: str) -> list[str]:
    cli = known[family].cli
    assert cli is not None
    return [failure.message for failure in cli_parse.parse(cli, {command: "\n".join(lines)}).failures]


@pytest.mark.parametrize(
    ("family", "command", "lines"),
    [
        ("linux", DF_K, ["Filesystem Type 1024-blocks Used Available Capacity Mounted on", DISK]),
        ("linux", DF_K, ["文件系统 类型 1024-块 已用 可用 容量 挂载点", DISK]),
        ("linux", DF_K, ["df: /mnt/share: Transport endpoint is not connected", DISK]),
        ("linux", DF_I, [DISK, "/dev/sdb1 btrfs 0 0 0 - /srv"]),
        ("linux", MDSTAT, ["Personalities : [raid1] [raid0]", ARRAY, "", "unused devices: <none>"]),
        ("linux", MDSTAT, [ARRAY, "      bitmap: 0/1 pages [0KB], 65536KB chunk"]),
        ("linux", MDSTAT, [ARRAY, "      [==>..........]  recovery = 12.6% (66/524) finish=0.1min speed=66K/sec"]),
        ("linux", MDSTAT, [ARRAY, "md2 : active raid0 sdd1[1] sdc1[0]", "      1047552 blocks super 1.2 512k chunks"]),
        ("frr", "show ip ospf neighbor", ["VRF Name: red", NEIGHBOUR]),
        ("aruba_cx", "show interface", [PORT, " a line of a release to come", "   Runts      0    n/a    0"]),
        ("aruba_cx", "show lldp neighbor-info detail", ["Total Neighbor Entries          : 0", "===="]),
        ("aruba_cx", "show bgp all-vrf all summary", ["% BGP is not configured"]),
        ("brocade_fastiron", "show interfaces", [ICX_PORT, "  Openflow is Disabled", "    0         5        0"]),
        ("aruba_procurve", "show interfaces brief", [PROVISION_PORT, " * third-party transceiver"]),
        ("aruba_procurve", "show lldp info remote-device detail", [" LLDP Remote Device Information Detail"]),
    ],
)
def test_what_carries_no_figure_is_not_complained_of(
    known: ProfileSet, family: str, command: str, lines: list[str]
) -> None:
    assert named(known, family, command, *lines) == []


@pytest.mark.parametrize(
    ("family", "command", "whole", "strange"),
    [
        ("linux", DF_K, DISK, "/dev/sdb1 ext4 1000 many 500 50% /srv"),
        ("linux", DF_I, DISK, "/dev/sdb1 ext4 1000 many 500 50% /srv"),
        ("linux", MDSTAT, ARRAY, "md1 : active raid5 sdd1[3] sdc1[1] sdb2[0]"),
        ("frr", "show ip ospf neighbor", NEIGHBOUR, "192.0.2.9 neighbour in a form to come"),
        ("aruba_cx", "show interface", PORT, "Interface 1/1/2 is testing"),
        ("aruba_cx", "show interface", PORT, "Bytes  many  0  many"),
        ("aruba_cx", "show module", "Line Modules\n1/1  JL661A  Switch  SGDEMO0201 Ready", "1/2 is on its way"),
        ("brocade_fastiron", "show interfaces", ICX_PORT, "many packets input, 0 bytes, 0 no buffer"),
        ("aruba_procurve", "show interfaces brief", PROVISION_PORT, "1/2 has a form to come"),
        ("dell_dnos9", "show ip interface brief", FTOS_PORT, "Vlan 20 has a form to come"),
    ],
)
def test_a_row_in_another_form_is_named_beside_rows_that_are_read(
    known: ProfileSet, family: str, command: str, whole: str, strange: str
) -> None:
    (message,) = named(known, family, command, whole, strange)
    assert message == f"{command}: the output is not understood, from '{strange}'"
