"""BER both ways, and against pyasn1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import univ

from collectors import ber
from collectors.errors import BadData

arcs = st.integers(0, 2**32 - 1)
oids = st.builds(
    lambda first, second, rest: (first, second, *rest),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(arcs, max_size=126),
)


@given(oids)
def test_an_oid_is_written_as_pyasn1_writes_it_and_read_back(oid: ber.Oid) -> None:
    octets = ber.object_octets(oid)
    assert ber.element(ber.OBJECT, octets) == encoder.encode(univ.ObjectIdentifier(oid))
    assert ber.arcs(octets) == oid


@given(st.integers(-(2**63), 2**64 - 1))
def test_an_integer_is_written_as_pyasn1_writes_it_and_read_back(number: int) -> None:
    octets = ber.integer(number)
    assert octets == encoder.encode(univ.Integer(number))
    assert ber.number(octets, 0, len(octets)) == (number, len(octets))


@given(st.binary(max_size=400) | st.integers(0, 70_000).map(bytes))
def test_a_string_of_any_length_is_written_as_pyasn1_writes_it_and_read_back(content: bytes) -> None:
    octets = ber.element(ber.OCTETS, content)
    assert bytes(decoder.decode(octets)[0]) == content
    assert octets == encoder.encode(univ.OctetString(content))
    assert ber.string(octets, 0, len(octets)) == (content, len(octets))


@given(st.binary(max_size=40), st.integers(0, 40))
def test_nothing_is_read_beyond_what_holds_it(octets: bytes, end: int) -> None:
    end = min(end, len(octets))
    for read in (ber.read, ber.number, ber.string):
        try:
            *_, stop = read(octets, 0, end)
        except BadData:
            continue
        assert stop <= end


BROKEN = {
    "nothing": ("", "cut off"),
    "a tag alone": ("02", "cut off"),
    "too short": ("020205", "longer than what holds it"),
    "the indefinite form": ("0280", "a length of 0 octets"),
    "a length of five octets": ("0285000000000101", "a length of 5 octets"),
    "no content": ("0200", "an INTEGER of 0 octets"),
    "ten octets": ("020a" + "01" * 10, "an INTEGER of 10 octets"),
    "a string": ("040101", "ASN.1 tag 0x04 where 0x02 belongs"),
}


@pytest.mark.parametrize(("octets", "words"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_integer_is_bad_data(octets: str, words: str) -> None:
    raw = bytes.fromhex(octets)
    with pytest.raises(BadData, match=words):
        ber.number(raw, 0, len(raw))


@pytest.mark.parametrize("octets", [b"", b"\x81", b"\x90\x80\x80\x80\x00", b"\x01" * 129, b"\x81" * 60_000])
def test_what_is_no_oid_is_bad_data(octets: bytes) -> None:
    with pytest.raises(BadData):
        ber.arcs(octets)


def test_of_a_number_beyond_all_bounds_little_is_said() -> None:
    with pytest.raises(BadData) as caught:
        ber.arcs(b"\x2b" + b"\xff" * 600 + b"\x7f")
    assert str(caught.value) == "an OID of 2 arcs of up to 4207 bits (RFC 2578 allows 128 of 32)"


def test_an_index_is_remembered_unless_it_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ber, "MAX_KNOWN", 3)
    known = ber.Indexes()
    assert known[b"\x81\x00"] == ("128", (128,))
    assert known[b"\x81\x00"] is known[b"\x81\x00"]
    long = b"\x01" * (ber.MAX_KEPT + 1)
    assert known[long] == (".".join("1" * len(long)), (1,) * len(long))
    assert long not in known
    for octet in b"\x01\x02\x03\x04":
        assert known[bytes((octet,))] == (str(octet), (octet,))
        assert len(known) <= 3
