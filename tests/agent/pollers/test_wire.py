"""What a polling process tells arrives as it was told, and what is as it was is not said again."""

import asyncio
import pickle
import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import Judged, Result, Severity, Track
from agent.poller import LookedAt, Message, Polled, Remembered
from agent.pollers.wire import Filler, Leaner, Same, framed, received
from agent.shown import Writer
from agent.topology import standing_of
from collectors.columns import Grid, Rows, Samples
from collectors.model import Sample
from collectors.vocabulary import VOCABULARY
from tests.agent.metered import entry, snapshot

ROWS = Rows([{"ifIndex": str(n), "ifName": f"GE0/0/{n}"} for n in range(4)])
BUSY = Judged(Result("core-1", "cpu_high", "CPU", Severity.WARNING), Severity.WARNING, Track(streak=1))


def polled(writer: Writer, device: str = "core-1", mtu: int = 1500, rows: Rows = ROWS, **how: object) -> Polled:
    samples = Samples((Sample("device_up", {}, 1),), (Grid(rows, {"ifMtu": [mtu] * len(rows)}),))
    reading = replace(snapshot(device), samples=samples)
    return Polled(
        reading=replace(reading, samples=()),
        shown=writer.written(entry(device), reading),
        began=1.0,
        took=0.5,
        judged=(),
        calm=("cpu_high", "heat"),
        not_applicable=("battery_low",),
        tracks={},
        standing=standing_of(reading),
    )


def carried(messages: Iterable[Message]) -> list[Message]:
    """Send messages through the wire: each end knows only what it was given."""
    leaner, filler = Leaner(), Filler()
    return [filler.whole(copied(leaner.lean(message))) for message in messages]


def copied(thing: Any) -> Any:
    return pickle.loads(framed(thing)[4:])  # noqa: S301


def test_a_poll_arrives_as_it_was_told():
    writer = Writer(VOCABULARY)
    told = [polled(writer), polled(writer, mtu=9000), replace(polled(writer), judged=(BUSY,), missed=2)]
    assert carried(told) == told


def test_what_is_as_it_was_is_not_said_again():
    writer, leaner = Writer(VOCABULARY), Leaner()
    first, again = (leaner.lean(polled(writer, mtu=mtu)) for mtu in (1500, 9000))
    assert isinstance(first, Polled)
    assert isinstance(again, Same)
    assert b"acme-hq" in framed(first)
    assert not any(
        known in framed(again) for known in (b"acme-hq", b"ifMtu", b"battery_low", ROWS[0]["ifName"].encode())
    )
    assert isinstance(leaner.lean(polled(writer, rows=Rows([{"ifIndex": "9"}]))), Polled)
    assert isinstance(leaner.lean(polled(writer, "core-2")), Polled)


def test_what_is_worked_out_of_labels_stays_behind():
    rows = Rows([{"ifIndex": "1"}])
    rows.memo["anything"] = lambda: None
    added = rows.with_labels(("kind",), (0,), (("x",),))
    assert [dict(labels) for labels in copied(added)] == [{"ifIndex": "1", "kind": "x"}]


def test_devices_of_one_kind_share_what_is_alike():
    writer = Writer(VOCABULARY)
    one, other = (each.shown.block.layout for each in carried([polled(writer), polled(writer, "core-2")]))  # type: ignore[union-attr]
    assert one.top != other.top
    assert (one.names, one.order, one.counts, one.starts) == (other.names, other.order, other.counts, other.starts)
    assert one.names is other.names
    assert one.order is other.order


def test_what_is_no_poll_goes_as_it_is():
    told: list[Message] = [Remembered({"core-1": standing_of(snapshot())}), LookedAt("core-1", (BUSY,))]
    assert carried(told) == told


@given(st.randoms(use_true_random=False))
def test_any_succession_of_polls_arrives_as_it_was_told(chance: random.Random):
    writer, told = Writer(VOCABULARY), list[Message]()
    tables = [ROWS, Rows([{"ifIndex": "9"}]), Rows([{"ifIndex": "9"}, *ROWS])]
    for _ in range(12):
        poll = polled(writer, chance.choice(("core-1", "core-2")), chance.randrange(9000), chance.choice(tables))
        told.append(replace(poll, calm=chance.choice((poll.calm, ())), tracks={BUSY.result.key: BUSY.track}))
    assert carried(told) == told


async def test_objects_follow_each_other_to_the_end():
    reader = asyncio.StreamReader()
    reader.feed_data(framed("one") + framed(("two", 2)) + framed("cut off")[:-1])
    reader.feed_eof()
    assert [await received(reader), await received(reader)] == ["one", ("two", 2)]
    with pytest.raises(asyncio.IncompleteReadError):
        await received(reader)
