"""Writes samples as requests of Prometheus' remote write 1.0. Pure.

https://prometheus.io/docs/specs/prw/remote_write_spec/: a protobuf message of time series with sorted labels, times in
milliseconds, packed by snappy. Messages that follow each other in protobuf are merged, so a series is put together from
parts that are encoded once: its name, the labels of its row, the time; only the value is its own.
"""

import struct
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from agent.metrics_labels import outside
from agent.metrics_text import Series

HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""The NaN that ends a series: it shows no more from then on, and not for 5 minutes yet (Stale Markers)."""

_DOUBLE = struct.Struct("<d")
_VALUE = 3  # bytes before the value of a series' first sample: tag and length of the sample, tag of the value

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

    def encode(self, series: Iterable[Series], values: Iterable[float], at: datetime) -> list[bytes]:
        """Return each series with its value as an encoded time series of one instant."""
        sample = {"value": 1.0, "timestamp": round(at.timestamp() * 1000)}
        encoded = self._series(samples=[sample]).SerializeToString()
        lead, end = encoded[:_VALUE], encoded[_VALUE + _DOUBLE.size :]
        names: dict[str, bytes] = {}
        rows: dict[bytes, tuple[bytes, bytes]] = {}
        made: list[bytes] = []
        pack = _DOUBLE.pack
        for (metric, row), value in zip(series, values, strict=False):  # one value may stand for all
            name = names.get(metric) or names.setdefault(metric, self._labels({"__name__": metric}))
            before, after = rows.get(row) or rows.setdefault(row, self._row(row))
            made.append(b"".join((before, name, after, lead, pack(value), end)))
        return made

    def request(self, series: Iterable[bytes]) -> bytes:
        """Return the body of a request with these series."""
        return bytes(cramjam.snappy.compress_raw(self._request(timeseries=list(series)).SerializeToString()))

    def _row(self, row: bytes) -> tuple[bytes, bytes]:
        """Return the labels that sort before the name, and those after it. Empty ones are as good as none."""
        labels = {**self._common, **outside(row)}
        shown = {name: text for name, text in sorted(labels.items()) if text}
        return (
            self._labels({name: text for name, text in shown.items() if name < "__name__"}),
            self._labels({name: text for name, text in shown.items() if name > "__name__"}),
        )

    def _labels(self, labels: Mapping[str, str]) -> bytes:
        made = self._series(labels=[{"name": name, "value": text} for name, text in labels.items()])
        encoded: bytes = made.SerializeToString()
        return encoded


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
