"""Walks against an agent of a few lines, with tables and whims that hypothesis makes up."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import BadData, TimedOut
from collectors.snmp_message import Answer, Oid, Request, VarBind, dotted
from collectors.snmp_walk import MAX_WIDTH, SMALL, ColumnWalk, Pace

TABLE: Oid = (1, 3, 6, 1)
TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5

indexes = st.lists(st.integers(1, 50), min_size=1, max_size=2).map(tuple)
tables = st.dictionaries(st.integers(1, 6), st.sets(indexes, max_size=25), max_size=6)


@dataclass(frozen=True)
class Whims:
    """What an agent does not do: more varbinds than `most`, more than `cut` of them, GETBULK, v2c, name what ended."""

    most: int
    cut: int
    bulk: bool
    v1: bool
    named: bool = True


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
            return Answer(NO_SUCH_NAME, ended[0] if self._whims.named else 0, ())
        return Answer(0, 0, tuple(found[: self._whims.cut] if request.kind == "bulk" else found))

    def _next(self, oid: Oid) -> VarBind:
        at = bisect_right(self._order, oid)
        return VarBind(oid, None, end=True) if at == len(self._order) else VarBind(self._order[at], at)


WHIMS = st.builds(Whims, st.integers(1, 60), st.integers(1, 60), named=st.booleans())


@given(tables, WHIMS, st.integers(1, 30), st.none() | st.integers(0, 30))
def test_a_walk_reads_every_row_once_whatever_the_agent_takes_and_whatever_was_expected(
    table: dict[int, set[Oid]], whims: Whims, repetitions: int, expected: int | None
) -> None:
    instances = [(*TABLE, column, *index) for column, rows in table.items() for index in rows]
    agent = Agent(instances, whims)
    columns, pace = [(*TABLE, column) for column in range(1, 7)], Pace(bulk=not whims.v1, repetitions=repetitions)
    walk = ColumnWalk(columns, pace, rows=expected)
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


@given(tables, tables, WHIMS, st.integers(1, 30))
def test_tables_that_are_likely_empty_are_read_together_whole_if_they_are_not(
    one: dict[int, set[Oid]], two: dict[int, set[Oid]], whims: Whims, repetitions: int
) -> None:
    table = {(*TABLE, 1, c): rows for c, rows in one.items()} | {(*TABLE, 2, c): rows for c, rows in two.items()}
    agent = Agent([(*column, *index) for column, rows in table.items() for index in rows], whims)
    columns = [(*TABLE, entry, column) for entry in (1, 2) for column in range(1, 7)]
    pace = Pace(bulk=not whims.v1, repetitions=repetitions)
    walk = ColumnWalk(columns, pace, rows=0)
    while (request := walk.next_request()) is not None:
        walk.take(agent.answer(request))
    assert walk.result().failure is None
    assert {column: set(rows) for column, rows in walk.result().rows.items()} == {
        dotted(column): {dotted(index) for index in table.get(column, ())} for column in columns
    }
    assert pace.width == MAX_WIDTH or whims.most < MAX_WIDTH or (whims.v1 and not whims.named)


ROWS_AT = [(*TABLE, 1, row) for row in range(1, 49)] + [(*TABLE, 2, 1)]
EXPECTATIONS = {
    "nothing": (None, [25, 25], 48),
    "just as many": (48, [25, 24], 48),
    "fewer": (3, [4, 25, 25], 48),
    "more": (200, [25, 25], 48),
    "none": (0, [1, 25, 25], 48),
}


@pytest.mark.parametrize(("expected", "repetitions", "rows"), EXPECTATIONS.values(), ids=EXPECTATIONS)
def test_as_many_rows_are_asked_for_as_are_expected_and_one_that_shows_the_end(
    expected: int | None, repetitions: list[int], rows: int
) -> None:
    agent = Agent(ROWS_AT, Whims(most=10_000, cut=10_000, bulk=True, v1=False))
    walk = ColumnWalk([(*TABLE, 1)], Pace(bulk=True, repetitions=25), rows=expected)
    asked = []
    while (request := walk.next_request()) is not None:
        asked.append(request.repetitions)
        walk.take(agent.answer(request))
    assert asked == repetitions
    assert len(walk.result().rows[dotted((*TABLE, 1))]) == rows


@pytest.mark.parametrize(("expected", "cut", "requests"), [(None, 31, [(3, 25)]), (3, 19, [(3, 4), (3, 25)])])
def test_columns_that_have_ended_say_how_many_rows_the_others_of_their_table_have(
    expected: int | None, cut: int, requests: list[tuple[int, int]]
) -> None:
    instances = [(*TABLE, column, row) for column in (1, 2, 3, 4) for row in range(1, 11)]
    agent = Agent(instances, Whims(most=10_000, cut=cut, bulk=True, v1=False))
    walk = ColumnWalk([(*TABLE, column) for column in (1, 2, 3)], Pace(bulk=True, repetitions=25), rows=expected)
    asked = []
    while (request := walk.next_request()) is not None:
        asked.append((len(request.oids), request.repetitions))
        walk.take(agent.answer(request))
    assert asked == [*requests, (2, 1)], "the last answer but one was cut off behind the first column's end"
    assert all(len(rows) == 10 for rows in walk.result().rows.values())


def test_empty_columns_of_many_tables_take_one_short_request() -> None:
    walk = ColumnWalk([(*TABLE, table, 1) for table in range(1, SMALL + 6)], Pace(bulk=True, repetitions=25), rows=0)
    widths = []
    while (request := walk.next_request()) is not None:
        assert request.repetitions == 1
        widths.append(len(request.oids))
        walk.take(Answer(0, 0, tuple(VarBind((1, 9), None) for _ in request.oids)))
    assert widths == [SMALL, 5]


def test_a_time_out_of_one_row_teaches_nothing_about_many() -> None:
    pace = Pace(bulk=True, repetitions=25)
    walk = ColumnWalk([(*TABLE, table, 1) for table in range(1, 40)], pace, rows=0)
    walk.next_request()
    assert not walk.shrink()
    assert pace.repetitions == 25


answers = st.builds(
    Answer,
    st.sampled_from([0, 0, 0, 0, 0, TOO_BIG, NO_SUCH_NAME, GEN_ERR, 99]),
    st.integers(-1, 3),
    st.lists(
        st.builds(VarBind, st.lists(st.integers(0, 3), max_size=3).map(lambda rest: (*TABLE, *rest)), st.none()),
        max_size=6,
    ).map(tuple),
)


@given(st.lists(answers, min_size=1, max_size=12), st.none() | st.integers(0, 9))
def test_a_walk_ends_whatever_the_answers(whims: list[Answer], expected: int | None) -> None:
    walk = ColumnWalk([(*TABLE, 1), (*TABLE, 2)], Pace(bulk=True, repetitions=8), rows=expected)
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
