"""Requests of remote write, read back with a schema of their own."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import cramjam
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from agent.metrics_labels import clean
from agent.push.remote_write import Encoder, as_float
from collectors.model import Sample

AT = datetime(2026, 3, 1, 8, 0, 0, 250_000, tzinfo=UTC)
MS = 1772352000250
COMMON = {"instance": "hq", "job": "netpatrol"}
TOP = {"device": "core-1", "site": "", "customer": "acme"}

# remote.proto and types.proto of Prometheus, the fields in use
SCHEMA = """
name: "read_back.proto" syntax: "proto3" package: "back"
message_type { name: "Label"
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "value" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL } }
message_type { name: "Sample"
  field { name: "value" number: 1 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
  field { name: "timestamp" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL } }
message_type { name: "TimeSeries"
  field { name: "labels" number: 1 type: TYPE_MESSAGE type_name: ".back.Label" label: LABEL_REPEATED }
  field { name: "samples" number: 2 type: TYPE_MESSAGE type_name: ".back.Sample" label: LABEL_REPEATED } }
message_type { name: "WriteRequest"
  field { name: "timeseries" number: 1 type: TYPE_MESSAGE type_name: ".back.TimeSeries" label: LABEL_REPEATED } }
"""


def _request_class() -> type:
    from google.protobuf import text_format

    file = text_format.Parse(SCHEMA, descriptor_pb2.FileDescriptorProto())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name], pool)["back.WriteRequest"]


REQUEST = _request_class()
Read = list[tuple[list[tuple[str, str]], float, int]]


def read(body: bytes) -> Read:
    """Return (labels in order, value, milliseconds) of each series of a request."""
    request = REQUEST.FromString(bytes(cramjam.snappy.decompress_raw(body)))
    return [
        ([(label.name, label.value) for label in series.labels], series.samples[0].value, series.samples[0].timestamp)
        for series in request.timeseries
        if len(series.samples) == 1
    ]


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
            MS,
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
