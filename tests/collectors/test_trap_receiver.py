"""From a datagram to a believed notification and its answer: whose it is, and what is not believed."""

import asyncio
from dataclasses import replace

import pytest
from pysnmp.proto.api import v1, v2c

from collectors.model import Secret, SnmpAccess
from collectors.traps import receiver
from collectors.traps.intake import Arrival, Intake
from collectors.traps.message import Reason
from collectors.traps.receiver import REPEATED_WITHIN, Received
from tests.simulator import bad_traps
from tests.simulator.near import FULL
from tests.simulator.trap_bench import EDGE, V2C, Bench, sender
from tests.simulator.trap_sender import trap, trap_v1
from tests.simulator.trap_sender_v3 import informed, spoken
from tests.simulator.waiting import until

CORE, RELAY = "10.0.0.2", "10.0.0.9"


def community(words: str) -> SnmpAccess:
    return replace(V2C, community=Secret(words))


# ---- whose it is ----


@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_community_is_good_for_both_versions_that_have_one(version):
    bench = Bench(sender("edge", access=replace(V2C, version=version)))
    bench.open(trap("a-community"))
    bench.open(trap_v1("a-community", "1.3.6.1.4.1.9", 0))
    assert bench.devices == [("edge",)] * 2
    assert bench.receiver.results == {("2c", "accepted"): 1, ("1", "accepted"): 1}


@pytest.mark.parametrize("words", ["public", "", "a-communit", "a-community-"])
def test_another_community_is_not_believed(words):
    bench = Bench(sender("edge"), sender("v3", access=FULL))
    bench.open(trap(words))
    assert (bench.believed, bench.answers, bench.receiver.dropped) == ([], [], {Reason.CREDENTIALS: 1})
    assert bench.receiver.blamed() == {(EDGE, "credentials: another community than its device has"): 1}
    assert bench.receiver.blamed() == {}


def test_a_device_without_a_community_believes_none():
    bench = Bench(sender("v3", access=FULL), sender("odd", access=SnmpAccess(community=None)))
    bench.open(trap(""))
    assert bench.believed == []


def test_devices_behind_one_address_are_told_apart_by_their_community():
    bench = Bench(sender("one", access=community("one")), sender("two", access=community("two")))
    bench.open(trap("two"))
    assert bench.devices == [("two",)]


def test_devices_that_nothing_tells_apart_both_have_it():
    bench = Bench(sender("one"), sender("two", access=replace(V2C, port=1161)))
    bench.open(trap("a-community"))
    assert bench.devices == [("one", "two")]


def test_an_agents_address_tells_devices_behind_one_address_apart():
    bench = Bench(sender("one", EDGE, "192.168.1.1"), sender("two", EDGE, "192.168.1.2"))
    bench.open(trap_v1("a-community", "1.3.6.1.4.1.9", 0, agent="192.168.1.2"))
    bench.open(trap_v1("a-community", "1.3.6.1.4.1.9", 1, agent="192.168.1.9"))
    assert bench.devices == [("two",), ("one", "two")]


def test_nobody_but_a_relay_speaks_for_another():
    forged = trap_v1("a-community", "1.3.6.1.4.1.9", 0, agent=CORE)
    proxied = trap("a-community", bound=[("1.3.6.1.6.3.18.1.3.0", v2c.IpAddress(CORE))])
    for datagram in (forged, proxied):
        bench = Bench(sender("edge"), sender("core", CORE), relays=(RELAY,))
        bench.open(datagram, EDGE)
        bench.open(datagram, RELAY)
        assert bench.devices == [("edge",), ("core",)]


def test_a_relay_needs_the_community_of_whom_it_speaks_for():
    bench = Bench(sender("core", CORE, access=community("theirs")), relays=(RELAY,))
    bench.open(trap_v1("a-community", "1.3.6.1.4.1.9", 0, agent=CORE), RELAY)
    bench.open(trap_v1("theirs", "1.3.6.1.4.1.9", 0, agent="10.9.9.9"), RELAY)
    assert (bench.believed, bench.receiver.dropped) == ([], {Reason.CREDENTIALS: 2})


async def test_a_relay_speaks_for_nobody_over_v3():
    bench = Bench(sender("core", CORE, access=FULL), relays=(RELAY,))
    bench.open(await spoken(FULL), RELAY)
    assert (bench.believed, bench.receiver.dropped) == ([], {Reason.CREDENTIALS: 1})


# ---- repeats and answers ----


def test_a_repeat_is_counted_once_and_an_inform_is_answered_each_time():
    bench = Bench(sender("edge"))
    for at in (0.0, 1.0, 2.0):
        bench.open(trap("a-community", inform=True), at=at)
    assert (len(bench.believed), len(bench.answers)) == (1, 3)
    assert bench.receiver.results == {("2c", "accepted"): 1, ("2c", "duplicate"): 2}


def test_the_same_words_are_news_again_later_and_from_another_address():
    bench = Bench(sender("edge"), sender("core", CORE))
    for source, at in ((EDGE, 0.0), (CORE, 0.0), (EDGE, REPEATED_WITHIN + 1)):
        bench.open(trap("a-community"), source, at)
    assert bench.devices == [("edge",), ("core",), ("edge",)]


