"""Read community files: each into what it says by itself, before what it extends. A broken one costs only itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from collectors import yamlfile
from collectors.profiles.community import facts, metrics, tags
from collectors.profiles.community.metrics import Metrics, Ours
from collectors.profiles.community.notes import Notes, NotUnderstood, TooMuch
from collectors.profiles.community.selecting import Selector, by_words, selectors
from collectors.profiles.community.tags import GlobalTags
from collectors.profiles.rules import Metadata, Tag
from collectors.yamlfile import Document, YamlError

MAX_FILES = 10_000
MAX_BYTES = 2_000_000

_SECTIONS = ("topology", "bgp", "licensing", "traps", "trap", "virtual_metrics")
_INERT = ("name", "description", "provider", "no_use_bulkwalkall", "mib")  # what others call it, and how they ask
_KEYS = (
    *("sysobjectid", "selector", "matches", "extends", "metrics", "metric_tags", "static_tags", "metadata", "device"),
    *_SECTIONS,
    *_INERT,
)


@dataclass(slots=True)
class CommunityFile:
    """One file translated, as far as it is understood."""

    path: Path
    document: Document
    notes: Notes
    extends: list[str] = field(default_factory=list)  # names of files, without their endings
    selectors: tuple[Selector, ...] = ()
    matches: tuple[tuple[str, str], ...] = ()  # pattern of sysDescr → name of the file in place of this one
    metrics: Metrics = field(default_factory=Metrics)
    tags: GlobalTags = field(default_factory=GlobalTags)
    fixed: list[Tag] = field(default_factory=list)
    metadata: Metadata = field(default_factory=Metadata)

    @property
    def name(self) -> str:
        return self.path.stem


def read(folders: Sequence[Path], ours: Ours) -> tuple[dict[str, CommunityFile], list[NotUnderstood]]:
    """Read the files of folders and theirs, by name; the first of a name counts. What is wrong with a file is named."""
    files: dict[str, CommunityFile] = {}
    lost: list[NotUnderstood] = []
    for path in paths(folders):
        if path.stem in files:
            lost.append(NotUnderstood(str(path), 0, "", "clash", str(files[path.stem].path)))
            continue
        try:
            files[path.stem] = _file(path, ours)
        except YamlError as error:
            first = error.problems[0]
            lost.append(NotUnderstood(first.file, first.line, first.key, "broken", first.message))
        except (TooMuch, RecursionError) as error:
            lost.append(NotUnderstood(str(path), 0, "", "broken", str(error)))
    return files, lost


def paths(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield the YAML files in folders and the folders in them, the nearest first; what is hidden is not looked at."""
    for folder in folders:
        found = (path for path in folder.rglob("*.y*ml") if path.suffix in (".yaml", ".yml"))
        seen = (path for path in found if not any(p.startswith(".") for p in path.relative_to(folder).parts))
        yield from sorted(islice(seen, MAX_FILES), key=lambda path: (len(path.parts), path))


def _file(path: Path, ours: Ours) -> CommunityFile:
    try:
        size = path.stat().st_size if path.is_file() else -1
    except OSError as error:
        raise YamlError([yamlfile.Problem(str(path), 0, "", f"cannot be read: {error.strerror}")]) from error
    if not 0 <= size <= MAX_BYTES:
        message = "is no file" if size < 0 else f"is larger than {MAX_BYTES // 1_000_000} MB"
        raise YamlError([yamlfile.Problem(str(path), 0, "", message)])
    document, problems = yamlfile.scan(path)
    notes = Notes(document)
    notes.found += [NotUnderstood(each.file, each.line, each.key, "form", each.message) for each in problems]
    return _translated(path, document, notes, ours)


def _translated(path: Path, document: Document, notes: Notes, ours: Ours) -> CommunityFile:
    file = CommunityFile(path, document, notes)
    data = notes.mapping({} if document.data is None else document.data, (), _KEYS)
    if data is None:
        return file
    for _, each in notes.listed(data.get("extends"), ("extends",)):
        notes.spend()
        file.extends.append(Path(str(each)).stem)
    file.selectors = selectors(data, notes)
    file.matches = by_words(data.get("matches"), notes)
    file.metrics = metrics.translate(data.get("metrics"), notes, ours)
    file.tags = tags.global_tags(data.get("metric_tags"), ("metric_tags",), notes)
    file.fixed = tags.fixed_tags(data.get("static_tags"), ("static_tags",), notes)
    file.metadata = facts.translate(data, notes)
    _sections(data, notes)
    return file


def _sections(data: dict[str, Any], notes: Notes) -> None:
    """Name the parts of the format that are not read at all."""
    for key in _SECTIONS:
        if key == "virtual_metrics":
            for path, each in notes.listed(data.get(key), (key,)):
                notes.add(path, "virtual", each.get("name") if isinstance(each, dict) else "")
        elif data.get(key) is not None:
            notes.add((key,), "section", key)
