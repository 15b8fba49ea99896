"""Requests of remote write, read back with a schema of their own."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.metrics_labels import clean
from agent.push.remote_write import Encoder, as_float
from collectors.model import Sample
from tests.agent.push.received import MS, Read, read

AT = datetime(2026, 3, 1, 8, 0, 0, 250_000, tzinfo=UTC)
COMMON = {"instance": "hq", "job": "netpatrol"}
TOP = {"device": "core-1", "site": "", "customer": "acme"}


def written(samples: Iterable[Sample], top: Mapping[str, str] = TOP) -> Read:
    encoder = Encoder(COMMON)
    return read(encoder.request(encoder.encode(top, samples, AT)))


def test_a_series_has_its_labels_sorted_and_none_that_is_empty():
    assert written([Sample("ifMtu", {"ifName": "Gi0/1", "ifAlias": ""}, 1500)]) == [
        (
            [
                ("__name__", "ifMtu"), ("customer", "acme"), ("device", "core-1"), ("ifName", "Gi0/1"),
                ("instance", "hq"), ("job", "netpatrol"),
            ],
            1500.0,
            MS + 250,
        )
    ]  # fmt: skip


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=5), st.floats(allow_nan=False))
def test_any_labels_are_valid_sorted_and_once(labels: dict[str, str], value: float):
    ((found, read_value, _),) = written([Sample("device_up", labels, value)])
    names = [name for name, _ in found]
    assert names == sorted(set(names))
    assert dict(found).items() >= {"__name__": "device_up", "device": "core-1"}.items()
    assert all(text == clean(text) and text for _, text in found)
    assert read_value == value


def test_samples_that_come_one_by_one_keep_their_own_labels():
    samples = (Sample("ifMtu", {"ifIndex": str(n)}, n) for n in range(500))
    assert [(dict(labels)["ifIndex"], value) for labels, value, _ in written(samples)] == [
        (str(n), float(n)) for n in range(500)
    ]


def test_a_samples_own_label_goes_before_a_common_one_and_gives_way_to_the_devices():
    ((labels, _, _),) = written([Sample("device_up", {"instance": "mine", "device": "other"}, 1)])
    assert dict(labels).items() >= {"instance": "mine", "device": "core-1"}.items()


@pytest.mark.parametrize(
    ("value", "as_double"),
    [(True, 1.0), (2**53, 2.0**53), (10**400, math.inf), (-(10**400), -math.inf), (0.1, 0.1), (math.inf, math.inf)],
)
def test_values_are_doubles(value: float, as_double: float):
    assert as_float(value) == as_double
    assert written([Sample("device_up", {}, value)])[0][1] == as_double


def test_a_value_that_is_no_number_stays_one():
    assert math.isnan(written([Sample("device_up", {}, math.nan)])[0][1])


def test_a_request_without_series_is_empty():
    assert written([]) == []
