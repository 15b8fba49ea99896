"""The transport against devices that misbehave, and against someone in between."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import pytest_asyncio

from collectors import snmp
from collectors.errors import AuthFailed, BadData, CollectError, Refused, TimedOut, Unreachable
from collectors.model import Device, DeviceClass, Secret, SnmpAccess, SnmpEngine
from collectors.snmp_own import EngineTransport
from collectors.snmp_pysnmp import PysnmpTransport
from collectors.snmp_walk import Caps
from tests.simulator import bad_agent
from tests.simulator.bad_agent import COLUMN, ROWS, SECOND, BadAgent, Relay, Script
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.snmp_agent import SnmpAgent

LOOP = IdleLoop
ENGINE: SnmpEngine = "own"
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("each_engine")]

V2C = SnmpAccess(version="2c", community=Secret("c"), timeout=2.0, retries=0, max_repetitions=4)
V3 = SnmpAccess(
    version="3",
    user="ops",
    auth_protocol="sha256",
    auth_key=Secret("the auth passphrase"),
    priv_protocol="aes128",
    priv_key=Secret("the priv passphrase"),
    timeout=2.0,
    retries=0,
)
AUTH_ONLY = replace(V3, user="clear", priv_protocol=None, priv_key=None)
ONE = f"{COLUMN}.1"
FULL = {str(row): row for row in range(1, ROWS + 1)}


def device(access: SnmpAccess, port: int) -> Device:
    near = replace(access, port=port, engine=ENGINE)
    return Device(name="sw-7", address="127.0.0.1", device_class=DeviceClass.SWITCH, snmp=near)


@asynccontextmanager
async def opened(
    port: int, access: SnmpAccess = V2C, caps: Caps | None = None
) -> AsyncIterator[PysnmpTransport | EngineTransport]:
    transport = await snmp.open_transport(device(access, port))
    assert isinstance(transport, PysnmpTransport | EngineTransport)
    if caps is not None:
        transport._caps = caps
    try:
        yield transport
    finally:
        await transport.close()


# ---- get ----

REPLIES: dict[str, tuple[Script, type[CollectError], str]] = {
    "silence": (bad_agent.silent, TimedOut, "no answer"),
    "another request's": (
        lambda asked: [asked.right(request_id=asked.request_id ^ 1)],
        TimedOut,
        "only answers to other requests",
    ),
    "another community's": (lambda asked: [asked.right(community=b"d")], TimedOut, "another community"),
    "another version's": (lambda asked: [asked.right(version=0)], TimedOut, "another community or SNMP version"),
    "genErr": (lambda asked: [asked.refuse(bad_agent.GEN_ERR, 1)], Refused, f"answers genErr for {ONE}"),
    "an unknown error": (lambda asked: [asked.refuse(17, 200)], Refused, "answers notWritable"),
    "no access": (lambda asked: [asked.refuse(16)], AuthFailed, "authorizationError"),
    "tooBig for one OID": (bad_agent.too_big_over(0), Refused, "answers tooBig"),
    "no variable bindings": (lambda asked: [asked.answer([])], BadData, "answered with nothing"),
    "another OID": (
        lambda asked: [asked.answer([((1, 3, 6), bad_agent.v2c.null)])],
        BadData,
        f"asked for 1 OIDs from {ONE} on, and answered with 1.3.6$",
    ),
    "a variable binding that is none": (bad_agent.raw(b"\x02\x01\x01"), BadData, "tag 0x02 where 0x30 belongs"),
    "a value longer than its answer": (bad_agent.raw(bad_agent.varbind(b"\x04\x7fx")), BadData, "longer than"),
    "a value of indefinite length": (bad_agent.raw(bad_agent.varbind(b"\x24\x80")), BadData, "length of 0 octets"),
    "its own question": (lambda asked: [asked.right().replace(b"\xa2", b"\xa0", 1)], BadData, "not SNMP"),
}


@pytest.mark.parametrize(("script", "kind", "words"), REPLIES.values(), ids=REPLIES)
async def test_a_bad_reply_is_an_error_of_ours(script: Script, kind: type[CollectError], words: str) -> None:
    async with BadAgent(script) as agent, opened(agent.port) as transport:
        with pytest.raises(kind, match=words) as caught:
            await transport.get([ONE])
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"sw-7 (127.0.0.1 port {agent.port}/udp): ")


@pytest.mark.parametrize("access", [V2C, V3], ids=["v2c", "v3"])
@pytest.mark.parametrize("octets", bad_agent.GARBAGE.values(), ids=bad_agent.GARBAGE)
async def test_garbage_is_bad_data_and_harms_nothing(octets: bytes, access: SnmpAccess) -> None:
    async with Garbler(octets) as agent, opened(agent.port, access) as transport:
        with pytest.raises(BadData, match="octets that are not SNMP"):
            await transport.get([ONE])
        walk = await transport.walk([COLUMN])
    assert walk.rows == {COLUMN: {}}
    assert isinstance(walk.failure, BadData)


class Garbler(BadAgent):
    """Answers what it does not read."""

    def __init__(self, octets: bytes) -> None:
        super().__init__(bad_agent.silent)
        self._octets = octets

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._send(self._octets, addr)


async def test_an_answer_behind_garbage_is_found() -> None:
    async with (
        BadAgent(lambda asked: [b"\x30\x82", asked.right(request_id=1), asked.right()]) as agent,
        opened(agent.port) as transport,
    ):
        assert await transport.get([ONE]) == {ONE: 1}


async def test_a_late_answer_is_not_taken_for_the_next_request() -> None:
    async with BadAgent(bad_agent.one_late()) as agent, opened(agent.port) as transport:
        with pytest.raises(TimedOut):
            await transport.get([ONE])
        assert await transport.get([f"{COLUMN}.2"]) == {f"{COLUMN}.2": 2}


async def test_an_answer_from_another_address_is_not_heard() -> None:
    async with BadAgent(bad_agent.good) as stranger:

        class Elsewhere(BadAgent):
            def _send(self, datagram: bytes, addr: object) -> None:
                stranger._send(datagram, addr)

        async with Elsewhere(bad_agent.good) as agent, opened(agent.port) as transport:
            with pytest.raises(TimedOut):
                await transport.get([ONE])
            assert len(agent.asked) == 1


async def test_a_get_is_halved_until_it_is_not_too_big() -> None:
    oids = [f"{column}.{row}" for column in (COLUMN, SECOND) for row in FULL]
    async with BadAgent(bad_agent.too_big_over(3)) as agent, opened(agent.port) as transport:
        assert list((await transport.get(oids)).values()) == [*FULL.values()] * 2
        await transport.get(oids)
    assert [len(asked.oids) for asked in agent.asked][:4] == [16, 8, 4, 2]
    assert len(agent.asked) == 3 + 8 + 8  # what it learned it keeps


async def test_no_such_name_of_one_oid_is_no_value_even_without_its_index() -> None:
    async with BadAgent(lambda asked: [asked.refuse(bad_agent.NO_SUCH_NAME)]) as agent, opened(agent.port) as transport:
        assert await transport.get([ONE]) == {ONE: None}
        with pytest.raises(Refused, match="noSuchName"):
            await transport.get([ONE, f"{COLUMN}.2"])


VALUES = {
    "a Counter32 with the sign bit": ("4104ee6b2800", 4_000_000_000),
    "a Counter32 of -1": ("4101ff", 4_294_967_295),
    "a Gauge32 of five octets": ("420500ffffffff", 4_294_967_295),
    "a Counter64 with the sign bit": ("4608ffffffffffffffff", 2**64 - 1),
    "an empty INTEGER": ("0200", None),
    "an INTEGER of 60,000 octets": ("0282ea60" + "7f" * 60_000, None),
    "an empty OID": ("0600", "0.0"),
    "an OID that does not end": ("060281ff", None),
    "an OID of 60,000 octets": ("0682ea60" + "81" * 59_999 + "01", None),
    "an IpAddress of three octets": ("4003c00002", None),
    "an unknown tag": ("5f0101", None),
    "a string of any octets": ("0404003cff1b", b"\x00<\xff\x1b"),
    "an Opaque double": ("440b9f79084045000000000000", 42.0),
    "an Opaque NaN": ("44079f78047fc00000", None),
    "an Opaque Counter64": ("44049f760105", 5),
    "an Opaque of something else": ("4403010203", b"\x01\x02\x03"),
}


@pytest.mark.parametrize(("octets", "value"), VALUES.values(), ids=VALUES)
async def test_a_misencoded_value_costs_no_other(octets: str, value: object) -> None:
    good = bad_agent.varbind(bytes.fromhex("020105"))
    script = bad_agent.raw(bad_agent.varbind(bytes.fromhex(octets)), good.replace(b"\x0a\x01\x02", b"\x0a\x02\x02"))
    async with BadAgent(script) as agent, opened(agent.port) as transport:
        assert await transport.get([ONE, f"{COLUMN}.2"]) == {ONE: value, f"{COLUMN}.2": 5}


async def test_a_port_that_closes_is_unreachable() -> None:
    async with BadAgent(bad_agent.good) as agent:
        transport = await snmp.open_transport(device(V2C, agent.port))
        assert await transport.get([ONE])
    with pytest.raises(Unreachable):
        await transport.get([ONE])
    await transport.close()


# ---- walk ----

WALKS: dict[str, tuple[Script, dict[str, int], type[CollectError], str, int]] = {
    "the same OID for ever": (bad_agent.rows_at(1), {"1": 1}, BadData, "does not come after", 1),
    "going back": (bad_agent.rows_at(2, 1), {"2": 1}, BadData, "does not come after", 1),
    "a cycle of two": (
        lambda asked: bad_agent.rows_at(1, 2)(replace(asked, repetitions=1)),
        {"1": 1, "2": 1},
        BadData,
        f"{COLUMN}.1 does not come after {COLUMN}.2",
        3,
    ),
    "the column without an index": (
        lambda asked: [asked.answer([(bad_agent._COLUMN, bad_agent.v2c.Integer32(1))])],
        {},
        BadData,
        "does not come after",
        1,
    ),
    "noSuchObject": (
        lambda asked: [asked.answer([(oid, bad_agent.v2c.NoSuchObject("")) for oid in asked.oids])],
        {},
        BadData,
        "does not come after",
        1,
    ),
    "no variable bindings": (lambda asked: [asked.answer([])], {}, BadData, "without variable bindings", 1),
    "half a walk": (bad_agent.silent_after(1), {str(n): n for n in range(1, 5)}, TimedOut, "no answer", 2),
    "genErr": (bad_agent.error_on(bad_agent._COLUMN, bad_agent.GEN_ERR), {}, Refused, "answers genErr", 2),
    "tooBig for ever": (bad_agent.too_big_over(0), {}, Refused, "answers tooBig to a request for one OID", 3),
    "silence": (bad_agent.silent, {}, TimedOut, "no answer", 1),
}


@pytest.mark.parametrize(("script", "rows", "kind", "words", "requests"), WALKS.values(), ids=WALKS)
async def test_a_walk_that_goes_wrong_stops_and_keeps_its_rows(
    script: Script, rows: dict[str, int], kind: type[CollectError], words: str, requests: int
) -> None:
    async with BadAgent(script) as agent, opened(agent.port) as transport:
        walk = await transport.walk([COLUMN])
    assert walk.rows == {COLUMN: rows}
    assert type(walk.failure) is kind
    assert words in str(walk.failure)
    assert len(agent.asked) == requests


async def test_end_of_mib_at_once_is_an_empty_table() -> None:
    async with BadAgent(bad_agent.good) as agent, opened(agent.port) as transport:
        walk = await transport.walk(["1.3.6.1.9"])
    assert (walk.rows, walk.failure) == ({"1.3.6.1.9": {}}, None)


@pytest.mark.parametrize("most", [1, 2, 3, 5])
async def test_a_walk_asks_for_less_until_it_is_not_too_big(most: int) -> None:
    async with BadAgent(bad_agent.too_big_over(most)) as agent, opened(agent.port) as transport:
        walk = await transport.walk([COLUMN, SECOND])
        assert (walk.rows, walk.failure) == ({COLUMN: FULL, SECOND: FULL}, None)
        asked = len(agent.asked)
        await transport.walk([COLUMN, SECOND])
    assert all(len(again.oids) * again.repetitions <= most for again in agent.asked[asked:])


async def test_an_agent_without_bulk_is_walked_by_getnext_from_then_on() -> None:
    async with BadAgent(bad_agent.without_bulk) as agent, opened(agent.port) as transport:
        for _ in range(2):
            walk = await transport.walk([COLUMN, SECOND])
            assert (walk.rows, walk.failure) == ({COLUMN: FULL, SECOND: FULL}, None)
    assert [asked.kind for asked in agent.asked].count("bulk") == 1


async def test_one_column_that_is_refused_costs_the_others_nothing() -> None:
    script = bad_agent.error_on(bad_agent._COLUMN, bad_agent.GEN_ERR)
    async with BadAgent(script) as agent, opened(agent.port) as transport:
        walk = await transport.walk([COLUMN, SECOND])
    assert walk.rows == {COLUMN: {}, SECOND: FULL}
    assert isinstance(walk.failure, Refused)
    assert [asked.kind for asked in agent.asked][2] == "bulk"


async def test_an_agent_that_loses_large_answers_is_asked_for_little() -> None:
    def loses_large(asked: bad_agent.Asked) -> Sequence[bytes]:
        return bad_agent.good(asked) if asked.repetitions <= 30 else []

    async with (
        BadAgent(loses_large) as agent,
        opened(agent.port, replace(V2C, max_repetitions=50)) as transport,
    ):
        await transport.get([ONE])
        walk = await transport.walk([COLUMN])
    assert (walk.rows, walk.failure) == ({COLUMN: FULL}, None)


@pytest.mark.parametrize(
    ("caps", "words"),
    [
        (Caps(rows=10), "has more than 10 rows"),
        (Caps(octets=400), "a walk of more than 400 octets"),
        (Caps(seconds=-1.0), "a walk of more than -1 s"),
    ],
    ids=["rows", "octets", "seconds"],
)
async def test_a_walk_without_end_is_capped(caps: Caps, words: str) -> None:
    async with BadAgent(bad_agent.endless) as agent, opened(agent.port, V2C, caps) as transport:
        walk = await transport.walk([COLUMN])
    assert words in str(walk.failure)
    assert 4 <= len(walk.rows[COLUMN]) <= 20
    assert len(agent.asked) < 6


# ---- SNMPv3, with someone in between ----


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agent() -> AsyncIterator[SnmpAgent]:
    async with SnmpAgent({ONE: 1}, users=[V3, AUTH_ONLY]) as running:
        yield running


Tamper = Callable[[bytes], bytes]


def flipped(at: int) -> Tamper:
    return lambda reply: reply[:at] + bytes([reply[at] ^ 1]) + reply[at:][1:]


def reflagged(before: int, after: int) -> Tamper:
    """Change msgFlags, an OCTET STRING of one octet."""
    return lambda reply: reply.replace(bytes([4, 1, before]), bytes([4, 1, after]), 1)


def shortened(reply: bytes) -> bytes:
    """Leave one octet of the authentication code, as CVE-2008-0960 did, and what remains in what follows it."""
    at = reply.index(b"clear") + len(b"clear")
    assert reply[at : at + 2] == b"\x04\x18"
    return reply[: at + 1] + b"\x01" + reply[at + 2 : at + 3] + b"\x04\x17" + reply[at + 5 :]


TAMPERED = {
    "the last octet changed": (V3, flipped(-1), "a wrong authentication code"),
    "flagged as sent in clear": (V3, reflagged(3, 0), "not SNMP"),
    "flagged as encrypted alone": (V3, reflagged(3, 2), "encryption that was not asked for"),
    "flagged as not authenticated": (AUTH_ONLY, reflagged(1, 0), "less security than it was asked with"),
    "a code cut short": (AUTH_ONLY, shortened, "an authentication code of another protocol"),
    "another user's": (
        AUTH_ONLY,
        lambda reply: reply.replace(b"\x04\x05clear", b"\x04\x05other"),
        "a wrong authentication code",
    ),
}


@pytest.mark.parametrize(("access", "tamper", "words"), TAMPERED.values(), ids=TAMPERED)
async def test_a_reply_that_proves_nothing_is_not_believed(
    agent: SnmpAgent, access: SnmpAccess, tamper: Tamper, words: str
) -> None:
    def after_discovery(reply: bytes, number: int) -> Sequence[bytes]:
        return [reply if number == 1 else tamper(reply)]

    async with (
        Relay(agent.port, after_discovery) as relay,
        opened(relay.port, access) as transport,
    ):
        with pytest.raises((AuthFailed, BadData), match=words):
            await transport.get([ONE])


async def test_a_good_reply_behind_a_forged_one_is_taken(agent: SnmpAgent) -> None:
    async with (
        Relay(agent.port, lambda reply, _: [flipped(-1)(reply), reply]) as relay,
        opened(relay.port, V3) as transport,
    ):
        assert await transport.get([ONE]) == {ONE: 1}


async def test_a_reply_played_again_is_not_taken_for_the_next(agent: SnmpAgent) -> None:
    kept: list[bytes] = []

    def play_again(reply: bytes, number: int) -> Sequence[bytes]:
        kept.append(reply)
        return [reply] if number <= 2 else [kept[1]]

    async with (
        Relay(agent.port, play_again) as relay,
        opened(relay.port, V3) as transport,
    ):
        assert await transport.get([ONE]) == {ONE: 1}
        with pytest.raises(TimedOut, match="other requests"):
            await transport.get([ONE])


async def test_reports_that_come_twice_count_once(agent: SnmpAgent) -> None:
    async with (
        Relay(agent.port, lambda reply, _: [reply, reply]) as relay,
        opened(relay.port, V3) as transport,
    ):
        await transport.get([ONE])
        agent.restart()
        assert await transport.get([ONE]) == {ONE: 1}
        assert transport.requests == 4
