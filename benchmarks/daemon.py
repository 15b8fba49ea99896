"""Run the daemon on simulated devices for some rounds, and print what became of every poll: `-m benchmarks.daemon`.

The service, store, checks and metrics are those of `netpatrol run`; only the polls are timed on their way through.
"""

import argparse
import asyncio
import gc
import json
import time
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Literal, NamedTuple

import psutil
from prometheus_client import CollectorRegistry

from agent import checks, reading, wiring
from agent.model import Customer, Entry, Inventory, Site, Text
from agent.poller import Message, Polled, Pollers
from agent.service import Parts, Service
from agent.startup import GARBAGE, take_descriptors
from benchmarks import switch
from benchmarks.asking import PROFILES
from collectors import profiles
from collectors.gather import SILENT
from collectors.model import Snapshot

LAG_SECONDS = 0.1  # between looks at how late the event loop is
MEMORY_SECONDS = 5.0  # between looks at the memory used
START_SECONDS = 15.0  # beyond what was asked for, so that the last round is whole though polling processes start late
SITE = 100  # devices
Result = Literal["ok", "partial", "timeout", "down"]


class Poll(NamedTuple):
    """One poll of one device. Waiting for a place counts as part of it."""

    device: str
    began: float  # seconds, monotonic
    seconds: float
    result: Result


@dataclass(slots=True)
class Records:
    """What the daemon did, and what it used."""

    polls: list[Poll] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)  # seconds by which the event loop was late
    polls_left_out: float = 0.0
    store_errors: float = 0.0
    cpu: float = 0.0  # seconds
    seconds: float = 0.0  # that it ran
    most_memory: int = 0  # octets in RAM

    @classmethod
    def from_json(cls, text: str) -> "Records":
        """Read what the daemon's process printed."""
        found = json.loads(text)
        return cls(**{**found, "polls": [Poll(*poll) for poll in found["polls"]]})


def inventory_of(addresses: list[str], port: int, profile: str | None, interval: float) -> Inventory:
    """Return an inventory of simulated switches, a hundred a site."""
    customer = Customer(name="acme", title=Text("某某局", "Acme"))
    access, entries = switch.access("2c", port), {}
    sites: dict[str, Site] = {}
    for number, address in enumerate(addresses):
        site = f"site-{number // SITE:03}"
        sites.setdefault(site, Site(name=site, title=Text(site, site), customer=customer))
        device = switch.device(address, access, profile)
        entries[address] = Entry(device=device, site=sites[site], interval=timedelta(seconds=interval))
    return Inventory(entries=entries, sites=sites, customers={"acme": customer})


class Recorded(Service):
    """The daemon's service, with a record of each poll."""

    def __init__(self, parts: Parts, pollers: Pollers | None, records: Records) -> None:
        super().__init__(parts, pollers)
        self._records = records

    def take(self, message: Message) -> None:
        if isinstance(message, Polled):
            poll = Poll(message.device, message.began, message.took, result_of(message.reading))
            self._records.polls.append(poll)
        super().take(message)


def result_of(snapshot: Snapshot) -> Result:
    """Say how a poll went. One that got an answer and missed another is `timeout`."""
    if not snapshot.up:
        return "down"
    if any(failure.kind in SILENT for failure in snapshot.failures):
        return "timeout"
    return "partial" if snapshot.failures else "ok"


async def _watch_lag(records: Records) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(LAG_SECONDS)
        records.lags.append(time.monotonic() - before - LAG_SECONDS)


async def run(inventory: Inventory, data: Path, seconds: float) -> Records:
    """Run the daemon for so long, then stop it as SIGTERM would."""
    records, rules = Records(), checks.of_cadence(checks.load(), "continuous")
    store, _ = wiring.open_store(data, inventory, rules)
    with store:
        known = profiles.load(PROFILES)
        reader = reading.reader(known, rules, wiring.polling_bounds())
        parts = wiring.daemon(inventory, rules, store, reader.one)
        processes = wiring.pollers_for(inventory)
        crew = wiring.crew(parts, known, data, processes) if processes else None
        stop, watches = asyncio.Event(), [asyncio.create_task(watch(records)) for watch in (_watch_lag, _watch_memory)]
        before, began = _cpu(), time.monotonic()
        asyncio.get_running_loop().call_later(seconds + START_SECONDS, stop.set)
        await Recorded(parts, crew, records).run(stop)
        for watch in watches:
            watch.cancel()
        records.cpu, records.seconds = _cpu() - before, time.monotonic() - began
        registry = parts.metrics.health.registry
    records.polls_left_out = _counted(registry, "netpatrol_polls_missed_total")
    records.store_errors = _counted(registry, "netpatrol_store_errors_total")
    return records


async def _watch_memory(records: Records) -> None:
    """Note the most that all processes had in RAM together; a page that they share counts once."""
    us = psutil.Process()
    while True:
        found = await asyncio.to_thread(lambda: [each.memory_full_info().pss for each in (us, *us.children())])
        records.most_memory = max(records.most_memory, sum(found))
        await asyncio.sleep(MEMORY_SECONDS)


def _cpu() -> float:
    """Return the CPU seconds that this process and those it started, if they have ended, have used."""
    return sum(u.ru_utime + u.ru_stime for u in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def _counted(registry: CollectorRegistry, name: str) -> float:
    return registry.get_sample_value(name) or 0.0


def main() -> None:
    """Run the daemon on a fleet that runs already."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", required=True, help="address of the first device")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--interval", type=float, required=True, help="seconds")
    parser.add_argument("--profile", default="", help="the profile to use; default: recognise the devices")
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    gc.set_threshold(*GARBAGE)  # as `netpatrol` does
    take_descriptors()
    addresses = list(switch.addresses(given.first, given.devices))
    inventory = inventory_of(addresses, given.port, given.profile or None, given.interval)
    print(json.dumps(asdict(asyncio.run(run(inventory, given.data, given.rounds * given.interval)))))


if __name__ == "__main__":
    main()
