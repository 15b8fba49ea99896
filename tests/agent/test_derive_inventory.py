"""What follows from the inventory: warranty, ages, software baselines, what our own access says of security."""

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.derive import derive
from agent.derive.versions import compare
from agent.model import Baseline, Entry
from collectors.model import Device, DeviceClass, Secret, Snapshot, SnmpAccess
from tests.agent.said import DAY, NOW, entry, failure, sample, silent, snapshot, values

UPS = DeviceClass.UPS
TODAY = date(2026, 11, 22)  # NOW is 02:00 UTC


def ages(site: Entry, name: str, *samples) -> dict[object, float]:
    found = derive(snapshot(samples), None, site)
    return {next(iter(s.labels.values()), ""): s.value / DAY for s in found.samples if s.name == name}


def test_the_last_day_of_a_warranty_is_part_of_it():
    left = ages(entry(warranty=TODAY), "device_expiry_seconds")["warranty"]
    assert left == pytest.approx(22 / 24)
    assert ages(entry(warranty=date(2026, 11, 20)), "device_expiry_seconds")["warranty"] < -1
    assert ages(entry(), "device_expiry_seconds") == {}
    assert ages(entry(warranty=date.max), "device_expiry_seconds")["warranty"] > 1e6  # for ever


def test_a_warranty_is_known_of_a_silent_device_too():
    found = derive(silent(), None, entry(warranty=TODAY))
    assert values(found, "device_expiry_seconds", "kind").keys() == {"warranty"}
    assert "device_expiry_seconds:warranty" in found.expected
    assert "device_expiry_seconds" not in found.expected  # it says nothing of licences and certificates


def test_a_device_is_as_old_as_the_inventory_says():
    assert ages(entry(installed=date(2026, 11, 12)), "device_age_seconds") == {"device": pytest.approx(10, abs=0.1)}
    assert ages(entry(installed=date(2027, 1, 1)), "device_age_seconds") == {"device": 0}


REPLACED = sample("ups_battery_replaced_timestamp_seconds", NOW.timestamp() - 100 * DAY)


def test_a_battery_is_as_old_as_the_ups_says_else_as_the_inventory():
    installed = entry(UPS, battery_installed=date(2023, 11, 22))
    name = "ups_battery_age_seconds"
    assert ages(installed, name)[""] == pytest.approx(1096, abs=1)
    assert ages(installed, name, REPLACED)[""] == pytest.approx(100)
    assert ages(installed, name, sample(name, 50 * DAY))[""] == pytest.approx(50)
    assert ages(entry(battery_installed=date(2023, 11, 22)), name) == {}  # no UPS


@pytest.mark.parametrize("at", [0, 9e8, NOW.timestamp() + 3 * DAY, math.inf])
def test_a_date_that_cannot_be_is_none(at):
    replaced, tested = (sample(f"ups_{done}_timestamp_seconds", at) for done in ("battery_replaced", "self_test"))
    assert ages(entry(UPS), "ups_battery_age_seconds", replaced) == {}
    assert ages(entry(UPS), "ups_self_test_age_seconds", tested) == {}
    installed = entry(UPS, battery_installed=date(2023, 11, 22))
    assert ages(installed, "ups_battery_age_seconds", replaced)[""] == pytest.approx(1096, abs=1)


def test_a_date_of_some_hours_from_now_is_one_of_today():
    tested = sample("ups_self_test_timestamp_seconds", NOW.timestamp() + 3600)
    assert ages(entry(UPS), "ups_self_test_age_seconds", tested) == {"": 0}


def test_dates_a_device_shows_become_what_is_left_and_ages():
    ends = sample("device_ends_timestamp_seconds", NOW.timestamp() + 5 * DAY, kind="license", entity="IPS")
    done = sample("device_done_timestamp_seconds", NOW.timestamp() - 9 * DAY, kind="signatures", entity="AV")
    wrong = sample("device_done_timestamp_seconds", NOW.timestamp() + 9 * DAY, kind="signatures", entity="IPS")
    assert ages(entry(), "device_expiry_seconds", ends) == {"license": pytest.approx(5)}
    assert ages(entry(), "device_age_seconds", done, wrong) == {"signatures": pytest.approx(9)}


# ---- versions ----


@pytest.mark.parametrize(
    ("version", "other", "order"),
    [
        ("7.0.14", "7.0.9", 1),
        ("v7.0.14,build0601", "7.0.14", 0),
        ("15.2(7)E4", "15.2(7)E10", -1),
        ("15.2(7)E10", "15.2(7)E4", 1),
        ("5.170 (V200R019C10SPC500)", "V200R022C00SPC500", -1),
        ("5.170 (V200R022C00SPC500)", "V200R022C00SPC500", 0),
        ("17.9.4a", "17.9", 1),
        ("17.9", "17.9.4a", -1),
        ("9.1-rc2", "9.1", -1),
        ("RouterOS 7.14beta3", "7.14", -1),
        ("16.12.10", "16.12.2", 1),
        ("7.1.070, Release 6615P08", "7.1.070", 0),
        ("Debian GNU/Linux 12 (bookworm)", "12", 0),
        ("V200R019C10", "17.9", None),
        ("", "1.0", None),
    ],
)
def test_versions_are_compared_by_their_numbers(version, other, order):
    assert compare(version, other) == order


