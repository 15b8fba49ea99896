"""Octets that are no answer, or are not the device's: malformed, and forged for every algorithm."""

import time
from collections.abc import Callable

import pytest

from collectors.ber import element, object_octets
from collectors.errors import AuthFailed
from collectors.model import AuthProtocol, PrivProtocol, Secret, SnmpAccess
from collectors.snmp_message import RESPONSE, Answer, Ignored, Request, VarBind
from collectors.snmp_usm import AUTH_FORMS, Clock
from collectors.snmp_v3 import UsmWire
from tests.fuzz.bench import ACCESSES, SLOWEST, Bench
from tests.fuzz.mutations import SCALAR, binding
from tests.simulator.bad_agent import GARBAGE
from tests.simulator.idle_loop import IdleLoop

LOOP = IdleLoop
ENGINE_ID = b"\x80\x00\x1f\x88\x05forged"
AUTHS: tuple[AuthProtocol, ...] = ("md5", "sha", "sha224", "sha256", "sha384", "sha512")
PRIVS: tuple[PrivProtocol | None, ...] = (None, "des", "aes128", "aes192", "aes256", "aes192c", "aes256c")
MESSAGE = 2**30 + 7


async def test_thousands_of_malformed_messages_raise_nothing_and_cost_little() -> None:
    bench = Bench(seed=20_261_128)
    tally = bench.run(4_000)
    bench.close()
    assert tally.messages >= 4_000
    assert tally.taken > 400, tally
    assert {"bad_data", "auth", "refused"} <= tally.errors.keys(), tally
    assert tally.slowest < SLOWEST, tally
    assert tally.grown < 20, tally


@pytest.mark.parametrize("octets", GARBAGE.values(), ids=GARBAGE)
async def test_each_of_the_corpus_is_dropped_in_little_time(octets: bytes) -> None:
    bench = Bench(seed=1)
    for line in bench._lines:
        began = time.thread_time()
        bench._engine._receive(octets, line._address)
        assert time.thread_time() - began < SLOWEST
    assert bench._engine.dropped == len(ACCESSES)
    bench.close()


# ---- forged ----


def wire(access: SnmpAccess) -> UsmWire:
    """Return a wire that knows the device."""
    found = UsmWire(access)
    found.usm.engine = ENGINE_ID
    found.usm.clock = Clock(3, 1_000, time.monotonic(), proven=True)
    found._localise()
    return found


def access(auth: AuthProtocol, priv: PrivProtocol | None, word: str = "the right passphrase") -> SnmpAccess:
    return SnmpAccess(
        version="3",
        user="ops",
        auth_protocol=auth,
        auth_key=Secret(word),
        priv_protocol=priv,
        priv_key=Secret(word) if priv else None,
    )


def reply(by: UsmWire) -> bytes:
    """Return what a device with these keys answers."""
    numbers = b"\x02\x04" + MESSAGE.to_bytes(4) + b"\x02\x01\x00\x02\x01\x00"
    pdu = element(RESPONSE, numbers, element(0x30, binding(SCALAR, b"\x04\x04here")))
    return by._sealed(pdu, MESSAGE, by.usm.flags, by._user)


def code_at(message: bytes, size: int) -> int:
    """Return where a message's authentication code begins."""
    return message.index(b"\x04\x03ops\x04" + bytes((size,))) + 7


Forge = Callable[[bytes, int, int], bytes]


def turned(message: bytes, at: int, bit: int = 1) -> bytes:
    return message[:at] + bytes((message[at] ^ bit,)) + message[at + 1 :]


def resized(message: bytes, at: int, size: int, octets: int) -> bytes:
    """Cut the code down to its first octets, every length around it put right."""
    cut = message[: at - 1] + bytes((octets,)) + message[at : at + octets] + message[at + size :]
    less = size - octets
    security = cut.index(ENGINE_ID) - 2  # the content of msgSecurityParameters' SEQUENCE
    for length in (security - 1, security - 3):
        cut = cut[:length] + bytes((cut[length] - less,)) + cut[length + 1 :]
    head = 2 + (cut[1] & 0x7F if cut[1] & 0x80 else 0)
    whole = len(cut) - head
    return b"\x30\x82" + whole.to_bytes(2) + cut[head:]


FORGERIES: dict[str, Forge] = {
    "the code's first bit": lambda message, at, size: turned(message, at, 0x80),
    "the code's last bit": lambda message, at, size: turned(message, at + size - 1),
    "a bit in the middle of the code": lambda message, at, size: turned(message, at + size // 2, 0x10),
    "no code but zeros": lambda message, at, size: message[:at] + bytes(size) + message[at + size :],
    "a code of one octet": lambda message, at, size: resized(message, at, size, 1),
    "a code without its last octet": lambda message, at, size: resized(message, at, size, size - 1),
    "no code at all": lambda message, at, size: resized(message, at, size, 0),
    "the data's last bit": lambda message, at, size: turned(message, len(message) - 1),
    "the data's first bit": lambda message, at, size: turned(message, at + size + 2 + message[at + size + 1] + 2),
    "an octet more": lambda message, at, size: message + b"\x00",
}
RESIZED = ("a code of one octet", "a code without its last octet", "no code at all")


@pytest.mark.parametrize("priv", PRIVS, ids=str)
@pytest.mark.parametrize("auth", AUTHS)
def test_no_forgery_of_any_algorithm_is_believed(auth: AuthProtocol, priv: PrivProtocol | None) -> None:
    ours, device = wire(access(auth, priv)), wire(access(auth, priv))
    good = reply(device)
    size = AUTH_FORMS[auth].size
    for name, forge in FORGERIES.items():
        read = ours.read(forge(good, code_at(good, size), size), MESSAGE)
        assert isinstance(read, Ignored), name
        assert ("code of another protocol" in str(read.blame)) is (name in RESIZED), name
    assert ours.read(good, MESSAGE) == Answer(0, 0, (VarBind(SCALAR, b"here"),))


@pytest.mark.parametrize("priv", PRIVS, ids=str)
@pytest.mark.parametrize("auth", AUTHS)
def test_another_key_is_not_believed(auth: AuthProtocol, priv: PrivProtocol | None) -> None:
    ours, stranger = wire(access(auth, priv)), wire(access(auth, priv, "another passphrase"))
    read = ours.read(reply(stranger), MESSAGE)
    assert isinstance(read, Ignored)
    assert (type(read.blame), str(read.blame)) == (AuthFailed, "answered with a wrong authentication code")


@pytest.mark.parametrize("priv", [each for each in PRIVS if each], ids=str)
def test_a_signed_answer_in_clear_is_less_than_was_asked_for(priv: PrivProtocol) -> None:
    ours, device = wire(access("sha256", priv)), wire(access("sha256", None))
    read = ours.read(reply(device), MESSAGE)
    assert isinstance(read, Ignored)
    assert "less security than it was asked with" in str(read.blame)


@pytest.mark.parametrize("priv", [each for each in PRIVS if each], ids=str)
def test_each_request_has_a_salt_of_its_own_and_says_nothing_in_clear(priv: PrivProtocol) -> None:
    ours = wire(access("sha", priv))
    sent = [ours.message(Request("get", (SCALAR,)), MESSAGE) for _ in range(3)]
    assert len({message[code_at(message, 12) + 12 :][2:10] for message in sent}) == 3
    assert not any(object_octets(SCALAR) in message for message in sent)
