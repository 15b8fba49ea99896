"""SNMPv3 traps and informs of pysnmp's own engine: what we read was not written by ourselves."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pysnmp.hlapi.v3arch.asyncio import (
    ContextData,
    NotificationType,
    ObjectIdentity,
    UdpTransportTarget,
    UsmUserData,
    send_notification,
)

from collectors.model import SnmpAccess
from collectors.traps.usm import Engine, Unbelieved, Usm, credentials
from tests.simulator.near import FULL
from tests.simulator.pysnmp_engines import engine_of
from tests.simulator.snmp_agent import AUTH, PRIV

ENGINE = "8000000001020304"
OURS = Engine(bytes.fromhex("80004fb8050102030405060708"), 3, 0.0)  # of who receives
OID = "1.3.6.1.6.3.1.1.5.3"
SIGNED = replace(FULL, priv_protocol=None, priv_key=None)


async def send(
    access: SnmpAccess,
    target: tuple[str, int],
    oid: str,
    *,
    inform: bool = False,
    engine: str = ENGINE,
    seconds: float = 1.0,
) -> str:
    """Send one notification as a v3 user; return why an inform was not acknowledged in time, "" where it was."""
    sender = engine_of(bytes.fromhex(engine))
    user = UsmUserData(
        access.user or "",
        authKey=access.auth_key.reveal() if access.auth_key else None,
        privKey=access.priv_key.reveal() if access.priv_key else None,
        authProtocol=AUTH[access.auth_protocol],
        privProtocol=PRIV[access.priv_protocol],
    )
    try:
        transport = await UdpTransportTarget.create(target, timeout=seconds, retries=0)
        kind = "inform" if inform else "trap"
        blame, *_ = await send_notification(
            sender, user, transport, ContextData(), kind, NotificationType(ObjectIdentity(oid))
        )
        return str(blame or "")
    finally:
        sender.close_dispatcher()


@contextmanager
def _hearing() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(5)
        yield heard


async def spoken(access: SnmpAccess, *, inform: bool = False, engine: str = ENGINE) -> bytes:
    """Return the first datagram that a sender of notifications sends."""
    with _hearing() as heard:
        await send(access, heard.getsockname(), OID, seconds=0.1, inform=inform, engine=engine)
        return heard.recv(65_535)


async def informed(usm: Usm, access: SnmpAccess, at: float = 10.0) -> bytes:
    """Return the inform that a sender sends once it has found out our engine, and its time then."""
    with _hearing() as heard:
        sending = asyncio.create_task(send(access, heard.getsockname(), OID, inform=True, seconds=0.5))
        probe, address = await asyncio.to_thread(heard.recvfrom, 65_535)
        try:
            usm.open(probe, "10.0.0.1", [credentials(access)], at)
        except Unbelieved as error:
            heard.sendto(error.report, address)
        datagram = await asyncio.to_thread(heard.recv, 65_535)
        await sending
        return datagram
