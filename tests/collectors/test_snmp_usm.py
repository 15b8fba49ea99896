"""SNMPv3's asking side on both engines, message by message, against pysnmp's answering side."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder
from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from collectors.errors import AuthFailed, BadData, CollectError, Refused, TimedOut
from collectors.model import SnmpAccess
from collectors.snmp_message import RESPONSE, Again, Answer, Ignored, Pdu, Request, VarBind
from collectors.snmp_pysnmp_wire import PysnmpUsmWire
from collectors.snmp_usm import AUTH_FLAG, Clock, Received, Usm, localised, master_key
from collectors.snmp_v3 import UsmWire as OwnUsmWire
from tests.simulator.bad_agent import GARBAGE
from tests.simulator.near import FULL, PLAIN, SIGNED
from tests.simulator.snmp_agent import SnmpAgent
from tests.simulator.v3_messages import report

OBJECT = (1, 3, 6, 1, 2, 1, 1, 1, 0)
ASK = Request("get", (OBJECT,))
ENGINE = bytes.fromhex("80001f8805") + b"\x00" * 12 + b"engine"  # as long a run of zeros as a code not yet filled in

UsmWire: Any = OwnUsmWire


@pytest.fixture(scope="module", params=[OwnUsmWire, PysnmpUsmWire], ids=["own", "pysnmp"], autouse=True)
def each_wire(request: pytest.FixtureRequest) -> None:
    """Run a test once with each engine's messages."""
    global UsmWire  # noqa: PLW0603 - hypothesis wants no function-scoped monkeypatch
    UsmWire = request.param


