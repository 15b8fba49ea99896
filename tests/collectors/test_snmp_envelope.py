"""Envelopes of SNMPv3 messages: whatever the octets, one that is known says the same as reading from the start."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.ber import OCTETS, SEQUENCE, element, integer
from collectors.errors import BadData
from collectors.snmp_envelope import Envelope, Known, known, read

ENGINE = b"\x80\x00\x1f\x88\x05engine"
USUAL: dict[str, Any] = {
    "number": integer(2**30 + 7),
    "flags": b"\x03",
    "boots": 7,
    "seconds": integer(70_000),
    "user": b"ops",
    "code": b"c" * 24,
    "salt": b"s" * 8,
    "data": b"d" * 300,
    "behind": b"",
}


def message(**changed: Any) -> bytes:
    """Return a message as USUAL but for what is changed."""
    of = USUAL | changed
    head = element(SEQUENCE, of["number"], integer(65_507), element(OCTETS, of["flags"]), integer(3))
    octets = [element(OCTETS, of[name]) for name in ("user", "code", "salt")]
    security = element(SEQUENCE, element(OCTETS, ENGINE), integer(of["boots"]), of["seconds"], *octets)
    return element(SEQUENCE, integer(3), head, element(OCTETS, security, of["behind"]), element(OCTETS, of["data"]))


def learned(datagram: bytes) -> Known:
    found = known(datagram)
    assert found is not None
    return found


def slowly(datagram: bytes) -> Envelope | None:
    """Return an envelope read from the start; None for what is none."""
    try:
        return read(datagram)
    except BadData:
        return None


def quickly(by: Known, datagram: bytes) -> Envelope | None:
    try:
        return by.read(datagram)
    except BadData:
        return None


def test_an_envelope_is_what_was_put_around_the_data() -> None:
    datagram = message()
    found = read(datagram)
    assert found[:7] == (3, 3, 3, ENGINE, 7, b"ops", 24)
    assert (found.message_id, found.seconds, found.salt) == (2**30 + 7, 70_000, b"s" * 8)
    assert datagram[found.code_at : found.code_at + found.code_size] == b"c" * 24
    assert datagram[found.data : found.end] == element(OCTETS, b"d" * 300)


@given(
    number=st.integers(2**24, 2**31 - 1),
    seconds=st.integers(2**15, 2**23 - 1),
    code=st.binary(min_size=24, max_size=24),
    salt=st.binary(min_size=8, max_size=8),
    data=st.binary(max_size=70_000),
)
def test_messages_that_differ_only_where_they_have_to_are_read_quickly(
    number: int, seconds: int, code: bytes, salt: bytes, data: bytes
) -> None:
    other = message(number=integer(number), seconds=integer(seconds), code=code, salt=salt, data=data)
    found = learned(message()).read(other)
    assert found is not None
    assert found == read(other)


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80, 0xFF])
def test_no_changed_octet_is_read_as_anything_else_than_from_the_start(mask: int) -> None:
    datagram = message()
    by = learned(datagram)
    for at in range(len(datagram)):
        changed = datagram[:at] + bytes((datagram[at] ^ mask,)) + datagram[at + 1 :]
        assert quickly(by, changed) in (None, slowly(changed)), at


def test_a_message_that_is_cut_off_or_goes_on_is_none_or_the_same() -> None:
    datagram = message()
    by = learned(datagram)
    for end in range(len(datagram)):
        assert quickly(by, datagram[:end]) is None
    for size in range(150):
        shortened = element(SEQUENCE, datagram[4 : 4 + size])
        assert quickly(by, shortened) in (None, slowly(shortened))
    assert by.read(datagram + b"\x00") == read(datagram + b"\x00")


OTHERS: dict[str, dict[str, Any]] = {
    "flags": {"flags": b"\x01"},
    "boots": {"boots": 8},
    "user": {"user": b"opt"},
    "a longer user": {"user": b"oper"},
    "another code": {"code": b"c" * 12},
    "no salt": {"salt": b""},
    "a time of more octets": {"seconds": integer(2**23)},
    "a time below zero": {"seconds": integer(-2)},
    "a longer ID": {"number": integer(2**31)},
}


@pytest.mark.parametrize("changed", OTHERS.values(), ids=OTHERS)
def test_any_other_message_is_left_to_be_read_from_the_start(changed: dict[str, Any]) -> None:
    assert learned(message()).read(message(**changed)) is None


UNUSUAL: dict[str, dict[str, Any]] = {
    "an ID of two octets": {"number": integer(300)},
    "an ID with its length in two": {"number": b"\x02\x81\x04\x40\x00\x00\x07"},
    "a time with a zero in front": {"seconds": b"\x02\x05\x00\x01\x02\x03\x04"},
    "a time with its length in two": {"seconds": b"\x02\x81\x02\x01\x02"},
    "octets behind the parameters": {"behind": b"\x05\x00"},
}


@pytest.mark.parametrize("changed", UNUSUAL.values(), ids=UNUSUAL)
def test_a_message_of_an_unusual_form_is_read_but_none_is_read_by_it(changed: dict[str, Any]) -> None:
    datagram = message(**changed)
    assert read(datagram).user == b"ops"
    assert known(datagram) is None


def test_an_engine_that_has_just_begun_has_neither_boots_nor_time() -> None:
    found = read(message(boots=0, seconds=integer(0)))
    assert (found.boots, found.seconds) == (0, 0)


NO_ENVELOPES: dict[str, dict[str, Any]] = {
    "two octets of flags": {"flags": b"\x03\x03"},
    "boots below zero": {"boots": -1},
    "boots out of range": {"boots": 2**31},
    "a time out of range": {"seconds": integer(2**31)},
}


@pytest.mark.parametrize("changed", NO_ENVELOPES.values(), ids=NO_ENVELOPES)
def test_what_the_standard_does_not_allow_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(BadData, match=r"msgFlags of 2 octets|out of range"):
        read(message(**changed))
