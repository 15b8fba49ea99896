"""The own engine beyond one device: its sockets, what it remembers of devices, and whom it believes."""

import asyncio
import errno
import gc
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from collectors import snmp_engine, snmp_udp
from collectors.errors import AuthFailed, TimedOut, Unreachable
from collectors.model import Secret, SnmpAccess
from collectors.snmp_engine import REMEMBERED, Engine
from collectors.snmp_own import EngineTransport, open_own
from tests.simulator import bad_agent
from tests.simulator.bad_agent import COLUMN, FULL, ONE, SECOND, TWO, Asked, BadAgent, Elsewhere, Relay, Script
from tests.simulator.idle_loop import IdleLoop, idle_loop
from tests.simulator.near import V2C, V3
from tests.simulator.snmp_agent import SnmpAgent
from tests.simulator.v3_messages import report

LOOP = IdleLoop


@asynccontextmanager
async def opened(
    port: int, access: SnmpAccess = V2C, address: str = "127.0.0.1", **changed: object
) -> AsyncIterator[EngineTransport]:
    near = replace(access, port=port, **changed)  # type: ignore[arg-type]
    transport = await open_own("sw-7", address, near)
    try:
        yield transport
    finally:
        await transport.close()


# ---- sockets ----


async def test_all_devices_of_an_address_family_share_a_socket() -> None:
    async with (
        BadAgent(bad_agent.good) as one,
        BadAgent(bad_agent.good) as two,
        opened(one.port) as to_one,
        opened(two.port) as to_two,
    ):
        assert to_one._socket is to_two._socket
        found = await asyncio.gather(to_one.get([ONE]), to_two.get([TWO]))
    assert found == [{ONE: 1}, {TWO: 2}]


async def test_fifty_walks_at_once_do_not_mix() -> None:
    async with BadAgent(bad_agent.good) as agent:
        transports = [await open_own(f"sw-{n}", "127.0.0.1", replace(V2C, port=agent.port)) for n in range(50)]
        walks = await asyncio.gather(*(transport.walk([COLUMN, SECOND]) for transport in transports))
        for transport in transports:
            await transport.close()
    assert all(walk.rows == {COLUMN: FULL, SECOND: FULL} and walk.failure is None for walk in walks)


async def test_nothing_is_open_when_no_device_is() -> None:
    engine = snmp_engine.engine()
    async with BadAgent(bad_agent.good) as agent, opened(agent.port) as transport:
        await transport.get([ONE])
    await transport.close()
    assert (engine._sockets, engine._places, engine._pending, engine._timer) == ({}, {}, {}, None)


async def test_an_engine_goes_with_its_loop() -> None:
    def run() -> "weakref.ref[Engine]":
        async def ask() -> "weakref.ref[Engine]":
            async with BadAgent(bad_agent.good) as agent, opened(agent.port) as transport:
                await transport.get([ONE])
            return weakref.ref(snmp_engine.engine())

        with asyncio.Runner(loop_factory=IdleLoop) as runner:
            return runner.run(ask())

    engine = await asyncio.to_thread(run)
    gc.collect()
    assert engine() is None


async def test_a_poll_that_is_cancelled_leaves_nothing_behind() -> None:
    async with BadAgent(bad_agent.silent) as agent, opened(agent.port, timeout=60.0) as transport:
        waiting = asyncio.ensure_future(transport.get([ONE]))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        engine = snmp_engine.engine()
        assert (engine._pending, transport._queue, transport._place.polls) == ({}, {}, set())


async def test_ipv6_is_spoken() -> None:
    class Six(BadAgent):
        async def __aenter__(self) -> "BadAgent":
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("::1", 0))
            self.port = self._transport.get_extra_info("sockname")[1]
            return self

    async with Six(bad_agent.good) as agent, opened(agent.port, address="0:0:0:0:0:0:0:1") as transport:
        assert await transport.get([ONE]) == {ONE: 1}
    with pytest.raises(Unreachable, match="the port is closed"):
        async with opened(agent.port, address="::1", timeout=60.0) as transport:
            await transport.get([ONE])


async def test_a_closed_port_stops_only_who_asks_there() -> None:
    async with BadAgent(bad_agent.good) as closed:
        pass
    async with BadAgent(bad_agent.good) as agent, opened(closed.port, timeout=60.0) as dead, opened(agent.port) as live:
        for _ in range(3):
            found = await asyncio.gather(dead.get([ONE]), live.walk([COLUMN]), return_exceptions=True)
            assert isinstance(found[0], Unreachable)
            assert not isinstance(found[1], BaseException)
            assert found[1].failure is None
    assert idle_loop().time() < 60


