"""What was heard between two polls, whom it asks to be polled, our engine's identity, and what is told of drops."""

import json
import logging
import stat
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.derive.traps import RECEIVED, STORM
from agent.traps import desk, identity
from agent.traps.book import MAX_DIFFERENT, Book
from agent.traps.desk import Desk, told
from collectors.model import Health, Sample, SnmpAccess
from collectors.traps import meanings
from collectors.traps.intake import Arrival, Intake, Share
from collectors.traps.meanings import Event
from collectors.traps.message import Notification
from collectors.traps.receiver import Received, Receiver, Sender, Senders
from collectors.traps.usm import Engine, Usm

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"


def event(trap: str = "linkDown", entity: str = "3") -> Event:
    return Event(trap, entity, Health.WARNING, f"{trap} (ifIndex={entity})", "GE0/0/3")


def told_of(samples: Iterable[Sample]) -> list[tuple[str, str, float]]:
    return [(sample.labels["trap"], sample.labels["state"], sample.value) for sample in samples]


# ---- the book ----


def test_what_was_heard_goes_with_the_next_poll_once():
    book = Book()
    book.note("sw-1", event(), 100.0)
    book.note("sw-1", event(), 101.0)
    book.note("sw-2", event(), 102.0)
    (sample,) = book.take("sw-1", 0, 103.0)
    labels = {
        "trap": "linkDown",
        "entity": "3",
        "name": "GE0/0/3",
        "health": "warning",
        "state": "linkDown (ifIndex=3)",
    }
    assert (sample.name, sample.labels, sample.value) == (RECEIVED, labels, 101.0)
    assert book.take("sw-1", 0, 104.0) == ()


def test_a_storm_is_one_thing_with_what_came_most():
    book = Book()
    for n in range(3):
        book.note("sw-1", event(entity=str(n)), 100.0)
    book.note("sw-1", event("coldStart"), 100.0)
    assert told_of(book.take("sw-1", 500, 110.0)) == [(STORM, "storm (dropped=500, linkDown=3, coldStart=1)", 110.0)]
    assert told_of(book.take("sw-1", 700, 120.0)) == [(STORM, "storm (dropped=200)", 120.0)]
    assert book.take("sw-1", 700, 130.0) == ()


def test_more_different_things_than_anyone_reads_are_a_storm():
    book = Book()
    for n in range(MAX_DIFFERENT + 6):
        book.note("sw-1", event(f"1.2.{n}", str(n)), 100.0)
    ((trap, text, _),) = told_of(book.take("sw-1", 0, 110.0))
    assert (trap, text.startswith("storm (dropped=6, …=6, ")) == (STORM, True)


# ---- the desk ----


def at_desk(asked: list[str]) -> Desk:
    made = Desk(Intake({}), meanings.builtin(), {}, lambda: datetime(2026, 11, 28, tzinfo=UTC))
    made.soon = asked.append
    return made


def received(*devices: str) -> Received:
    return Received(devices, Notification(version="2c", trap=LINK_DOWN))


def test_a_trap_is_noted_for_its_devices_and_has_them_polled():
    asked: list[str] = []
    made = at_desk(asked)
    made.accept(received("sw-1", "sw-2"))
    assert asked == ["sw-1", "sw-2"]
    assert all(told_of(made.book.take(name, 0, 0.0)) for name in asked)


def test_what_was_heard_is_taken_once_and_what_was_dropped_is_told():
    made = at_desk([])
    made.accept(received("sw-1"))
    assert [sample.name for sample in made.take("sw-1")] == [RECEIVED]
    assert made.take("sw-1") == ()
    made.addresses = {"sw-1": ("10.0.0.1",)}
    made.intake = Intake({"10.0.0.1": Share(rate=0.0, burst=1)})
    for _ in range(3):
        made.intake.offer("10.0.0.1", None, memoryview(b"x"), 0.0)
    assert [(trap, text) for trap, text, _ in told_of(made.take("sw-1"))] == [(STORM, "storm (dropped=2)")]


def test_drops_are_told_with_who_sent_them_and_no_more_than_a_few():
    senders = Senders.of([Sender("one", SnmpAccess(), ("10.0.0.1",))])
    opens = Receiver(senders, Usm(Engine(b"12345", 1, 0.0)), lambda _: None, lambda *_: None)
    for n in range(3):
        opens.open(Arrival("10.0.0.1", None, b"\x30%d" % n, 0.0))
    strangers = {f"10.9.0.{n}": 10 - n for n in range(8)}
    assert told(strangers, opens) == [
        "52 from 8 addresses that no device has: 10.9.0.0 (10), 10.9.0.1 (9), 10.9.0.2 (8), 10.9.0.3 (7), 10.9.0.4 (6)",
        "10.0.0.1: 3 dropped: malformed",
    ]
    assert told({}, opens) == []


async def test_drops_are_logged_now_and_then(monkeypatch, caplog):
    import asyncio

    from tests.simulator.waiting import until

    monkeypatch.setattr(desk, "TOLD_EVERY", 0.01)
    made = at_desk([])
    made.intake = Intake({"10.0.0.1": Share()})
    made.intake.offer("10.9.9.9", None, memoryview(b"x"), 0.0)
    opens = Receiver(Senders({}), Usm(Engine(b"12345", 1, 0.0)), lambda _: None, lambda *_: None)
    with caplog.at_level(logging.WARNING):
        task = asyncio.create_task(made.tell(opens))
        await until(lambda: caplog.messages)
        task.cancel()
    assert caplog.messages == ["traps: 1 from 1 addresses that no device has: 10.9.9.9 (1)"]


# ---- our engine ----


def test_our_engine_keeps_its_id_and_counts_its_starts(tmp_path: Path):
    first, second = identity.take_up(tmp_path, 5.0), identity.take_up(tmp_path, 9.0)
    assert first.id == second.id
    assert first.id.startswith(identity.PREFIX)
    assert (first.boots, second.boots, second.seconds(19.5)) == (1, 2, 10)
    assert stat.S_ISREG((tmp_path / identity.FILE).stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == [identity.FILE]


@pytest.mark.parametrize(
    "held",
    [
        "",
        "[]",
        "{}",
        '{"engine_id": "zz", "boots": 1}',
        '{"engine_id": "8000", "boots": 1}',
        '{"engine_id": "80004fb80501020304", "boots": "1"}',
        '{"engine_id": "80004fb80501020304", "boots": -1}',
        '{"engine_id": 7, "boots": 1}',
    ],
)
def test_a_damaged_identity_is_replaced_and_said(tmp_path: Path, caplog, held):
    (tmp_path / identity.FILE).write_text(held)
    assert identity.take_up(tmp_path, 0.0).boots == 1
    assert "is damaged" in caplog.text
    assert identity.take_up(tmp_path, 0.0).boots == 2


def test_an_engine_that_started_too_often_gets_another_id(tmp_path: Path):
    first = identity.take_up(tmp_path, 0.0)
    held = {"engine_id": first.id.hex(), "boots": identity.MAX_BOOTS}
    (tmp_path / identity.FILE).write_text(json.dumps(held))
    again = identity.take_up(tmp_path, 0.0)
    assert (again.boots, again.id == first.id) == (1, False)
