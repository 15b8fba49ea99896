"""This machine: psutil's figures become samples, and odd hardware does no harm."""

from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from collectors import local
from collectors.local import EXPECTED, LocalCollector, Machine
from collectors.model import Device, DeviceClass, Reading
from collectors.profiles.rules import Profile
from collectors.vocabulary import FACTS, VOCABULARY

DEVICE = Device(name="me", address="127.0.0.1", device_class=DeviceClass.SERVER, local=True)
PROFILE = Profile(name="local")

Sensor = namedtuple("Sensor", "label current high critical")
Mount = namedtuple("Mount", "device mountpoint fstype")
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """This machine, with a sysfs of the test's own."""
    return Machine(sysfs=tmp_path, cpu_seconds=0.01)


@pytest.fixture
def psutil_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    def set_answer(function: str, answer: Any) -> None:
        def say(*_: Any, **__: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(psutil, function, say, raising=False)

    return set_answer


async def read(machine: Machine) -> Reading:
    return await LocalCollector(machine).read(DEVICE, PROFILE)


def values(reading: Reading, name: str, label: str = "entity") -> dict[str, float]:
    return {sample.labels.get(label, ""): sample.value for sample in reading.samples if sample.name == name}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


async def test_the_real_machine_has_everything_a_machine_has():
    reading = await read(Machine(cpu_seconds=0.01))
    assert reading.answered
    assert not reading.failures
    assert {sample.name for sample in reading.samples} >= EXPECTED
    assert reading.facts.keys() <= FACTS
    assert {"sys_name", "os_version", "sys_descr"} <= reading.facts.keys()


async def test_every_sample_is_in_the_vocabulary_once_with_its_labels():
    samples = (await read(Machine(cpu_seconds=0.01))).samples
    assert {s.name: tuple(s.labels) for s in samples} == {s.name: VOCABULARY[s.name].labels for s in samples}
    assert len({sample.series for sample in samples}) == len(samples)


async def test_ratios_lie_between_0_and_1(machine: Machine):
    samples = (await read(machine)).samples
    assert all(0 <= s.value <= 1 for s in samples if s.name.endswith("_ratio") and s.name != "device_load_ratio")


async def test_memory_in_use_leaves_out_the_cache(machine: Machine, psutil_says):
    psutil_says("virtual_memory", SimpleNamespace(total=1000, available=700, used=900))
    psutil_says("swap_memory", SimpleNamespace(total=100, used=25))
    reading = await read(machine)
    assert values(reading, "device_memory_used_bytes") == {"Physical memory": 300, "Swap space": 25}
    assert values(reading, "device_memory_ratio") == {"Physical memory": 0.3, "Swap space": 0.25}


async def test_a_machine_without_swap_has_no_swap_pool(machine: Machine, psutil_says):
    psutil_says("swap_memory", SimpleNamespace(total=0, used=0))
    assert list(values(await read(machine), "device_memory_ratio")) == ["Physical memory"]


async def test_load_is_per_processor(machine: Machine, psutil_says):
    psutil_says("getloadavg", (8.0, 4.0, 2.0))
    psutil_says("cpu_count", 4)
    assert values(await read(machine), "device_load_ratio") == {"Load-1": 2.0, "Load-5": 1.0, "Load-15": 0.5}


async def test_a_full_file_system_is_full_for_users_as_df_says(machine: Machine, psutil_says):
    psutil_says("disk_partitions", [Mount("/dev/sda1", "/", "ext4")])
    psutil_says("disk_usage", Usage(total=1000, used=950, free=0))  # 50 are root's
    reading = await read(machine)
    assert values(reading, "device_storage_ratio") == {"/": 1.0}
    assert values(reading, "device_storage_total_bytes") == {"/": 1000}


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([Mount("/dev/sda1", "/", "ext4"), Mount("/dev/loop0", "/usr", "squashfs")], ["/"]),
        ([Mount("/dev/sda1", "/", "ext4"), Mount("/dev/sr0", "/usr", "iso9660")], ["/"]),
        ([Mount("/dev/sda1", "/usr/share", "ext4"), Mount("/dev/sda1", "/usr", "ext4")], ["/", "/usr"]),
        ([Mount("/dev/sda1", "/etc/hosts", "ext4")], ["/"]),
        ([], ["/"]),
        ([Mount("/dev/sdb1", "/usr", "xfs"), Mount("/dev/sda1", "/", "ext4")], ["/", "/usr"]),
    ],
    ids=["snap image", "disc", "bind mount", "a container's file", "a container's overlay", "two disks"],
)
def test_each_real_file_system_is_named_once(found, kept, psutil_says):
    psutil_says("disk_partitions", found)
    assert local.mounts() == kept


