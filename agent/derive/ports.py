"""The interfaces of a reading, one `Port` each, and which of them are judged. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from agent.derive.counters import finite
from agent.model import Entry
from collectors.model import DeviceClass, Number, Sample
from collectors.vocabulary import VOCABULARY

PORT_SAMPLES = frozenset(name for name, meaning in VOCABULARY.items() if "ifIndex" in meaning.labels)
PORT_LABELS = ("ifIndex", "ifName", "ifDescr", "ifAlias")

_USERS_PLUG_IN = frozenset({DeviceClass.SWITCH, DeviceClass.WIRELESS})


@dataclass(frozen=True, slots=True)
class Port:
    """One interface: its labels, and its value of each sample."""

    labels: Mapping[str, str]
    values: dict[str, Number] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """ifName, else ifDescr, else ifIndex: what people and findings call it."""
        return next((self.labels[label] for label in ("ifName", "ifDescr", "ifIndex") if self.labels.get(label)), "")

    @property
    def key(self) -> tuple[str, str]:
        """Equal in two readings for the same interface: an ifIndex may be given to another one."""
        return self.labels.get("ifIndex", ""), self.name

    @property
    def bits_per_second(self) -> float:
        """RFC 2863: ifHighSpeed in units of 1,000,000 bit/s; below one unit, or without it, ifSpeed. 0.0: unknown."""
        high, low = (finite(self.values.get(name, 0)) or 0.0 for name in ("ifHighSpeed", "ifSpeed"))
        if high > 0:
            return high * 1e6
        return low if 0 < low < 2**32 - 1 else 0.0

    @property
    def has_connector(self) -> bool:
        """Say whether a cable can be plugged in. Devices that do not tell are taken to mean yes."""
        return self.values.get("ifConnectorPresent", 1) != 2

    def is_called(self, patterns: Iterable[str]) -> bool:
        """Say whether the inventory means this port: by ifName or ifDescr, `*` and `?` standing for anything."""
        names = [name for label in ("ifName", "ifDescr") if (name := self.labels.get(label))]
        return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns for name in names)

    @property
    def described(self) -> bool:
        """Say whether someone wrote down what it is for. VRP and Comware fill in `… <port> Interface` themselves."""
        alias = self.labels.get("ifAlias", "").strip().lower()
        names = [self.labels.get(label, "").lower() for label in ("ifName", "ifDescr")]
        made_up = alias.endswith("interface") and any(name and name in alias for name in names)
        return bool(alias) and alias not in names and not made_up


def ports(samples: Iterable[Sample]) -> dict[tuple[str, str], Port]:
    """Put interface samples together by interface."""
    found: dict[tuple[str, str], Port] = {}
    for sample in samples:
        if sample.name in PORT_SAMPLES:
            port = Port({label: sample.labels.get(label, "") for label in PORT_LABELS})
            if port.name:
                found.setdefault(port.key, port).values[sample.name] = sample.value
    return found


def port_of(entity: str, names: Collection[str]) -> str | None:
    """Return the port a transceiver's sensor is of: its entity is the name of a port, with or without more behind it
    (`GE0/0/1 Rx`, `TenGigE0/0/0/1-Module Temp`).
    """
    ends = [len(entity), *(at for at in range(len(entity) - 1, 0, -1) if entity[at] in " -:_(")]
    return next((entity[:end] for end in ends if entity[:end] in names), None)


def role(port: Port, entry: Entry, *, was_up: bool) -> str:
    """Say why a port must not be down: `uplink`, `known`, or "" when nobody would miss it.

    Uplinks of the inventory always. Else ports that were up before, or that someone described. On an access switch
    both must be so: its other ports are for users, who go home in the evening.
    """
    if port.is_called(entry.ignore_interfaces):
        return ""
    if port.is_called(entry.uplinks):
        return "uplink"
    if not port.has_connector:
        return ""
    users = entry.device.device_class in _USERS_PLUG_IN and entry.criticality == "access"
    missed = (was_up and port.described) if users else (was_up or port.described)
    return "known" if missed else ""
