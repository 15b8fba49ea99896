"""Which profile a device gets by what it calls itself, and what that text says of it."""

from functools import cache

import pytest

from collectors import profiles, snmp_decode
from collectors.oid_text import rows_of
from collectors.profiles import ProfileSet

HUAWEI = "1.3.6.1.4.1.2011.2"
JUNOS = "1.3.6.1.4.1.2636.1.1.1"
VRP = "Huawei Versatile Routing Platform Software"
COPYRIGHT = "Copyright (C) 2022 Huawei Technologies Co., Ltd."
CISCO_TAIL = "RELEASE SOFTWARE (fc1)\r\nTechnical Support: http://www.cisco.com/techsupport"


@cache
def profile_set() -> ProfileSet:
    return profiles.load()


def facts(oid: str, descr: str) -> tuple[str, str, str, str]:
    profile = profile_set().match(oid, " ".join(descr.split()))
    rows = rows_of({"1.3.6.1.2.1.1.1.0": descr.encode(), "1.3.6.1.2.1.1.2.0": oid})
    got = snmp_decode.decode(profile, rows).facts
    return profile.name, got.get("vendor", ""), got.get("model", ""), got.get("os_version", "")


@pytest.mark.parametrize(
    ("oid", "descr", "profile", "vendor", "model", "version"),
    [
        (
            f"{HUAWEI}.23.94",
            f"S5328C-EI\r\n{VRP}\r\n VRP (R) Software, Version 5.70 (S5300 V100R005C01SPC100)\r\n Copyright (c) 2003",
            *("huawei_vrp", "Huawei", "S5328C-EI", "5.70 (S5300 V100R005C01SPC100)"),
        ),
        (
            f"{HUAWEI}.224.67",
            f"Huawei AR2220E\r\n{VRP}\r\nVRP (R) software,Version 5.160 (AR2200 V200R007C00SPC900)\r\n{COPYRIGHT}",
            *("huawei_vrp", "Huawei", "AR2220E", "5.160 (AR2200 V200R007C00SPC900)"),
        ),
        (
            f"{HUAWEI}.122.21",
            f"Huawei USG6350 \r\n{VRP}\r\nSoftware Version: VRP (R) Software, Version 5.30 (USG6300 V100R001C30SPC600)",
            *("huawei_vrp", "Huawei", "USG6350", "5.30 (USG6300 V100R001C30SPC600)"),
        ),
        (
            f"{HUAWEI}.239.2",
            f"{VRP}\nVRP (R) software, Version 8.180 (CE6850EI V200R005C10SPC800)\n{COPYRIGHT}\nHUAWEI CE6850-48S4Q-EI",
            *("huawei_vrp8", "Huawei", "CE6850-48S4Q-EI", "8.180 (CE6850EI V200R005C10SPC800)"),
        ),
        (
            f"{HUAWEI}.62.2",
            f"{VRP}\r\nVRP (R) software, Version 8.100 (NE40E V800R009C10SPC200)\r\n{COPYRIGHT}",
            *("huawei_vrp8", "Huawei", "NE40E", "8.100 (NE40E V800R009C10SPC200)"),
        ),
        (
            f"{HUAWEI}.23.1100",
            f"Huawei YunShan OS\r\nVersion 1.22.0.1 (S5700 V600R022C00SPC500)\r\n{COPYRIGHT}\nHUAWEI S5755-H24T4Y2CZ",
            *("huawei_vrp8", "Huawei", "S5755-H24T4Y2CZ", "1.22.0.1 (S5700 V600R022C00SPC500)"),
        ),
        (f"{HUAWEI}.235", "Hardware management system", "huawei_ibmc", "Huawei", "", ""),
        (
            "1.3.6.1.4.1.25506.1.1208",
            "H3C Comware Software, Version 7.1.064, Release 0821P13\r\nH3C MSR3620\r\nCopyright (c) 2004-2020 New H3C",
            *("h3c_comware", "H3C", "MSR3620", "7.1.064, Release 0821P13"),
        ),
        (
            "1.3.6.1.4.1.25506.11.1.63",
            "HP Comware Platform Software, Software Version 5.20.99 Release 2221P08\r\n"
            "HP A5120-24G EI Switch with 2 Interface Slots\r\nCopyright (c) 2010-2014 Hewlett-Packard",
            *("h3c_comware", "HPE", "A5120-24G EI Switch with 2 Interface Slots", "5.20.99 Release 2221P08"),
        ),
        (
            "1.3.6.1.4.1.25506.11.1.168",
            "1910-48 Switch Software Version 5.20.99, Release 1116 Copyright(c)2010-2016 Hewlett Packard Enterprise",
            *("h3c_comware", "HPE", "1910-48", "5.20.99, Release 1116"),
        ),
        (
            "1.3.6.1.4.1.9.1.1208",
            f"Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E8, {CISCO_TAIL}",
            *("cisco_ios", "Cisco", "", "15.2(7)E8"),
        ),
        (
            "1.3.6.1.4.1.9.1.209",
            "Cisco Internetwork Operating System Software \r\nIOS (tm) C2600 Software (C2600-I-M), Version 12.2(8)T5",
            *("cisco_ios", "Cisco", "", "12.2(8)T5"),
        ),
        (
            "1.3.6.1.4.1.9.1.2530",
            f"Cisco IOS Software [Cupertino], c8000be Software (X86_64_LINUX_IOSD), Version 17.9.4a, {CISCO_TAIL}",
            *("cisco_ios", "Cisco", "", "17.9.4a"),
        ),
        (
            "1.3.6.1.4.1.9.1.1639",
            "Cisco IOS XR Software (Cisco ASR9K Series), Version 6.5.3[Default]\r\nCopyright (c) 2019 by Cisco Systems",
            *("cisco_iosxr", "Cisco", "", "6.5.3"),
        ),
        (
            "1.3.6.1.4.1.9.12.3.1.3.1467",
            "Cisco NX-OS(tm) n7000, Software (n7000-s2-dk9), Version 7.3(2)D1(1), RELEASE SOFTWARE Copyright (c) 2002",
            *("cisco_nxos", "Cisco", "", "7.3(2)D1(1)"),
        ),
        (
            "1.3.6.1.4.1.9.12.3.1.3.1786",
            "Cisco FX-OS(tm) fxos, Software (fxos-k8-fp4k), Version 2.10(1.159)",
            *("cisco_nxos", "Cisco", "", "2.10(1.159)"),
        ),
        (
            "1.3.6.1.4.1.9.1.1745",
            "Cisco Adaptive Security Appliance Version 9.12(4)",
            *("cisco_asa", "Cisco", "", "9.12(4)"),
        ),
        (
            "1.3.6.1.4.1.9.1.2662",
            "Cisco Firepower Threat Defense, Version 6.7.0 (Build 65), ASA Version 9.15(1)",
            *("cisco_asa", "Cisco", "", "6.7.0 (Build 65)"),
        ),
        ("1.3.6.1.4.1.9.6.1.83.28.1", "SG300-28 28-Port Gigabit Managed Switch", "cisco_sb", "Cisco", "", ""),
        ("1.3.6.1.4.1.9.1.2170", "Cisco Controller", "cisco_wlc", "Cisco", "", ""),
        (
            "1.3.6.1.4.1.9.1.2391",
            f"Cisco IOS Software [Amsterdam], C9800 Software (C9800_IOSXE-K9), Version 17.3.4, {CISCO_TAIL}",
            *("cisco_ios", "Cisco", "", "17.3.4"),
        ),
        (
            f"{JUNOS}.2.29",
            "Juniper Networks, Inc. mx240 internet router, kernel JUNOS 17.4R2-S4.10, Build date: 2019-04-04 22:10:17",
            *("juniper_junos", "Juniper", "mx240", "17.4R2-S4.10"),
        ),
        (
            f"{JUNOS}.2.157",
            "Juniper Networks, Inc. ptx10001-36mr Edge Router, kernel Junos OS Evolved 21.4R3-S1.5-EVO, Build date",
            *("juniper_junos", "Juniper", "ptx10001-36mr", "21.4R3-S1.5-EVO"),
        ),
        (
            "1.3.6.1.4.1.30065.1.2759",
            "Arista Networks EOS version 4.27.1F running on an Arista vEOS-lab",
            *("arista_eos", "Arista", "vEOS-lab", "4.27.1F"),
        ),
        ("1.3.6.1.4.1.14988.1", "RouterOS RB4011iGS+", "mikrotik_routeros", "MikroTik", "RB4011iGS+", ""),
        (
            "1.3.6.1.4.1.14988.2",
            "CSS106-1G-4P-1S SwOS v2.13",
            *("mikrotik_routeros", "MikroTik", "CSS106-1G-4P-1S", "2.13"),
        ),
        ("1.3.6.1.4.1.12356.101.1.45", "what its owner wrote", "fortinet_fortigate", "Fortinet", "", ""),
        (
            "1.3.6.1.4.1.25461.2.3.29",
            "Palo Alto Networks VM-Series firewall",
            *("paloalto_panos", "Palo Alto Networks", "", ""),
        ),
        ("1.3.6.1.4.1.2620.1.6.123.1.98", "Linux gw 3.10.0cpx86_64", "checkpoint_gaia", "Check Point", "", ""),
        (
            "1.3.6.1.4.1.8741.1",
            "SonicWALL NSA 4600 (SonicOS Enhanced 6.5.4.4-44n)",
            *("sonicwall_sonicos", "SonicWall", "", ""),
        ),
        ("1.3.6.1.4.1.2604.5", "Linux localhost 5.15.80 x86_64", "sophos_sfos", "Sophos", "", ""),
        (
            "1.3.6.1.4.1.28557.1.27",
            "Hillstone Networks SG-6000-E1700",
            *("hillstone_stoneos", "Hillstone", "SG-6000-E1700", ""),
        ),
        ("1.3.6.1.4.1.35047.1", "Sangfor AC-1000 Version 13.0.48", "sangfor", "Sangfor", "AC-1000", "13.0.48"),
        (
            "1.3.6.1.4.1.8072.3.2.10",
            "FRRouting 8.4.4 on Linux edge 6.1.0 x86_64",
            *("frr", "FRRouting", "x86_64", "8.4.4"),
        ),
        (
            "1.3.6.1.4.1.8072.3.2.10",
            "Linux edge 6.1.0-18-amd64 #1 SMP x86_64 (FRR 10.0)",
            *("frr", "FRRouting", "", "10.0"),
        ),
    ],
)
def test_a_device_is_known_by_its_description(  # noqa: PLR0917
    oid: str, descr: str, profile: str, vendor: str, model: str, version: str
) -> None:
    assert facts(oid, descr) == (profile, vendor, model, version)


@pytest.mark.parametrize(
    ("oid", "descr"),
    [
        ("1.3.6.1.4.1.9.1.1639", "Cisco IOS XR Software (Cisco ASR9K Series), Version 6.5.3[Default]"),
        ("1.3.6.1.4.1.9.1.1745", "Cisco Adaptive Security Appliance Version 9.12(4)"),
        ("1.3.6.1.4.1.9.12.3.1.3.1467", "Cisco NX-OS(tm) n7000, Software (n7000-s2-dk9), Version 7.3(2)D1(1)"),
        (f"{HUAWEI}.80.8", "Huawei Integrated Access Software"),
        ("1.3.6.1.4.1.8072.3.2.10", "Linux web-1 6.1.0-18-amd64 #1 SMP x86_64"),
    ],
)
def test_what_only_shares_an_arc_with_a_family_is_not_of_it(oid: str, descr: str) -> None:
    name = profile_set().match(oid, descr).name
    assert name not in {"cisco_ios", "huawei_vrp", "huawei_vrp8", "h3c_comware", "frr"}
