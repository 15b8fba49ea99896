"""Requests of remote write, read back with a schema of their own."""

import math
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.metrics_labels import clean
from agent.metrics_text import block
from agent.push.remote_write import STALE, Encoder
from agent.push.series import Follower
from collectors.columns import Grid, Rows, Samples
from collectors.model import Sample
from collectors.vocabulary import VOCABULARY
from tests.agent.push.received import MS, Read, ended, read

AT = datetime(2026, 3, 1, 8, 0, 0, 250_000, tzinfo=UTC)
COMMON = {"instance": "hq", "job": "netpatrol"}
TOP = {"device": "core-1", "site": "", "customer": "acme"}


def written(*polls: Sequence[Sample], top: Mapping[str, str] = TOP) -> Read:
    """Return what a request of a device's polls is read back as."""
    encoder = Encoder(COMMON)
    follower = Follower(encoder)
    series = [one for samples in polls for one in follower.follow("core-1", [block(top, samples, VOCABULARY)], AT)]
    return read(encoder.request(series))


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


def test_the_rows_of_a_table_keep_their_own_labels_and_values():
    rows = Rows({"ifIndex": str(n), "ifAlias": '"\\\n机房'} for n in range(500))
    table = Samples((), (Grid(rows, {"ifMtu": list(range(500)), "ifSpeed": [7] * 500}),))
    found = {(dict(labels)["__name__"], int(dict(labels)["ifIndex"])): value for labels, value, _ in written(table)}
    assert found == {("ifMtu", n): n for n in range(500)} | {("ifSpeed", n): 7 for n in range(500)}
    assert {dict(labels)["ifAlias"] for labels, _, _ in written(table)} == {'"\\\n机房'}


def mtu(*ports: int, value: int = 1500) -> list[Sample]:
    return [Sample("ifMtu", {"ifIndex": str(port)}, value) for port in ports]


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        (mtu(1, 2), mtu(1, 2, value=9000), []),
        (mtu(1, 2), mtu(2, 3), ["1"]),
        (mtu(1, 2), mtu(1, 2)[::-1], []),
        (mtu(1, 2), [], ["1", "2"]),
        ([], mtu(1), []),
    ],
    ids=["as before", "one less and one more", "in another order", "none any more", "the first"],
)
def test_a_series_that_is_gone_ends(before: list[Sample], after: list[Sample], gone: list[str]):
    ends = [dict(labels)["ifIndex"] for labels, value, _ in written(before, after) if ended(value)]
    assert ends == gone


def test_a_series_ends_once():
    assert [ended(value) for _, value, _ in written(mtu(1), [], [])] == [False, True]


def test_the_end_of_a_series_is_another_nan_than_that_of_a_device():
    assert struct.pack(">d", STALE).hex() == "7ff0000000000002"
    ((_, value, _),) = written([Sample("device_up", {}, math.nan)])
    assert not ended(value)


def test_a_samples_own_label_goes_before_a_common_one_and_gives_way_to_the_devices():
    ((labels, _, _),) = written([Sample("device_up", {"instance": "mine", "device": "other"}, 1)])
    assert dict(labels).items() >= {"instance": "mine", "device": "core-1"}.items()


@pytest.mark.parametrize(
    ("value", "as_double"),
    [(True, 1.0), (2**53, 2.0**53), (10**400, math.inf), (-(10**400), -math.inf), (0.1, 0.1), (math.inf, math.inf)],
)
def test_values_are_doubles(value: float, as_double: float):
    assert written([Sample("device_up", {}, value)])[0][1] == as_double


def test_a_value_that_is_no_number_stays_one():
    assert math.isnan(written([Sample("device_up", {}, math.nan)])[0][1])


def test_a_request_without_series_is_empty():
    assert written([]) == []
