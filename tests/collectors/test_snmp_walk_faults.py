"""A walk of devices that misbehave, on both engines."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from collectors.errors import BadData, CollectError, Refused, TimedOut
from collectors.model import SnmpAccess
from collectors.snmp_walk import Caps
from tests.simulator import bad_agent
from tests.simulator.bad_agent import COLUMN, FULL, ONE, SECOND, BadAgent, Script
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.near import V2C, opened

LOOP = IdleLoop
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("each_engine")]


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
    "a cycle of three": (
        lambda asked: bad_agent.rows_at(1, 2, 3)(replace(asked, repetitions=1)),
        {"1": 1, "2": 1, "3": 1},
        BadData,
        f"{COLUMN}.1 does not come after {COLUMN}.3",
        4,
    ),
    "going back within an answer": (
        lambda asked: [asked.answer([((*bad_agent._COLUMN, row), bad_agent.v2c.Integer32(1)) for row in (4, 7, 5)])],
        {"4": 1, "7": 1},
        BadData,
        f"{COLUMN}.5 does not come after {COLUMN}.7",
        1,
    ),
    "an index that goes back in its second arc": (
        lambda asked: [
            asked.answer([((*bad_agent._COLUMN, 300, row), bad_agent.v2c.Integer32(1)) for row in (200, 127)])
        ],
        {"300.200": 1},
        BadData,
        f"{COLUMN}.300.127 does not come after {COLUMN}.300.200",
        1,
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


def elsewhere(*oid: int) -> Script:
    """Answer everything with one OID."""
    return lambda asked: [asked.answer([(oid, bad_agent.v2c.Integer32(1))] * asked.repetitions)]


ENDS: dict[str, Script] = {
    "the end of the MIB at once": lambda asked: [
        asked.answer([(oid, bad_agent.v2c.EndOfMibView("")) for oid in asked.oids])
    ],
    "another table": elsewhere(1, 3, 6, 1, 2, 1, 4, 1, 0),
    "what comes before the column": elsewhere(1, 3, 6, 1, 2, 1, 1, 1, 0),
    "the next column": elsewhere(*bad_agent._COLUMN[:-1], 11, 1),
    "the column before": elsewhere(*bad_agent._COLUMN[:-1], 9, 1),
    "the table itself": elsewhere(*bad_agent._COLUMN[:-1]),
}


@pytest.mark.parametrize("script", ENDS.values(), ids=ENDS)
async def test_a_column_ends_with_what_is_not_of_it(script: Script) -> None:
    async with BadAgent(script) as agent, opened(agent.port) as transport:
        walk = await transport.walk([COLUMN])
    assert (walk.rows, walk.failure) == ({COLUMN: {}}, None)
    assert len(agent.asked) == 1


BEHIND: dict[str, bad_agent.Bound] = {
    "the end of the MIB": ((*bad_agent._COLUMN, 1), bad_agent.v2c.EndOfMibView("")),
    "the next column": ((*bad_agent._COLUMN[:-1], 11, 1), bad_agent.v2c.Integer32(1)),
    "another table": ((1, 3, 6, 1, 2, 1, 4, 1, 0), bad_agent.v2c.Integer32(1)),
    "a row before": ((*bad_agent._COLUMN, 0), bad_agent.v2c.Integer32(1)),
}


@pytest.mark.parametrize("bound", BEHIND.values(), ids=BEHIND)
async def test_what_stands_behind_a_columns_end_in_an_answer_is_none_of_its_rows(bound: bad_agent.Bound) -> None:
    one, two = (((*bad_agent._COLUMN, row), bad_agent.v2c.Integer32(row)) for row in (1, 2))
    async with BadAgent(lambda asked: [asked.answer([one, bound, two])]) as agent, opened(agent.port) as transport:
        walk = await transport.walk([COLUMN])
    assert walk.rows == {COLUMN: {"1": 1}}
    assert len(agent.asked) == 1


@pytest.mark.parametrize(("access", "requests"), [(V2C, 3), (replace(V2C, version="1"), 9)], ids=["v2c", "v1"])
async def test_no_more_is_taken_of_an_answer_than_was_asked_for(access: SnmpAccess, requests: int) -> None:
    def generous(asked: bad_agent.Asked) -> Sequence[bytes]:
        return [replace(asked, repetitions=asked.repetitions + 5).right()]

    async with BadAgent(generous) as agent, opened(agent.port, access) as transport:
        walk = await transport.walk([COLUMN])
    assert (walk.rows, walk.failure) == ({COLUMN: FULL}, None)
    assert len(agent.asked) == requests


async def test_end_of_mib_at_once_is_an_empty_table() -> None:
    async with BadAgent(bad_agent.good) as agent, opened(agent.port) as transport:
        walk = await transport.walk(["1.3.6.1.9"])
    assert (walk.rows, walk.failure) == ({"1.3.6.1.9": {}}, None)


LIKELY_EMPTY = {"good": bad_agent.good, "without GETBULK": bad_agent.without_bulk, "small": bad_agent.too_big_over(1)}


@pytest.mark.parametrize("script", LIKELY_EMPTY.values(), ids=LIKELY_EMPTY)
async def test_columns_of_several_tables_that_were_empty_are_read_whole(script: Script) -> None:
    columns = ["1.3.6.1.2.1.1", COLUMN, "1.3.6.1.2.1.31.1.1.1.6", "1.3.6.1.9", SECOND]
    async with BadAgent(script) as agent, opened(agent.port) as transport:
        walk = await transport.walk(columns, rows=0)
    assert walk.failure is None
    assert walk.rows == {column: FULL if column in {COLUMN, SECOND} else {} for column in columns}
    assert len(agent.asked[0].oids) == len(columns)


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
        (Caps(all_octets=400), "walks of more than 400 octets together"),
        (Caps(seconds=-1.0), "a walk of more than -1 s"),
    ],
    ids=["rows", "octets", "octets of all walks", "seconds"],
)
async def test_a_walk_without_end_is_capped(caps: Caps, words: str) -> None:
    async with BadAgent(bad_agent.endless) as agent, opened(agent.port, V2C, caps) as transport:
        walk = await transport.walk([COLUMN])
    assert words in str(walk.failure)
    assert 4 <= len(walk.rows[COLUMN]) <= 20
    assert len(agent.asked) < 6


async def test_what_one_walk_took_the_next_ones_do_not_have() -> None:
    async with (
        BadAgent(bad_agent.endless) as agent,
        opened(agent.port, V2C, Caps(rows=10, all_octets=600)) as transport,
    ):
        walks = [await transport.walk([COLUMN]) for _ in range(4)]
    words = [str(walk.failure).partition("/udp): ")[2] for walk in walks]
    assert words[0] == f"{COLUMN} has more than 10 rows"
    assert words[2:] == ["walks of more than 600 octets together"] * 2
    assert len(walks[3].rows[COLUMN]) == 4, "of one answer, which shows that it answers"
