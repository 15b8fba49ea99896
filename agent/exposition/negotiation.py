"""Chooses the form of an answer from what a request's headers say. Pure (RFC 9110 section 12)."""

from collections.abc import Iterator, Mapping
from math import isfinite

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

DEFAULT_TIMEOUT = 10.0  # seconds: Prometheus' own default
LONGEST_TIMEOUT = 120.0
MARGIN = 0.5  # seconds of the scrape's timeout that are left for the way back


def wants_openmetrics(accept: str) -> bool:
    """Say whether an Accept header asks for OpenMetrics, at least as much as for plain text."""
    openmetrics, plain, any_text = 0.0, 0.0, 0.0
    for kind, parameters, quality in _choices(accept):
        if kind == "application/openmetrics-text" and parameters.get("version", "1.0.0") in ("1.0.0", "0.0.1"):
            openmetrics = max(openmetrics, quality)
        elif kind == "text/plain":
            plain = max(plain, quality)
        elif kind in ("*/*", "text/*"):
            any_text = max(any_text, quality)
    return openmetrics > 0 and openmetrics >= (plain or any_text)


def wants_gzip(accept_encoding: str) -> bool:
    """Say whether an Accept-Encoding header allows gzip."""
    named = {kind: quality for kind, _, quality in _choices(accept_encoding)}
    return named.get("gzip", named.get("*", 0.0)) > 0


def timeout(header: str | None) -> float:
    """Return how many seconds an answer may take, by X-Prometheus-Scrape-Timeout-Seconds."""
    try:
        asked = float(header or DEFAULT_TIMEOUT)
    except ValueError:
        asked = DEFAULT_TIMEOUT
    asked = asked if isfinite(asked) and asked > 0 else DEFAULT_TIMEOUT
    return max(min(asked, LONGEST_TIMEOUT) - MARGIN, asked / 2 if asked < 2 * MARGIN else MARGIN)


def _choices(header: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    for choice in header.split(","):
        kind, *rest = (part.strip() for part in choice.split(";"))
        parameters = dict(part.partition("=")[::2] for part in rest)
        yield kind.lower(), parameters, _quality(parameters.get("q", "1"))


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
