"""Say error messages in Chinese: `agent/messages.yaml` pairs them with the English ones, which the code raises."""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

from agent.model import Lang
from collectors import yamlfile
from collectors.yamlfile import Problem

LOOKED_UP = frozenset({"message", "problems", "one", "others", "why", "what", "names"})
_FIELD = re.compile(r"\{(\w+)\}")


def said(message: str, lang: Lang) -> str:
    """Return a message in a language; in English where it has no other words."""
    return message if lang == "en" else _chinese(message)


def problem(found: Problem, lang: Lang) -> Problem:
    """Return what is wrong with a file, in a language; where it is stays as it was."""
    return replace(found, message=said(found.message, lang))


def problems(found: Iterable[Problem], lang: Lang) -> str:
    """Return all that is wrong with a file, a line each."""
    return "\n".join(str(problem(each, lang)) for each in found)


@lru_cache(maxsize=4096)  # ten thousand devices can all have the same mistake
def _chinese(message: str) -> str:
    for pattern, words in _catalogue():
        if found := pattern.fullmatch(message):
            fields = found.groupdict()
            return words.format(**fields | {name: _chinese(fields[name]) for name in LOOKED_UP & fields.keys()})
    return message


@cache
def _catalogue() -> tuple[tuple[re.Pattern[str], str], ...]:
    pairs = yamlfile.read(Path(__file__).with_name("messages.yaml")).data
    return tuple((_pattern(english), chinese) for english, chinese in pairs.items())


def _pattern(english: str) -> re.Pattern[str]:
    """Return what matches a message with any text in its fields: `no {what} is called {name}`."""
    parts = _FIELD.split(english)  # words, a field, words, a field …
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if n % 2 else re.escape(part) for n, part in enumerate(parts)), re.DOTALL
    )
