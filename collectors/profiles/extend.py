"""Complete profiles by what they extend. Pure.

Depth first, in the order given, each part once. Metrics: the profile's own, then the inherited ones. Facts: its own
sources, then the inherited ones as fall-backs. `cli`: its own, else the first inherited. How a profile is recognised
(`sysobjectid`, `sysdescr`, `probe`), `title` and `classes` are never inherited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collectors.profiles.rules import FieldSource, Metadata, Profile
from collectors.yamlfile import Document, Problem


@dataclass(frozen=True, slots=True)
class Loaded:
    """A profile as its file says it, and the file's lines."""

    profile: Profile
    document: Document


def complete(loaded: Mapping[str, Loaded], problems: list[Problem]) -> dict[str, Profile]:
    """Return every profile with what it extends; what cannot be extended is added to `problems`."""
    before = len(problems)
    for name, each in loaded.items():
        _check(name, each, loaded, problems)
    if len(problems) > before:
        return {}
    return {name: _merged([loaded[part].profile for part in _line(name, loaded)]) for name in loaded}


def _check(name: str, each: Loaded, loaded: Mapping[str, Loaded], problems: list[Problem]) -> None:
    for n, base in enumerate(each.profile.extends):
        line = each.document.line(("extends", n))
        if base not in loaded:
            message = f"there is no profile {base!r} (right form: the name of a file in the folder, as _system)"
            problems.append(Problem(each.document.file, line, f"extends[{n}]", message))
        elif name in _line(base, loaded):
            message = f"{base!r} extends {name!r}: a profile cannot extend itself"
            problems.append(Problem(each.document.file, line, f"extends[{n}]", message))


def _line(name: str, loaded: Mapping[str, Loaded]) -> list[str]:
    """Return a profile and all it extends, nearest first, each once; unknown names and cycles end a branch."""
    found: dict[str, None] = {}

    def visit(each: str) -> None:
        if each in loaded and each not in found:
            found[each] = None
            for base in loaded[each].profile.extends:
                visit(base)

    visit(name)
    return list(found)


def _merged(line: Sequence[Profile]) -> Profile:
    own = line[0]
    if len(line) == 1:
        return own
    return own.model_copy(
        update={
            "metrics": [metric for profile in line for metric in profile.metrics],
            "metadata": _metadata([profile.metadata for profile in line]),
            "cli": next((profile.cli for profile in line if profile.cli is not None), None),
        }
    )


def _metadata(line: Sequence[Metadata]) -> Metadata:
    fields: dict[str, FieldSource] = {}
    for metadata in line:
        for fact, source in metadata.device.fields.items():
            fields[fact] = _behind(fields[fact], source) if fact in fields else source
    tables = [table for metadata in line for table in metadata.tables]
    return Metadata(device=Metadata.Device(fields=fields), tables=tables)


def _behind(first: FieldSource, last: FieldSource) -> FieldSource:
    rest = last if first.fallback is None else _behind(first.fallback, last)
    return first.model_copy(update={"fallback": rest})
