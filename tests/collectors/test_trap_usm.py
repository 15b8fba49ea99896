"""SNMPv3 notifications: believed only if they prove their user, level and time. pysnmp's engine writes them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import encoder
from pyasn1.type import univ

from collectors import snmp_forms as forms
from collectors.ber import object_octets
from collectors.errors import BadData, CollectError
from collectors.model import Secret, SnmpAccess
from collectors.snmp_usm import USM_STATS
from collectors.traps import usm as traps_usm
from collectors.traps.message import Reason
from collectors.traps.usm import Keys, Unbelieved, Usm, credentials, envelope
from tests.simulator import trap_sender_v3
from tests.simulator.bad_traps import cold_start, v3_trap
from tests.simulator.near import FULL
from tests.simulator.trap_sender_v3 import OURS, SIGNED, informed, spoken

PLAIN = SnmpAccess(version="3", user="ops")


def opened(datagram: bytes, *accesses: SnmpAccess, usm: Usm | None = None, at: float = 10.0):
    return (usm or Usm(OURS)).open(datagram, "10.0.0.1", map(credentials, accesses), at)


def refused(datagram: bytes, *accesses: SnmpAccess, usm: Usm | None = None, at: float = 10.0) -> Unbelieved:
    with pytest.raises(Unbelieved) as caught:
        opened(datagram, *accesses, usm=usm, at=at)
    return caught.value


@pytest.mark.parametrize("access", [FULL, SIGNED, PLAIN], ids=["authPriv", "authNoPriv", "noAuthNoPriv"])
async def test_a_trap_is_believed_at_the_level_the_inventory_has(access):
    datagram = await spoken(access)
    assert opened(datagram, access).pdu.kind == "trap"
    for other in {FULL, SIGNED, PLAIN} - {access}:
        error = refused(datagram, other)
        assert (error.reason, error.report) == (Reason.CREDENTIALS, b"")


@pytest.mark.parametrize("auth", ["md5", "sha", "sha224", "sha384", "sha512"])
@pytest.mark.parametrize("priv", ["des", "aes192", "aes256", "aes192c", "aes256c"])
async def test_every_pair_of_algorithms_is_read(auth, priv):
    access = replace(FULL, auth_protocol=auth, priv_protocol=priv)
    assert opened(await spoken(access), access).access.user == "ops"


async def test_another_user_or_key_is_not_believed():
    datagram = await spoken(FULL)
    for wrong in (
        replace(FULL, user="root"),
        replace(FULL, auth_key=Secret("another passphrase")),
        replace(FULL, auth_protocol="sha512"),
        replace(FULL, priv_key=Secret("another passphrase")),
    ):
        with pytest.raises(CollectError) as caught:
            opened(datagram, wrong)
        assert getattr(caught.value, "report", b"") == b""
    assert opened(datagram, replace(FULL, auth_key=Secret("another passphrase")), FULL).access == credentials(FULL)


async def test_a_changed_octet_is_noticed():
    datagram = await spoken(FULL)
    changed = datagram[:-1] + bytes([datagram[-1] ^ 1])
    assert refused(changed, FULL).reason is Reason.CREDENTIALS


@pytest.mark.parametrize("size", [0, 1, 12, 23])
async def test_a_shorter_authentication_code_is_not_believed(size):
    datagram = await spoken(SIGNED)
    found = envelope(datagram, "10.0.0.1", 0.0)
    keys = next(Usm(OURS)._localised([credentials(SIGNED)], found.engine))
    assert keys.signs(datagram, found.code)
    assert not keys.signs(datagram, found.code[:size])
    assert not Keys(PLAIN).signs(datagram, found.code)


async def test_a_trap_with_an_old_clock_is_not_believed_twice_too_late():
    usm, datagram = Usm(OURS), await spoken(FULL)
    assert opened(datagram, FULL, usm=usm, at=10.0)
    assert opened(datagram, FULL, usm=usm, at=150.0)
    assert refused(datagram, FULL, usm=usm, at=200.0).reason is Reason.REPLAY
    assert usm.open(datagram, "10.0.0.2", [credentials(FULL)], 200.0)  # another device with a copied engine ID


def signed(boots: int, seconds: int) -> bytes:
    """Return a trap of the user SIGNED, by an engine at some time."""
    engine, place = bytes.fromhex(trap_sender_v3.ENGINE), b"the place of a code: 24."
    keys = next(Usm(OURS)._localised([credentials(SIGNED)], engine))
    security = forms.security(engine, boots, seconds, user=b"ops", code=place, salt=b"")
    whole = forms.message(7, 1, security, forms.scoped(engine, b"", cold_start()))
    return whole.replace(place, keys.code(whole.replace(place, bytes(24))))


FRESH = {
    "as late as it may be": (3, 850, True),
    "a second later": (3, 849, False),
    "of an earlier boot": (2, 5000, False),
    "of a later boot": (4, 0, True),
    "of an engine that has no more boots": (2**31 - 1, 2000, False),
}


@pytest.mark.parametrize(("boots", "seconds", "believed"), FRESH.values(), ids=FRESH)
def test_a_trap_is_believed_within_the_time_window_of_what_was_heard_before(boots, seconds, believed):
    usm = Usm(OURS)
    assert opened(signed(3, 1000), SIGNED, usm=usm)
    if believed:
        assert opened(signed(boots, seconds), SIGNED, usm=usm)
    else:
        assert refused(signed(boots, seconds), SIGNED, usm=usm).reason is Reason.REPLAY
    assert refused(signed(3, 849), SIGNED, usm=usm).reason is Reason.REPLAY, "no clock goes back"


def test_what_was_not_used_for_longest_is_forgotten(monkeypatch):
    monkeypatch.setattr(traps_usm, "MAX_REMEMBERED", 2)
    known = traps_usm._Remembered()
    for key in ("a", "b", "a", "c"):
        known.put(key, 1)
    assert list(known) == ["a", "c"]


async def test_a_recorded_trap_is_not_believed_of_a_device_that_has_an_engine_of_its_own():
    usm, theirs, ours = Usm(OURS), await spoken(FULL), await spoken(FULL, engine="8000000005060708")

    def sent(datagram: bytes, source: str, at: float) -> str:
        try:
            usm.open(datagram, source, [credentials(FULL)], at)
        except Unbelieved as error:
            return error.reason
        return "believed"

    assert sent(ours, "10.0.0.2", 0.0) == "believed"
    assert sent(theirs, "10.0.0.2", 0.0) == "believed"  # of an engine that nobody else has
    assert sent(theirs, "10.0.0.1", 10.0) == "believed"  # the same device from another address
    assert sent(theirs, "10.0.0.3", 200.0) == "believed"  # may be one with a copied configuration
    assert sent(ours, "10.0.0.3", 100.0) == "believed"  # the same device from another address, in time
    assert sent(ours, "10.0.0.4", 0.0) == "believed"
    assert sent(theirs, "10.0.0.4", 400.0) == Reason.REPLAY
    assert sent(ours, "10.0.0.1", 400.0) == Reason.REPLAY


@pytest.mark.parametrize("flags", [0, 4])
def test_a_trap_is_one_whether_it_asks_for_reports_or_not(flags):
    found = opened(v3_trap(flags=flags), PLAIN)
    assert (found.pdu.kind, found.acknowledge, found.code) == ("trap", None, b"")


def test_what_proves_nothing_has_no_code_that_others_could_be_taken_for():
    assert opened(v3_trap(code=b"x" * 12), PLAIN).code == b""


async def test_who_asks_for_reports_is_told_our_engine_before_anything_else():
    for datagram, access in (
        (v3_trap(b"", flags=4), PLAIN),
        (v3_trap(flags=4), FULL),
        (v3_trap(flags=4), replace(PLAIN, user="root")),
        (v3_trap(flags=4).replace(b"\xa7", b"\xa6"), PLAIN),  # an inform that is addressed to its sender
        (v3_trap(flags=4).replace(b"\xa7", b"\xa0"), PLAIN),
    ):
        error = refused(datagram, access)
        assert error.discovery
        report = envelope(error.report, "", 0.0)
        assert (report.engine, report.flags) == (OURS.id, 0)


def test_the_sender_of_an_inform_that_is_not_decrypted_is_told_so():
    keys, place = next(Usm(OURS)._localised([credentials(FULL)], OURS.id)), b"the place of a code: 24."
    security = forms.security(OURS.id, OURS.boots, 10, user=b"ops", code=place, salt=b"short")
    sealed = forms.message(7, 7, security, encoder.encode(univ.OctetString(bytes(16))))
    error = refused(sealed.replace(place, keys.code(sealed.replace(place, bytes(24)))), FULL)
    assert (error.reason, str(error)) == (Reason.CREDENTIALS, "our priv key does not decrypt it")
    assert object_octets((*USM_STATS, 6, 0)) in error.report


@pytest.mark.parametrize("flags", [2, 6])
def test_what_says_it_is_encrypted_and_not_signed_is_no_message(flags):
    with pytest.raises(BadData, match="message flags"):
        opened(v3_trap(flags=flags), PLAIN)


def test_our_engines_time_is_counted_from_our_start():
    usm = Usm(replace(OURS, started=90.0))
    assert envelope(refused(v3_trap(b"", flags=4), PLAIN, usm=usm, at=100.5).report, "", 0.0).seconds == 10


def test_keys_are_not_shown():
    usm = Usm(OURS)
    keys = next(usm._localised([credentials(SIGNED)], OURS.id))
    usm._keys.put((keys.access, OURS.id), keys)
    assert str(keys.auth) not in repr(keys)
    assert str(keys.auth) not in repr(usm)
    assert str(usm._masters[keys.access][0]) not in repr(usm)


async def test_a_forged_message_sets_no_clock():
    usm, datagram = Usm(OURS), await spoken(FULL)
    boots = datagram.index(bytes.fromhex(trap_sender_v3.ENGINE)) + 8 + 2
    refused(datagram[:boots] + b"\x7f" + datagram[boots + 1 :], FULL, usm=usm)
    assert opened(datagram, FULL, usm=usm)


async def test_an_inform_finds_out_our_engine_first():
    probe = await spoken(FULL, inform=True)
    error = refused(probe, FULL)
    assert (error.discovery, error.reason) == (True, Reason.CREDENTIALS)
    report = envelope(error.report, "", 0.0)
    assert (report.engine, report.boots, report.seconds, report.flags) == (OURS.id, 3, 10, 0)


@settings(max_examples=300)
@given(st.integers(0, 200), st.binary(max_size=30), st.integers(0, 7))
def test_any_octets_are_a_message_or_an_error_of_ours(at, octets, flags):
    datagram = v3_trap(flags=flags)
    try:
        opened(datagram[:at] + octets + datagram[at + len(octets) :], PLAIN)
    except CollectError as error:
        assert str(error)


@pytest.mark.parametrize("engine", [b"", b"1234", b"x" * 33], ids=len)
def test_an_engine_id_has_5_to_32_octets(engine):
    with pytest.raises(BadData):
        opened(v3_trap(engine), PLAIN)
    for whole in (b"x" * 5, b"x" * 32):
        assert opened(v3_trap(whole), PLAIN).pdu.kind == "trap"


async def test_an_inform_is_believed_in_our_time_only_and_told_our_clock_else():
    usm = Usm(OURS)
    datagram = await informed(usm, FULL)
    assert opened(datagram, FULL, usm=usm).pdu.kind == "inform"
    for ours, at in ((OURS, 161.0), (replace(OURS, boots=4), 10.0), (replace(OURS, boots=2**31 - 1), 10.0)):
        error = refused(datagram, FULL, usm=Usm(ours), at=at)
        report = envelope(error.report, "", 0.0)
        assert (error.reason, report.boots, report.seconds, report.flags) == (Reason.REPLAY, ours.boots, int(at), 1)
        keys = next(Usm(ours)._localised([credentials(SIGNED)], ours.id))
        assert keys.signs(error.report, report.code)  # or anyone could set its clock


async def test_an_informs_sender_is_told_what_is_wrong_with_it():
    usm = Usm(OURS)
    datagram = await informed(usm, SIGNED)
    wrong = {"user": "root", "auth_key": Secret("another passphrase"), "auth_protocol": "sha512"}
    for name, value in wrong.items():
        error = refused(datagram, replace(SIGNED, **{name: value}), usm=usm)
        assert (error.reason, error.discovery) == (Reason.CREDENTIALS, False)
        assert envelope(error.report, "", 0.0).flags == 0
