"""Tell from a configuration what it has of the items that matter for security. Pure."""

from collections.abc import Sequence
from functools import cache
from re import Pattern

from collectors.configs.paths import paths
from collectors.configs.rules import SEPARATOR, Decision, Syntax, compiled

MAX_PATH = 2_000  # characters of a line and what it stands under

_compiled = cache(compiled)


def config_items(lines: Sequence[str], syntax: Syntax) -> dict[str, int]:
    """Return 1 for each item that the configuration has, 0 for one it has not; what cannot be told is left out.

    The lines are the device's own: of masked ones no community could be told.
    """
    flat = [path[:MAX_PATH] for path, _ in paths(lines) if path]
    found = {name: _decided(decisions, flat) for name, decisions in syntax.items.items()}
    return {name: value for name, value in found.items() if value is not None}


def _decided(decisions: Sequence[Decision], flat: Sequence[str]) -> int | None:
    for decision in decisions:
        tells, value = _tell(decision, flat)
        if tells:
            return value
    return None


def _tell(decision: Decision, flat: Sequence[str]) -> tuple[bool, int | None]:
    """Say whether a decision can tell, and what."""
    if decision.line is not None:
        return _any(_compiled(decision.line), flat), decision.value
    if decision.each is not None and decision.has is not None:
        has = _compiled(decision.has)
        every = [_any(has, section) for section in _sections(_compiled(decision.each), flat)]
        if every and all(every):
            return True, decision.value
        return bool(every) and decision.otherwise is not None, decision.otherwise
    if decision.some is not None:
        sections = _sections(_compiled(decision.some), flat)
        return any(_fits(decision, section) for section in sections), decision.value
    return True, decision.value


def _fits(decision: Decision, section: Sequence[str]) -> bool:
    return all(_any(_compiled(each), section) for each in decision.with_) and not any(
        _any(_compiled(each), section) for each in decision.without
    )


def _any(pattern: Pattern[str], flat: Sequence[str]) -> bool:
    return any(pattern.search(path) for path in flat)


def _sections(head: Pattern[str], flat: Sequence[str]) -> list[list[str]]:
    """Return the lines of each section whose head is like this; the head is the first of them."""
    sections: list[list[str]] = []
    inside = ""
    for path in flat:
        if inside and path.startswith(inside):
            sections[-1].append(path)
        elif head.search(path):
            sections.append([path])
            inside = path + SEPARATOR
        else:
            inside = ""
    return sections