def test_what_is_not_accepted_is_not_acknowledged_nor_taken_for_a_repeat_when_it_comes_again():
    bench = Bench(sender("edge"))

    def refuse(_: Received) -> None:
        raise RuntimeError("a fault of ours")

    accept, bench.receiver.accept = bench.receiver.accept, refuse
    with pytest.raises(RuntimeError):
        bench.open(trap("a-community", inform=True))
    assert bench.answers == []
    bench.receiver.accept = accept
    bench.open(trap("a-community", inform=True), at=1.0)
    assert (len(bench.believed), len(bench.answers)) == (1, 1)


async def test_a_recorded_trap_is_news_once_whenever_and_from_wherever_it_is_sent_again():
    bench = Bench(sender("edge", access=FULL), sender("core", CORE, access=FULL))
    bench.open(await spoken(FULL, engine="8000000005060708"), CORE)
    datagram = await spoken(FULL)
    for at in range(400):
        bench.open(datagram, EDGE, at + 0.9)
        bench.open(datagram, CORE, at + 0.9)
    assert bench.devices == [("core",), ("edge",)]


async def test_a_recorded_inform_is_news_once_as_long_as_it_is_in_our_time():
    bench = Bench(sender("edge", access=FULL), sender("core", CORE, access=FULL))
    datagram = await informed(bench.receiver.usm, FULL, at=400.0)
    for at in range(200, 600):
        bench.open(datagram, EDGE, at + 0.5)
        bench.open(datagram, CORE, at + 0.5)
    assert bench.devices == [("edge",)]


def test_the_oldest_marks_go_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(receiver, "MAX_MARKS", 2)
    bench = Bench(sender("edge"))
    for number in (1, 2, 3, 3, 2, 1):
        bench.open(trap("a-community", request_id=number))
    assert bench.receiver.results == {("2c", "accepted"): 5, ("2c", "duplicate"): 1}


async def test_a_fault_of_ours_costs_one_datagram():
    intake, arrived, bench = (
        Intake(Bench(sender("edge")).receiver.senders.shares()),
        asyncio.Event(),
        Bench(sender("edge")),
    )
    said = iter([RuntimeError("a fault of ours"), None])

    def accept(received: Received) -> None:
        bench.believed.append(received)
        if error := next(said):
            raise error

    bench.receiver.accept = accept
    for number in (1, 2):
        intake.offer(EDGE, None, memoryview(trap("a-community", request_id=number)), 0.0)
    arrived.set()
    work = asyncio.create_task(bench.receiver.work(intake, arrived))
    await until(lambda: len(bench.believed) == 2)
    work.cancel()
    assert bench.receiver.dropped == {Reason.MALFORMED: 1}


async def test_others_have_their_turn_while_much_is_opened(monkeypatch):
    monkeypatch.setattr(receiver, "SLICE", 0.0)
    bench, arrived, turns, seen = Bench(sender("edge")), asyncio.Event(), 0, []
    intake = Intake(bench.receiver.senders.shares())
    for number in range(20):
        intake.offer(EDGE, None, memoryview(trap("a-community", request_id=number)), 0.0)
    bench.receiver.accept = lambda _: seen.append(turns)
    arrived.set()
    work = asyncio.create_task(bench.receiver.work(intake, arrived))
    while len(seen) < 20:
        turns += 1
        await asyncio.sleep(0)
    work.cancel()
    assert len(set(seen)) == 20


def test_a_fault_of_ours_is_logged_once_a_source_however_often_it_is_met(caplog):
    bench = Bench(sender("edge"), sender("core", CORE))
    for source in (EDGE, EDGE, EDGE, CORE):
        bench.receiver._fault(Arrival(source, None, b"", 0.0), RuntimeError())
    assert len(caplog.records) == 2
    assert bench.receiver.dropped == {Reason.MALFORMED: 4}
    assert bench.receiver.blamed() == {(EDGE, "a fault of ours"): 3, (CORE, "a fault of ours"): 1}
    bench.receiver._fault(Arrival(EDGE, None, b"", 0.0), RuntimeError())
    assert len(caplog.records) == 3


# ---- malformed ----


def test_thousands_of_malformed_datagrams_raise_nothing_and_are_all_counted():
    opens, _ = bad_traps.survive(seed=20261128, count=3000)
    results = sum(opens.results.values()) + opens.discoveries
    assert results + sum(opens.dropped.values()) == 3000
    assert opens.dropped[Reason.MALFORMED] > 2000
    assert results > 100  # the seeds are right ones: not everything was thrown out at the door


def test_the_seeds_of_the_malformed_are_believed():
    believed: list[object] = []
    opens = bad_traps.receiver(believed)
    for number, datagram in enumerate(bad_traps.seeds()):
        opens.open(Arrival(bad_traps.SOURCE, None, datagram, number * 1000.0))
    assert (len(believed), opens.discoveries, opens.dropped) == (5, 1, {})


def test_a_value_of_a_trap_that_no_type_allows_costs_only_itself():
    odd = trap_v1(
        "a-community", "1.3.6.1.4.1.9", 0, bound=[("1.2.3.0", v1.Integer(5)), ("1.2.4.0", v1.OctetString("x"))]
    )
    bench = Bench(sender("edge"))
    bench.open(odd.replace(b"\x02\x01\x05", b"\x49\x01\x05"))
    assert bench.believed[0].notification.varbinds == (("1.2.3.0", None), ("1.2.4.0", b"x"))
