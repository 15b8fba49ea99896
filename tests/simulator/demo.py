"""`make demo`: run the simulated site, inspect it with its faults, clear them, and inspect it again.

Every command shown is the real one, run as a user would; the devices answer real SNMP and SSH on loopback.
"""

import asyncio
import os
import secrets
import shutil
import sys
import time
from pathlib import Path

from agent import inventory
from agent.model import TicketStatus
from agent.store import Store
from agent.wiring import STORE
from tests.simulator.site import PortInUse, SimulatedSite, plan

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ROOT / "inventory.yaml"
DATA = ROOT / "netpatrol-demo"
VARIABLES = ("NP_DEMO_COMMUNITY", "NP_DEMO_AUTH", "NP_DEMO_PRIV", "NP_DEMO_SSH")
WINDOW = "2"  # seconds between the two readings; 10 by default
TRUSTED = ("edge-1", "core-1", "access-1", "app-1")


async def netpatrol(*arguments: str) -> None:
    """Run one command of the command line, and show it."""
    print(f"\n$ netpatrol {' '.join(arguments)}", flush=True)
    command = [sys.executable, "-c", "from agent.cli import main; main()", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    await process.wait()


async def main() -> int:
    """Show the main job; return 0 if the faults of the simulated devices had tickets and all are resolved."""
    began = time.monotonic()
    os.environ.update({name: secrets.token_urlsafe(16) for name in VARIABLES}, NETPATROL_DATA=DATA.name)
    os.environ.setdefault("NETPATROL_INVENTORY", INVENTORY.name)
    async with SimulatedSite(inventory.load(INVENTORY)) as site:
        shutil.rmtree(DATA, ignore_errors=True)  # only now: no other demo is at work in it
        DATA.mkdir()
        print("A site of six simulated devices and this machine; a fan, an uplink, the mains and a branch have failed.")
        print("模拟站点：六台设备加本机；风扇、上联口、市电、一个分支出现故障。")
        for device in TRUSTED:
            await netpatrol("trust", device, "--yes")
        await netpatrol("inspect", "--window", WINDOW)
        await netpatrol("tickets")
        await site.repair()
        print("\nThe faults are repaired. 故障已修复。")
        await netpatrol("inspect", "--window", WINDOW)
        await netpatrol("tickets", "--all")
    reports = sorted(DATA.glob("reports/*/report.zh.html"))
    print(f"\n{len(reports)} reports 报告 ({time.monotonic() - began:.0f} s):")
    for report in reports:
        print(f"  {report.relative_to(ROOT)}")
    with Store.open(DATA / STORE) as store:
        tickets = store.tickets(devices=list(plan()))
    return 0 if tickets and all(ticket.status is TicketStatus.RESOLVED for ticket in tickets) else 1


def run() -> int:
    """Show the main job; return the exit code: 2, after one line, where a device cannot be simulated."""
    try:
        return asyncio.run(main())
    except PortInUse as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(run())
