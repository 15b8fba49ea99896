"""Walks against an agent of a few lines, with tables and whims that hypothesis makes up."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import BadData, TimedOut
from collectors.snmp_message import Answer, Oid, Request, VarBind, dotted
from collectors.snmp_walk import ColumnWalk, Pace

TABLE: Oid = (1, 3, 6, 1)
TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5

indexes = st.lists(st.integers(1, 50), min_size=1, max_size=2).map(tuple)
tables = st.dictionaries(st.integers(1, 6), st.sets(indexes, max_size=25), max_size=6)


@dataclass(frozen=True)
class Whims:
    """What an agent does not do: answer more varbinds than `most`, send more than `cut` of them, GETBULK, v2c."""

    most: int
    cut: int
    bulk: bool
    v1: bool


class Agent:
    """Answers from a set of instances, as far as its whims let it."""

    def __init__(self, instances: Sequence[Oid], whims: Whims) -> None:
        self._order = sorted(instances)
        self._whims = whims

    def answer(self, request: Request) -> Answer:
        if request.kind == "bulk" and not self._whims.bulk:
            return Answer(GEN_ERR, 0, ())
        repetitions = request.repetitions if request.kind == "bulk" else 1
        if len(request.oids) * repetitions > self._whims.most:
            return Answer(TOO_BIG, 0, ())
        found: list[VarBind] = []
        cursors: Sequence[Oid] = request.oids
        for _ in range(repetitions):
            row = [self._next(oid) for oid in cursors]
            cursors = [varbind.oid for varbind in row]
            found += row
        ended = [n for n, varbind in enumerate(found, 1) if varbind.end]
        if self._whims.v1 and ended:
            return Answer(NO_SUCH_NAME, ended[0], ())
        return Answer(0, 0, tuple(found[: self._whims.cut] if request.kind == "bulk" else found))

    def _next(self, oid: Oid) -> VarBind:
        at = bisect_right(self._order, oid)
        return VarBind(oid, None, end=True) if at == len(self._order) else VarBind(self._order[at], at)


@given(tables, st.builds(Whims, st.integers(1, 60), st.integers(1, 60)), st.integers(1, 30))
def test_a_walk_reads_every_row_once_whatever_the_agent_takes(
    table: dict[int, set[Oid]], whims: Whims, repetitions: int
) -> None:
    instances = [(*TABLE, column, *index) for column, rows in table.items() for index in rows]
    agent = Agent(instances, whims)
    walk = ColumnWalk([(*TABLE, column) for column in range(1, 7)], Pace(bulk=not whims.v1, repetitions=repetitions))
    asked = 0
    while (request := walk.next_request()) is not None:
        walk.take(agent.answer(request))
        asked += 1
    result = walk.result()
    assert result.failure is None
    assert {column: set(rows) for column, rows in result.rows.items()} == {
        dotted((*TABLE, column)): {dotted(index) for index in table.get(column, ())} for column in range(1, 7)
    }
    assert asked <= len(instances) + 6 + 20


answers = st.builds(
    Answer,
    st.sampled_from([0, 0, 0, 0, 0, TOO_BIG, NO_SUCH_NAME, GEN_ERR, 99]),
    st.integers(-1, 3),
    st.lists(
        st.builds(VarBind, st.lists(st.integers(0, 3), max_size=3).map(lambda rest: (*TABLE, *rest)), st.none()),
        max_size=6,
    ).map(tuple),
)


@given(st.lists(answers, min_size=1, max_size=12))
def test_a_walk_ends_whatever_the_answers(whims: list[Answer]) -> None:
    walk = ColumnWalk([(*TABLE, 1), (*TABLE, 2)], Pace(bulk=True, repetitions=8))
    asked = 0
    while walk.next_request() is not None:
        walk.take(whims[asked % len(whims)])
        asked += 1
        assert asked < 200


def test_the_first_failure_stands() -> None:
    walk = ColumnWalk([(*TABLE, 1)], Pace(bulk=True, repetitions=8))
    walk.next_request()
    walk.take(Answer(0, 0, ()))
    walk.stop(TimedOut())
    assert isinstance(walk.result().failure, BadData)


def test_a_column_asked_for_twice_is_read_once() -> None:
    walk = ColumnWalk([(*TABLE, 1), (*TABLE, 1)], Pace(bulk=True, repetitions=8))
    assert walk.next_request() == Request("bulk", ((*TABLE, 1),), 8)
