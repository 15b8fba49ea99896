"""Notifications out of their messages: SNMPv1 traps as those of v2, what is no notification, what is cut or wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysnmp.proto.api import v1, v2c

from collectors.errors import BadData, CollectError
from collectors.traps import message
from collectors.traps.message import Dropped, Notification, Reason
from tests.simulator.trap_sender import IF_INDEX, LINK_DOWN, trap, trap_v1

MANY = [(f"{IF_INDEX}.{n}", v2c.Integer32(n)) for n in range(message.MAX_VARBINDS + 1)]


def said(datagram: bytes) -> Notification:
    message.version_of(datagram)
    version, _, pdu = message.opened(datagram)
    return message.read(pdu, version)


@pytest.mark.parametrize(
    ("enterprise", "generic", "specific", "oid"),
    [
        ("1.3.6.1.4.1.9", 0, 0, "1.3.6.1.6.3.1.1.5.1"),
        ("1.3.6.1.4.1.9", 2, 7, "1.3.6.1.6.3.1.1.5.3"),
        ("1.3.6.1.4.1.9", 5, 0, "1.3.6.1.6.3.1.1.5.6"),
        ("1.3.6.1.2.1.33.2", 6, 3, "1.3.6.1.2.1.33.2.0.3"),
        ("1.3.6.1.4.1.318", 6, 5, "1.3.6.1.4.1.318.0.5"),
    ],
)
def test_a_trap_of_v1_has_the_oid_that_rfc_3584_gives_it(enterprise, generic, specific, oid):
    found = said(trap_v1("c", enterprise, generic, specific, "10.0.0.7", [("1.2.3.0", v1.Integer(4))]))
    assert (found.version, found.trap, found.origin, found.varbinds) == ("1", oid, "10.0.0.7", (("1.2.3.0", 4),))


def test_a_trap_of_v1_without_an_address_says_nothing_of_its_origin():
    assert said(trap_v1("c", "1.3.6.1.4.1.9", 0, agent=".".join("0000"))).origin == ""


@pytest.mark.parametrize("inform", [False, True])
def test_a_notification_of_v2c_is_told_without_its_head(inform):
    bound = [(f"{IF_INDEX}.3", v2c.Integer32(3)), ("1.3.6.1.2.1.2.2.1.2.3", v2c.OctetString("GE0/0/3"))]
    version, community, pdu = message.opened(trap("secret", bound=bound, inform=inform))
    found = message.read(pdu, version)
    assert (version, community, pdu.confirmed, found.trap) == ("2c", b"secret", inform, LINK_DOWN)
    assert found.varbinds == ((f"{IF_INDEX}.3", 3), ("1.3.6.1.2.1.2.2.1.2.3", b"GE0/0/3"))


def test_a_proxy_says_for_whom_it_sends():
    bound = [("1.3.6.1.6.3.18.1.3.0", v2c.IpAddress("10.0.0.7"))]
    assert said(trap("c", bound=bound)).origin == "10.0.0.7"


def test_what_is_sent_twice_has_the_same_mark_and_what_differs_another():
    marks = [said(trap("c", request_id=n, uptime=t)).mark for n, t in ((1, 1), (1, 1), (2, 1), (1, 2))]
    assert marks[0] == marks[1]
    assert len(set(marks)) == 3


def test_the_same_trap_of_v1_from_two_agents_behind_a_relay_is_no_repeat():
    marks = [said(trap_v1("c", "1.3.6.1.4.1.9", 0, agent=agent)).mark for agent in ("10.0.0.7", "10.0.0.8", "10.0.0.7")]
    assert marks[0] == marks[2] != marks[1]


def test_an_inform_is_answered_with_its_own_words():
    _, community, pdu = message.opened(
        trap("secret", bound=[("1.2.3.0", v2c.Integer32(4))], request_id=77, inform=True)
    )
    answered = v2c.Message()
    rest = message.acknowledgement(community, pdu)
    decoded, left = message_decoded(rest, answered)
    response = v2c.apiMessage.get_pdu(decoded)
    assert (left, bytes(v2c.apiMessage.get_community(decoded))) == (b"", b"secret")
    assert (int(v2c.apiPDU.get_request_id(response)), int(v2c.apiPDU.get_error_status(response))) == (77, 0)
    assert [str(name) for name, _ in v2c.apiPDU.get_varbinds(response)][-1] == "1.2.3.0"


def message_decoded(octets: bytes, form: v2c.Message):
    from pyasn1.codec.ber import decoder

    return decoder.decode(octets, asn1Spec=form)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"\x30\x03\x02\x01\x02", Reason.UNSUPPORTED),  # version 2 has no messages
        (b"\x30\x04\x02\x02\x00\x01", None),
        (b"\x30", None),
        (b"", None),
        (b"\x04\x01x", None),
        (trap("c")[:-1], None),
        (trap("c", bound=MANY), None),
        (trap_v1("c", "1.3.6.1.4.1.9", 0).replace(b"\xa4", b"\xa7"), None),
    ],
    ids=["version", "long version", "tag alone", "nothing", "no sequence", "cut off", "too many", "v1 as v2"],
)
def test_what_is_no_notification_is_refused(octets, reason):
    with pytest.raises(CollectError) as caught:
        said(octets)
    assert getattr(caught.value, "reason", None) is reason
    assert isinstance(caught.value, Dropped if reason else BadData)


def test_a_question_is_no_notification():
    get = trap("c").replace(b"\xa7", b"\xa0", 1)
    with pytest.raises(Dropped) as caught:
        message.opened(get)
    assert caught.value.reason is Reason.UNSUPPORTED


@settings(max_examples=300)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_any_octets_are_a_notification_or_an_error_of_ours(octets, at):
    for datagram in (octets, trap("c")[:at] + octets):
        try:
            assert said(datagram).trap
        except CollectError as error:
            assert str(error)
