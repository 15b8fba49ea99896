"""Profiles of the community, as Datadog, Netdata and Kentik share them, read beside our own.

`docs/community-profiles.md` is for their users. A file is translated into our own rules, and read by our own decoder.
What is not understood of it is named.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from collectors.profiles.community import files
from collectors.profiles.community.files import CommunityFile
from collectors.profiles.community.metrics import Ours, labelled, same
from collectors.profiles.community.notes import NotUnderstood
from collectors.profiles.community.selecting import Selector
from collectors.profiles.extend import merged
from collectors.profiles.reading import compiled
from collectors.profiles.rules import Metric, Profile, Tag
from collectors.vocabulary import Meaning
from collectors.yamlfile import KeyPath

MAX_DESCR = 1024  # characters of sysDescr that patterns are tried on

__all__ = ["Community", "CommunityProfile", "NotUnderstood", "beside", "load", "ours_of"]


@dataclass(frozen=True, slots=True)
class CommunityProfile:
    """One file with all it extends."""

    profile: Profile
    selectors: tuple[Selector, ...]
    matches: tuple[tuple[str, str], ...] = ()  # pattern of sysDescr → name of the one in its place

    def rank(self, sys_object_id: str, sys_descr: str) -> tuple[bool, int] | None:
        """Return how exactly it is for a device; None when it is not."""
        ranks = (each.rank(sys_object_id, sys_descr) for each in self.selectors)
        return max((rank for rank in ranks if rank is not None), default=None)


@dataclass(frozen=True, slots=True)
class Community:
    """All files of the inventory's `profiles_dir`. `meanings` are of the samples they can produce, by name."""

    profiles: Mapping[str, CommunityProfile] = field(default_factory=dict)
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    not_understood: tuple[NotUnderstood, ...] = ()

    def match(self, sys_object_id: str, sys_descr: str = "") -> Profile | None:
        """Return the profile that is most exactly for a device: an exact OID, else the longest; then the first read."""
        oid = sys_object_id.strip().strip(".")
        ranked = ((each.rank(oid, sys_descr), each) for each in self.profiles.values())
        fitting = [(rank, each) for rank, each in ranked if rank is not None]
        if not fitting:
            return None
        best = max(fitting, key=lambda one: one[0])[1]
        words = sys_descr[:MAX_DESCR].lower()
        named = (name for pattern, name in best.matches if name in self.profiles and compiled(pattern).search(words))
        return self.profiles[next(named, best.profile.name)].profile


def load(folders: Sequence[Path], own: Mapping[str, Profile]) -> Community:
    """Load every file of the folders, beside our own profiles. Never raises for what a file says."""
    ours = ours_of(own)
    found, lost = files.read(folders, ours)
    profiles = {
        name: CommunityProfile(_assembled(file, found), file.selectors, file.matches) for name, file in found.items()
    }
    meanings: dict[str, Meaning] = {}
    for file in found.values():
        for name, meaning in file.metrics.meanings.items():
            meanings[name] = same(meanings.get(name), meaning)
    labels = _labels(profiles.values())
    _clashes(found, own)
    noted = [*lost, *(note for file in found.values() for note in file.notes.found)]
    return Community(
        profiles=profiles,
        meanings={name: replace(meaning, labels=labels.get(name, ())) for name, meaning in meanings.items()},
        not_understood=tuple(sorted(noted, key=lambda note: (note.file, note.line, note.key))),
    )


def beside(own: Profile, theirs: Profile) -> Profile:
    """Return a device's own profile with what the community adds; what both read alike is read once."""
    read = {(symbol.sample, symbol.OID) for metric in own.metrics for symbol in metric.all_symbols}
    more = [m for m in theirs.metrics if any((s.sample, s.OID) not in read for s in m.all_symbols)]
    return merged([own, theirs.model_copy(update={"metrics": more})])


def ours_of(profiles: Mapping[str, Profile]) -> Ours:
    """Return how our own profiles read each object that a sample has the name of."""
    return {
        (symbol.sample, symbol.OID): metric
        for profile in profiles.values()
        for metric in profile.metrics
        for symbol in metric.all_symbols
        if symbol.sample and symbol.OID and symbol.sample == symbol.name
    }


def _assembled(file: CommunityFile, found: Mapping[str, CommunityFile]) -> Profile:
    """Put together what a file and those it extends say: its own first, and the tags of all on every metric."""
    line = list(_line(file, found))
    everywhere = [tag for each in line for tag in (*each.fixed, *each.tags.all)]
    scalars = [tag for each in line for tag in each.tags.scalars]
    parts = [
        Profile(
            name=each.name,
            metrics=[*each.metrics.ours, *_labelled(each, everywhere, scalars)],
            metadata=each.metadata,
        )
        for each in line
    ]
    return merged(parts)


def _labelled(file: CommunityFile, everywhere: Sequence[Tag], scalars: Sequence[Tag]) -> Iterator[Metric]:
    for metric in file.metrics.metrics:
        own = _row_tags(metric, file.tags.rows) if metric.table else scalars
        yield labelled(metric, [*own, *everywhere])


def _row_tags(metric: Metric, tags: Sequence[Tag]) -> list[Tag]:
    """Return Kentik's tags of all metrics that are columns of this metric's table."""
    entries = {(symbol.OID or "").rpartition(".")[0] for symbol in metric.all_symbols}
    return [tag for tag in tags if tag.symbol and (tag.symbol.OID or "").rpartition(".")[0] in entries]


def _line(file: CommunityFile, found: Mapping[str, CommunityFile]) -> Iterator[CommunityFile]:
    """Yield a file and all it extends, nearest first, each once."""
    seen: set[str] = set()
    waiting = [file.name]
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        yield found[name]
        waiting += [base for base in found[name].extends if base in found]


def _others(file: CommunityFile) -> Iterator[tuple[KeyPath, str]]:
    """Yield the files that a file names, and where."""
    yield from ((("extends", n), base) for n, base in enumerate(file.extends))
    yield from ((("matches", pattern), name) for pattern, name in file.matches)


def _clashes(found: Mapping[str, CommunityFile], own: Iterable[str]) -> None:
    """Name what files say of others that cannot be: no such file, the same devices twice, a name of ours."""
    first: dict[str, str] = {}
    taken = frozenset(own)
    for file in found.values():
        if file.name in taken:
            file.notes.found.append(NotUnderstood(str(file.path), 0, "", "own_name", file.name))
        for path, name in _others(file):
            if name not in found:
                file.notes.add(path, "extends", name)
        plain = (selector for selector in file.selectors if not (selector.words or selector.not_words))
        for oid in dict.fromkeys(oid.given for selector in plain for oid in selector.oids):
            if first.setdefault(oid, file.name) != file.name:
                file.notes.add(("sysobjectid",), "same_oid", f"{oid} ({first[oid]})")


def _labels(profiles: Iterable[CommunityProfile]) -> dict[str, tuple[str, ...]]:
    """Return the labels of each sample, over all profiles."""
    found: dict[str, dict[str, None]] = {}
    for each in profiles:
        for metric in each.profile.metrics:
            labels = dict.fromkeys(tag.tag for tag in metric.metric_tags)
            for symbol in metric.all_symbols:
                found.setdefault(symbol.sample or "", {}).update(labels)
    return {name: tuple(labels) for name, labels in found.items()}
