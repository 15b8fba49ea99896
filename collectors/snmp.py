"""SNMP over UDP: opens the way to one device, on the engine that its inventory entry names."""

from collections.abc import Awaitable, Callable

from collectors.errors import CollectError, Unsupported
from collectors.model import Device, SnmpTransport
from collectors.snmp_own import open_own

OpenSnmp = Callable[[Device], Awaitable[SnmpTransport]]


async def open_transport(device: Device) -> SnmpTransport:
    """Open a way that hears only this device. Sends nothing yet. Raises CollectError."""
    access = device.snmp
    if access is None:
        raise Unsupported(f"{device.name}: the inventory gives no SNMP access")
    peer = f"{device.name} ({device.address} port {access.port}/udp)"
    try:
        if access.engine == "pysnmp":
            from collectors.snmp_pysnmp import open_pysnmp  # noqa: PLC0415 - pysnmp, which few need

            return await open_pysnmp(peer, device.address, access)
        return await open_own(peer, device.address, access)
    except CollectError as error:
        raise type(error)(f"{peer}: {error}") from error
