"""Reads the machine netpatrol itself runs on, through psutil and, on Linux, sysfs."""

import asyncio
import platform
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil

from collectors.model import Cost, Device, Failure, Health, Number, Reading, Sample

if TYPE_CHECKING:
    from psutil._ntuples import snetio, snicstats

    from collectors.profiles.rules import Profile

T = TypeVar("T")

IMAGE_FILE_SYSTEMS = frozenset("squashfs iso9660 udf erofs cramfs romfs".split())  # noqa: SIM905 - always 100 % full
NO_TEXT = frozenset(
    {"", "none", "unknown", "default string", "not specified", "not applicable", "to be filled by o.e.m.", "0"}
    | {"system manufacturer", "system product name", "system serial number", "o.e.m.", "0123456789"}
)  # what board makers leave in DMI

# RFC 2863 ifOperStatus, as Linux names them (Documentation/networking/operstates)
OPER_STATUS = {"up": 1, "down": 2, "testing": 3, "dormant": 5, "notpresent": 6, "lowerlayerdown": 7}
DUPLEX: dict[int, int] = {psutil.NIC_DUPLEX_HALF: 2, psutil.NIC_DUPLEX_FULL: 3}  # RFC 3635 dot3StatsDuplexStatus
TRAFFIC = {  # IF-MIB's name → psutil's
    "ifHCInOctets": "bytes_recv",
    "ifHCOutOctets": "bytes_sent",
    "ifInErrors": "errin",
    "ifOutErrors": "errout",
    "ifInDiscards": "dropin",
    "ifOutDiscards": "dropout",
}

# UPower.conf PercentageLow, PercentageCritical
BATTERY_LOW, BATTERY_CRITICAL = 20, 5


@dataclass(frozen=True, slots=True)
class Machine:
    """Where to look: tests give a sysfs of their own."""

    sysfs: Path = Path("/sys")
    cpu_seconds: float = 1.0  # how long CPU use is measured

    def text(self, path: str) -> str:
        """Return what a sysfs file says; empty when it says nothing, is a placeholder, or may not be read."""
        try:
            found = (self.sysfs / path).read_text(encoding="utf-8", errors="replace").strip("\0 \n")
        except OSError:
            return ""
        return "" if found.lower() in NO_TEXT else found


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is read, apart from the others. `names`: what every machine has of it."""

    what: str
    read: Callable[[Machine], Iterable[Sample]]
    names: frozenset[str] = field(default_factory=frozenset)


class LocalCollector:
    """Reads this machine in a thread: psutil blocks."""

    protocol = "local"

    def __init__(self, machine: Machine = Machine()) -> None:
        self._machine = machine

    def wants(self, device: Device) -> bool:
        return device.local

    async def read(self, device: Device, profile: "Profile") -> Reading:
        """Return all that psutil knows. A part that cannot be read is a Failure; the profile has no say."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Reading:
        began = time.monotonic()
        samples: list[Sample] = []
        failures: list[Failure] = []
        for part in PARTS:
            try:
                for sample in part.read(self._machine):
                    samples.append(sample)  # one by one: what came before an error is kept
            except (OSError, RuntimeError, ValueError) as error:
                kind = "refused" if isinstance(error, PermissionError) else "unsupported"
                failures.append(Failure(self.protocol, kind, part.what, f"this machine: {error}", part.names))
        return Reading(
            samples=tuple(samples),
            facts=facts(self._machine),
            failures=tuple(failures),
            expected=EXPECTED | {sample.name for sample in samples},
            answered=True,
            cost=Cost(seconds=time.monotonic() - began),
        )


def facts(machine: Machine) -> dict[str, str]:
    """Return who made this machine and what runs on it. The serial number is root's to read."""
    found = {
        "vendor": machine.text("class/dmi/id/sys_vendor"),
        "model": machine.text("class/dmi/id/product_name") or machine.text("firmware/devicetree/base/model"),
        "serial": machine.text("class/dmi/id/product_serial") or machine.text("firmware/devicetree/base/serial-number"),
        "os_version": _os_version(),
        "sys_name": platform.node(),
        "sys_descr": " ".join(filter(None, (platform.system(), platform.release(), platform.version()))),
    }
    return {name: text for name, text in found.items() if text}


