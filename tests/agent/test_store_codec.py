import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, select

from agent.model import Coverage, DeviceResult, Due, Result, Run, Severity, TicketChange, Track
from agent.store import Spooled, StoreCorrupt, codec, rows, spool, tables
from collectors.model import Cost, Failure, Sample, Snapshot
from tests.agent.faults import KEY, NOW, WARNING, finding, judged, ticket

HOSTILE = [
    "\x00",
    "\ud800",
    "a\udcffb",
    "\\u0000",
    "\\005c",
    "\\",
    "'; DROP TABLE tickets; --",
    "<script>",
    "温度",
    "\x1b[31m",
]
hostile = st.text(st.characters(exclude_categories=()), max_size=12) | st.sampled_from(HOSTILE)
numbers = st.integers() | st.integers(min_value=2**63, max_value=2**70) | st.floats(allow_nan=False)
instants = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
words = st.sampled_from(["ifName", "entity", "\ud800", "\ufffd", "温\x00"]) | st.text(max_size=3)
labels = st.dictionaries(words, hostile, max_size=2)
samples = st.builds(Sample, hostile, labels, numbers, st.none() | hostile)
failures = st.builds(Failure, hostile, hostile, hostile, hostile, st.frozensets(hostile, max_size=2))
costs = st.builds(Cost, st.integers(0), st.tuples(hostile), st.floats(0, 1e9))
snapshots = st.builds(
    Snapshot,
    device=hostile,
    taken_at=instants,
    profile=st.none() | hostile,
    up=st.booleans(),
    samples=st.lists(samples, max_size=2).map(tuple),
    facts=labels,
    failures=st.lists(failures, max_size=2).map(tuple),
    expected=st.frozensets(hostile, max_size=3),
    cost=costs,
)
results = st.builds(
    Result, hostile, hostile, hostile, st.sampled_from(Severity), st.none() | numbers, hostile, st.none() | numbers
)
runs = st.builds(
    Run,
    id=hostile,
    started_at=instants,
    finished_at=instants,
    scope=labels,
    devices=st.lists(
        st.builds(DeviceResult, snapshot=snapshots, results=st.tuples(results), not_applicable=st.tuples(hostile)),
        max_size=2,
    ).map(tuple),
    findings=st.lists(results.map(lambda r: replace(finding(), result=r)), max_size=2).map(tuple),
    coverage=st.builds(Coverage, expected=st.integers(0), collected=st.integers(0)),
)


@settings(max_examples=60)
@given(snapshots | results | runs)
def test_what_devices_said_comes_back_as_it_was(value):
    assert codec.unpack(type(value), codec.pack(value)) == value
    assert codec.from_json(type(value), codec.to_ascii(value).encode()) == value


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, -0.0, 5.0, 5, 2**64, 1e300])
def test_a_number_keeps_its_kind_and_sign(value):
    back = codec.unpack(Sample, codec.pack(Sample("x", {}, value))).value
    assert (type(back), repr(back)) == (type(value), repr(value))


def test_a_large_body_is_compressed():
    many = Snapshot(device="core-1", taken_at=NOW, samples=(Sample("ifHCInOctets", {"ifName": "eth0"}, 1),) * 1000)
    assert len(codec.pack(many)) < len(codec.to_json(many)) / 20
    assert codec.unpack(Snapshot, codec.pack(many)) == many


@pytest.mark.parametrize("data", [b"", b"[", b"[{}]", b'[{"name": "x"}]', b"x\x9cgarbage", b"\xff", b"[" * 100_000])
def test_a_damaged_body_is_an_error_of_the_store(data):
    with pytest.raises(StoreCorrupt, match="Sample cannot be read back"):
        codec.unpack(Sample, data)


@given(hostile)
def test_hostile_text_is_kept_as_text_any_database_takes(text):
    kind = tables.SafeText()
    kept = kind.process_bind_param(text, None)
    assert "\x00" not in kept
    assert kept.encode().decode() == kept
    assert kind.process_result_value(kept, None) == text


def test_hostile_names_are_keys_in_the_database():
    names = [*HOSTILE, "", "core-1"]
    engine = create_engine("sqlite://")
    tables.METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(tables.taken_in), [{"id": name, "at": NOW} for name in names])
        for name in names:
            found = connection.execute(select(tables.taken_in).where(tables.taken_in.c.id == name)).one()
            assert found == (name, NOW)
    engine.dispose()


def test_an_instant_is_kept_in_utc_and_must_have_a_zone():
    kind = tables.UtcDateTime()
    local = NOW.astimezone(timezone(NOW - NOW.replace(hour=10)))
    assert kind.process_bind_param(local, None).utcoffset() == NOW.utcoffset()
    with pytest.raises(ValueError, match="no time zone"):
        kind.process_bind_param(NOW.replace(tzinfo=None), None)


@settings(max_examples=25)
@given(runs, snapshots, results)
def test_a_spooled_run_is_one_line_of_ascii_that_comes_back(run, snapshot, result):
    one = replace(judged(WARNING), result=result)
    spooled = Spooled(id="r1", now=NOW, snapshots=(snapshot,), judged=(one,), not_applicable=(KEY[:2],), run=run)
    text = spool.to_text(spooled)
    assert text.isascii()
    assert text.count("\n") == 1
    assert json.loads(text)
    assert codec.from_json(Spooled, text.encode()) == spooled


def test_tracks_and_changes_come_back():
    tracks = rows.DeviceTracks((("temperature", "board", Track(WARNING, Severity.CRITICAL, 2)),))
    change = TicketChange(
        number="T-1", at=NOW, actor="王工", action="pend", text="x\x00", ticket=ticket(due=Due(fix=NOW))
    )
    assert codec.unpack(rows.DeviceTracks, codec.pack(tracks)) == tracks
    assert codec.unpack(TicketChange, codec.pack(change)) == change
