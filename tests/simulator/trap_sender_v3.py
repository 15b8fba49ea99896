"""SNMPv3 traps and informs of pysnmp's own engine: what we read was not written by ourselves."""

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
from collectors.traps.usm import Engine
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
