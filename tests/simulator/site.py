"""A site on loopback: for each device of the plan an SNMP agent and a command line, where the inventory says they are.

The plan (`site.yaml`) builds on the recorded cases of tests/devices: `case` is what the device says; `calm` and `fault`
are what it says otherwise (OID: tag|value, ~ for nothing) when all is well and when it is not; `cli` is the family of
its command line and the case with its output (`only` these commands), `config` what it answers to which command with a
file of tests/data/configs; `dead: true` is a device that does not answer
while the faults last. Time goes on: sysUpTime counts.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from agent.model import Entry, Inventory
from collectors import replay, yamlfile
from tests.simulator.cli_server import CliServer
from tests.simulator.snmp_agent import SnmpAgent, read_snmprec

PLAN = Path(__file__).with_name("site.yaml")
CASES = Path(__file__).parent.parent / "devices"
CONFIGS = Path(__file__).parent.parent / "data" / "configs"
UPTIME = "1.3.6.1.2.1.1.3.0"
TIMETICKS = 67

Server = TypeVar("Server")


class PortInUse(Exception):
    """A device of the site cannot be simulated where the inventory says it is."""


@dataclass(frozen=True, slots=True)
class Part:
    """One device of the plan."""

    case: Path
    cli: str = ""  # family of the command line; empty: none
    outputs: Mapping[str, str] = field(default_factory=dict)  # command → what it prints
    calm: Mapping[str, str | None] = field(default_factory=dict)
    fault: Mapping[str, str | None] = field(default_factory=dict)
    dead: bool = False

    def recording(self, *, faulty: bool, started: float) -> dict[str, Any]:
        """Return what the device says now."""
        said: dict[str, Any] = dict(read_snmprec(self.case / "walk.snmprec"))
        for oid, typed in {**self.calm, **(self.fault if faulty else {})}.items():
            if typed is None:
                said.pop(oid, None)
                continue
            tag, _, value = typed.partition("|")
            said[oid] = (int(tag), value if tag in ("4", "6", "64") else int(value))
        ticks = 12_345_600
        said[UPTIME] = lambda: (TIMETICKS, ticks + int((time.monotonic() - started) * 100))
        return said


def plan(path: Path = PLAN) -> dict[str, Part]:
    """Read the plan: device name → what it says."""
    parts = yamlfile.read(path).data
    return {
        name: Part(
            case=CASES / part["case"],
            cli=(part.get("cli") or {}).get("family", ""),
            outputs=_outputs(part.get("cli") or {}),
            calm=part.get("calm") or {},
            fault=part.get("fault") or {},
            dead=part.get("dead") == "true",
        )
        for name, part in parts.items()
    }


def _outputs(cli: Mapping[str, Any]) -> dict[str, str]:
    if not cli:
        return {}
    printed = replay.read_transcripts(CASES / cli["case"])
    configs = {
        command: (CONFIGS / f"{name}.txt").read_text("utf-8") for command, name in (cli.get("config") or {}).items()
    }
    return {command: text for command, text in printed.items() if command in cli.get("only", printed)} | configs


class SimulatedSite:
    """`async with SimulatedSite(inventory) as site:` runs it with its faults; `await site.repair()` clears them.

    `await site.silence(name)` lets a device answer no more.
    """

    def __init__(self, inventory: Inventory, parts: Mapping[str, Part] | None = None) -> None:
        self._parts = {name: (part, inventory.entries[name]) for name, part in (parts or plan()).items()}
        self._agents: dict[str, SnmpAgent] = {}
        self._stack = AsyncExitStack()
        self._started = time.monotonic()

    async def __aenter__(self) -> "SimulatedSite":
        try:
            for name, (part, entry) in self._parts.items():
                if not part.dead:
                    await self._start(name, part, entry, faulty=True)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def repair(self, *names: str) -> None:
        """Let every fault be over, or those of some devices."""
        for name in names or self._parts:
            part, entry = self._parts[name]
            if name in self._agents:
                self._agents[name].load(part.recording(faulty=False, started=self._started))
            else:
                await self._start(name, part, entry, faulty=False)

    async def silence(self, name: str) -> None:
        """Stop a device's SNMP agent, until it is repaired."""
        await self._agents.pop(name).close()

    async def _start(self, name: str, part: Part, entry: Entry, *, faulty: bool) -> None:
        snmp, ssh = entry.device.snmp, entry.device.ssh
        assert snmp is not None, f"{name} has no snmp in the inventory"
        agent = SnmpAgent(
            part.recording(faulty=faulty, started=self._started),
            community=snmp.community.reveal() if snmp.community else None,
            users=[snmp] if snmp.user else [],
            address=entry.device.address,
            port=snmp.port,
        )
        self._agents[name] = await self._listening(agent, f"{name}: UDP {entry.device.address}:{snmp.port}", "snmp")
        if part.cli and ssh and ssh.password:
            server = CliServer(
                family=part.cli,
                name=name,
                outputs=dict(part.outputs),
                users={ssh.username: ssh.password.reveal()},
                port=ssh.port,
            )
            await self._listening(server, f"{name}: TCP {entry.device.address}:{ssh.port}", "ssh")
        await asyncio.sleep(0)

    async def _listening(self, server: AbstractAsyncContextManager[Server], where: str, protocol: str) -> Server:
        try:
            return await self._stack.enter_async_context(server)
        except OSError as error:
            raise PortInUse(
                f"{where} cannot be used: {os.strerror(error.errno or 0)}. Another demo may be running: end it, "
                f"or give this device another port in the inventory (right form: {protocol}: {{port: 26101}}). "
                "端口被占用：请结束另一个演示程序，或在清单中改用其他端口"
            ) from error