def _os_version() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return f"{platform.system()} {platform.release()}"


def _cpu(machine: Machine) -> Iterator[Sample]:
    yield Sample("device_cpu_ratio", {"entity": "CPU"}, psutil.cpu_percent(interval=machine.cpu_seconds) / 100)


def _load(machine: Machine) -> Iterator[Sample]:
    processors = psutil.cpu_count() or 1
    for name, load in zip(("Load-1", "Load-5", "Load-15"), psutil.getloadavg(), strict=True):  # UCD-SNMP-MIB laNames
        yield Sample("device_load_ratio", {"entity": name}, load / processors)


def _uptime(machine: Machine) -> Iterator[Sample]:
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # counts suspended time, and no step of the wall clock
    seconds = time.time() - psutil.boot_time() if clock is None else time.clock_gettime(clock)
    yield Sample("device_uptime_seconds", {}, seconds)


def _memory(machine: Machine) -> Iterator[Sample]:
    memory = psutil.virtual_memory()
    yield from _pool("memory", "Physical memory", memory.total, memory.total - memory.available)


def _swap(machine: Machine) -> Iterator[Sample]:
    swap = psutil.swap_memory()
    if swap.total:
        yield from _pool("memory", "Swap space", swap.total, swap.used)


def _pool(kind: str, entity: str, total: int, used: int, usable: int = 0) -> Iterator[Sample]:
    """Yield total, used and ratio. `usable`: what the ratio is of, where that is not `total`."""
    labels = {"entity": entity}
    yield Sample(f"device_{kind}_total_bytes", labels, total)
    yield Sample(f"device_{kind}_used_bytes", labels, used)
    yield Sample(f"device_{kind}_ratio", labels, used / (usable or total))


def _storage(machine: Machine) -> Iterator[Sample]:
    unread: list[str] = []
    for mount in mounts():
        try:
            usage = psutil.disk_usage(mount)
        except OSError as error:
            unread.append(f"{mount}: {error.strerror}")
            continue
        if usage.total:
            # as df: blocks kept for root are not there for anyone else
            yield from _pool("storage", mount, usage.total, usage.used, usage.used + usage.free)
    if unread:
        raise OSError("; ".join(unread))


def mounts() -> list[str]:
    """Return one mount point for each real file system: the shortest of its bind mounts, and always the root."""
    by_device: dict[str, str] = {}
    for part in psutil.disk_partitions(all=False):
        known = by_device.get(part.device)
        if part.fstype in IMAGE_FILE_SYSTEMS | {""}:
            continue
        if known is None or len(part.mountpoint) < len(known):
            by_device[part.device] = part.mountpoint
    real = [mount for mount in by_device.values() if Path(mount).is_dir()]  # a container's /etc/hosts is a bind mount
    return sorted({"/", *real}) if Path("/").is_dir() else sorted(real)


def _temperatures(machine: Machine) -> Iterator[Sample]:
    sensors = getattr(psutil, "sensors_temperatures", dict)  # not on every system
    for entity, sensor in _named(sensors()):
        if not -55 < sensor.current < 150:  # what a chip without a probe says: -128, 255
            continue
        yield Sample("device_temperature_celsius", {"entity": entity}, sensor.current)
        # psutil gives both where the chip has only one: then it is the one that is never too early
        if sensor.high and sensor.high != sensor.critical:
            yield from _limit(entity, "warning", sensor.high)
        if sensor.critical:
            yield from _limit(entity, "critical", sensor.critical)


def _limit(entity: str, level: str, value: float) -> Iterator[Sample]:
    if 0 < value < 150:  # NVMe drives without a limit say 65261 °C
        labels = {"sample": "device_temperature_celsius", "entity": entity, "level": level, "direction": "above"}
        yield Sample("device_limit", labels, value)


