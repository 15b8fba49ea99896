"""What a receiver of remote write gets: requests read back with a schema of their own."""

import struct

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from agent.push.wire import Reply, Result

MS = 1772352000000  # metered.NOW in milliseconds

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


def ended(value: float) -> bool:
    """Say whether a value is the one that ends a series: the specification's, bit by bit."""
    return struct.pack("<Q", 0x7FF0000000000002) == struct.pack("<d", value)


SENT, REFUSED, LATER = (Reply(result) for result in Result)
Series = tuple[str, str, float, int]


class Receiver:
    """Answers as told, one reply after the other and then always the last; remembers what it took."""

    def __init__(self, *replies: Reply) -> None:
        self.replies, self.bodies, self.taken = list(replies), list[bytes](), list[Series]()

    def __call__(self, body: bytes) -> Reply:
        self.bodies.append(body)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if reply.result is Result.SENT:
            self.taken += [(dict(ls)["__name__"], dict(ls).get("device", ""), v, at) for ls, v, at in read(body)]
        return reply

    def of_device(self, name: str) -> list[tuple[float, int]]:
        return [(value, at) for metric, device, value, at in self.taken if (metric, device) == ("device_up", name)]
