"""Sends ICMP echoes to a device: is it there, how far, how many get lost."""

import asyncio
import contextlib
import ipaddress
import socket
import time
from typing import TYPE_CHECKING

from collectors.echo import Echoed, Forbidden, Ping, Pinger
from collectors.errors import CollectError, Refused, TimedOut, Unreachable
from collectors.model import Cost, Device, Failure, Reading, Sample

if TYPE_CHECKING:
    from collectors.profiles.rules import Profile

EXPECTED = frozenset({"device_icmp_rtt_seconds", "device_icmp_loss_ratio"})

FORBIDDEN = (
    "the kernel lets this process send no ICMP echoes: run "
    'sysctl -w net.ipv4.ping_group_range="0 2147483647" (and keep it in /etc/sysctl.d), '
    "or give the device icmp: false (内核不允许本进程发送 ping：请执行上述 sysctl，或为该设备设置 icmp: false)"
)


class IcmpCollector:
    """Sends `echoes` echoes, `interval` seconds apart, and waits `timeout` seconds for each."""

    protocol = "icmp"

    def __init__(
        self, ping: Ping | None = None, *, echoes: int = 5, interval: float = 0.2, timeout: float = 1.0
    ) -> None:
        self._ping = ping or Pinger()
        self._echoes = echoes
        self._interval = interval
        self._timeout = timeout

    def wants(self, device: Device) -> bool:
        return device.icmp

    async def read(self, device: Device, profile: "Profile") -> Reading:
        """Return loss, and the mean round-trip time of the echoes that came back. The profile has no say."""
        began = time.monotonic()
        try:
            address = await _resolve(device)
            echoed = await self._send(device, address)
        except CollectError as error:
            failure = Failure.of(self.protocol, "echo", error, EXPECTED)
            return Reading(failures=(failure,), expected=EXPECTED, cost=Cost(seconds=time.monotonic() - began))
        return self._reading(device, address, echoed, time.monotonic() - began)

    async def _send(self, device: Device, address: str) -> Echoed:
        try:
            return await self._ping(address, count=self._echoes, interval=self._interval, wait=self._timeout)
        except Forbidden as error:
            raise Refused(f"{device.name}: {FORBIDDEN}") from error
        except OSError as error:
            raise Unreachable(f"{device.name}: cannot send ICMP echoes to {address}: {error}") from error

    def _reading(self, device: Device, address: str, echoed: Echoed, seconds: float) -> Reading:
        back = len(echoed.rtts)
        samples = [Sample("device_icmp_loss_ratio", {}, 1 - back / self._echoes)]
        if back:
            samples.append(Sample("device_icmp_rtt_seconds", {}, max(sum(echoed.rtts) / back, 0.0)))
        return Reading(
            samples=tuple(samples),
            failures=() if back else (self._silence(device, address, echoed),),
            expected=EXPECTED,
            answered=back > 0,
            cost=Cost(requests=echoed.sent, seconds=seconds),
        )

    def _silence(self, device: Device, address: str, echoed: Echoed) -> Failure:
        error: CollectError = TimedOut(f"{device.name}: none of {self._echoes} ICMP echoes to {address} came back")
        if not echoed.sent:
            error = Unreachable(f"{device.name}: no ICMP echo could be sent to {address}: no route to it")
        return Failure.of(self.protocol, "echo", error, {"device_icmp_rtt_seconds"})


async def _resolve(device: Device) -> str:
    """Return the device's IP address; a name's first, in the system's order of preference. Raises Unreachable."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(device.address))
    try:
        found = await asyncio.get_running_loop().getaddrinfo(device.address, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{device.name}: the name {device.address!r} does not resolve: {error}") from error
    return str(found[0][4][0])
