"""Writes samples as requests of Prometheus' remote write 1.0. Pure.

https://prometheus.io/docs/specs/prw/remote_write_spec/: a protobuf message of time series with sorted labels, times in
milliseconds, packed by snappy. Messages that follow each other in protobuf are merged, so a series is put together from
parts that are encoded once: its name, the labels of its row, its value.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from agent.metrics_labels import own_labels
from collectors.model import Number, Sample

HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

_Field = descriptor_pb2.FieldDescriptorProto
_MESSAGES: Mapping[
    str, Mapping[str, tuple[Any, str | None, bool]]
] = {  # field → type, message, repeated; numbered from 1
    "Label": {"name": (_Field.TYPE_STRING, None, False), "value": (_Field.TYPE_STRING, None, False)},
    "Sample": {"value": (_Field.TYPE_DOUBLE, None, False), "timestamp": (_Field.TYPE_INT64, None, False)},
    "TimeSeries": {
        "labels": (_Field.TYPE_MESSAGE, ".prometheus.Label", True),
        "samples": (_Field.TYPE_MESSAGE, ".prometheus.Sample", True),
    },
    "WriteRequest": {"timeseries": (_Field.TYPE_BYTES, None, True)},  # on the wire a message is bytes
}


class Encoder:
    """Encodes series; each has the labels `common` (job, instance) as well, unless a sample has them."""

    def __init__(self, common: Mapping[str, str]) -> None:
        classes = _classes()
        self._series, self._request = classes["prometheus.TimeSeries"], classes["prometheus.WriteRequest"]
        self._common = dict(common)

    def encode(self, top: Mapping[str, str], samples: Iterable[Sample], at: datetime) -> list[bytes]:
        """Return each sample, labelled with `top` first, as an encoded time series of one instant."""
        kept = tuple(samples)  # its labels are told apart by their identity
        time = round(at.timestamp() * 1000)
        names: dict[str, bytes] = {}
        rows: dict[int, tuple[bytes, bytes]] = {}
        made: list[bytes] = []
        for sample in kept:
            name = names.get(sample.name) or names.setdefault(sample.name, self._labels({"__name__": sample.name}))
            key = id(sample.labels)
            before, after = rows.get(key) or rows.setdefault(key, self._row(top, sample.labels))
            value = self._series(samples=[{"value": as_float(sample.value), "timestamp": time}])
            made.append(before + name + after + value.SerializeToString())
        return made

    def request(self, series: Iterable[bytes]) -> bytes:
        """Return the body of a request with these series."""
        return bytes(cramjam.snappy.compress_raw(self._request(timeseries=list(series)).SerializeToString()))

    def _row(self, top: Mapping[str, str], own: Mapping[str, str]) -> tuple[bytes, bytes]:
        """Return the labels that sort before the name, and those after it. Empty ones are as good as none."""
        labels = {**self._common, **top, **own_labels(top, own)}
        shown = {name: text for name, text in sorted(labels.items()) if text}
        return (
            self._labels({name: text for name, text in shown.items() if name < "__name__"}),
            self._labels({name: text for name, text in shown.items() if name > "__name__"}),
        )

    def _labels(self, labels: Mapping[str, str]) -> bytes:
        made = self._series(labels=[{"name": name, "value": text} for name, text in labels.items()])
        encoded: bytes = made.SerializeToString()
        return encoded


def as_float(value: Number) -> float:
    """Return a value as a double; integers beyond its range are infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _classes() -> Mapping[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="remote_write.proto", package="prometheus", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, (kind, of, repeated)) in enumerate(fields.items(), 1):
            label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            message.field.add(name=field, number=number, type=kind, type_name=of, label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes: Mapping[str, Any] = message_factory.GetMessageClassesForFiles([file.name], pool)
    return classes
