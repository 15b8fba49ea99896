"""The own engine when it has more to do than it can: what came in time counts, and no more is asked for than fits."""

import asyncio
import errno
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import snmp_engine, snmp_udp
from collectors.errors import BadData, TimedOut, Unreachable
from collectors.snmp_own import EngineTransport, open_own
from collectors.snmp_window import Window
from tests.simulator import bad_agent
from tests.simulator.bad_agent import COLUMN, FULL, ONE, SECOND, BadAgent
from tests.simulator.idle_loop import IdleLoop, idle_loop
from tests.simulator.near import V2C

LOOP = IdleLoop


async def opened(many: int, port: int, ends: AsyncExitStack, **changed: int) -> list[EngineTransport]:
    """Open transports to one agent, in the end closed."""
    access = replace(V2C, port=port, **changed)  # type: ignore[arg-type]
    transports = [await open_own(f"sw-{n}", "127.0.0.1", access) for n in range(many)]
    for transport in transports:
        ends.push_async_callback(transport.close)
    return transports


# ---- time ----


class Watched(BadAgent):
    """An agent that tells when it has answered so many requests."""

    def __init__(self, script: bad_agent.Script, requests: int) -> None:
        super().__init__(script)
        self._awaited = requests
        self._done = asyncio.Event()

    def datagram_received(self, data: bytes, addr: object) -> None:
        super().datagram_received(data, addr)
        if len(self.asked) == self._awaited:
            self._done.set()

    async def done(self) -> None:
        """Return when all is answered, and later than anyone waits for it."""
        await self._done.wait()
        idle_loop().skip(10 * V2C.timeout)


async def test_an_answer_that_came_in_time_counts_however_late_it_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snmp_udp, "MOST_AT_ONCE", 0)  # nobody comes to hear
    async with Watched(bad_agent.good, 100) as agent, AsyncExitStack() as ends:
        transports = await opened(100, agent.port, ends)
        gets = [asyncio.ensure_future(transport.get([ONE])) for transport in transports]
        await agent.done()
        assert await asyncio.gather(*gets) == [{ONE: 1}] * 100
    assert len(agent.asked) == 100


async def test_a_flood_makes_nobody_wait_for_ever_for_one_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snmp_udp, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(snmp_engine, "STRAYS", 8)
    flood = bad_agent.always(*[b"\x30\x02\x05\x00"] * 500)
    async with Watched(flood, 1) as agent, AsyncExitStack() as ends:
        (transport,) = await opened(1, agent.port, ends)
        get = asyncio.ensure_future(transport.get([ONE]))
        await agent.done()
        before = snmp_engine.engine().received
        with pytest.raises(BadData, match="1 x 2 s"):
            await get
        assert snmp_engine.engine().received == before + 8 + 1


async def test_the_time_out_of_a_request_begins_when_it_goes_out_however_long_others_had_their_turn() -> None:
    async with BadAgent(bad_agent.good) as agent, AsyncExitStack() as ends:
        (transport,) = await opened(1, agent.port, ends)
        get = asyncio.ensure_future(transport.get([ONE]))
        await asyncio.sleep(0)
        assert transport.requests == 0
        idle_loop().skip(10 * V2C.timeout)
        assert await get == {ONE: 1}
    assert len(agent.asked) == 1


async def test_a_request_that_is_given_up_before_it_goes_out_is_not_sent() -> None:
    async with BadAgent(bad_agent.good) as agent, AsyncExitStack() as ends:
        (transport,) = await opened(1, agent.port, ends)
        get = asyncio.ensure_future(transport.get([ONE]))
        await asyncio.sleep(0)
        snmp_engine.engine()._lost(transport._address, OSError(errno.ECONNREFUSED, "refused"))
        with pytest.raises(Unreachable):
            await get
        assert await transport.get([ONE]) == {ONE: 1}
    assert len(agent.asked) == transport.requests == 1


# ---- room ----


def small_room(transports: Sequence[EngineTransport], octets: int) -> None:
    transports[0]._socket.window = Window(octets)


