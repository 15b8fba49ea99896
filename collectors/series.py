"""Keep every series of a device once: no two samples may have the same name and labels. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

from collectors.model import Sample


@dataclass(frozen=True, slots=True)
class Made:
    """The samples of one row. `group` is the metric or command it belongs to, `index` tells its rows apart."""

    group: int
    index: str
    samples: tuple[Sample, ...]
    fallback: bool | Literal["whole"] = False  # only where no earlier group gave the series, or any of its kind


Series = tuple[str, tuple[tuple[str, str], ...]]

_TELLING = ("entity", "line", "bgpPeerRemoteAddr", "ospfNbrIpAddr")  # labels that may be told apart by the index


def series(sample: Sample) -> Series:
    """Return what a sample is of: its name and labels, but not the state the entity is in."""
    left_out = ("state", "health") if "entity" in sample.labels else ()
    return sample.name, tuple(sorted(kv for kv in sample.labels.items() if kv[0] not in left_out))


def unsaid(samples: Iterable[Sample], said: Iterable[Sample]) -> tuple[Sample, ...]:
    """Return samples of what another protocol has said nothing about: it may name the same fan otherwise.

    What one says of any fan, any memory or any neighbour over LLDP, it is taken to say of all.
    """
    told = {_topic(each) for each in said}
    return tuple(each for each in samples if not _named_freely(each) or _topic(each) not in told)


def _named_freely(sample: Sample) -> bool:
    return bool(sample.labels.get("entity") or sample.labels.get("protocol"))


def _topic(sample: Sample) -> tuple[str, ...]:
    labels = sample.labels
    return sample.name, *(labels.get(label, "") for label in ("kind", "sample", "protocol"))


def distinct(rows: Sequence[Made]) -> tuple[Sample, ...]:
    """Return all samples, every series once, as `settled` has them."""
    return tuple(each for row in settled(rows) for each in row if each is not None)


def settled(rows: Sequence[Made]) -> list[tuple[Sample | None, ...]]:
    """Return what each row's samples become, every series once; None for what does not stand.

    Rows of a group that share a series get their index behind the entity (`Fan #2`), with all their samples, so that a
    limit still names its sensor; so does a row that repeats a series of an earlier group. The first stands where there
    is nothing to tell apart: the same object read twice, a second symbol for the same row, a sample without an entity.
    """
    standing = list(_standing(rows))
    ambiguous = _ambiguous(standing)
    seen: dict[Series, Sample] = {}
    return [tuple(_settled(row, (row.group, row.index) in ambiguous, seen, rows[n])) for n, row in enumerate(standing)]


def _settled(row: Made, ambiguous: bool, seen: dict[Series, Sample], made: Made) -> Iterator[Sample | None]:
    """Yield what each of a row's samples as made becomes. `row` has those of them that stand."""
    samples = row.samples
    if ambiguous or (not row.fallback and _clash(samples, seen)):
        samples = _told_apart(row, {} if row.fallback else seen)
    becomes = dict(zip(map(id, row.samples), samples, strict=True))
    for each in made.samples:
        now = becomes.get(id(each))
        yield now if now is not None and seen.setdefault(series(now), now) is now else None


def _standing(rows: Iterable[Made]) -> Iterator[Made]:
    """Yield the rows without what a whole fall-back has of a kind that an earlier group gave: any fan, any memory."""
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        whole = row.fallback == "whole"
        stands = tuple(s for s in row.samples if not whole or first.get(_kind(s), row.group) == row.group)
        for each in stands:
            first.setdefault(_kind(each), row.group)
        yield row if len(stands) == len(row.samples) else replace(row, samples=stands)


def _kind(sample: Sample) -> tuple[str, str]:
    return sample.labels.get("sample", sample.name), sample.labels.get("kind", "")


def _ambiguous(rows: Iterable[Made]) -> set[tuple[int, str]]:
    """Return (group, index) of the rows that share a series with another row of their group."""
    owners: dict[tuple[int, Series], set[str]] = {}
    for row in rows:
        for each in filter(_tells, row.samples):
            owners.setdefault((row.group, series(each)), set()).add(row.index)
    return {(group, index) for (group, _), indexes in owners.items() if len(indexes) > 1 for index in indexes}


def _tells(sample: Sample) -> bool:
    return any(map(sample.labels.get, _TELLING))


def _clash(samples: Iterable[Sample], seen: Mapping[Series, Sample]) -> bool:
    """Say whether one of the samples could be told apart from another object's of the same series."""
    for each in samples:
        first = seen.get(series(each))
        if first is not None and (each.oid is None or each.oid != first.oid) and _tells(each):
            return True
    return False


def _told_apart(row: Made, seen: Mapping[Series, Sample]) -> tuple[Sample, ...]:
    for n in count():
        suffix = f" #{row.index}" + (f"/{n}" if n else "")
        samples = tuple(_suffixed(each, suffix) for each in row.samples)
        if not _clash(samples, seen):
            return samples
    raise AssertionError


def _suffixed(sample: Sample, suffix: str) -> Sample:
    changed = {label: sample.labels[label] + suffix for label in _TELLING if sample.labels.get(label)}
    return replace(sample, labels={**sample.labels, **changed})
