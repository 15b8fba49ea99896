"""Which profile a device gets by what it calls itself, and what that text says of it."""

from functools import cache

import pytest

from collectors import profiles, snmp_decode
from collectors.profiles import ProfileSet

HUAWEI = "1.3.6.1.4.1.2011.2"
VRP = "Huawei Versatile Routing Platform Software"
COPYRIGHT = "Copyright (C) 2022 Huawei Technologies Co., Ltd."
CISCO_TAIL = "RELEASE SOFTWARE (fc1)\r\nTechnical Support: http://www.cisco.com/techsupport"


@cache
def profile_set() -> ProfileSet:
    return profiles.load()


def facts(oid: str, descr: str) -> tuple[str, str, str, str]:
    profile = profile_set().match(oid, " ".join(descr.split()))
    rows = snmp_decode.rows_of({"1.3.6.1.2.1.1.1.0": descr.encode(), "1.3.6.1.2.1.1.2.0": oid})
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
        (f"{HUAWEI}.235", "Hardware management system", "generic", "Huawei", "", ""),
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
