"""CPU of the asking side for one 48-port switch, against net-snmp's snmpbulkwalk and pysnmp's own engine."""

import asyncio
import multiprocessing
import resource
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from statistics import median

from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    bulk_walk_cmd,
)

from collectors import snmp
from collectors.model import Device, DeviceClass, Secret, SnmpAccess
from tests.simulator.snmp_agent import SnmpAgent

PORTS, COLUMNS = 48, 22
TABLE = "1.3.6.1.2.1.2.2.1"
REPEATS = 5
Row = tuple[str, ...]


def serve(port: Connection) -> None:
    """Be a 48-port switch in a process of its own, so that its CPU is not counted."""

    async def forever() -> None:
        table = {f"{TABLE}.{c}.{n}": (65, 1000 * c + n) for c in range(1, COLUMNS + 1) for n in range(1, PORTS + 1)}
        async with SnmpAgent(table, community="bench") as agent:
            port.send(agent.port)
            await asyncio.Event().wait()

    asyncio.run(forever())


async def measure() -> list[Row]:
    """Return CPU a walk of each engine, and its ratio to ours."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        port = mine.recv()
        figures = {
            "netpatrol": await _cpu(lambda: _ours(port)),
            "pysnmp hlapi": await _cpu(lambda: _hlapi(port)),
        }
        if shutil.which("snmpbulkwalk"):
            figures["net-snmp snmpbulkwalk (C, a process)"] = median(_net_snmp(port) for _ in range(REPEATS))
    finally:
        process.terminate()
        process.join()
    ours = figures["netpatrol"]
    rows = [(name, f"{spent * 1e3:.1f} ms", f"{spent / ours:.2f}") for name, spent in figures.items()]
    return [(f"{PORTS * COLUMNS} values, v2c", "CPU a walk", "ratio"), *rows]


async def _cpu(work: Callable[[], Awaitable[None]]) -> float:
    spent = []
    for _ in range(REPEATS):
        began = time.process_time()
        await work()
        spent.append(time.process_time() - began)
    return median(spent)


async def _ours(port: int) -> None:
    access = SnmpAccess(port=port, community=Secret("bench"), max_repetitions=25)
    device = Device(name="bench", address="127.0.0.1", device_class=DeviceClass.SWITCH, snmp=access)
    transport = await snmp.open_transport(device)
    try:
        walk = await transport.walk([f"{TABLE}.{c}" for c in range(1, COLUMNS + 1)])
    finally:
        await transport.close()
    assert sum(map(len, walk.rows.values())) == PORTS * COLUMNS, walk.failure


async def _hlapi(port: int) -> None:
    engine, seen = SnmpEngine(), 0
    target = await UdpTransportTarget.create(("127.0.0.1", port))
    root = ObjectType(ObjectIdentity(TABLE))
    walk = bulk_walk_cmd(
        engine, CommunityData("bench"), target, ContextData(), 0, 25, root, lookupMib=False, lexicographicMode=False
    )
    async for _, _, _, varbinds in walk:
        seen += len(varbinds)
    engine.close_dispatcher()
    assert seen >= PORTS * COLUMNS


def _net_snmp(port: int) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["snmpbulkwalk", "-v2c", "-c", "bench", "-Cr25", "-On", f"127.0.0.1:{port}", TABLE]
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
