"""The interfaces of a reading, one `Port` each, and what is said of them. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from agent.derive.counters import finite
from agent.model import Entry
from collectors.columns import Added, Grid, Rows, Samples, packed
from collectors.model import DeviceClass, Number, Sample
from collectors.vocabulary import VOCABULARY

PORT_SAMPLES = frozenset(name for name, meaning in VOCABULARY.items() if "ifIndex" in meaning.labels)
PORT_LABELS = ("ifIndex", "ifName", "ifDescr", "ifAlias")
_PORT_LABELS = frozenset(PORT_LABELS)

Column = Sequence[Number | None]
"""A figure a port; None where it has none."""

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
            self.rows.memo[key] = [face._is_called(patterns) for face in faces_of(self.rows)]
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
    """One interface: what it is called, and where its figures stand: at a place of each column."""

    face: Face
    columns: Mapping[str, Column]
    at: int

    def has(self, name: str) -> bool:
        """Say whether it has a figure of a sample."""
        return self.get(name) is not None

    def get(self, name: str, default: Number | None = None) -> Number | None:
        """Return its figure of a sample."""
        column = self.columns.get(name)
        value = None if column is None else column[self.at]
        return default if value is None else value

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
        return speed(self.get("ifHighSpeed"), self.get("ifSpeed"))

    @property
    def has_connector(self) -> bool:
        """Say whether a cable can be plugged in. Devices that do not tell are taken to mean yes."""
        return self.get("ifConnectorPresent", 1) != 2

    def is_called(self, patterns: tuple[str, ...]) -> bool:
        """Say whether the inventory means this port: by ifName or ifDescr, `*` and `?` standing for anything."""
        return bool(patterns) and self.face.is_called(patterns)

    @property
    def described(self) -> bool:
        """Say whether someone wrote down what it is for."""
        return self.face.described


def speed(high: Number | None, low: Number | None) -> float:
    """Return bits a second by RFC 2863: ifHighSpeed in units of 1,000,000; below one unit, or without it, ifSpeed.

    0.0: unknown.
    """
    units = finite(high or 0) or 0.0
    if units > 0:
        return units * 1e6
    bits = finite(low or 0) or 0.0
    return bits if 0 < bits < 2**32 - 1 else 0.0


def port_names(samples: Iterable[Sample]) -> frozenset[str]:
    """Return what ports are called in any samples: ifName and ifDescr."""
    together = Samples.of(samples)
    labels = [sample.labels for sample in together.plain if "ifName" in sample.labels or "ifDescr" in sample.labels]
    for grid in together.grids:
        if not isinstance(grid.rows, Added):
            labels += [face.labels for face in faces_of(grid.rows)]
    return frozenset(each.get(label, "") for label in ("ifName", "ifDescr") for each in labels) - {""}


def port_starts(samples: Iterable[Sample]) -> tuple[str, ...]:
    """Return what the names of ports begin with, two letters each: what begins otherwise is of no port."""
    together = Samples.of(samples)
    labels = [sample.labels for sample in together.plain if "ifName" in sample.labels or "ifDescr" in sample.labels]
    starts = _starts(labels)
    return tuple(starts.union(*(_starts_of(grid.rows) for grid in together.grids if not isinstance(grid.rows, Added))))


def _starts(among: Iterable[Mapping[str, str]]) -> frozenset[str]:
    return frozenset(each.get(label, "")[:2] for each in among for label in ("ifName", "ifDescr")) - {""}


def _starts_of(rows: Rows) -> frozenset[str]:
    if port_starts not in rows.memo:
        rows.memo[port_starts] = _starts(face.labels for face in faces_of(rows))
    starts: frozenset[str] = rows.memo[port_starts]
    return starts


def faces_of(rows: Rows) -> list[Face]:
    if Face not in rows.memo:
        rows.memo[Face] = [Face.of(labels, rows, at) for at, labels in enumerate(rows)]
    faces: list[Face] = rows.memo[Face]
    return faces


def per_port(
    name: str, labels: tuple[str, ...], found: Sequence[tuple[Face, tuple[str, ...], Number]]
) -> Sequence[Sample]:
    """Return samples of ports: (face, texts of further labels, value) each; side by side if they are of one table."""
    rows = found[0][0].rows if found else None
    if rows is None or any(face.rows is not rows for face, _, _ in found):
        return tuple(
            Sample(name, {**face.labels, **dict(zip(labels, texts, strict=True))}, value)
            for face, texts, value in found
        )
    picks, texts = tuple(face.at for face, _, _ in found), tuple(texts for _, texts, _ in found)
    values = packed([value for _, _, value in found])
    return Samples(grids=[Grid(rows.with_labels(labels, picks, texts), {name: values})])


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
