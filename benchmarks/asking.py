"""Poll simulated switches in a process of its own and print what it cost: `python -m benchmarks.asking WAY …`.

The ways: `engine` (get and walk), `whole` (gather, decode, exposition text), `hlapi` (pysnmp's own engine).
"""

import argparse
import asyncio
import gc
import json
import resource
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.metrics import Metrics
from agent.model import Entry
from agent.startup import GARBAGE
from benchmarks import switch
from collectors import profiles, snmp
from collectors.gather import gather
from collectors.model import Device, SnmpAccess
from collectors.snmp_collector import SnmpCollector
from collectors.vocabulary import VOCABULARY

PROFILES = (profiles.BUILTIN, Path(__file__).parent / "profiles")
OURS = 2  # samples that are no value of the device: device_up, device_snmp_rtt_seconds
WARM_UP = 1  # polls of each device that are not measured: imports, SNMPv3 discovery, caches

Poll = Callable[[Device], Awaitable[int]]
"""Poll a device once; return how many values it gave."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What polls cost, in seconds, all together; `values` that came; and `short`, the polls that lacked some."""

    polls: int
    cpu: float
    wall: float
    values: int
    short: int


async def in_flight(poll: Poll, devices: Iterable[Device], width: int) -> list[int]:
    """Poll devices in their order, so many at once; return each one's values."""
    queue, counts = iter(devices), []

    async def work() -> None:
        for device in queue:
            counts.append(await poll(device))

    await asyncio.gather(*(work() for _ in range(width)))
    return counts


async def measure(poll: Poll, devices: list[Device], polls: int, width: int) -> Spent:
    """Poll devices in turn until there were so many polls; what each device's first poll cost is left out."""
    await in_flight(poll, devices * WARM_UP, width)
    turns = [devices[n % len(devices)] for n in range(polls)]
    before, began = _cpu(), time.monotonic()
    counts = await in_flight(poll, turns, width)
    return Spent(
        polls=polls,
        cpu=_cpu() - before,
        wall=time.monotonic() - began,
        values=sum(counts),
        short=sum(count < switch.VALUES for count in counts),
    )


async def engine(device: Device) -> int:
    """Poll by our engine alone, a transport opened and closed for each poll, as the agent does."""
    transport = await snmp.open_transport(device)
    try:
        scalars = await transport.get(switch.SCALARS)
        walk = await transport.walk(switch.COLUMNS)
    finally:
        await transport.close()
    return sum(value is not None for value in scalars.values()) + sum(map(len, walk.rows.values()))


class Whole:
    """Polls as the daemon does up to the text that Prometheus is given; judging and storing are left out."""

    def __init__(self) -> None:
        self._profiles = profiles.load(PROFILES)
        self._collectors = {"snmp": SnmpCollector()}
        self._metrics = Metrics(VOCABULARY, version="benchmark")

    async def __call__(self, device: Device) -> int:
        snapshot = await gather(
            device, profiles=self._profiles, collectors=self._collectors, now=lambda: datetime.now(UTC)
        )
        self._metrics.update(Entry(device=device), snapshot)
        read = len(snapshot.samples) - OURS
        return switch.VALUES if read == switch.SAMPLES and not snapshot.failures else read


class Hlapi:
    """Polls by pysnmp's documented interface, MIB look-ups off."""

    def __init__(self) -> None:
        from pysnmp.hlapi.v3arch import asyncio as hlapi  # noqa: PLC0415 - half a second that the others need not wait

        self._api = hlapi
        self._engine = hlapi.SnmpEngine()

    def _who(self, access: SnmpAccess) -> Any:
        if access.version != "3":
            return self._api.CommunityData(switch.COMMUNITY)
        return self._api.UsmUserData(
            access.user,
            switch.AUTH_KEY,
            switch.PRIV_KEY,
            authProtocol=self._api.usmHMAC192SHA256AuthProtocol,
            privProtocol=self._api.usmAesCfb128Protocol,
        )

    async def __call__(self, device: Device) -> int:
        api, access = self._api, device.snmp
        assert access is not None
        where = await api.UdpTransportTarget.create((device.address, access.port), access.timeout, access.retries)
        ask = (self._engine, self._who(access), where, api.ContextData())
        scalars = [api.ObjectType(api.ObjectIdentity(oid)) for oid in switch.SCALARS]
        *_, varbinds = await api.get_cmd(*ask, *scalars, lookupMib=False)
        count = len(varbinds)
        for column in switch.COLUMNS:
            root = api.ObjectType(api.ObjectIdentity(column))
            walk = api.bulk_walk_cmd(*ask, 0, switch.REPETITIONS, root, lookupMib=False, lexicographicMode=False)
            async for *_, varbinds in walk:
                count += len(varbinds)
        return count


WAYS: dict[str, Callable[[], Poll]] = {"engine": lambda: engine, "whole": Whole, "hlapi": Hlapi}


def engines() -> bool:
    """Say whether this version of netpatrol lets one choose between engines."""
    return "engine" in {field.name for field in fields(SnmpAccess)}


def _access(version: str, port: int, chosen: str) -> SnmpAccess:
    access = switch.access(version, port)
    changes: dict[str, Any] = {"engine": chosen} if chosen else {}
    return replace(access, **changes)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure one way and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("--version", choices=("2c", "3"), default="2c")
    parser.add_argument("--first", required=True, help="address of the first device")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--devices", type=int, default=50)
    parser.add_argument("--polls", type=int, default=200)
    parser.add_argument("--width", type=int, default=50, help="devices polled at once")
    parser.add_argument("--engine", default="", help="an engine other than the usual one")
    given = parser.parse_args()
    gc.set_threshold(*GARBAGE)  # as `netpatrol` does
    access = _access(given.version, given.port, given.engine)
    devices = [switch.device(address, access) for address in switch.addresses(given.first, given.devices)]
    print(json.dumps(asdict(asyncio.run(measure(WAYS[given.way](), devices, given.polls, given.width)))))


if __name__ == "__main__":
    main()
