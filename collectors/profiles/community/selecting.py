"""Which devices a community file is for: `sysobjectid` (Datadog, Kentik), `selector` (Netdata). Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from collectors.profiles.community.notes import Notes
from collectors.profiles.reading import compiled
from collectors.yamlfile import KeyPath

_EXACT = re.compile(r"[0-9]+(\.[0-9]+)*")
_GLOB = re.compile(r"[0-9*]+(\.[0-9*]+)*")
MAX_SUBJECT = 600  # characters of a sysObjectID: 128 arcs at most


@dataclass(frozen=True, slots=True)
class ObjectId:
    """A pattern of sysObjectIDs: `*` is any text. `given` is as the file has it."""

    given: str

    @property
    def pattern(self) -> str:
        """Return it in RE2."""
        if not _GLOB.fullmatch(self.given):
            return f"^(?:{self.given})$"
        return "^" + ".*".join(re.escape(part) for part in self.given.split("*")) + "$"

    @property
    def rank(self) -> tuple[bool, int]:
        """How much it says: an exact one before a pattern, then the longer one."""
        return bool(_EXACT.fullmatch(self.given)), len(self.given.partition("*")[0])

    def fits(self, oid: str) -> bool:
        if _EXACT.fullmatch(self.given):
            return oid == self.given
        if _EXACT.fullmatch(self.given.removesuffix(".*")):
            return oid.startswith(self.given[:-1])
        return compiled(self.pattern).search(oid[:MAX_SUBJECT]) is not None


@dataclass(frozen=True, slots=True)
class Selector:
    """One of the kinds of devices a file is for; all that is given must fit."""

    oids: tuple[ObjectId, ...] = ()
    not_oids: tuple[ObjectId, ...] = ()
    words: tuple[str, ...] = ()  # of sysDescr, in lower case: one is enough
    not_words: tuple[str, ...] = ()

    def rank(self, oid: str, descr: str) -> tuple[bool, int] | None:
        """Return how exactly it fits a device; None where it does not."""
        fitting = [each.rank for each in self.oids if each.fits(oid)]
        said = descr.lower()
        if (self.oids and not fitting) or any(each.fits(oid) for each in self.not_oids):
            return None
        if (self.words and not any(word in said for word in self.words)) or any(w in said for w in self.not_words):
            return None
        return max(fitting, default=(False, 0))


def selectors(data: dict[str, Any], notes: Notes) -> tuple[Selector, ...]:
    """Return the kinds of devices a file is for; none for one that is only extended or named."""
    oids = tuple(_oids(data.get("sysobjectid"), ("sysobjectid",), notes))
    found = [Selector(oids=oids)] if oids else []
    for path, each in notes.listed(data.get("selector"), ("selector",)):
        rule = notes.mapping(each, path, ("sysobjectid", "sysdescr"))
        if rule is not None and (selector := _rule(rule, path, notes)) is not None:
            found.append(selector)
    return tuple(found)


def by_words(data: Any, notes: Notes) -> tuple[tuple[str, str], ...]:
    """Return Kentik's `matches`: pattern of the lower-case sysDescr → the file that is read in place of this one."""
    found = []
    given = None if data is None else notes.mapping(data, ("matches",))
    for pattern, file in (given or {}).items():
        notes.spend()
        try:
            compiled(pattern)
        except ValueError as error:
            notes.add(("matches", pattern), "pattern", error)
        else:
            found.append((pattern, PurePath(str(file)).stem))
    return tuple(found)


def _rule(rule: dict[str, Any], path: KeyPath, notes: Notes) -> Selector | None:
    said: dict[tuple[str, str], Any] = {}
    for key in ("sysobjectid", "sysdescr"):
        if rule.get(key) is not None:
            sides = notes.mapping(rule[key], (*path, key), ("include", "exclude"))
            if sides is None:
                return None
            said |= {(key, side): sides.get(side) for side in ("include", "exclude")}
    before, at = len(notes.found), (*path, "sysobjectid")
    selector = Selector(
        oids=tuple(_oids(said.get(("sysobjectid", "include")), (*at, "include"), notes)),
        not_oids=tuple(_oids(said.get(("sysobjectid", "exclude")), (*at, "exclude"), notes)),
        words=_words(said.get(("sysdescr", "include"))),
        not_words=_words(said.get(("sysdescr", "exclude"))),
    )
    # with a condition left out it would fit devices it is not meant for
    return selector if (selector.oids or selector.words) and len(notes.found) == before else None


def _oids(data: Any, path: KeyPath, notes: Notes) -> Iterator[ObjectId]:
    given = [((*path, n), each) for n, each in enumerate(data)] if isinstance(data, list) else [(path, data)]
    for at, each in given:
        if each is None:
            continue
        notes.spend()
        oid = ObjectId(str(each).strip().strip("."))
        try:
            compiled(oid.pattern)
        except ValueError as error:
            notes.add(at, "pattern", error)
        else:
            yield oid


def _words(data: Any) -> tuple[str, ...]:
    given = data if isinstance(data, list) else [data]
    return tuple(str(each).lower() for each in given if each)
