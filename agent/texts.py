"""Words for people, in both languages: `agent/texts.yaml` holds every one that is not a check's own."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from agent.model import Lang, Severity, Text
from collectors import yamlfile


@cache
def catalogue() -> dict[str, Text]:
    """Return every text by its dotted key (`severity.warning`)."""
    document = yamlfile.read(Path(__file__).with_name("texts.yaml"))
    return {
        f"{group}.{key}": Text(zh=pair["zh"], en=pair["en"])
        for group, pairs in document.data.items()
        for key, pair in pairs.items()
    }


def text(key: str, lang: Lang, **fields: object) -> str:
    """Return a text with its `{fields}` filled in. Raises KeyError for a key that is not in the file."""
    return catalogue()[key][lang].format(**fields)


def both(make: Callable[[Lang], str]) -> Text:
    """Return a text in both languages."""
    return Text(make("zh"), make("en"))


def of_severity(severity: Severity, lang: Lang) -> str:
    """Return the word for a severity."""
    return text(f"severity.{severity.name.lower()}", lang)
