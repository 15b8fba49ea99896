"""A fleet for dashboards: two customers, three sites, devices of every class, simulated in a thread; traffic flows."""

import asyncio
import math
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from agent import inventory
from tests.lab.command_line import Operator
from tests.lab.servers import LOOPBACK
from tests.simulator.site import Part, SimulatedSite, plan

PLAN = Path(__file__).with_name("fleet.yaml")
SECRETS = {"LAB_COMMUNITY": "fleet-of-the-lab"}
INTERVAL = "4s"
VICTIM = "ups-2"  # alone at its site's power: it is silenced to see who hears of it

_HQ, _PLANT, _BRANCH = "acme-hq", "globex-plant", "globex-branch"
CLASSES: Mapping[str, tuple[str, str]] = {  # device → class, site
    "edge-1": ("router", _HQ),
    "core-1": ("switch", _HQ),
    "access-1": ("switch", _HQ),
    "fw-1": ("firewall", _HQ),
    "app-1": ("server", _HQ),
    "bmc-1": ("server", _HQ),
    "ups-1": ("ups", _HQ),
    "pdu-1": ("pdu", _HQ),
    "ar-1": ("router", _PLANT),
    "wlc-1": ("wireless", _PLANT),
    "nas-1": ("storage", _PLANT),
    "stor-1": ("storage", _PLANT),
    "bmc-2": ("server", _PLANT),
    "ups-2": ("ups", _PLANT),
    "branch-1": ("router", _BRANCH),
    "branch-2": ("switch", _BRANCH),
}
PARENTS = {"core-1": "edge-1", "access-1": "core-1", "app-1": "access-1", "wlc-1": "ar-1", "branch-2": "branch-1"}

# RFC 2863: counters that count while the interface is up, with what a second adds at full speed
_OCTETS = {"1.3.6.1.2.1.31.1.1.1.6": 1e6 / 8, "1.3.6.1.2.1.31.1.1.1.10": 1e6 / 8}
_PACKETS = {"1.3.6.1.2.1.31.1.1.1.7": 150, "1.3.6.1.2.1.31.1.1.1.11": 150}
_ERRORS = {"1.3.6.1.2.1.2.2.1.14": 0.002, "1.3.6.1.2.1.2.2.1.19": 0.004}
_SPEED, _STATE = "1.3.6.1.2.1.31.1.1.1.15", "1.3.6.1.2.1.2.2.1.8"


class LivePart(Part):
    """A device whose interfaces that are up carry traffic, as much as its counters' names happen to say."""

    def recording(self, *, faulty: bool, started: float) -> dict[str, Any]:
        said = super().recording(faulty=faulty, started=started)
        for column, unit in {**_OCTETS, **_PACKETS, **_ERRORS}.items():
            for oid in [oid for oid in said if oid.startswith(f"{column}.")]:
                index = oid.removeprefix(f"{column}.")
                if _value(said.get(f"{_STATE}.{index}")) == 1:
                    megabits = _value(said.get(f"{_SPEED}.{index}")) or 1000
                    said[oid] = _counting(said[oid], unit * min(megabits, 10_000), oid, started)
        return said


def _value(recorded: Any) -> int:
    return int(recorded[1]) if isinstance(recorded, tuple) else 0


def _counting(recorded: Any, full: float, name: str, started: float) -> Any:
    kind, first = recorded
    seed = zlib.crc32(name.encode())
    share, phase = 0.02 + seed % 30 / 100, seed % 628 / 100
    width = 2**64 if kind == 70 else 2**32

    def now() -> tuple[int, int]:
        at = time.monotonic() - started
        busy = at + 30 * (math.sin(at / 40 + phase) - math.sin(phase))  # its slope is between 0.25 and 1.75
        return kind, (first + int(full * share * busy)) % width

    return now


def _live(parts: Mapping[str, Part]) -> dict[str, Part]:
    return {name: LivePart(**{f.name: getattr(part, f.name) for f in fields(Part)}) for name, part in parts.items()}


def _ports(count: int) -> list[int]:
    """Return free UDP ports, all different: they are held until all are found."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]


def write(operator: Operator, **sections: Any) -> None:
    """Write the fleet's inventory into the operator's folder, with further sections."""
    levels = {
        1: {"response": "15m", "on_site": "1h", "fix": "4h"},
        2: {"response": "15m", "on_site": "2h", "fix": "8h"},
        3: {"response": "30m", "on_site": "4h", "fix": "24h"},
        4: {"response": "1h", "fix": "72h"},
    }
    operator.write(
        *(
            {
                "name": name,
                "address": LOOPBACK,
                "class": device_class,
                "site": site,
                "snmp": {"port": port},
                **({"parent": PARENTS[name]} if name in PARENTS else {}),
            }
            for port, (name, (device_class, site)) in zip(_ports(len(CLASSES)), CLASSES.items(), strict=True)
        ),
        {"name": "this-machine", "address": LOOPBACK, "class": "server", "site": _HQ, "local": True},
        defaults={
            "language": "zh",
            "interval": INTERVAL,
            "snmp": {"version": "2c", "community": "env:LAB_COMMUNITY", "timeout": "2s", "retries": 1},
        },
        customers=[
            {"name": "acme", "title": {"zh": "某某局", "en": "Acme"}},
            {"name": "globex", "title": {"zh": "环球公司", "en": "Globex"}},
        ],
        contracts=[
            {"name": f"{customer}-2026", "customer": customer, "starts": "2026-01-01", "levels": levels}
            for customer in ("acme", "globex")
        ],
        sites=[
            {
                "name": _HQ,
                "customer": "acme",
                "contract": "acme-2026",
                "title": {"zh": "总部机房", "en": "Headquarters"},
            },
            {"name": _PLANT, "customer": "globex", "contract": "globex-2026", "title": {"zh": "一厂", "en": "Plant 1"}},
            {"name": _BRANCH, "customer": "globex", "title": {"zh": "营业部", "en": "Branch"}},
        ],
        **sections,
    )


@dataclass(frozen=True)
class Fleet:
    """The running fleet."""

    operator: Operator
    _loop: asyncio.AbstractEventLoop
    _site: SimulatedSite

    def silence(self, device: str) -> None:
        """Let a device answer no more."""
        asyncio.run_coroutine_threadsafe(self._site.silence(device), self._loop).result(10)

    def repair(self, device: str) -> None:
        """Let a device's faults be over."""
        asyncio.run_coroutine_threadsafe(self._site.repair(device), self._loop).result(10)


@contextmanager
def running(folder: Path, **sections: Any) -> Iterator[Fleet]:
    """Run the fleet, with an engineer whose inventory knows it. Its faults last; its branch never answers."""
    operator = Operator(folder, SECRETS)
    write(operator, **sections)
    known = inventory.load(folder / "inventory.yaml", env=SECRETS)
    site = SimulatedSite(known, _live(plan() | plan(PLAN)))
    started: Future[asyncio.AbstractEventLoop] = Future()
    stop = asyncio.Event()

    async def main() -> None:
        async with site:
            started.set_result(asyncio.get_running_loop())
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    loop = started.result(30)
    try:
        yield Fleet(operator, loop, site)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