async def test_a_file_system_that_cannot_be_read_costs_the_others_nothing(machine: Machine, psutil_says, monkeypatch):
    def usage(mount: str) -> Usage:
        if mount == "/usr":
            raise PermissionError(13, "Permission denied")
        return Usage(100, 50, 50)

    psutil_says("disk_partitions", [Mount("/dev/sdb1", "/usr", "xfs"), Mount("/dev/sdc1", "/var", "xfs")])
    monkeypatch.setattr(psutil, "disk_usage", usage)
    reading = await read(machine)
    assert values(reading, "device_storage_ratio") == {"/": 0.5, "/var": 0.5}
    (failure,) = reading.failures
    assert (failure.what, failure.message) == ("file systems", "this machine: /usr: Permission denied")


@pytest.mark.parametrize(
    ("sensor", "limits"),
    [
        (Sensor("", 50.0, 80.0, 95.0), {"warning": 80.0, "critical": 95.0}),
        (Sensor("", 50.0, 90.0, 90.0), {"critical": 90.0}),
        (Sensor("", 50.0, 65261.85, 84.85), {"critical": 84.85}),
        (Sensor("", 50.0, 0.0, 0.0), {}),
        (Sensor("", 50.0, None, None), {}),
    ],
    ids=["both", "psutil copies the only one", "a drive without a warning limit", "zero is none", "none"],
)
async def test_a_sensors_own_thresholds_are_device_limits(sensor, limits, machine: Machine, psutil_says):
    psutil_says("sensors_temperatures", {"cpu": [sensor]})
    reading = await read(machine)
    assert values(reading, "device_temperature_celsius") == {"cpu 1": 50.0}
    assert values(reading, "device_limit", "level") == limits
    assert {"device_temperature_celsius"} <= reading.expected


@pytest.mark.parametrize("nonsense", [-128.0, 255.0, -273.1, float("nan")])
async def test_a_chip_without_a_probe_has_no_temperature(nonsense, machine: Machine, psutil_says):
    psutil_says("sensors_temperatures", {"cpu": [Sensor("", nonsense, None, None)]})
    assert values(await read(machine), "device_temperature_celsius") == {}


async def test_sensors_of_one_name_stay_apart(machine: Machine, psutil_says):
    drives = [Sensor("Composite", 30.0, None, None), Sensor("Composite", 40.0, None, None)]
    psutil_says("sensors_temperatures", {"nvme": drives})
    found = values(await read(machine), "device_temperature_celsius")
    assert found == {"nvme Composite": 30.0, "nvme Composite #2": 40.0}


async def test_fans_turn(machine: Machine, psutil_says):
    psutil_says("sensors_fans", {"nct6775": [SimpleNamespace(label="cpu_fan", current=1200)]})
    assert values(await read(machine), "device_fan_speed_rpm") == {"nct6775 cpu_fan": 1200}


@pytest.mark.parametrize(
    ("percent", "plugged", "stands"),
    [
        (3.0, True, {"state": "on mains", "health": "ok"}),
        (90.0, False, {"state": "discharging", "health": "ok"}),
        (20.0, False, {"state": "low", "health": "warning"}),
        (5.0, False, {"state": "low", "health": "critical"}),
        (50.0, None, {"state": "unknown", "health": "unknown"}),
    ],
)
async def test_a_battery_says_how_it_stands(percent, plugged, stands, machine: Machine, psutil_says):
    psutil_says("sensors_battery", SimpleNamespace(percent=percent, power_plugged=plugged))
    (sample,) = [s for s in (await read(machine)).samples if s.name == "device_state"]
    assert sample.labels == {"entity": "Battery", "kind": "battery"} | stands


@pytest.mark.parametrize("answer", [None, FileNotFoundError("/sys/class/power_supply")])
async def test_a_machine_without_a_battery_is_no_failure(answer, machine: Machine, psutil_says):
    psutil_says("sensors_battery", answer)
    reading = await read(machine)
    assert "device_state" not in reading.expected
    assert not reading.failures


@pytest.mark.parametrize(
    ("error", "kind"),
    [(OSError("no"), "unsupported"), (PermissionError("no"), "refused"), (RuntimeError("no"), "unsupported")],
)
async def test_a_part_that_fails_names_what_is_missing_and_the_rest_is_kept(error, kind, machine, psutil_says):
    psutil_says("virtual_memory", error)
    reading = await read(machine)
    (failure,) = reading.failures
    assert (failure.what, failure.kind) == ("memory", kind)
    assert "device_memory_ratio" in failure.samples
    assert "device_memory_ratio" in reading.expected
    assert values(reading, "device_uptime_seconds")


