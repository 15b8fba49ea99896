"""What a derived sample is made from: a device's reading, the one before, and what the inventory says. Pure."""

from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from agent.derive.counters import finite
from agent.derive.ports import Port
from agent.derive.tables import Table, judged
from agent.model import Entry
from collectors.columns import Grid, Samples
from collectors.model import Sample, Snapshot
from collectors.vocabulary import Meaning

T = TypeVar("T")

By = Mapping[str, Sequence[Sample]]
PortMap = Mapping[tuple[str, str], Port]


@dataclass(frozen=True, slots=True)
class Readings:
    """Two readings of one device, `before` the older one, with the derived samples it was given then."""

    entry: Entry
    now: Snapshot
    before: Snapshot | None
    by_name: "ByName"
    by_name_before: "ByName"
    _unread: frozenset[str]
    _memo: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, entry: Entry, now: Snapshot, before: Snapshot | None) -> "Readings":
        unread = frozenset[str]().union(*(failure.samples for failure in now.failures))
        earlier = before.samples if before else ()
        return cls(entry, now, before, ByName(Samples.of(now.samples)), ByName(Samples.of(earlier)), unread)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what several rules need, worked out for the first that asks."""
        if key not in self._memo:
            self._memo[key] = make()
        made: T = self._memo[key]
        return made

    @property
    def table(self) -> Table:
        """The ports side by side."""
        return self.once("table", lambda: self.by_name.table)

    @property
    def table_before(self) -> Table:
        return self.once("table before", lambda: self.by_name_before.table)

    @property
    def ports(self) -> PortMap:
        return self.once("ports", self.table.ports)

    @property
    def ports_before(self) -> PortMap:
        return self.once("ports before", self.table_before.ports)

    @property
    def judged_places(self) -> tuple[int, ...]:
        """Which of the ports are judged, by their places."""
        return self.once("judged places", lambda: judged(self.table, self.entry))

    @property
    def judged(self) -> Table:
        """The ports that are judged, side by side."""
        return self.once("judged", lambda: self.table.picked(self.judged_places))

    @property
    def judged_ports(self) -> Sequence[Port]:
        return self.once("judged ports", lambda: tuple(self.judged.ports().values()))

    @property
    def limits(self) -> By:
        """The device's own limits, by the sample that they are of."""
        return self.once("limits", lambda: _by_sample(self.series("device_limit")))

    @property
    def elapsed(self) -> float:
        """Seconds between the readings; 0.0 where there is none before, or the clock was set back."""
        return 0.0 if self.before is None else max(0.0, (self.now.taken_at - self.before.taken_at).total_seconds())

    def series(self, name: str) -> Sequence[Sample]:
        return self.by_name.series(name)

    def series_before(self, name: str) -> Sequence[Sample]:
        return self.by_name_before.series(name)

    def value(self, name: str) -> float | None:
        """Return the one value of a sample without labels; None where there is none, or it is no number."""
        return _first(self.series(name))

    def value_before(self, name: str) -> float | None:
        return _first(self.series_before(name))

    def was_read(self, name: str) -> bool:
        """Say whether all there is of a sample is in this reading: what is not here is not there."""
        return self.now.up and name in self.now.expected and name not in self._unread

    @property
    def timestamp(self) -> float:
        return self.now.taken_at.timestamp()

    def age(self, timestamp: float) -> timedelta:
        return timedelta(seconds=self.timestamp - timestamp)


def _by_sample(limits: Iterable[Sample]) -> By:
    found: defaultdict[str, list[Sample]] = defaultdict(list)
    for limit in limits:
        found[limit.labels.get("sample", "")].append(limit)
    return found


def _first(series: Sequence[Sample]) -> float | None:
    return finite(series[0].value) if series else None


@dataclass(frozen=True, slots=True)
class Derived:
    """What a rule made. `pending` are names of which some series needs a further reading first."""

    samples: Sequence[Sample] = ()
    pending: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """How to make some samples. A device can have them when it can have one sample of each group of `sources`.

    Without sources they are made of facts, of the inventory or of what was remembered, and are expected where made.
    Where `concerns` is None the rule is asked of every device.
    """

    makes: Mapping[str, Meaning]
    sources: tuple[frozenset[str], ...]
    make: Callable[[Readings], Derived]
    concerns: frozenset[str] | None = None  # samples without any of which, now and before, it makes nothing

    @property
    def all_sources(self) -> frozenset[str]:
        return frozenset[str]().union(*self.sources)

    def possible(self, expected: frozenset[str]) -> bool:
        return bool(self.sources) and all(not group.isdisjoint(expected) for group in self.sources)


class ByName(Mapping[str, Sequence[Sample]]):
    """Samples sorted by their name. Those that stand in grids are made when they are asked for."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        single: defaultdict[str, list[Sample]] = defaultdict(list)
        for sample in samples.plain:
            single[sample.name].append(sample)
        self._single: dict[str, list[Sample]] = dict(single)
        grids: defaultdict[str, list[Grid]] = defaultdict(list)
        for grid in samples.grids:
            for name in grid.columns:
                grids[name].append(grid)
        self._grids: dict[str, list[Grid]] = dict(grids)
        self._made: dict[str, list[Sample]] = {}

    @property
    def table(self) -> Table:
        """The ports among them, side by side."""
        return Table.of(self._samples, self._single)

    @property
    def names(self) -> Iterator[str]:
        """The names there are samples of; one may come twice."""
        yield from self._single
        yield from self._grids

    def parts(self, name: str) -> tuple[Sequence[Sample], Sequence[Grid]]:
        """Return the samples of a name that stand alone, and the grids with a column of it."""
        return self._single.get(name, ()), self._grids.get(name, ())

    def has(self, name: str) -> bool:
        """Say whether there are samples of a name."""
        return name in self._single or name in self._grids

    def series(self, name: str) -> Sequence[Sample]:
        """Return the samples of a name; none where there are none."""
        return self[name] if name in self._grids else self._single.get(name, ())

    def __getitem__(self, name: str) -> Sequence[Sample]:
        if name not in self._grids:
            return self._single[name]
        if name not in self._made:
            made = [sample for grid in self._grids[name] for sample in grid.column(name)]
            self._made[name] = [*self._single.get(name, ()), *made]
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._single, *self._grids)))

    def __len__(self) -> int:
        return len(self._single.keys() | self._grids.keys())


def by_entity(samples: Iterable[Sample]) -> dict[str, float]:
    """Return the figures of samples by their entity; not those that are no number."""
    values = ((s.labels.get("entity", ""), finite(s.value)) for s in samples)
    return {entity: value for entity, value in values if value is not None}


def limits_as(readings: Readings, sample: str, name: str, entities: Container[str]) -> Iterator[Sample]:
    """Yield the device's own limits of a sample, for some of its entities, as limits of what is derived from it."""
    for limit in readings.limits.get(sample, ()):
        if limit.labels.get("entity", "") in entities:
            yield Sample("device_limit", {**limit.labels, "sample": name}, limit.value)