async def test_an_error_that_comes_after_the_answer_changes_nothing() -> None:
    async with BadAgent(bad_agent.good) as agent, opened(agent.port) as transport:
        receive = snmp_engine.engine()._receive

        def answered(datagram: bytes, sender: snmp_udp.Address) -> None:
            receive(datagram, sender)
            snmp_engine.engine()._lost(sender, OSError(errno.ECONNREFUSED, "refused"))

        transport._socket._receive = answered
        assert await transport.get([ONE]) == {ONE: 1}


async def test_an_error_that_icmp_reports_for_no_one_here_is_dropped() -> None:
    Engine()._lost(("192.0.2.1", 161), OSError(errno.ECONNREFUSED, "refused"))


# ---- what is remembered ----


async def test_an_agent_without_bulk_is_never_asked_by_bulk_again() -> None:
    async with BadAgent(bad_agent.without_bulk) as agent:
        for _ in range(3):
            async with opened(agent.port) as transport:
                assert (await transport.walk([COLUMN])).failure is None
    assert [asked.kind for asked in agent.asked].count("bulk") == 1


async def test_what_was_too_big_once_is_not_asked_for_again_for_a_day() -> None:
    async with BadAgent(bad_agent.too_big_over(2)) as agent:
        for _ in range(2):
            async with opened(agent.port) as transport:
                await transport.get([ONE, TWO, f"{COLUMN}.3", f"{COLUMN}.4"])
        assert [len(asked.oids) for asked in agent.asked] == [4, 2, 2, 2, 2]
        idle_loop().skip(REMEMBERED + 1)
        async with opened(agent.port) as transport:
            await transport.get([ONE, TWO, f"{COLUMN}.3"])
    assert len(agent.asked[5].oids) == 3


async def test_other_credentials_are_another_memory() -> None:
    async with BadAgent(bad_agent.without_bulk) as agent:
        for community in ("c", "d"):
            async with opened(agent.port, community=Secret(community)) as transport:
                await transport.walk([COLUMN])
    assert [asked.kind for asked in agent.asked].count("bulk") == 2


async def test_the_oldest_memory_goes_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snmp_engine, "MAX_KNOWN", 2)
    async with BadAgent(bad_agent.good) as agent:
        for community in ("a", "b", "c"):
            async with opened(agent.port, community=Secret(community)):
                pass
    assert [known[1].community for known in snmp_engine.engine().memories] == [Secret("b"), Secret("c")]


async def test_discovery_is_done_once_for_all_polls() -> None:
    async with SnmpAgent({ONE: 1}, users=[V3]) as agent:
        for _ in range(3):
            async with opened(agent.port, V3) as transport:
                assert await transport.get([ONE]) == {ONE: 1}
        assert agent.requests == 1 + 3


async def test_two_at_one_device_at_once_each_find_their_way() -> None:
    async with (
        SnmpAgent({ONE: 1, TWO: 2}, users=[V3]) as agent,
        opened(agent.port, V3) as first,
        opened(agent.port, V3) as second,
    ):
        assert await asyncio.gather(first.get([ONE]), second.get([TWO])) == [{ONE: 1}, {TWO: 2}]


async def test_a_device_that_was_silent_is_discovered_anew() -> None:
    silent = False
    async with (
        SnmpAgent({ONE: 1}, users=[V3]) as agent,
        Relay(agent.port, lambda reply, _: [] if silent else [reply]) as relay,
    ):
        async with opened(relay.port, V3) as transport:
            await transport.get([ONE])
            silent = True
            with pytest.raises(TimedOut, match="no answer"):
                await transport.get([ONE])
        before = agent.requests
        with pytest.raises(TimedOut, match="no answer to SNMPv3 discovery"):
            async with opened(relay.port, V3) as transport:
                await transport.get([ONE])
        silent = False
        async with opened(relay.port, V3) as transport:
            await transport.get([ONE])
    assert agent.requests == before + 1 + 2


# ---- whom it believes ----


async def test_a_late_answer_to_the_first_try_is_one_to_the_second() -> None:
    held: list[bytes] = []

    def late(asked: Asked) -> Sequence[bytes]:
        held.append(asked.right())
        return [held[0]] if len(held) == 2 else []

    async with BadAgent(late) as agent, opened(agent.port, retries=1) as transport:
        assert await transport.get([ONE]) == {ONE: 1}
    assert agent.asked[0].request_id == agent.asked[1].request_id


