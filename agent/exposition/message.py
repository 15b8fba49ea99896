"""A request and its answer, whoever answers it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from agent.exposition import negotiation

PLAIN = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
RETRY = {"Retry-After": "5"}  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for. Names of headers are in lower case."""

    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def openmetrics(self) -> bool:
        return negotiation.wants_openmetrics(self.headers.get("accept", ""))


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a type, and a body that is made while it is sent."""

    status: HTTPStatus
    body: Iterable[bytes]
    content_type: str = PLAIN
    headers: Mapping[str, str] = field(default_factory=dict)
    done: Callable[[], object] = lambda: None  # called when the body has been sent, or will not be
    awaited: Callable[[], bool] = lambda: False  # whether others wait until it is: a slow client is then let go


def line(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with one line of plain text."""
    return Answer(status, (f"{text}\n".encode(),), headers=headers or {})