def _fans(machine: Machine) -> Iterator[Sample]:
    sensors = getattr(psutil, "sensors_fans", dict)
    for entity, sensor in _named(sensors()):
        yield Sample("device_fan_speed_rpm", {"entity": entity}, sensor.current)


def _named(chips: Mapping[str, Iterable[T]]) -> Iterator[tuple[str, T]]:
    """Yield each sensor with a name no other has: chip and label, or chip and number."""
    seen: set[str] = set()
    for chip, sensors in chips.items():
        for number, sensor in enumerate(sensors, 1):
            name = f"{chip} {getattr(sensor, 'label', '') or number}"
            name = f"{name} #{number}" if name in seen else name
            seen.add(name)
            yield name, sensor


def _battery(machine: Machine) -> Iterator[Sample]:
    """Say how a laptop's (or a server's own small) battery stands. An external UPS is a device of its own."""
    try:
        battery = getattr(psutil, "sensors_battery", lambda: None)()
    except FileNotFoundError:  # a kernel without power supplies
        return
    if battery is None:
        return
    state, health = "discharging", Health.OK
    if battery.power_plugged:
        state = "on mains"
    elif battery.power_plugged is None:
        state, health = "unknown", Health.UNKNOWN
    elif battery.percent <= BATTERY_LOW:
        state, health = "low", Health.CRITICAL if battery.percent <= BATTERY_CRITICAL else Health.WARNING
    labels = {"entity": "Battery", "kind": "battery", "state": state, "health": health.value}
    yield Sample("device_state", labels, 1)


def _interfaces(machine: Machine) -> Iterator[Sample]:
    """Yield each network interface under IF-MIB's names. Unknown figures are left out, as 0 would be a speed."""
    stats = psutil.net_if_stats()
    counters = psutil.net_io_counters(pernic=True, nowrap=False)
    for index, name in socket.if_nameindex():
        if name not in stats:  # gone between two calls
            continue
        alias = machine.text(f"class/net/{name}/ifalias")
        labels = {"ifIndex": str(index), "ifName": name, "ifDescr": name, "ifAlias": alias}
        figures = _link(machine, name, stats[name]) | _traffic(counters.get(name))
        yield from (Sample(sample, labels, value) for sample, value in figures.items())


def _link(machine: Machine, name: str, stats: "snicstats") -> dict[str, Number]:
    flags = stats.flags.split(",")
    oper = OPER_STATUS.get(machine.text(f"class/net/{name}/operstate"), 1 if stats.isup else 2)  # "unknown": loopback
    physical = (machine.sysfs / "class/net" / name / "device").exists()
    figures: dict[str, Number] = {
        "ifAdminStatus": 1 if "up" in flags else 2,
        "ifOperStatus": oper,
        "ifMtu": stats.mtu,
        "ifConnectorPresent": 1 if physical else 2,
    }
    if stats.speed:
        figures["ifHighSpeed"] = stats.speed
    duplex = DUPLEX.get(stats.duplex)
    if duplex:
        figures["ifDuplexStatus"] = duplex
    return figures


def _traffic(counters: "snetio | None") -> dict[str, Number]:
    if counters is None:
        return {}
    return {name: getattr(counters, figure) for name, figure in TRAFFIC.items()}


def _names(kind: str) -> frozenset[str]:
    return frozenset({f"device_{kind}_total_bytes", f"device_{kind}_used_bytes", f"device_{kind}_ratio"})


PARTS = (
    Part("processor use", _cpu, frozenset({"device_cpu_ratio"})),
    Part("load", _load, frozenset({"device_load_ratio"})),
    Part("uptime", _uptime, frozenset({"device_uptime_seconds"})),
    Part("memory", _memory, _names("memory")),
    Part("swap space", _swap),
    Part("file systems", _storage, _names("storage")),
    Part("temperatures", _temperatures),
    Part("fans", _fans),
    Part("battery", _battery),
    Part(
        "interfaces",
        _interfaces,
        frozenset({"ifAdminStatus", "ifOperStatus", "ifMtu", "ifConnectorPresent", *TRAFFIC}),
    ),
)

EXPECTED: frozenset[str] = frozenset().union(*(part.names for part in PARTS))
