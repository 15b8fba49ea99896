"""What a request for a page asks: which page, in which language, of which sites; and how pages link to each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self, cast
from urllib.parse import quote, unquote, urlencode

from agent.exposition.message import Request
from agent.model import Lang

KEPT = ("all", "site", "device")  # parameters that go on when the language is changed
OCTETS = "surrogateescape"  # a file's name may be no UTF-8


@dataclass(frozen=True, slots=True)
class Link:
    """A cell of a table that leads somewhere."""

    text: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request for a page."""

    parts: tuple[str, ...]  # of the path, percent-decoded: ("tickets", "T-20261122-0001"); hostile
    lang: Lang
    root: str = "./"  # the way to the top: a proxy may serve us below a path of its own
    query: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request, language: Lang) -> Self:
        """Read a request; `language` is spoken unless it asks for another. Raises ValueError saying the right form."""
        lang = "".join(request.query.get("lang", [language])[:1])
        if lang not in ("zh", "en"):
            raise ValueError("lang: not a language here (right form: ?lang=zh or ?lang=en)")
        return cls(
            parts=tuple(unquote(part, errors=OCTETS) for part in request.path.removesuffix("/").split("/")[1:]),
            lang=cast("Lang", lang),
            root="../" * (request.path.count("/") - 1) or "./",
            query={name: request.query[name] for name in KEPT if name in request.query},
        )

    @property
    def everything(self) -> bool:
        """Whether resolved tickets are asked for too."""
        return bool(self.query.get("all", [""])[0].strip("0"))

    def only(self, name: str) -> list[str] | None:
        """Return the values of a filter, or None where there is none."""
        return self.query.get(name)

    def link(self, *parts: str, **query: Iterable[str]) -> str:
        """Return the way to another page of this language."""
        return self._way(parts, self.lang, query)

    def same(self, lang: Lang) -> str:
        """Return the way to this page in a language."""
        return self._way(self.parts, lang, self.query)

    def _way(self, parts: Iterable[str], lang: Lang, query: Mapping[str, Iterable[str]]) -> str:
        path = "/".join(quote(part, safe="", errors=OCTETS) for part in parts)
        return f"{self.root}{path}?{urlencode({**query, 'lang': [lang]}, doseq=True)}"
