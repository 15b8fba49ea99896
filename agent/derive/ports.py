"""The interfaces of a reading, one `Port` each, and which of them are judged. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from agent.derive.counters import finite
from agent.model import Entry
from collectors.columns import Added, Grid, Rows, Samples, packed
from collectors.model import DeviceClass, Number, Sample
from collectors.vocabulary import VOCABULARY

PORT_SAMPLES = frozenset(name for name, meaning in VOCABULARY.items() if "ifIndex" in meaning.labels)
PORT_LABELS = ("ifIndex", "ifName", "ifDescr", "ifAlias")
_PORT_LABELS = frozenset(PORT_LABELS)

_USERS_PLUG_IN = frozenset({DeviceClass.SWITCH, DeviceClass.WIRELESS})


@dataclass(frozen=True, slots=True)
class Face:
    """What an interface is called: its labels, and what follows from them alone."""

    labels: Mapping[str, str]
    rows: Rows | None = None  # where its labels stand among those of a table
    at: int = 0
    name: str = ""
    key: tuple[str, str] = ("", "")
    described: bool = False

    @classmethod
    def of(cls, labels: Mapping[str, str], rows: Rows | None = None, at: int = 0) -> "Face":
        own = labels if labels.keys() == _PORT_LABELS else {label: labels.get(label, "") for label in PORT_LABELS}
        name = next((own[label] for label in ("ifName", "ifDescr", "ifIndex") if own.get(label)), "")
        return cls(own, rows, at, name, (own.get("ifIndex", ""), name), _is_described(own))

    def is_called(self, patterns: tuple[str, ...]) -> bool:
        if self.rows is None:
            return self._is_called(patterns)
        key = (Face, patterns)
        if key not in self.rows.memo:
            self.rows.memo[key] = [face._is_called(patterns) for face in _faces(self.rows)]
        called: list[bool] = self.rows.memo[key]
        return called[self.at]

    def _is_called(self, patterns: tuple[str, ...]) -> bool:
        names = [name for label in ("ifName", "ifDescr") if (name := self.labels.get(label))]
        return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns for name in names)


def _is_described(labels: Mapping[str, str]) -> bool:
    """Say whether someone wrote an alias. VRP and Comware fill in `… <port> Interface` themselves."""
    alias = labels.get("ifAlias", "").strip().lower()
    names = [labels.get(label, "").lower() for label in ("ifName", "ifDescr")]
    made_up = alias.endswith("interface") and any(name and name in alias for name in names)
    return bool(alias) and alias not in names and not made_up


@dataclass(frozen=True, slots=True)
class Port:
    """One interface: what it is called, and its value of each sample."""

    face: Face
    values: dict[str, Number] = field(default_factory=dict)

    @property
    def labels(self) -> Mapping[str, str]:
        return self.face.labels

    @property
    def name(self) -> str:
        """ifName, else ifDescr, else ifIndex: what people and findings call it."""
        return self.face.name

    @property
    def key(self) -> tuple[str, str]:
        """Equal in two readings for the same interface: an ifIndex may be given to another one."""
        return self.face.key

    @property
    def bits_per_second(self) -> float:
        """RFC 2863: ifHighSpeed in units of 1,000,000 bit/s; below one unit, or without it, ifSpeed. 0.0: unknown."""
        high = finite(self.values.get("ifHighSpeed", 0)) or 0.0
        if high > 0:
            return high * 1e6
        low = finite(self.values.get("ifSpeed", 0)) or 0.0
        return low if 0 < low < 2**32 - 1 else 0.0

    @property
    def has_connector(self) -> bool:
        """Say whether a cable can be plugged in. Devices that do not tell are taken to mean yes."""
        return self.values.get("ifConnectorPresent", 1) != 2

    def is_called(self, patterns: tuple[str, ...]) -> bool:
        """Say whether the inventory means this port: by ifName or ifDescr, `*` and `?` standing for anything."""
        return bool(patterns) and self.face.is_called(patterns)

    @property
    def described(self) -> bool:
        """Say whether someone wrote down what it is for."""
        return self.face.described


def ports(samples: Iterable[Sample]) -> dict[tuple[str, str], Port]:
    """Put interface samples together by interface."""
    found: dict[tuple[str, str], Port] = {}
    together = Samples.of(samples)
    for grid in together.grids:
        names = [name for name in grid.columns if name in PORT_SAMPLES]
        rows = zip(*(grid.columns[name] for name in names), strict=True)
        for face, row in zip(_faces(grid.rows), rows, strict=True) if names else ():
            if face.name:
                found.setdefault(face.key, Port(face)).values.update(zip(names, row, strict=True))
    for sample in together.plain:
        if sample.name in PORT_SAMPLES:
            face = Face.of(sample.labels)
            if face.name:
                found.setdefault(face.key, Port(face)).values[sample.name] = sample.value
    return found


def port_names(samples: Iterable[Sample]) -> frozenset[str]:
    """Return what ports are called in any samples: ifName and ifDescr."""
    together = Samples.of(samples)
    faces = [face for grid in together.grids if not isinstance(grid.rows, Added) for face in _faces(grid.rows)]
    labels = (*(face.labels for face in faces), *(sample.labels for sample in together.plain))
    return frozenset(each.get(label, "") for each in labels for label in ("ifName", "ifDescr")) - {""}


def _faces(rows: Rows) -> list[Face]:
    if Face not in rows.memo:
        rows.memo[Face] = [Face.of(labels, rows, at) for at, labels in enumerate(rows)]
    faces: list[Face] = rows.memo[Face]
    return faces


def per_port(
    name: str, labels: tuple[str, ...], found: Sequence[tuple[Port, tuple[str, ...], Number]]
) -> Sequence[Sample]:
    """Return samples of ports: (port, texts of further labels, value) each; side by side if they are of one table."""
    rows = found[0][0].face.rows if found else None
    if rows is None or any(port.face.rows is not rows for port, _, _ in found):
        return tuple(
            Sample(name, {**port.labels, **dict(zip(labels, texts, strict=True))}, value)
            for port, texts, value in found
        )
    picks, texts = tuple(port.face.at for port, _, _ in found), tuple(texts for _, texts, _ in found)
    values = packed([value for _, _, value in found])
    return Samples(grids=[Grid(rows.with_labels(labels, picks, texts), {name: values})])


def port_of(entity: str, names: Collection[str]) -> str | None:
    """Return the port a transceiver's sensor is of: its entity is the name of a port, with or without more behind it
    (`GE0/0/1 Rx`, `TenGigE0/0/0/1-Module Temp`).
    """
    ends = [len(entity), *(at for at in range(len(entity) - 1, 0, -1) if entity[at] in " -:_(")]
    return next((entity[:end] for end in ends if entity[:end] in names), None)


def judged(among: Iterable[Port], entry: Entry) -> tuple[Port, ...]:
    """Return the ports whose traffic is judged: those a cable can be plugged into, and uplinks of any kind."""
    ignored, uplinks = entry.ignore_interfaces, entry.uplinks
    return tuple(p for p in among if not p.is_called(ignored) and (p.has_connector or p.is_called(uplinks)))


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
