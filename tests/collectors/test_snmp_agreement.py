"""Both engines read the same of the recorded devices, and the quick reading of rows the same as the full one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import ber, snmp
from collectors.ber import Indexes, Oid
from collectors.errors import BadData
from collectors.model import Device, DeviceClass, SnmpAccess, SnmpEngine, Value, Walk
from collectors.snmp_message import RESPONSE, Pdu
from collectors.snmp_walk import ColumnWalk, Pace
from tests.collectors.played_cases import DEVICES
from tests.fuzz.mutations import binding
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.near import V2C, V3
from tests.simulator.snmp_agent import SnmpAgent, read_snmprec

LOOP = IdleLoop
RECORDED = sorted(DEVICES.glob("*/*/*.snmprec"))
SOME = RECORDED[::24]
ACCESSES = {"v1": replace(V2C, version="1"), "v2c": V2C, "v3": V3}


async def read(access: SnmpAccess, engine: SnmpEngine, oids: Sequence[str]) -> tuple[Any, Walk]:
    """Get the first objects of a device, and walk all columns it has."""
    device = Device(
        name="sw-7", address="127.0.0.1", device_class=DeviceClass.SWITCH, snmp=replace(access, engine=engine)
    )
    transport = await snmp.open_transport(device)
    try:
        columns = dict.fromkeys(oid.rpartition(".")[0] for oid in oids)
        return await transport.get(oids[:40]), await transport.walk(list(columns))
    finally:
        await transport.close()


@pytest.mark.parametrize("access", ACCESSES.values(), ids=ACCESSES)
@pytest.mark.parametrize("path", SOME, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
async def test_both_engines_read_the_same_of_a_recorded_device(path: Path, access: SnmpAccess) -> None:
    recording = read_snmprec(path)
    async with SnmpAgent(recording, community="c", users=[V3]) as agent:
        near = replace(access, port=agent.port)
        own, pysnmp = [await read(near, engine, list(recording)) for engine in ("own", "pysnmp")]
    assert own[0] == pysnmp[0]
    assert (own[1].rows, str(own[1].failure)) == (pysnmp[1].rows, str(pysnmp[1].failure))
    assert own[1].failure is None
    assert sum(map(len, own[1].rows.values())) >= len(recording) / 2
    assert list(own[1].rows) == list(pysnmp[1].rows)
    assert all(list(own[1].rows[column]) == list(rows) for column, rows in pysnmp[1].rows.items())


# ---- the quick reading ----

ENTRY: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1)
arcs = st.integers(0, 300) | st.sampled_from([127, 128, 16_383, 16_384, 2**32 - 1])
indexes = st.lists(arcs, min_size=0, max_size=3).map(tuple)
names = st.builds(lambda column, index: (*ENTRY, column, *index), st.integers(1, 4), indexes) | st.just((1, 3, 9))
contents = st.builds(
    ber.element,
    st.sampled_from([0x02, 0x04, 0x05, 0x06, 0x40, 0x41, 0x42, 0x43, 0x44, 0x46, 0x47, 0x80, 0x82, 0x5F]),
    st.binary(max_size=10)
    | st.sampled_from([b"x" * 127, b"x" * 200, ber.object_octets((*ENTRY, 1, 5)), b"0\x00\x06\x00"]),
)


def pdu(bound: Sequence[bytes]) -> Pdu:
    octets = ber.element(ber.SEQUENCE, *bound)
    start, end = ber.content(octets, 0, len(octets), ber.SEQUENCE)
    return Pdu(RESPONSE, 1, 0, 0, octets, start, end)


def walked(
    answers: Sequence[Pdu], *, quickly: bool, expected: int | None = None
) -> tuple[dict[str, dict[str, Value]], str, list[Oid]]:
    """Walk three columns through these answers."""
    walk = ColumnWalk([(*ENTRY, column) for column in (1, 2, 3)], Pace(bulk=True, repetitions=4), rows=expected)
    cursors: list[Oid] = []
    for answer in answers:
        request = walk.next_request()
        if request is None:
            break
        cursors += request.oids
        if quickly:
            walk.take_pdu(answer, Indexes())
        else:
            walk.take(answer.answer())
    result = walk.result()
    return result.rows, str(result.failure), cursors


answers = st.lists(st.lists(st.builds(binding, names, contents), max_size=14).map(pdu), min_size=1, max_size=4)
in_order = st.lists(
    st.lists(st.tuples(indexes.filter(bool), st.lists(contents, min_size=3, max_size=3)), max_size=5), max_size=3
).map(
    lambda replies: [
        pdu(
            [
                binding((*ENTRY, column, *index), content)
                for index, row in sorted(rows)
                for column, content in enumerate(row, 1)
            ]
        )
        for rows in replies
    ]
)


@given(answers | in_order, st.none() | st.integers(0, 6))
def test_rows_are_read_quickly_as_they_are_read_in_full(found: list[Pdu], expected: int | None) -> None:
    assert walked(found, quickly=True, expected=expected) == walked(found, quickly=False, expected=expected)


GOOD = pdu([binding((*ENTRY, column, row), b"\x41\x01\x05") for row in (1, 2, 300) for column in (1, 2, 3)])


@given(st.integers(0, GOOD.end - GOOD.start - 1), st.integers(1, 255), st.integers(0, 3))
def test_a_damaged_answer_is_taken_whole_or_not_at_all(at: int, mask: int, lost: int) -> None:
    octets = GOOD.octets[GOOD.start :]
    octets = octets[:at] + bytes((octets[at] ^ mask,)) + octets[at + 1 + lost :]
    walk = ColumnWalk([(*ENTRY, column) for column in (1, 2, 3)], Pace(bulk=True, repetitions=4))
    walk.next_request()
    try:
        walk.take_pdu(GOOD._replace(octets=octets, start=0, end=len(octets)), Indexes())
    except BadData:
        assert not any(walk.result().rows.values())
        assert walk.next_request() is not None
        walk.take_pdu(GOOD, Indexes())
        assert {len(rows) for rows in walk.result().rows.values()} == {3}


def test_what_stands_behind_a_table_is_not_read_and_costs_none_of_its_rows() -> None:
    no_oid = ber.element(ber.OBJECT, b"\x2b\x8f\xff\xff\xff\xff\x7f")  # an arc of more than 32 bits
    octets = GOOD.octets[GOOD.start :] + ber.element(ber.SEQUENCE, no_oid, b"\x05\x00") * 3
    walk = ColumnWalk([(*ENTRY, column) for column in (1, 2, 3)], Pace(bulk=True, repetitions=4))
    walk.next_request()
    walk.take_pdu(GOOD._replace(octets=octets, start=0, end=len(octets)), Indexes())
    assert walk.next_request() is None
    assert (walk.result().failure, {len(rows) for rows in walk.result().rows.values()}) == (None, {3})


async def test_an_index_is_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ber, "MAX_KNOWN", 3)
    known = Indexes()
    for octets in (b"\x01", b"\x02", b"\x03", b"\x04"):
        assert known[octets] == (str(octets[0]), (octets[0],))
    assert len(known) <= 3
