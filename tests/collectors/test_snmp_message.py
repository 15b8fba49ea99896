"""Requests and answers as bytes, by both engines' wires; made by pysnmp or by nobody."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysnmp.proto.api import v2c

from collectors.errors import BadData, TimedOut
from collectors.snmp_message import MAX_VARBINDS, Answer, Ignored, Request, VarBind, Wire
from collectors.snmp_pysnmp_wire import PysnmpCommunityWire
from collectors.snmp_wire import CommunityWire
from tests.simulator.bad_agent import GARBAGE, Asked, raw, varbind

KINDS = {"own": CommunityWire, "pysnmp": PysnmpCommunityWire}
WIRES = [kind("2c", "public") for kind in KINDS.values()]
on_both = pytest.mark.parametrize("wire", WIRES, ids=KINDS)
ASKED = Asked(1, 1, b"public", "get", 77, (), 1)

arcs = st.integers(0, 2**32 - 1)
oids = st.builds(
    lambda first, second, rest: (first, second, *rest),
    st.integers(0, 1),
    st.integers(0, 39),
    st.lists(arcs, max_size=126),
) | st.builds(lambda second, rest: (2, second, *rest), st.integers(0, 2**31), st.lists(arcs, max_size=20))
values: st.SearchStrategy[tuple[Any, Any]] = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda n: (v2c.Integer32(n), n)),
    st.integers(0, 2**32 - 1).map(lambda n: (v2c.Counter32(n), n)),
    st.integers(0, 2**32 - 1).map(lambda n: (v2c.Gauge32(n), n)),
    st.integers(0, 2**32 - 1).map(lambda n: (v2c.TimeTicks(n), n)),
    st.integers(0, 2**64 - 1).map(lambda n: (v2c.Counter64(n), n)),
    st.binary(max_size=300).map(lambda octets: (v2c.OctetString(octets), octets)),
    st.ip_addresses(v=4).map(lambda address: (v2c.IpAddress(str(address)), str(address))),
    oids.map(lambda oid: (v2c.ObjectIdentifier(oid), ".".join(map(str, oid)))),
    st.sampled_from([v2c.null, v2c.NoSuchObject(""), v2c.NoSuchInstance("")]).map(lambda none: (none, None)),
)


@on_both
@given(st.lists(st.tuples(oids, values), max_size=8))
def test_whatever_pysnmp_writes_is_read_as_it_was(
    wire: Wire, bound: list[tuple[tuple[int, ...], tuple[Any, Any]]]
) -> None:
    read = wire.read(ASKED.answer([(oid, wire) for oid, (wire, _) in bound]), 77)
    assert read == Answer(0, 0, tuple(VarBind(oid, value) for oid, (_, value) in bound))


@on_both
def test_end_of_mib_is_no_value_and_an_end(wire: Wire) -> None:
    read = wire.read(ASKED.answer([((1, 3), v2c.EndOfMibView(""))]), 77)
    assert read == Answer(0, 0, (VarBind((1, 3), None, end=True),))


@pytest.mark.parametrize("kind", ["get", "next", "bulk"])
@given(asked=st.lists(oids, max_size=20), repetitions=st.integers(1, 100), request_id=st.integers(0, 2**31 - 1))
@settings(max_examples=20)
def test_a_request_reads_as_what_was_asked(
    kind: Any, asked: list[tuple[int, ...]], repetitions: int, request_id: int
) -> None:
    datagram = CommunityWire("1", "grün").message(Request(kind, tuple(asked), repetitions), request_id)
    repeated = repetitions if kind == "bulk" else 1
    assert Asked.of(datagram, 5) == Asked(5, 0, "grün".encode(), kind, request_id, tuple(asked), repeated)


@on_both
@given(st.binary(max_size=200) | st.sampled_from([*GARBAGE.values(), b""]))
def test_any_octets_are_ignored_with_a_reason(wire: Wire, octets: bytes) -> None:
    read = wire.read(octets, 77)
    assert isinstance(read, Ignored)
    assert isinstance(read.blame, BadData | TimedOut)


GOOD = ASKED.answer([((1, 3, 6, 1, row), v2c.OctetString("x" * row)) for row in range(6)])


@on_both
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255), st.integers(0, 3))
@settings(max_examples=200)
def test_a_damaged_answer_is_read_or_ignored_but_never_raises(wire: Wire, at: int, mask: int, lost: int) -> None:
    damaged = GOOD[:at] + bytes([GOOD[at] ^ mask]) + GOOD[at + 1 + lost :]
    assert isinstance(wire.read(damaged, 77), Answer | Ignored)


BAD_NAMES = {
    "an empty OID": b"\x06\x00",
    "an OID without end": b"\x06\x02\x2b\x86",
    "an arc over 2^32 - 1": b"\x06\x06\x2b\x90\x80\x80\x80\x00",
    "130 arcs": b"\x06\x81\x81" + b"\x01" * 129,
    "60,000 octets": b"\x06\x82\xea\x60" + b"\x81" * 60_000,
    "no OID": b"\x02\x01\x01",
}


@on_both
@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES)
def test_an_answer_with_a_bad_name_is_bad_data(wire: Wire, name: bytes) -> None:
    bound = name + b"\x02\x01\x05"
    head = b"\x30\x82" + len(bound).to_bytes(2)
    read = wire.read(raw(head + bound)(ASKED)[0], 77)
    assert isinstance(read, Ignored)
    assert isinstance(read.blame, BadData)


@on_both
def test_an_answer_with_too_many_variable_bindings_is_bad_data(wire: Wire) -> None:
    short = b"\x30\x07\x06\x03\x2b\x06\x01\x05\x00"
    full = wire.read(raw(*[short] * MAX_VARBINDS)(ASKED)[0], 77)
    over = wire.read(raw(*[short] * (MAX_VARBINDS + 1))(ASKED)[0], 77)
    assert isinstance(full, Answer)
    assert isinstance(over, Ignored)
    assert "more than 10,000" in str(over.blame)


@on_both
def test_values_of_any_length_do_not_shift_the_next(wire: Wire) -> None:
    read = wire.read(raw(varbind(b"\x04\x84\x00\x00\x00\x01x"), varbind(b"\x02\x01\x09"))(ASKED)[0], 77)
    assert isinstance(read, Answer)
    assert [bound.value for bound in read.varbinds] == [b"x", 9]


@on_both
@pytest.mark.parametrize("size", [126, 127, 128, 129, 130, 255, 256])
@pytest.mark.parametrize("head", [b"\x04\x81", b"\x04\x82\x00", b"\x04\x84\x00\x00\x00"], ids=["81", "82", "84"])
def test_the_octets_of_a_length_are_no_part_of_the_value(wire: Wire, head: bytes, size: int) -> None:
    if size > 255:
        head = b"\x04\x82\x01"
    read = wire.read(raw(varbind(head + bytes([size % 256]) + b"x" * size))(ASKED)[0], 77)
    assert isinstance(read, Answer)
    assert [bound.value for bound in read.varbinds] == [b"x" * size]