@pytest.fixture
def one_interface(psutil_says, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_up(**stats: Any) -> None:
        link = {"isup": True, "duplex": 2, "speed": 1000, "mtu": 1500, "flags": "up,running"} | stats
        psutil_says("net_if_stats", {"eth0": SimpleNamespace(**link)})
        counters = {"bytes_recv": 2**63, "bytes_sent": 2, "errin": 3, "errout": 4, "dropin": 5, "dropout": 6}
        answers = {False: {"eth0": SimpleNamespace(**counters)}, True: {}}  # nowrap hides that a counter was reset
        monkeypatch.setattr(psutil, "net_io_counters", lambda *, pernic, nowrap: answers[nowrap])
        monkeypatch.setattr("socket.if_nameindex", lambda: [(7, "eth0"), (9, "gone")])

    return set_up


def interface(reading: Reading) -> dict[str, float]:
    return {s.name: s.value for s in reading.samples if s.labels.get("ifIndex") == "7"}


async def test_an_interface_has_if_mibs_names_and_labels(machine: Machine, one_interface):
    write(machine.sysfs, {"class/net/eth0/operstate": "up\n", "class/net/eth0/ifalias": "to <core>\n"})
    (machine.sysfs / "class/net/eth0/device").mkdir()
    one_interface()
    reading = await read(machine)
    assert interface(reading) == {
        "ifAdminStatus": 1, "ifOperStatus": 1, "ifMtu": 1500, "ifConnectorPresent": 1, "ifHighSpeed": 1000,
        "ifDuplexStatus": 3, "ifHCInOctets": 2**63, "ifHCOutOctets": 2, "ifInErrors": 3, "ifOutErrors": 4,
        "ifInDiscards": 5, "ifOutDiscards": 6,
    }  # fmt: skip
    labels = next(s.labels for s in reading.samples if s.name == "ifMtu")
    assert labels == {"ifIndex": "7", "ifName": "eth0", "ifDescr": "eth0", "ifAlias": "to <core>"}


@pytest.mark.parametrize(
    ("operstate", "isup", "oper"),
    [("up", True, 1), ("down", False, 2), ("lowerlayerdown", False, 7), ("dormant", True, 5), ("unknown", True, 1),
     ("unknown", False, 2), ("", True, 1)],
)  # fmt: skip
async def test_the_state_of_a_link_is_the_kernels(operstate, isup, oper, machine: Machine, one_interface):
    write(machine.sysfs, {"class/net/eth0/operstate": operstate})
    one_interface(isup=isup)
    assert interface(await read(machine))["ifOperStatus"] == oper


async def test_an_interface_that_is_switched_off_says_so(machine: Machine, one_interface):
    one_interface(isup=False, flags="broadcast,multicast")
    found = interface(await read(machine))
    assert (found["ifAdminStatus"], found["ifOperStatus"]) == (2, 2)


async def test_an_unknown_speed_is_no_speed(machine: Machine, one_interface):
    one_interface(speed=0, duplex=0)
    assert not {"ifHighSpeed", "ifDuplexStatus"} & interface(await read(machine)).keys()


@pytest.mark.parametrize(
    ("files", "facts"),
    [
        (
            {
                "class/dmi/id/sys_vendor": "Dell Inc.\n",
                "class/dmi/id/product_name": "R650",
                "class/dmi/id/product_serial": "7X",
            },
            {"vendor": "Dell Inc.", "model": "R650", "serial": "7X"},
        ),
        (
            {"class/dmi/id/sys_vendor": "To Be Filled By O.E.M.", "class/dmi/id/product_serial": "Default string"},
            {},
        ),
        (
            {
                "firmware/devicetree/base/model": "Raspberry Pi 4 Model B\0",
                "firmware/devicetree/base/serial-number": "10\0",
            },
            {"model": "Raspberry Pi 4 Model B", "serial": "10"},
        ),
    ],
    ids=["a maker's", "a board maker's placeholders", "a device tree"],
)
async def test_facts_come_from_the_firmware(files, facts, machine: Machine):
    write(machine.sysfs, files)
    found = (await read(machine)).facts
    assert {name: found[name] for name in ("vendor", "model", "serial") if name in found} == facts


async def test_an_unreadable_serial_number_is_left_out(machine: Machine):
    (machine.sysfs / "class/dmi/id/product_serial").mkdir(parents=True)  # as unreadable to root as to others
    assert "serial" not in (await read(machine)).facts


@pytest.mark.parametrize("is_local", [True, False])
def test_only_the_device_that_is_this_machine_is_read(is_local):
    device = Device(name="x", address="192.0.2.1", device_class=DeviceClass.SERVER, local=is_local)
    assert LocalCollector().wants(device) is is_local
