"""Which form of a page a request's headers ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.exposition.negotiation import timeout, wants_gzip, wants_openmetrics

PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;"
    "q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        (PROMETHEUS_2_42, True),
        (PROMETHEUS_3, True),
        ("application/openmetrics-text", True),
        ("Application/OpenMetrics-Text; version=0.0.1", True),
        ("text/plain;q=0.5, application/openmetrics-text;q=0.5", True),
        ("text/plain, application/openmetrics-text;q=0.9", False),
        ("*/*, application/openmetrics-text;q=0.9", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=x", False),
        ("application/openmetrics-text;version=2.0.0", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_openmetrics_is_for_who_prefers_it(accept: str, openmetrics: bool):
    assert wants_openmetrics(accept) is openmetrics


@pytest.mark.parametrize(
    ("header", "gzip"),
    [
        ("gzip", True), ("deflate, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("gzip;q=0, *", False),
        ("identity", False), ("br", False), ("", False), ("x-gzip", False),
    ],
)  # fmt: skip
def test_gzip_is_for_who_allows_it(header: str, gzip: bool):
    assert wants_gzip(header) is gzip


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("10", 9.5), ("60.5", 60.0), ("1", 0.5), ("0.5", 0.25), ("3600", 119.5), (None, 9.5), ("", 9.5), ("soon", 9.5),
        ("nan", 9.5), ("inf", 9.5), ("-1", 9.5), ("0", 9.5),
    ],
)  # fmt: skip
def test_an_answer_comes_a_little_before_the_scrape_is_given_up(header: str | None, seconds: float):
    assert timeout(header) == pytest.approx(seconds)


@given(st.text())
def test_any_header_has_an_answer(header: str):
    assert wants_openmetrics(header) in (True, False)
    assert wants_gzip(header) in (True, False)
    assert 0 < timeout(header) < 120