async def test_no_more_is_under_way_than_answers_fit_in_the_buffer() -> None:
    most = 0

    def script(asked: bad_agent.Asked) -> list[bytes]:
        nonlocal most
        most = max(most, sum(1 for poll in snmp_engine.engine()._pending.values() if poll.held))
        return bad_agent.good(asked)

    async with BadAgent(script) as agent, AsyncExitStack() as ends:
        transports = await opened(40, agent.port, ends)
        small_room(transports, 4_000)  # three times what the answer to one request may need
        walks = await asyncio.gather(*(transport.walk([COLUMN, SECOND]) for transport in transports))
    assert all(walk.rows == {COLUMN: FULL, SECOND: FULL} and walk.failure is None for walk in walks)
    assert most == 3
    assert transports[0]._socket.window.enter(4_000), "all room was given back"


async def test_the_time_out_of_a_request_that_waits_its_turn_begins_when_it_is_sent() -> None:
    async with BadAgent(bad_agent.silent) as dead, BadAgent(bad_agent.good) as agent, AsyncExitStack() as ends:
        (silent,) = await opened(1, dead.port, ends)
        (live,) = await opened(1, agent.port, ends)
        small_room([silent], 1)
        found = await asyncio.gather(silent.get([ONE]), live.get([ONE]), return_exceptions=True)
    assert isinstance(found[0], TimedOut)
    assert found[1] == {ONE: 1}
    assert (len(dead.asked), len(agent.asked)) == (1, 1)


async def test_a_device_that_is_late_holds_no_room_while_it_is_asked_again() -> None:
    async with BadAgent(bad_agent.silent) as dead, BadAgent(bad_agent.good) as agent, AsyncExitStack() as ends:
        (silent,) = await opened(1, dead.port, ends, retries=5)
        (live,) = await opened(1, agent.port, ends)
        small_room([silent], 1)
        waiting = asyncio.ensure_future(silent.get([ONE]))
        await asyncio.sleep(0)
        assert await live.get([ONE]) == {ONE: 1}
        assert idle_loop().time() == pytest.approx(V2C.timeout, abs=0.1)
        with pytest.raises(TimedOut, match="6 x 2 s"):
            await waiting


async def test_one_that_gives_up_while_it_waits_its_turn_is_not_sent() -> None:
    async with BadAgent(bad_agent.silent) as dead, BadAgent(bad_agent.good) as agent, AsyncExitStack() as ends:
        (silent,) = await opened(1, dead.port, ends)
        first, second = await opened(2, agent.port, ends)
        small_room([silent], 1)
        tasks = [asyncio.ensure_future(each.get([ONE])) for each in (silent, first, second)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found] == [TimedOut, asyncio.CancelledError, dict]
    assert (first.requests, second.requests, len(agent.asked)) == (0, 1, 1)


@given(st.integers(1, 50), st.lists(st.integers(0, 80), max_size=40))
def test_all_get_their_turn_in_order_and_never_take_more_than_there_is(room: int, needs: list[int]) -> None:
    window = Window(room)
    inside: list[tuple[int, int]] = []

    def let_in(number: int, octets: int) -> None:
        window.take(octets)
        inside.append((number, octets))

    for number, octets in enumerate(needs):
        if window.enter(octets):
            inside.append((number, octets))
        else:
            window.wait(octets, lambda number=number, octets=octets: let_in(number, octets))  # type: ignore[misc]
    went: list[tuple[int, int]] = []
    while inside:
        assert sum(octets for _, octets in inside) <= room or sum(octets > 0 for _, octets in inside) == 1
        went.append(inside.pop(0))
        window.leave(went[-1][1])
    assert sorted(went) == list(enumerate(needs))
    queued = [number for number, octets in went if octets]
    assert queued == sorted(queued)


def test_many_requests_that_fail_as_they_are_sent_are_gone_through_one_after_another() -> None:
    window = Window(1)
    assert window.enter(1)
    gone = []

    def fails(number: int) -> None:
        window.take(1)
        gone.append(number)
        window.leave(1)

    for number in range(5_000):
        window.wait(1, lambda number=number: fails(number))  # type: ignore[misc]
    window.leave(1)
    assert gone == list(range(5_000))
