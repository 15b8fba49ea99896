"""SNMP transports to agents on this machine, on the engine that a test runs on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from collectors import snmp
from collectors.model import Device, DeviceClass, Secret, SnmpAccess, SnmpEngine
from collectors.snmp_own import EngineTransport
from collectors.snmp_pysnmp import PysnmpTransport
from collectors.snmp_walk import Caps

ENGINE: SnmpEngine = "own"  # the fixture each_engine sets it

V2C = SnmpAccess(version="2c", community=Secret("c"), timeout=2.0, retries=0, max_repetitions=4)
FULL = SnmpAccess(
    version="3",
    user="ops",
    auth_protocol="sha256",
    auth_key=Secret("the auth passphrase"),
    priv_protocol="aes128",
    priv_key=Secret("the priv passphrase"),
)
SIGNED = replace(FULL, user="signed", priv_protocol=None, priv_key=None)
PLAIN = SnmpAccess(version="3", user="plain")
V3 = replace(FULL, timeout=2.0, retries=0)
AUTH_ONLY = replace(V3, user="clear", priv_protocol=None, priv_key=None)


def device(access: SnmpAccess, port: int) -> Device:
    """Return a device of this machine."""
    near = replace(access, port=port, engine=ENGINE)
    return Device(name="sw-7", address="127.0.0.1", device_class=DeviceClass.SWITCH, snmp=near)


@asynccontextmanager
async def opened(
    port: int, access: SnmpAccess = V2C, caps: Caps | None = None
) -> AsyncIterator[PysnmpTransport | EngineTransport]:
    """Open a transport, and close it."""
    transport = await snmp.open_transport(device(access, port))
    assert isinstance(transport, PysnmpTransport | EngineTransport)
    if caps is not None:
        transport._caps = caps
    try:
        yield transport
    finally:
        await transport.close()