class Line:
    """Takes what an agent sends back."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendto(self, message: bytes, _: object) -> None:
        self.sent.append(message)


class Peer:
    """An agent without a network."""

    def __init__(self, *users: SnmpAccess) -> None:
        self.agent = SnmpAgent({"1.3.6.1.2.1.1.1.0": "here"}, users=users or [FULL, SIGNED, PLAIN], engine_id=ENGINE)
        self._line = Line()
        self.agent._transport = self._line  # type: ignore[assignment]

    def reply(self, datagram: bytes) -> bytes:
        self.agent.datagram_received(datagram, ("192.0.2.1", 1161))
        return self._line.sent.pop()


@pytest.fixture(scope="module")
def peer() -> Peer:
    return Peer()


def asked(wire: Any, peer: Peer, request_id: int = 7) -> list[Answer | Again | Ignored]:
    """Send a request until it is answered, and return all that was read."""
    read: list[Answer | Again | Ignored] = []
    while len(read) < 5 and not any(isinstance(each, Answer) for each in read):
        read.append(wire.read(peer.reply(wire.message(ASK, request_id)), request_id))
    return read


GIVEN = Answer(0, 0, (VarBind(OBJECT, b"here"),))


# ---- keys ----


@pytest.mark.parametrize(
    ("name", "master", "local"),
    [
        ("md5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
        ("sha1", "9fb5cc0381497b3793528939ff788d5d79145211", "6695febc9288e36282235fc7151f128497b38f3f"),
    ],
)
def test_keys_are_those_of_rfc_3414_a_3(name: str, master: str, local: str) -> None:
    key = master_key("maplesyrup", name)
    assert (key.hex(), localised(key, bytes(11) + b"\x02", name).hex()) == (master, local)


# ---- engine and clock ----


@pytest.mark.parametrize("access", [FULL, SIGNED, PLAIN], ids=["authPriv", "authNoPriv", "noAuthNoPriv"])
def test_discovery_takes_one_message(peer: Peer, access: SnmpAccess) -> None:
    wire = UsmWire(access)
    assert asked(wire, peer) == [Again(), GIVEN]
    assert asked(wire, peer, 8) == [GIVEN]


def test_a_false_clock_in_discovery_is_corrected_by_the_device() -> None:
    peer, wire = Peer(), UsmWire(FULL)
    for _ in range(3):
        peer.agent.restart()
    sent = wire.message(ASK, 7)
    assert wire.read(report(sent, engine=ENGINE, number=4, boots=1), 7) == Again()
    assert asked(wire, peer) == [Again(), GIVEN]


def test_our_clock_runs_on_between_requests(peer: Peer) -> None:
    now = [1000.0]
    wire = UsmWire(SIGNED, monotonic=lambda: now[0])
    asked(wire, peer)
    before = parameters(wire.message(ASK, 8))[2]
    now[0] += 90
    assert parameters(wire.message(ASK, 9))[2] == before + 90


def test_a_clock_that_was_set_back_is_learned_from_a_signed_report() -> None:
    peer, wire = Peer(), UsmWire(FULL)
    peer.agent.restart(3)
    asked(wire, peer)
    peer.agent.restart(-2)
    assert asked(wire, peer, 8) == [Again(), GIVEN]


def test_a_report_sets_no_clock_unless_it_is_signed_and_to_this_very_message() -> None:
    peer, wire = Peer(), UsmWire(FULL)
    asked(wire, peer)
    boots = parameters(wire.message(ASK, 8))[1]
    with pytest.raises(AuthFailed, match="does not prove its own"):
        wire.read(report(wire.message(ASK, 8), engine=ENGINE, number=2, boots=boots + 9), 8)
    peer.agent.restart()
    signed = peer.reply(wire.message(ASK, 9))
    wire.message(ASK, 10)
    assert blame(wire.read(signed, 10)) == (TimedOut, "only answers to other requests came in time")
    assert parameters(wire.message(ASK, 11))[1] == boots


def test_an_old_message_is_not_believed(peer: Peer) -> None:
    wire = UsmWire(FULL)
    asked(wire, peer)
    reply = peer.reply(wire.message(ASK, 8))
    wire.usm.clock.boots += 1  # as if a later boot had been proven since
    assert blame(wire.read(reply, 8)) == (AuthFailed, "answered with an old clock: a message played again?")


FRESH = {
    "as late as it may be": (3, 850, True, (3, 1000)),
    "a second later": (3, 849, False, (3, 1000)),
    "of an earlier boot": (2, 5000, False, (3, 1000)),
    "of now": (3, 1000, True, (3, 1000)),
    "ahead of our notion": (3, 1001, True, (3, 1001)),
    "of a later boot": (4, 0, True, (4, 0)),
}


@pytest.mark.parametrize(("boots", "seconds", "believed", "clock"), FRESH.values(), ids=FRESH)
def test_a_message_is_believed_within_the_time_window_and_only_later_ones_move_the_clock(
    boots: int, seconds: int, believed: bool, clock: tuple[int, int]
) -> None:
    usm = Usm(SIGNED, lambda: 0.0, patient=True)
    usm.engine, usm.clock = ENGINE, Clock(3, 1000, 0.0, proven=True)
    pdu = Pdu(RESPONSE, 7, 0, 0, b"", 0, 0)
    read = usm.judge(Received(ENGINE, boots, seconds, usm.user, AUTH_FLAG, pdu), 7)
    assert isinstance(read, Pdu) is believed
    assert (usm.clock.boots, usm.clock.seconds) == clock


def test_another_engine_is_learned_when_the_device_says_it_is_one(peer: Peer) -> None:
    wire = UsmWire(SIGNED)
    assert wire.read(report(wire.message(ASK, 7), engine=b"\x80\x00\x00\x00\x05other", number=4), 7) == Again()
    assert wire.read(report(wire.message(ASK, 7), engine=ENGINE, number=4), 7) == Again()
    assert asked(wire, peer)[-1] == GIVEN


@pytest.mark.parametrize("engine", [b"", b"four", b"x" * 33], ids=["none", "too short", "too long"])
def test_an_engine_id_that_is_none_is_not_learned(engine: bytes) -> None:
    wire = UsmWire(FULL)
    assert blame(wire.read(report(wire.message(ASK, 7), engine=engine, number=4), 7))[0] is BadData
    assert type(wire.silence()) is TimedOut


@pytest.mark.parametrize("engine", [b"x" * 5, b"x" * 32], ids=["the shortest", "the longest"])
def test_an_engine_id_of_any_length_that_it_may_have_is_learned(engine: bytes) -> None:
    wire = UsmWire(FULL)
    assert wire.read(report(wire.message(ASK, 7), engine=engine, number=4), 7) == Again()
    assert parameters(wire.message(ASK, 8))[0].asOctets() == engine


# ---- what the device refuses ----

REPORTS: dict[int, tuple[type[CollectError], str]] = {
    1: (AuthFailed, "user 'ops' may not use security level authPriv there"),
    2: (AuthFailed, "its clock and ours differ, and it does not prove its own (notInTimeWindow)"),
    3: (AuthFailed, "knows no SNMPv3 user 'ops'"),
    4: (AuthFailed, "does not keep to one SNMPv3 engine ID"),
    5: (AuthFailed, "wrong auth key or auth protocol (sha256) of user 'ops'"),
    6: (AuthFailed, "wrong priv key or priv protocol (aes128) of user 'ops'"),
    7: (Refused, "reports 1.3.6.1.6.3.15.1.1.7.0"),
}


@pytest.mark.parametrize(("number", "refusal"), REPORTS.items())
def test_each_report_says_which_credential_is_wrong(
    peer: Peer, number: int, refusal: tuple[type[CollectError], str]
) -> None:
    wire = UsmWire(FULL)
    asked(wire, peer)
    with pytest.raises(refusal[0]) as caught:
        wire.read(report(wire.message(ASK, 8), engine=ENGINE, number=number), 8)
    assert (type(caught.value), str(caught.value)) == refusal


def test_an_unknown_context_is_named(peer: Peer) -> None:
    wire = UsmWire(replace(FULL, context="vrf-red"))
    wire.read(peer.reply(wire.message(ASK, 7)), 7)
    with pytest.raises(Refused, match="knows no SNMPv3 context 'vrf-red'"):
        wire.read(report(wire.message(ASK, 7), engine=ENGINE, oid=(1, 3, 6, 1, 6, 3, 12, 1, 5, 0)), 7)


SILENCES = {
    "before discovery": (FULL, 0, TimedOut, "no answer to SNMPv3 discovery"),
    "after discovery": (FULL, 1, AuthFailed, "nothing as user 'ops': priv key or protocol (aes128) is likely wrong"),
    "after discovery, auth alone": (SIGNED, 1, AuthFailed, "auth key or protocol (sha256) is likely wrong"),
    "after discovery, no auth": (PLAIN, 1, TimedOut, "no answer"),
    "after answers": (FULL, 2, TimedOut, "no answer"),
}


@pytest.mark.parametrize(("access", "replies", "kind", "words"), SILENCES.values(), ids=SILENCES)
def test_silence_is_read_by_what_came_before(
    peer: Peer, access: SnmpAccess, replies: int, kind: type[CollectError], words: str
) -> None:
    wire = UsmWire(access)
    for _ in range(replies):
        wire.read(peer.reply(wire.message(ASK, 7)), 7)
    silence = wire.silence()
    assert type(silence) is kind
    assert words in str(silence)


# ---- what is not believed ----


@pytest.mark.parametrize("access", [FULL, SIGNED], ids=["authPriv", "authNoPriv"])
def test_no_changed_octet_of_a_signed_answer_is_believed(peer: Peer, access: SnmpAccess) -> None:
    wire = UsmWire(access)
    asked(wire, peer)
    reply = peer.reply(wire.message(ASK, 8))
    for at in range(len(reply)):
        for mask in (0x01, 0x20, 0xFF):
            changed = reply[:at] + bytes([reply[at] ^ mask]) + reply[at + 1 :]
            assert isinstance(wire.read(changed, 8), Ignored), (at, mask)
    assert wire.read(reply, 8) == GIVEN


@given(octets=st.binary(max_size=200) | st.sampled_from(list(GARBAGE.values())))
@settings(max_examples=50, deadline=None)
def test_any_octets_are_ignored(peer: Peer, octets: bytes) -> None:
    wire = UsmWire(FULL)
    asked(wire, peer)
    wire.message(ASK, 8)
    assert isinstance(wire.read(octets, 8), Ignored)


def test_an_answer_to_another_request_is_not_taken(peer: Peer) -> None:
    wire = UsmWire(FULL)
    asked(wire, peer)
    late = peer.reply(wire.message(ASK, 8))
    wire.message(ASK, 9)
    assert blame(wire.read(late, 9)) == (TimedOut, "only answers to other requests came in time")


def test_an_answer_as_another_user_is_not_taken(peer: Peer) -> None:
    wire = UsmWire(PLAIN)
    asked(wire, peer)
    reply = peer.reply(wire.message(ASK, 8)).replace(b"plain", b"pl4in")
    assert blame(wire.read(reply, 8)) == (AuthFailed, "answered as another engine or user")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [(b"\x02\x01\x03\x30", b"\x02\x01\x02\x30"), (b"\x04\x01\x00\x02\x01\x03", b"\x04\x01\x00\x02\x01\x02")],
    ids=["version", "security model"],
)
def test_an_answer_of_another_version_or_security_model_is_not_taken(peer: Peer, right: bytes, wrong: bytes) -> None:
    wire = UsmWire(PLAIN)
    asked(wire, peer)
    reply = peer.reply(wire.message(ASK, 8))
    assert blame(wire.read(reply.replace(right, wrong, 1), 8))[0] is BadData
    assert wire.read(reply, 8) == GIVEN


def test_an_answer_of_another_context_is_not_taken() -> None:
    red = replace(PLAIN, context="vrf-red")
    wire, peer = UsmWire(red), Peer(red)
    assert asked(wire, peer)[-1] == GIVEN
    reply = peer.reply(wire.message(ASK, 8))
    other = reply.replace(b"vrf-red", b"vrf-tan")
    assert blame(wire.read(other, 8)) == (TimedOut, "only answers of another SNMPv3 context came in time")
    assert wire.read(reply, 8) == GIVEN


def test_an_answer_that_names_its_contexts_engine_otherwise_is_taken(peer: Peer) -> None:
    wire = UsmWire(PLAIN)
    asked(wire, peer)
    reply = peer.reply(wire.message(ASK, 8))
    at = reply.rindex(ENGINE)
    assert wire.read(reply[:at] + bytes(reversed(ENGINE)) + reply[at + len(ENGINE) :], 8) == GIVEN


# ---- messages made by hand ----


def blame(read: Any) -> tuple[type[CollectError], str]:
    assert isinstance(read, Ignored)
    return type(read.blame), str(read.blame)


def parameters(message: bytes) -> list[Any]:
    """Return engine, boots, time, user, code, salt of a message."""
    whole, _ = decoder.decode(message, asn1Spec=SNMPv3Message())
    security, _ = decoder.decode(whole[2].asOctets(), asn1Spec=UsmSecurityParameters())
    return [security[n] for n in range(6)]
