"""Malformed datagrams for the trap port, from a seed; `survive` sends them through the whole path without a socket."""

import random
import time
from collections.abc import Iterator
from typing import Any

from pyasn1.codec.ber import encoder
from pysnmp.proto.api import v2c
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from collectors.model import Secret, SnmpAccess
from collectors.snmp_forms import Message, ScopedPdu
from collectors.traps.intake import Arrival
from collectors.traps.message import Notification
from collectors.traps.receiver import Receiver, Sender, Senders
from collectors.traps.usm import Engine, Usm
from tests.simulator.trap_sender import trap, trap_v1

SOURCE, COMMUNITY = "192.0.2.1", "a-community"
USER = SnmpAccess(version="3", user="ops")  # no key: nothing stops a mutated message before its PDU is read
ENGINE = Engine(bytes.fromhex("80004fb80501020304"), 1, 0.0)
LENGTHS = (0x00, 0x7F, 0x80, 0x81, 0x84, 0x88, 0xFF)
TAGS = (0x02, 0x04, 0x05, 0x06, 0x30, 0x40, 0x44, 0x46, 0x80, 0xA0, 0xA4, 0xA6, 0xA7, 0xA8, 0xBF, 0xFF)
BIG = (b"\x02\x82\xea\x60" + b"\x7f" * 60_000, b"\x06\x82\xea\x60" + b"\x81" * 59_999 + b"\x01", b"%n%s" * 500)


def v3_trap(engine: bytes = bytes.fromhex("8000000001020304"), flags: int = 0, code: bytes = b"") -> bytes:
    """Return a trap of the user `ops` without authentication, in pysnmp's forms."""
    scoped, security, message = ScopedPdu(), UsmSecurityParameters(), Message()
    scoped["engine"], scoped["context"], scoped["data"] = engine, b"", encoder.encode(cold_start())
    for position, value in enumerate((engine, 1, 1, b"ops", code, b"")):
        security.setComponentByPosition(position, value)
    message["version"] = 3
    for name, value in (("msgID", 42), ("msgMaxSize", 65_507), ("msgFlags", bytes([flags])), ("msgSecurityModel", 3)):
        message["header"][name] = value
    message["security"], message["data"] = encoder.encode(security), encoder.encode(scoped)
    return bytes(encoder.encode(message))


def cold_start() -> Any:
    """Return the PDU of a trap."""
    pdu = v2c.SNMPv2TrapPDU()
    v2c.apiPDU.set_defaults(pdu)
    v2c.apiPDU.set_varbinds(pdu, [("1.3.6.1.6.3.1.1.4.1.0", v2c.ObjectIdentifier("1.3.6.1.6.3.1.1.5.1"))])
    return pdu


def seeds() -> tuple[bytes, ...]:
    """Return right messages to begin with: each version, a trap and an inform, and a search for our engine."""
    return (
        trap(COMMUNITY),
        trap(COMMUNITY, inform=True),
        trap_v1(COMMUNITY, "1.3.6.1.4.1.318", 6, 5),
        v3_trap(),
        v3_trap(flags=4),
        v3_trap(b"", flags=4),
    )


def malformed(seed: int, count: int) -> Iterator[bytes]:
    """Yield messages with tags, lengths and octets changed, cut off, nested, or with something huge put in."""
    chance = random.Random(seed)  # noqa: S311 - the same ones each time are wanted
    begin = seeds()
    for _ in range(count):
        octets = bytearray(chance.choice(begin))
        for _ in range(chance.randint(1, 4)):
            _spoil(octets, chance)
        yield bytes(octets[:65_507])


def _spoil(octets: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(octets)) if octets else 0
    match chance.randrange(7):
        case 0:
            octets[at : at + 1] = bytes([chance.choice(TAGS)])
        case 1:
            octets[at : at + 1] = bytes([chance.choice(LENGTHS)])
        case 2:
            octets[at : at + 1] = chance.randbytes(1)
        case 3:
            del octets[at:]
        case 4:
            octets[at:at] = b"\x30\x80" * chance.randint(1, 200)
        case 5 if chance.random() < 0.05:
            octets[at:at] = chance.choice(BIG)
        case _:
            octets[at : at + chance.randint(1, 8)] = chance.randbytes(chance.randint(0, 8))


def receiver(accepted: list[Notification]) -> Receiver:
    """Return a receiver for two devices behind one address, one with a community and one with a user."""
    access = SnmpAccess(community=Secret(COMMUNITY))
    senders = Senders.of([Sender("one", access, (SOURCE,)), Sender("two", USER, (SOURCE,))])
    return Receiver(senders, Usm(ENGINE), lambda said: accepted.append(said.notification), lambda *_: None)


def survive(seed: int, count: int) -> tuple[Receiver, float]:
    """Open `count` malformed messages; return what became of them, and the most CPU time one took, in seconds.

    Anything raised is a fault: `Receiver.open` raises nothing, whatever it is given.
    """
    opens, slowest = receiver([]), 0.0
    for number, datagram in enumerate(malformed(seed, count)):
        began = time.thread_time()
        opens.open(Arrival(SOURCE, (SOURCE, 1), datagram, float(number)))
        slowest = max(slowest, time.thread_time() - began)
    return opens, slowest
