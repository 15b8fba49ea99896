"""A get from devices that misbehave, on both engines."""

from dataclasses import replace

import pytest

from collectors import snmp
from collectors.ber import INTEGER, OBJECT, OCTETS, SEQUENCE, element
from collectors.errors import AuthFailed, BadData, CollectError, Refused, TimedOut, Unreachable
from collectors.model import Secret, SnmpAccess
from tests.simulator import bad_agent
from tests.simulator.bad_agent import COLUMN, FULL, ONE, SECOND, BadAgent, Elsewhere, Script
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.near import V2C, V3, device, opened

LOOP = IdleLoop
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("each_engine")]


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
    "an error-status of 2,000 octets": (bad_agent.raw(status=2**15_998), BadData, "not SNMP"),
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


SECRET = b"a-canary-community"
WITH_COMMUNITY: dict[str, Script] = {
    "our own question": lambda asked: [asked.right().replace(b"\xa2", b"\xa0", 1)],
    "an answer cut off": lambda asked: [asked.right()[:-1]],
    "the community alone": lambda asked: [element(SEQUENCE, element(OCTETS, asked.community))],
    "no version": lambda asked: [element(SEQUENCE, element(INTEGER), element(OCTETS, asked.community))],
    "an OID that is none": bad_agent.raw(element(SEQUENCE, element(OBJECT, b"\x81"), element(INTEGER, b"\x01"))),
}


@pytest.mark.parametrize("script", WITH_COMMUNITY.values(), ids=WITH_COMMUNITY)
async def test_what_is_said_of_a_bad_answer_does_not_tell_the_community(script: Script) -> None:
    access = replace(V2C, community=Secret(SECRET.decode()))
    async with BadAgent(script) as agent, opened(agent.port, access) as transport:
        with pytest.raises(BadData) as caught:
            await transport.get([ONE])
    assert SECRET[:2].hex() not in str(caught.value)
    assert SECRET.decode() not in str(caught.value)


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
    async with (
        BadAgent(bad_agent.good) as stranger,
        Elsewhere(bad_agent.good, stranger) as agent,
        opened(agent.port) as transport,
    ):
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
