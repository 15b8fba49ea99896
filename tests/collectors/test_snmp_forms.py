"""What pyasn1 makes of damaged messages: a form filled in whole, or BadData."""

import pytest
from pyasn1.type import univ
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from collectors import snmp_forms as forms
from collectors.errors import BadData

NO_VALUE = "ff19 04a8 8000 00"  # tags around an end of contents and nothing before it: pyasn1 returns no value
ONLY_BYTES = "3080 0000"  # nothing, of indefinite length: bytes in place of Any
FORMS = {
    "octets": univ.OctetString(),
    "message": forms.Message(),
    "scoped": forms.ScopedPdu(),
    "security": UsmSecurityParameters(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("octets", [NO_VALUE, "0000", "", "ff"])
def test_octets_without_a_value_are_bad_data(form, octets):
    with pytest.raises(BadData):
        forms.decode(bytes.fromhex(octets), form)


def test_octets_that_pyasn1_would_hand_back_as_they_are_are_bad_data():
    with pytest.raises(BadData):
        forms.decode(bytes.fromhex(ONLY_BYTES), univ.Any())


@pytest.mark.parametrize("position", range(2))  # the third one is kept as it came
@pytest.mark.parametrize("part", [NO_VALUE, "a880 0000", "0000"])
def test_a_part_without_a_value_spoils_the_whole(part, position):
    parts = ["0400", "0401 41", "a000"]
    parts[position] = part
    inside = bytes.fromhex("".join(parts))
    with pytest.raises(BadData):
        forms.decode(bytes([0x30, len(inside)]) + inside, forms.ScopedPdu())
