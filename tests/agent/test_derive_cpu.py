"""CPUs and their cores, pools completed from what is used, and how figures develop."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.derive import derive
from collectors.model import DeviceClass
from tests.agent.said import DAY, entry, failure, port, readings, sample, silent, snapshot, values

SERVER, ROUTER, STORAGE = entry(DeviceClass.SERVER), entry(), entry(DeviceClass.STORAGE)
HOUR = 3600.0


def cpus(site, **ratios: float) -> dict[object, object]:
    said = [sample("device_cpu_ratio", value, entity=name.replace("_", " ")) for name, value in ratios.items()]
    return dict(values(derive(snapshot(said), None, site), "device_cpu_mean_ratio", "entity"))


@pytest.mark.parametrize(
    ("site", "ratios", "expected"),
    [
        (SERVER, {"CPU_1": 1.0, "CPU_2": 0.2, "CPU_3": 0.0}, {"CPU": 0.4}),
        (SERVER, {"CPU": 0.3, "CPU_196608": 1.0, "CPU_196609": 0.0}, {"CPU": 0.3}),
        (SERVER, {"Socket_A": 0.5}, {"Socket A": 0.5}),
        (STORAGE, {"Controller_A": 0.2, "Controller_B": 0.4}, {"CPU": 0.3}),
        (ROUTER, {"CPU_1": 1.0, "CPU_2": 0.2}, {"CPU 1": 1.0, "CPU 2": 0.2}),
        (ROUTER, {"CPU": 0.3, "CPU_1": 1.0}, {"CPU": 0.3}),
        (ROUTER, {"Slot_1": 0.9, "Slot_2": 0.1}, {"Slot 1": 0.9, "Slot 2": 0.1}),
        (ROUTER, {"Switch_1": 0.3, "Switch_1_core_0": 0.9, "Switch_1_core_1": 0.1}, {"Switch 1": 0.3}),
        (ROUTER, {"RP0_core_0": 1.0, "RP0_core_1": 0.5, "RP1_core_0": 0.1}, {"RP0": 0.75, "RP1": 0.1}),
        (ROUTER, {"Core_0": 1.0, "Core_1": 0.0}, {"CPU": 0.5}),
    ],
)
def test_a_busy_core_is_no_busy_cpu(site, ratios, expected):
    assert cpus(site, **ratios) == pytest.approx(expected)


@given(loads=st.lists(st.floats(0, 1), min_size=1, max_size=64))
def test_a_server_is_never_busier_than_its_busiest_processor(loads):
    found = cpus(SERVER, **{f"CPU_{n}": load for n, load in enumerate(loads)})
    assert len(found) == 1
    assert min(loads) - 1e-9 <= next(iter(found.values())) <= max(loads) + 1e-9


def test_the_devices_own_limit_of_a_cpu_holds_for_its_mean():
    said = [sample("device_cpu_ratio", 0.9, entity="Slot 1"), sample("device_cpu_ratio", 1, entity="Slot 1 core 2")]
    limits = [
        sample("device_limit", 0.8, sample="device_cpu_ratio", entity=name, level="critical", direction="above")
        for name in ("Slot 1", "Slot 1 core 2")
    ]
    found = derive(snapshot([*said, *limits]), None, ROUTER)
    assert values(found, "device_limit", "sample", "entity")["device_cpu_mean_ratio", "Slot 1"] == 0.8
    assert ("device_cpu_mean_ratio", "Slot 1 core 2") not in values(found, "device_limit", "sample", "entity")


# ---- pools ----


def pool(entity: str, used: float, total: float, kind: str = "memory") -> list:
    return [
        sample(f"device_{kind}_used_bytes", used, entity=entity),
        sample(f"device_{kind}_total_bytes", total, entity=entity),
    ]


def test_memory_is_completed_only_where_the_profile_gives_no_ratio_at_all():
    both = [*pool("Processor", 1, 2), *pool("I/O", 99, 100)]
    assert values(derive(snapshot(both), None, ROUTER), "device_memory_ratio", "entity") == {
        "Processor": 0.5,
        "I/O": 0.99,
    }
    told = snapshot([*both, sample("device_memory_ratio", 0.5, entity="Processor")])
    assert values(derive(told, None, ROUTER), "device_memory_ratio", "entity") == {"Processor": 0.5}
    untold = snapshot(both, expected={"device_memory_ratio"})  # by the profile, which left these pools out
    assert values(derive(untold, None, ROUTER), "device_memory_ratio", "entity") == {}


def test_storage_is_completed_pool_by_pool():
    said = [*pool("/a", 1, 4, "storage"), sample("device_storage_ratio", 0.9, entity="/b")]
    assert values(derive(snapshot(said), None, SERVER), "device_storage_ratio", "entity") == {"/b": 0.9, "/a": 0.25}


# ---- trends ----


def memory(ratio: float, at: float):
    return snapshot([sample("device_memory_ratio", ratio, entity="DRAM")], at)


def growth(*each) -> float | None:
    return values(readings(*each), "device_memory_growth_ratio", "entity").get("DRAM")


def test_memory_growth_compares_with_an_earlier_day():
    assert growth(memory(0.5, 0)) is None
    assert growth(memory(0.5, 0), memory(0.6, HOUR)) is None
    assert growth(memory(0.5, 0), memory(0.62, 2 * DAY)) == pytest.approx(0.12)
    assert growth(memory(0.5, 0), memory(0.4, 30 * DAY)) == pytest.approx(-0.1)


def test_polled_all_the_time_memory_is_compared_over_weeks():
    polled = [memory(0.4 + 0.01 * day, day * DAY) for day in range(60)]
    assert 0.15 <= growth(*polled) <= 0.31


@settings(deadline=None, max_examples=30)
@given(st.integers(6, 14 * 24))
def test_however_often_it_is_polled_memory_is_compared_over_two_weeks_to_twice_as_long(hours: int):
    found = None
    for n in range(90 * 24 // hours):
        found = derive(memory(n * hours / 24 / 1000, n * hours * HOUR), found, ROUTER)
        days = 1000 * (values(found, "device_memory_growth_ratio", "entity").get("DRAM") or 0)
        if n * hours >= 15 * 24:
            assert 15 - 1e-6 <= days <= 30 + hours / 24


def test_what_is_gone_for_two_months_is_no_longer_remembered():
    other = sample("device_memory_ratio", 0.1, entity="other")
    polled = [memory(0.5, 0), *(snapshot([other], day * DAY) for day in (1, 40, 59))]
    assert ("DRAM", "0") in values(readings(*polled), "device_anchor_value", "entity", "n")
    later = [*polled, snapshot([other], 60 * DAY)]
    assert {entity for entity, _ in values(readings(*later), "device_anchor_value", "entity", "n")} == {"other"}


def test_a_trend_survives_silence():
    nothing = silent(DAY, failure("device_memory_ratio"))
    assert growth(memory(0.5, 0), nothing, memory(0.7, 3 * DAY)) == pytest.approx(0.2)


def disk(ratio: float, at: float):
    return snapshot([sample("device_storage_ratio", ratio, entity="/")], at)


@pytest.mark.parametrize(
    ("then", "now", "days"),
    [
        (0.8, 0.85, 3),  # 5 points a day, 15 left
        (0.94, 0.97, 1),
        (0.5, 0.5, 3650),
        (0.9, 0.8, 3650),
        (0.1, 0.4, 3650),  # not half full
        (0.99, 1.0, 0),
    ],
)
def test_a_file_system_is_full_when_it_goes_on_like_that(then, now, days):
    found = values(readings(disk(then, 0), disk(now, DAY)), "device_storage_full_seconds", "entity")
    assert found["/"] == pytest.approx(days * DAY, abs=1)


def test_a_forecast_needs_some_hours():
    assert values(readings(disk(0.8, 0), disk(0.9, HOUR)), "device_storage_full_seconds", "entity") == {}


def light(dbm: float, at: float, **state: int):
    return snapshot([*port(1, **state), sample("device_optical_power_dbm", dbm, entity="GE0/0/1 Rx")], at)


def test_light_that_fades_is_told_by_how_much():
    found = readings(light(-5, 0), light(-9, 20 * DAY), site=ROUTER)
    assert values(found, "if_optical_drop_db", "entity") == {"GE0/0/1 Rx": 4}


def test_a_port_that_is_down_has_not_faded_and_comes_back_to_the_same_comparison():
    dark = light(-40, DAY, ifOperStatus=2)
    assert values(readings(light(-5, 0), dark), "if_optical_drop_db", "entity") == {}
    assert values(readings(light(-5, 0), dark, light(-6, 2 * DAY)), "if_optical_drop_db", "entity") == {"GE0/0/1 Rx": 1}
