"""From a datagram on a socket to a believed notification and its answer; whose it is, and what is not believed."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pysnmp.proto.api import v1, v2c

from collectors.errors import Unreachable
from collectors.model import Secret, SnmpAccess
from collectors.traps import receiver
from collectors.traps.intake import Arrival, Intake
from collectors.traps.listener import Listener, bound, host_of
from collectors.traps.message import Reason
from collectors.traps.receiver import REPEATED_WITHIN, Received, Receiver, Sender, Senders
from collectors.traps.usm import Usm
from tests.simulator import bad_traps, trap_sender_v3
from tests.simulator.near import FULL
from tests.simulator.trap_sender import trap, trap_v1
from tests.simulator.trap_sender_v3 import OID, OURS, SIGNED, informed, spoken
from tests.simulator.waiting import until

V2C = SnmpAccess(community=Secret("a-community"))
EDGE, CORE, HOME, RELAY = "10.0.0.1", "10.0.0.2", "127.0.0.1", "10.0.0.9"


class Bench:
    """A receiver, with what it believed and what it answered."""

    def __init__(self, *senders: Sender, relays: tuple[str, ...] = ()) -> None:
        self.believed: list[Received] = []
        self.answers: list[tuple[bytes, object]] = []
        known = Senders.of(senders, relays)
        send = lambda message, address: self.answers.append((message, address))  # noqa: E731
        self.receiver = Receiver(known, Usm(OURS), self.believed.append, send)

    def open(self, datagram: bytes, source: str = EDGE, at: float = 0.0) -> None:
        self.receiver.open(Arrival(source, (source, 5000), datagram, at))

    @property
    def devices(self) -> list[tuple[str, ...]]:
        return [received.devices for received in self.believed]


def sender(name: str, *addresses: str, access: SnmpAccess = V2C) -> Sender:
    return Sender(name, access, addresses or (EDGE,))


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


# ---- through a socket ----


@pytest.fixture
def line() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((HOME, 0))
        opened.settimeout(5)
        yield opened


class Ear(Bench):
    """The same behind a real socket, in the running loop."""

    def __init__(self, *senders: Sender, host: str = HOME) -> None:
        super().__init__(*senders)
        self.arrived, loop = asyncio.Event(), asyncio.get_running_loop()
        self.intake = Intake(self.receiver.senders.shares())
        self.listener = Listener(bound(host, 0), self.intake, lambda: loop.call_soon_threadsafe(self.arrived.set))
        self.receiver.send = self.listener.send
        self.work = asyncio.create_task(self.receiver.work(self.intake, self.arrived))

    async def heard(self, number: int) -> None:
        await until(lambda: self.intake.tally().received >= number and not self.intake.tally().waiting)

    async def close(self) -> None:
        self.work.cancel()
        await asyncio.gather(self.work, return_exceptions=True)
        self.listener.close()


@pytest.mark.parametrize("access", [FULL, SIGNED], ids=["authPriv", "authNoPriv"])
async def test_pysnmp_hears_that_its_inform_was_accepted(access):
    ear = Ear(sender("edge", HOME, access=access))
    target = (HOME, ear.listener.port)
    assert await trap_sender_v3.send(access, target, OID, inform=True, seconds=5.0) == ""
    wrong = replace(access, auth_key=Secret("another passphrase"))
    assert await trap_sender_v3.send(wrong, target, OID, inform=True, seconds=0.2) != ""
    assert await trap_sender_v3.send(access, target, OID) == ""
    await ear.heard(5)
    await ear.close()
    assert [received.notification.trap for received in ear.believed] == [OID, OID]
    assert ear.receiver.discoveries == 2
    assert ear.receiver.dropped == {Reason.CREDENTIALS: 1}


async def test_a_v2c_inform_is_acknowledged_on_the_wire(line):
    ear = Ear(sender("edge", HOME))
    line.sendto(trap("a-community", inform=True), (HOME, ear.listener.port))
    await ear.heard(1)
    await asyncio.to_thread(line.recv, 65_535)
    await ear.close()
    assert ear.receiver.results == {("2c", "accepted"): 1}


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - of this machine's own
async def test_an_inform_is_acknowledged_from_the_address_it_was_sent_to(line, host):
    ear = Ear(sender("edge", HOME), host=host)
    line.connect(("127.0.0.77", ear.listener.port))  # hears nobody else
    line.send(trap("a-community", inform=True))
    await ear.heard(1)
    await asyncio.to_thread(line.recv, 65_535)
    await ear.close()


async def test_an_inform_over_ipv6_is_acknowledged():
    ear = Ear(sender("edge", "::1"), host="::1")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as line:
        line.settimeout(5)
        line.sendto(trap("a-community", inform=True), ("::1", ear.listener.port))
        await ear.heard(1)
        await asyncio.to_thread(line.recv, 65_535)
    await ear.close()


async def test_what_the_kernel_drops_is_counted(line):
    intake = Intake({})
    with bound(HOME, 0) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(200):
            line.sendto(b"x" * 500, deaf.getsockname())
        ear = Listener(deaf.dup(), intake, lambda: None)
        await until(lambda: intake.tally().received + ear.lost() == 200)
        ear.close()
    assert 0 < intake.tally().received < 200
    assert intake.tally().dropped == {Reason.UNKNOWN_SOURCE: intake.tally().received}


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (("10.0.0.1", 5), "10.0.0.1"),
        (("::ffff:10.0.0.1", 5, 0, 0), "10.0.0.1"),
        (("2001:db8::1", 5, 0, 0), "2001:db8::1"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::1"),
    ],
)
def test_a_senders_address_is_as_the_inventory_writes_it(address, host):
    assert host_of(address) == host


def test_a_port_that_is_taken_and_a_host_that_is_not_ours_are_named(line):
    port = line.getsockname()[1]
    with pytest.raises(Unreachable, match=rf"traps: cannot listen on {HOME}:{port}: Address already in use"):
        bound(HOME, port)
    with pytest.raises(Unreachable, match=r"traps: cannot listen on 192\.0\.2\.1:1162"):
        bound("192.0.2.1", 1162)
    with pytest.raises(Unreachable, match=r"traps: cannot listen on no\.such\.invalid:1162"):
        bound("no.such.invalid", 1162)


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
