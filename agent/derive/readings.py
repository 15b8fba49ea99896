"""What a derived sample is made from: a device's reading, the one before, and what the inventory says. Pure."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from agent.derive.counters import finite
from agent.derive.ports import Port, judged, ports
from agent.model import Entry
from collectors.columns import Grid, Samples
from collectors.model import Sample, Snapshot
from collectors.vocabulary import Meaning

By = Mapping[str, Sequence[Sample]]
PortMap = Mapping[tuple[str, str], Port]


@dataclass(frozen=True, slots=True)
class Readings:
    """Two readings of one device, `before` the older one, with the derived samples it was given then."""

    entry: Entry
    now: Snapshot
    before: Snapshot | None = None
    ports: PortMap = field(default_factory=dict, repr=False)
    judged_ports: Sequence[Port] = ()
    ports_before: PortMap = field(default_factory=dict, repr=False)
    _now: By = field(default_factory=dict, repr=False)
    _before: By = field(default_factory=dict, repr=False)
    _unread: frozenset[str] = frozenset()
    memo: dict[str, Any] = field(default_factory=dict, repr=False)  # what several rules need, worked out by the first

    @classmethod
    def of(cls, entry: Entry, now: Snapshot, before: Snapshot | None) -> "Readings":
        unread = frozenset[str]().union(*(failure.samples for failure in now.failures))
        earlier = before.samples if before else ()
        found = ports(now.samples)
        return cls(
            entry=entry,
            now=now,
            before=before,
            ports=found,
            judged_ports=judged(found.values(), entry),
            ports_before=ports(earlier),
            _now=ByName(Samples.of(now.samples)),
            _before=ByName(Samples.of(earlier)),
            _unread=unread,
        )

    @property
    def elapsed(self) -> float:
        """Seconds between the readings; 0.0 where there is none before, or the clock was set back."""
        return 0.0 if self.before is None else max(0.0, (self.now.taken_at - self.before.taken_at).total_seconds())

    def series(self, name: str) -> Sequence[Sample]:
        return self._now.get(name, ())

    def series_before(self, name: str) -> Sequence[Sample]:
        return self._before.get(name, ())

    def value(self, name: str) -> float | None:
        """Return the one value of a sample without labels; None where there is none, or it is no number."""
        return next((finite(s.value) for s in self.series(name)), None)

    def value_before(self, name: str) -> float | None:
        return next((finite(s.value) for s in self.series_before(name)), None)

    def was_read(self, name: str) -> bool:
        """Say whether all there is of a sample is in this reading: what is not here is not there."""
        return self.now.up and name in self.now.expected and name not in self._unread

    @property
    def timestamp(self) -> float:
        return self.now.taken_at.timestamp()

    def age(self, timestamp: float) -> timedelta:
        return timedelta(seconds=self.timestamp - timestamp)


@dataclass(frozen=True, slots=True)
class Derived:
    """What a rule made. `pending` are names of which some series needs a further reading first."""

    samples: Sequence[Sample] = ()
    pending: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """How to make some samples. A device can have them when it can have one sample of each group of `sources`.

    Without sources they are made of facts, of the inventory or of what was remembered, and are expected where made.
    """

    makes: Mapping[str, Meaning]
    sources: tuple[frozenset[str], ...]
    make: Callable[[Readings], Derived]

    @property
    def all_sources(self) -> frozenset[str]:
        return frozenset[str]().union(*self.sources)

    def possible(self, expected: frozenset[str]) -> bool:
        return bool(self.sources) and all(not group.isdisjoint(expected) for group in self.sources)


class ByName(Mapping[str, Sequence[Sample]]):
    """Samples sorted by their name. Those that stand in grids are made when they are asked for."""

    def __init__(self, samples: Samples) -> None:
        self._single: dict[str, list[Sample]] = {}
        for sample in samples.plain:
            self._single.setdefault(sample.name, []).append(sample)
        self._grids: dict[str, list[Grid]] = {}
        for grid in samples.grids:
            for name in grid.columns:
                self._grids.setdefault(name, []).append(grid)
        self._made: dict[str, list[Sample]] = {}

    def parts(self, name: str) -> tuple[Sequence[Sample], Sequence[Grid]]:
        """Return the samples of a name that stand alone, and the grids with a column of it."""
        return self._single.get(name, ()), self._grids.get(name, ())

    def has(self, name: str) -> bool:
        """Say whether there are samples of a name."""
        return name in self._single or name in self._grids

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
    for limit in readings.series("device_limit"):
        if limit.labels.get("sample") == sample and limit.labels.get("entity", "") in entities:
            yield Sample("device_limit", {**limit.labels, "sample": name}, limit.value)
