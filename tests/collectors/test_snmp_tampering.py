"""SNMPv3 with someone in between, on both engines."""

from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import pytest_asyncio

from collectors.errors import AuthFailed, BadData, TimedOut
from collectors.model import SnmpAccess
from tests.simulator.bad_agent import ONE, Relay
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.near import AUTH_ONLY, V3, opened
from tests.simulator.snmp_agent import SnmpAgent

LOOP = IdleLoop
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("each_engine")]


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
