"""Complete profiles by what they extend. Pure.

Depth first, in the order given, each part once. Metrics and rows of `nut`: the profile's own, then the inherited ones.
Facts: its own sources, then the inherited ones as fall-backs. `cli`: its own, else the first inherited. How a profile
is recognised (`sysobjectid`, `sysdescr`, `probe`), `title` and `classes` are never inherited. `rebase` moves what is
inherited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collectors.profiles.rules import FieldSource, Metadata, Nut, Profile
from collectors.profiles.words import Oid
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
    return {name: merged([_moved(loaded[part].profile, by) for part, by in _line(name, loaded)]) for name in loaded}


def _check(name: str, each: Loaded, loaded: Mapping[str, Loaded], problems: list[Problem]) -> None:
    for n, base in enumerate(each.profile.extends):
        if base not in loaded:
            message = f"there is no profile {base!r} (right form: the name of a file in the folder, as _system)"
            problems.append(each.document.problem(("extends", n), message))
        elif any(name == part for part, _ in _line(base, loaded)):
            message = f"{base!r} extends {name!r}: a profile cannot extend itself"
            problems.append(each.document.problem(("extends", n), message))


Moves = tuple[tuple[Oid, Oid], ...]


def _line(name: str, loaded: Mapping[str, Loaded]) -> list[tuple[str, Moves]]:
    """Return a profile and all it extends, nearest first, each once, with the rebases on the way, the nearest last.

    Unknown names and cycles end a branch.
    """
    found: dict[tuple[str, Moves], None] = {}

    def visit(each: str, moves: Moves, above: frozenset[str]) -> None:
        if each in loaded and each not in above and (each, moves) not in found:
            found[each, moves] = None
            for base in loaded[each].profile.extends:
                visit(base, (*loaded[each].profile.rebase.items(), *moves), above | {each})

    visit(name, (), frozenset())
    return list(found)


def _moved(profile: Profile, moves: Moves) -> Profile:
    """Return a profile whose objects below the first OID of a move are below its second."""

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(each) for each in value]
        if not isinstance(value, dict):
            return value
        moved = {key: walk(each) for key, each in value.items()}
        return moved | {"OID": _moved_oid(moved["OID"], moves)} if moved.get("OID") else moved

    return Profile.model_validate(walk(profile.model_dump())) if moves else profile


def _moved_oid(oid: Oid, moves: Moves) -> Oid:
    for here, there in moves:
        if f"{oid}.".startswith(f"{here}."):
            oid = there + oid[len(here) :]
    return oid


def merged(line: Sequence[Profile]) -> Profile:
    """Return the first of the profiles with what the others add behind it."""
    own = line[0]
    if len(line) == 1:
        return own
    return own.model_copy(
        update={
            "metrics": [metric for profile in line for metric in profile.metrics],
            "metadata": _metadata([profile.metadata for profile in line]),
            "cli": next((profile.cli for profile in line if profile.cli is not None), None),
            "nut": _nut([profile.nut for profile in line if profile.nut is not None]),
        }
    )


def _nut(line: Sequence[Nut]) -> Nut | None:
    facts = {fact: [column for nut in line for column in nut.facts.get(fact, ())] for nut in line for fact in nut.facts}
    return Nut(facts=facts, rows=[rows for nut in line for rows in nut.rows]) if line else None


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
