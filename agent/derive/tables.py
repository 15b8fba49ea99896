"""The ports of a reading side by side: a figure a port of each sample, so that many ports cost little more. Pure."""

from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from agent.derive.ports import PORT_SAMPLES, Column, Face, Port, faces_of, speed
from agent.model import Entry
from collectors.columns import Rows, Samples
from collectors.model import Number


def is_whole(column: Column | None) -> bool:
    """Say whether a column has a whole number of up to 64 bits, not below 0, for every port."""
    return isinstance(column, array) and column.typecode == "Q"


@dataclass(frozen=True, slots=True)
class Table:
    """Ports and their figures."""

    faces: Sequence[Face] = ()
    columns: Mapping[str, Column] = field(default_factory=dict)  # by sample; one that no port has is not there
    rows: Rows | None = None  # the ports are all of its rows, in their order; None: of no table, or of several

    @classmethod
    def of(cls, samples: Samples, plain: Collection[str]) -> "Table":
        """Put interface samples together by interface. `plain` are the names of those samples that stand alone."""
        grids = [grid for grid in samples.grids if not PORT_SAMPLES.isdisjoint(grid.columns)]
        rows = grids[0].rows if grids else None
        alone = not PORT_SAMPLES.isdisjoint(plain)
        if rows is None or alone or any(grid.rows is not rows for grid in grids) or not _told_apart(rows):
            return _one_by_one(samples)
        columns = {name: column for grid in grids for name, column in grid.columns.items() if name in PORT_SAMPLES}
        return cls(faces_of(rows), columns, rows)

    def __len__(self) -> int:
        return len(self.faces)

    def ports(self) -> dict[tuple[str, str], Port]:
        """Return the ports by their keys."""
        return {face.key: Port(face, self.columns, at) for at, face in enumerate(self.faces)}

    def column(self, name: str) -> Column:
        """Return the figures of a sample."""
        return self.columns.get(name) or (None,) * len(self)

    def has(self, name: str) -> list[bool]:
        """Say of each port whether it has a figure of a sample."""
        column = self.columns.get(name)
        if column is None:
            return [False] * len(self)
        return [True] * len(self) if isinstance(column, array) else [value is not None for value in column]

    def picked(self, picks: tuple[int, ...]) -> "Table":
        """Return some of the ports, by their places, which ascend."""
        if len(picks) == len(self):
            return self
        columns = {name: _picked(column, picks) for name, column in self.columns.items()}
        return Table([self.faces[at] for at in picks], columns)

    def speeds(self) -> list[float]:
        """Return each port's bits a second, 0.0 where they are not known."""
        high = self.column("ifHighSpeed")
        if is_whole(high) and 0 not in high:
            return [units * 1e6 for units in high if units is not None]
        return list(map(speed, high, self.column("ifSpeed")))


def _told_apart(rows: Rows) -> bool:
    """Say whether each row is an interface of its own, with a name."""
    if Table not in rows.memo:
        faces = faces_of(rows)
        rows.memo[Table] = all(face.name for face in faces) and len({face.key for face in faces}) == len(faces)
    told: bool = rows.memo[Table]
    return told


def _one_by_one(samples: Samples) -> Table:
    places: dict[tuple[str, str], int] = {}
    faces: list[Face] = []
    values: dict[str, dict[int, Number]] = {}

    def place(face: Face) -> int:
        if face.key not in places:
            faces.append(face)
        return places.setdefault(face.key, len(places))

    for grid in samples.grids:
        names = [name for name in grid.columns if name in PORT_SAMPLES]
        at = [(row, place(face)) for row, face in enumerate(faces_of(grid.rows)) if face.name] if names else []
        for name in names:
            values.setdefault(name, {}).update((to, grid.columns[name][row]) for row, to in at)
    for sample in samples.plain:
        if sample.name in PORT_SAMPLES:
            face = Face.of(sample.labels)
            if face.name:
                values.setdefault(sample.name, {})[place(face)] = sample.value
    return Table(faces, {name: [of.get(n) for n in range(len(faces))] for name, of in values.items()})


def _picked(column: Column, picks: tuple[int, ...]) -> Column:
    if not picks:
        return ()
    found = (column[picks[0]],) if len(picks) == 1 else itemgetter(*picks)(column)
    return array(column.typecode, found) if isinstance(column, array) else found


def aligned(before: Table, rows: Rows | None, picks: tuple[int, ...], faces: Sequence[Face]) -> Table:
    """Return some ports as they were: those of a table, by their places; of others, by what they are called."""
    if rows is not None and before.rows is rows:
        return before.picked(picks)
    places = {face.key: at for at, face in enumerate(before.faces)}
    at = [places.get(face.key) for face in faces]
    columns = {name: [None if n is None else column[n] for n in at] for name, column in before.columns.items()}
    return Table(faces, columns)


def judged(table: Table, entry: Entry) -> tuple[int, ...]:
    """Return the places of ports whose traffic is judged: those a cable can be plugged into, and all uplinks."""
    connectors = table.columns.get("ifConnectorPresent")
    if table.rows is None:
        return _judged(table, entry)
    of, then, known = table.rows.memo.get(judged, (None, None, ()))
    picks: tuple[int, ...] = known if of is entry and then == connectors else _judged(table, entry)
    table.rows.memo[judged] = entry, connectors, picks  # the reading's own column: it is kept anyway
    return picks


def _judged(table: Table, entry: Entry) -> tuple[int, ...]:
    ignored, uplinks = entry.ignore_interfaces, entry.uplinks
    return tuple(
        port.at
        for port in table.ports().values()
        if not port.is_called(ignored) and (port.has_connector or port.is_called(uplinks))
    )
