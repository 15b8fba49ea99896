"""Collectors that bring what they are told to, and devices and profiles to give them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collectors.errors import CollectError
from collectors.gather import gather
from collectors.model import Collector, Device, DeviceClass, NutAccess, Reading, Secret, Snapshot, SnmpAccess, SshAccess
from collectors.profiles import ProfileSet
from collectors.profiles.rules import Cli, Command, Metric, Nut, NutRows, Probe, Profile, Symbol
from collectors.snmp_collector import Identity, Probes

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def profile(name: str, *, oids: tuple[str, ...] = (), cli: bool = False) -> Profile:
    """Return a profile that reads CPU over SNMP and, with `cli`, NTP over SSH."""
    ntp = Symbol(field="stratum", sample="device_ntp_stratum")
    command = Command(command="show ntp", regex=r"stratum (?P<stratum>\d+)", symbols=[ntp])
    return Profile(
        name=name,
        sysobjectid=list(oids),
        metrics=[Metric(symbol=Symbol(OID="1.3.6.1.4.1.9.1.0", name="cpu", sample="device_cpu_ratio"))],
        cli=Cli(device_type="cisco_ios", commands=[command]) if cli else None,
    )


PROBE = "1.3.6.1.4.1.99.8.1.0"
PROFILES = ProfileSet(
    {
        p.name: p
        for p in (
            profile("acme_os", oids=("1.3.6.1.4.1.99.*",), cli=True),
            Profile(name="acme_ups", probe=[Probe(OID=PROBE)]),
            profile("generic"),
            profile("linux", cli=True),
            Profile(name="local"),
            Profile(name="nut", nut=Nut(rows=[NutRows(symbols=[Symbol(field="ups.load", sample="ups_load_ratio")])])),
        )
    }
)

ACME = Identity("1.3.6.1.4.1.99.7", "Acme OS", None, 0.02)


def unanswered(error: CollectError) -> Identity:
    """Return what is known of a device that did not say who it is."""
    return Identity("", "", error, 3.0)


Read = Callable[[Device, Profile], Awaitable[Reading]]


@dataclass
class Fake:
    """A collector that brings a reading, or does what it is told."""

    protocol: str
    brings: Reading | BaseException | Read = field(default_factory=lambda: Reading(answered=True))
    read_by: list[str] = field(default_factory=list)

    def wants(self, device: Device) -> bool:
        return bool(getattr(device, self.protocol))

    async def read(self, device: Device, profile: Profile) -> Reading:
        self.read_by.append(profile.name)
        if isinstance(self.brings, BaseException):
            raise self.brings
        return self.brings if isinstance(self.brings, Reading) else await self.brings(device, profile)


@dataclass
class FakeSnmp(Fake):
    """SNMP: says who the device is first."""

    protocol: str = "snmp"
    says: Identity | BaseException = ACME
    probed: Sequence[str] = ()

    async def identify(self, device: Device, probes: Probes) -> Identity:
        if isinstance(self.says, BaseException):
            raise self.says
        self.probed = probes(self.says.sys_object_id, self.says.sys_descr)
        return self.says


def a_device(name: str = "core-1", **given: Any) -> Device:
    """Return a device without any access but what is given."""
    plain: dict[str, Any] = {"address": "192.0.2.1", "device_class": DeviceClass.SWITCH, "icmp": False}
    return Device(name=name, **plain | given)


SNMP = a_device(snmp=SnmpAccess(community=Secret("s3cret")))
SSH = a_device(ssh=SshAccess(username="ops", password=Secret("hunter2")))
NUT = a_device(nut=NutAccess(ups="eaton", password=Secret("eat0n")))
ICMP = a_device(icmp=True)


async def read(device: Device, *fakes: Collector, **more: Any) -> Snapshot:
    """Gather a device with these collectors, which stand in the order of precedence."""
    collectors = {fake.protocol: fake for fake in fakes}
    return await gather(device, profiles=PROFILES, collectors=collectors, now=lambda: NOW, **more)


def figures(snapshot: Snapshot) -> dict[str, float]:
    """Return a snapshot's values by name."""
    return {sample.name: sample.value for sample in snapshot.samples}