numbers = st.lists(st.integers(0, 999), min_size=1, max_size=5)


@given(numbers, numbers)
def test_dotted_versions_are_ordered_as_their_numbers(a, b):
    order = compare(".".join(map(str, a)), ".".join(map(str, b)))
    assert order == (a > b) - (a < b)


BASELINES = (
    Baseline(model="Huawei S57", version="V200R022", minimum="V200R019", safe="V200R021", advisory="CVE-2024-0001"),
    Baseline(model="^huawei ", version="V200R010"),
)


def judged(model: str, version: str, vendor: str = "Huawei") -> dict[str, tuple[str, float]]:
    reading = snapshot(facts={"vendor": vendor, "model": model, "os_version": version})
    found = derive(reading, None, entry(baselines=BASELINES))
    return {s.name: (s.labels["state"], s.value) for s in found.samples if s.name.startswith("device_version")}


@pytest.mark.parametrize(
    ("version", "behind", "vulnerable"),
    [
        ("V200R022", ("V200R022", 0), ("V200R022", 0)),
        ("V200R021", ("V200R021 < V200R022", 1), ("V200R021", 0)),
        ("V200R020", ("V200R020 < V200R022", 1), ("V200R020 < V200R021 CVE-2024-0001", 1)),
        ("V200R009", ("V200R009 < V200R019", 2), ("V200R009 < V200R021 CVE-2024-0001", 1)),
    ],
)
def test_a_version_is_held_against_the_first_baseline_that_fits(version, behind, vulnerable):
    assert judged("S5735-L", version) == {"device_version_behind": behind, "device_version_vulnerable": vulnerable}


def test_another_model_has_another_baseline_or_none():
    assert judged("AR6280", "V200R009") == {"device_version_behind": ("V200R009 < V200R010", 1)}
    assert judged("Catalyst 9300", "17.3", vendor="Cisco") == {}


def test_a_version_that_cannot_be_compared_is_not_taken_for_right():
    state, value = judged("S5735", "17.3")["device_version_behind"]
    assert state == "17.3 ? V200R019"
    assert math.isnan(value)


# ---- our own access ----

ANSWERED = sample("device_snmp_rtt_seconds", 0.02)


def items(access: SnmpAccess | None, *samples) -> dict[object, object]:
    device = Device(name="core-1", address="10.0.0.1", device_class=DeviceClass.SWITCH, snmp=access)
    found: Snapshot = derive(snapshot(samples or [ANSWERED]), None, Entry(device=device))
    return {item for item, value in values(found, "device_config_item", "item").items() if value}


V3 = {"version": "3", "user": "ops"}


@pytest.mark.parametrize(
    ("access", "weak"),
    [
        (SnmpAccess(community=Secret("public")), {"snmp_v2c", "snmp_default_community"}),
        (SnmpAccess(community=Secret("Private")), {"snmp_v2c", "snmp_default_community"}),
        (SnmpAccess(version="1", community=Secret("k7-Qw-91x")), {"snmp_v1"}),
        (SnmpAccess(**V3), {"snmp_no_auth", "snmp_no_priv"}),
        (SnmpAccess(**V3, auth_protocol="md5", priv_protocol="des"), {"snmp_weak_auth", "snmp_weak_priv"}),
        (SnmpAccess(**V3, auth_protocol="sha256", priv_protocol="aes128"), set()),
        (None, set()),
    ],
)
def test_our_own_access_says_what_is_weak(access, weak):
    assert items(access) == weak


def test_an_access_that_was_not_answered_proves_nothing():
    assert items(SnmpAccess(community=Secret("public")), sample("device_up", 0)) == set()


def test_what_the_configuration_says_goes_before():
    told = sample("device_config_item", 0, item="snmp_v2c")
    assert "snmp_v2c" not in items(SnmpAccess(community=Secret("k7-Qw-91x")), ANSWERED, told)


@given(st.text(min_size=6))
def test_no_community_is_ever_told(community):
    access = SnmpAccess(community=Secret(community))
    device = Device(name="d", address="10.0.0.1", device_class=DeviceClass.SWITCH, snmp=access)
    found = derive(snapshot([ANSWERED]), None, Entry(device=device))
    assert all(s.labels["item"].startswith("snmp_") for s in found.samples if s.name == "device_config_item")


# ---- listening ports ----


def open_ports(**ports: int) -> dict[object, object]:
    said = [sample("device_port_open", value, port=number.removeprefix("p")) for number, value in ports.items()]
    return dict(values(derive(snapshot(said), None, entry(DeviceClass.SERVER)), "device_port_open", "port"))


def test_a_host_that_lists_its_ports_has_the_others_closed():
    found = open_ports(p22=1, p445=1)
    assert found["445"] == 1
    assert found["3389"] == 0
    assert "23" not in found  # an inspection connects to it


def test_ports_that_were_only_connected_to_say_nothing_of_others():
    assert open_ports(p21=0, p23=0, p80=1) == {"21": 0, "23": 0, "80": 1}


def test_failures_do_not_make_facts():
    assert values(derive(silent(0, failure("device_port_open")), None, entry()), "device_port_open", "port") == {}
