"""Sends ICMP echoes to a device: is it there, how far, how many get lost."""

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from icmplib.exceptions import ICMPLibError, SocketPermissionError
from icmplib.models import Host
from icmplib.ping import async_ping

from collectors.errors import CollectError, Refused, TimedOut, Unreachable
from collectors.model import Cost, Device, Failure, Reading, Sample

if TYPE_CHECKING:
    from collectors.profiles.rules import Profile

Ping = Callable[..., Awaitable[Host]]
"""`icmplib.async_ping`, or a stand-in that takes the same arguments."""

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
        self, ping: Ping = async_ping, *, echoes: int = 5, interval: float = 0.2, timeout: float = 1.0
    ) -> None:
        self._ping = ping
        self._echoes = echoes
        self._interval = interval
        self._timeout = timeout

    def wants(self, device: Device) -> bool:
        return device.icmp

    async def read(self, device: Device, profile: "Profile") -> Reading:
        """Return loss, and the mean round-trip time of the echoes that came back. The profile has no say."""
        began = time.monotonic()
        try:
            host = await self._send(device, await _resolve(device))
        except CollectError as error:
            failure = Failure.of(self.protocol, "echo", error, EXPECTED)
            return Reading(failures=(failure,), expected=EXPECTED, cost=Cost(seconds=time.monotonic() - began))
        return self._reading(device, host, time.monotonic() - began)

    async def _send(self, device: Device, address: str) -> Host:
        """Ping without privilege; where that is forbidden, by the raw socket a privileged process has anyway."""
        for privileged in (False, True):
            try:
                return await self._ping(
                    address, count=self._echoes, interval=self._interval, timeout=self._timeout, privileged=privileged
                )
            except SocketPermissionError:
                continue
            except (ICMPLibError, OSError) as error:
                raise Unreachable(f"{device.name}: cannot send ICMP echoes to {address}: {error}") from error
        raise Refused(f"{device.name}: {FORBIDDEN}")

    def _reading(self, device: Device, host: Host, seconds: float) -> Reading:
        back = len(host.rtts)
        samples = [Sample("device_icmp_loss_ratio", {}, 1 - back / self._echoes)]
        if back:
            mean = sum(host.rtts) / back / 1000  # icmplib counts in milliseconds
            samples.append(Sample("device_icmp_rtt_seconds", {}, max(mean, 0.0)))
        return Reading(
            samples=tuple(samples),
            failures=() if back else (self._silence(device, host),),
            expected=EXPECTED,
            answered=back > 0,
            cost=Cost(requests=host.packets_sent, seconds=seconds),
        )

    def _silence(self, device: Device, host: Host) -> Failure:
        error: CollectError = TimedOut(f"{device.name}: none of {self._echoes} ICMP echoes to {host.address} came back")
        if not host.packets_sent:
            error = Unreachable(f"{device.name}: no ICMP echo could be sent to {host.address}: no route to it")
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
