"""What a device says ends, and what it did last, as times from now."""

import pytest

from agent.derive import derive
from collectors.model import Snapshot
from tests.agent.said import DAY, entry, sample, snapshot

NOW = snapshot([]).taken_at.timestamp()


def derived(name: str, kind: str, at: float) -> dict[tuple[str, ...], float]:
    found: Snapshot = derive(snapshot([sample(name, at, kind=kind, entity="x")]), None, entry())
    wanted = ("device_expiry_seconds", "device_age_seconds")
    return {(s.name, *s.labels.values()): s.value for s in found.samples if s.name in wanted}


@pytest.mark.parametrize("days", [30, 0, -3])
@pytest.mark.parametrize("kind", ["license", "certificate"])
def test_a_date_a_device_shows_is_the_time_that_is_left(kind, days):
    found = derived("device_ends_timestamp_seconds", kind, NOW + days * DAY)
    assert found == {("device_expiry_seconds", kind, "x"): pytest.approx(days * DAY)}


def test_a_date_of_an_update_is_its_age():
    found = derived("device_done_timestamp_seconds", "signatures", NOW - 8 * DAY)
    assert found == {("device_age_seconds", "signatures", "x"): pytest.approx(8 * DAY)}


def test_an_update_of_some_hours_from_now_is_one_of_today_and_one_of_next_week_is_none():
    assert derived("device_done_timestamp_seconds", "signatures", NOW + DAY / 3) == {
        ("device_age_seconds", "signatures", "x"): 0.0
    }
    assert derived("device_done_timestamp_seconds", "signatures", NOW + 7 * DAY) == {}