async def test_what_answers_nothing_is_dropped_and_counted() -> None:
    engine = snmp_engine.engine()
    before = engine.dropped

    def noisy(asked: Asked) -> Sequence[bytes]:
        wrong = [asked.right(request_id=1), asked.right(community=b"d"), asked.right(version=0), b"\x30\x82"]
        return [*wrong, asked.right(), asked.right()]

    async with BadAgent(noisy) as agent, opened(agent.port) as transport:
        assert await transport.get([ONE]) == {ONE: 1}
        assert (await transport.walk([COLUMN, SECOND])).rows == {COLUMN: FULL, SECOND: FULL}
    assert engine.dropped - before >= 5 * len(agent.asked) - 1


async def test_among_several_at_one_address_an_answer_goes_to_whom_it_is_for() -> None:
    async with (
        BadAgent(bad_agent.good) as agent,
        opened(agent.port, community=Secret("a")) as first,
        opened(agent.port) as second,
    ):
        assert await asyncio.gather(first.get([ONE]), second.get([TWO])) == [{ONE: 1}, {TWO: 2}]


async def test_among_several_at_one_address_a_stray_is_the_blame_of_each() -> None:
    async with (
        BadAgent(lambda asked: [asked.right(request_id=1)]) as agent,
        opened(agent.port, community=Secret("a")) as first,
        opened(agent.port) as second,
    ):
        found = await asyncio.gather(first.get([ONE]), second.get([TWO]), return_exceptions=True)
    assert [type(each) for each in found] == [TimedOut, TimedOut]
    assert "only answers to other requests came in time" in str(found[1])


ELSEWHERE: dict[str, tuple[Script, str]] = {
    "the answer": (bad_agent.good, r"answers from 127\.0\.0\.1 port \d+ only, which was not asked"),
    "what does not know the request": (lambda asked: [asked.right(request_id=1)], "no answer"),
    "garbage": (bad_agent.always(b"\x30\x82"), "no answer"),
}


@pytest.mark.parametrize(("script", "words"), ELSEWHERE.values(), ids=ELSEWHERE)
async def test_a_device_that_answers_from_another_address_is_not_believed_but_told_of(
    script: Script, words: str
) -> None:
    async with (
        BadAgent(bad_agent.good) as stranger,
        Elsewhere(script, stranger) as agent,
        opened(agent.port) as transport,
    ):
        with pytest.raises(TimedOut, match=words):
            await transport.get([ONE])


class Forger(Relay):
    """Answers each signed request with an unsigned Report before the agent does."""

    def __init__(self, port: int, engine: bytes, stats: int, after: int) -> None:
        super().__init__(port, lambda reply, _: [reply])
        self._forged = engine, stats
        self._quiet = after

    def datagram_received(self, data: bytes, addr: object) -> None:
        super().datagram_received(data, addr)
        if addr != self._agent:
            self._quiet -= 1
            if self._quiet < 0:
                self._send(report(data, engine=self._forged[0], number=self._forged[1]), addr)


@pytest.mark.parametrize("stats", [1, 2, 3, 5, 6, 9])
async def test_an_unsigned_report_does_not_stop_a_signed_answer(stats: int) -> None:
    async with (
        SnmpAgent({ONE: 1}, users=[V3]) as agent,
        Forger(agent.port, agent.engine_id, stats, after=1) as relay,
        opened(relay.port, V3) as transport,
    ):
        for _ in range(3):
            assert await transport.get([ONE]) == {ONE: 1}
        assert transport.requests == 4


async def test_an_engine_that_has_proven_itself_is_not_replaced_by_an_unsigned_report() -> None:
    async with (
        SnmpAgent({ONE: 1}, users=[V3]) as agent,
        Forger(agent.port, b"\x80\x00\x00\x00\x05other", 4, after=2) as relay,
        opened(relay.port, V3) as transport,
    ):
        for _ in range(3):
            assert await transport.get([ONE]) == {ONE: 1}
        assert transport.requests == 4


async def test_an_unsigned_refusal_is_believed_when_nothing_better_comes_in_time() -> None:
    async with SnmpAgent({ONE: 1}, users=[V3]) as agent:
        began = idle_loop().time()
        async with opened(agent.port, V3, user="nobody", retries=3) as transport:
            with pytest.raises(AuthFailed, match="knows no SNMPv3 user 'nobody'"):
                await transport.get([ONE])
        assert transport.requests == 2
        assert idle_loop().time() - began == pytest.approx(2.0, abs=0.1)


async def test_a_device_replaced_by_one_of_another_engine_is_read_within_the_same_poll() -> None:
    async with SnmpAgent({ONE: 1}, users=[V3]) as old, opened(old.port, V3) as transport:
        await transport.get([ONE])
    async with SnmpAgent({ONE: 7}, users=[V3], port=old.port), opened(old.port, V3) as transport:
        assert await transport.get([ONE]) == {ONE: 7}
        assert transport.requests == 3
