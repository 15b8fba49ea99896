"""SNMPv3 notifications: believed only if they prove their user, level and time. pysnmp's engine writes them."""

import asyncio
import socket
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.errors import BadData, CollectError
from collectors.model import Secret, SnmpAccess
from collectors.traps.message import Reason
from collectors.traps.usm import Keys, Unbelieved, Usm, credentials, envelope
from tests.simulator import trap_sender_v3
from tests.simulator.bad_traps import v3_trap
from tests.simulator.near import FULL
from tests.simulator.trap_sender_v3 import OID, OURS, SIGNED

PLAIN = SnmpAccess(version="3", user="ops")


async def spoken(access: SnmpAccess, **more: object) -> bytes:
    """Return the first datagram that a sender of notifications sends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(5)
        await trap_sender_v3.send(access, heard.getsockname(), OID, seconds=0.1, **more)
        return heard.recv(65_535)


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


async def informed(usm: Usm, access: SnmpAccess) -> bytes:
    """Return the inform that a sender sends once it has found out our engine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(5)
        sending = asyncio.create_task(trap_sender_v3.send(access, heard.getsockname(), OID, inform=True, seconds=0.5))
        probe, address = await asyncio.to_thread(heard.recvfrom, 65_535)
        heard.sendto(refused(probe, access, usm=usm).report, address)
        datagram = await asyncio.to_thread(heard.recv, 65_535)
        await sending
        return datagram


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
