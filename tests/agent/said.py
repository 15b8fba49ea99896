"""Short ways to say what a device said and what the inventory knows of it, for the tests of deriving and judging."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from agent.derive import derive
from agent.model import Entry
from collectors.model import Device, DeviceClass, Failure, Number, Sample, Snapshot, SnmpAccess

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MINUTE, DAY = 60.0, 86400.0


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def sample(name: str, value: Number = 1, **labels: str) -> Sample:
    return Sample(name, labels, value)


def port(index: int, *, alias: str = "", **values: Number) -> list[Sample]:
    """The samples of GE0/0/<index>, up unless said otherwise."""
    name = f"GE0/0/{index}"
    labels = {"ifIndex": str(index), "ifName": name, "ifDescr": name, "ifAlias": alias}
    return [Sample(key, labels, value) for key, value in ({"ifAdminStatus": 1, "ifOperStatus": 1} | values).items()]


def snapshot(samples: Iterable[Sample] = (), at: float = 0.0, **more: object) -> Snapshot:
    """A device that answered. It expects what it said, and what `expected` adds."""
    samples = tuple(samples)
    more = {"up": True, "profile": "any", "expected": frozenset()} | more
    expected = frozenset(more.pop("expected")) | {s.name for s in samples} if more["up"] else more.pop("expected")
    return Snapshot(device="core-1", taken_at=later(at), samples=samples, expected=frozenset(expected), **more)


def failure(*samples: str, kind: str = "timeout", protocol: str = "snmp") -> Failure:
    return Failure(protocol, kind, "table", f"core-1: {kind}", frozenset(samples))


def silent(at: float = 0.0, *failures: Failure, **more: object) -> Snapshot:
    """A device that did not answer."""
    return snapshot((), at, up=False, failures=failures, **more)


def entry(device_class: DeviceClass = DeviceClass.ROUTER, **more: object) -> Entry:
    device = Device(name="core-1", address="127.0.0.1", device_class=device_class, snmp=SnmpAccess())
    return Entry(device=device, **more)


def values(found: Snapshot, name: str, *labels: str) -> Mapping[object, Number]:
    """The values of a sample by the labels named (one: its text; several: a tuple)."""
    pairs = ((tuple(s.labels.get(label, "") for label in labels), s.value) for s in found.samples if s.name == name)
    return {key[0] if len(key) == 1 else key: value for key, value in pairs}


def readings(*each: Snapshot, site: Entry | None = None) -> Snapshot:
    """Derive one reading after the other, and return the last."""
    found = None
    for reading in each:
        found = derive(reading, found, site or entry())
    return found


def peer(address: str, state: Number, admin: int = 2) -> list[Sample]:
    labels = {"bgpPeerRemoteAddr": address, "bgpPeerRemoteAs": "65001"}
    return [sample("bgpPeerState", state, **labels), sample("bgpPeerAdminStatus", admin, **labels)]


def neighbour(address: str, state: Number, router: str = "10.9.9.9") -> list[Sample]:
    return [sample("ospfNbrState", state, ospfNbrIpAddr=address, ospfNbrRtrId=router)]
