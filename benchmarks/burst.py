"""Poll a thousand devices all at once, some of them dead: how long until the last one is known."""

import argparse
import asyncio
import gc
import json
import time
from datetime import UTC, datetime

from agent.metrics import Metrics
from agent.model import Entry
from agent.startup import GARBAGE, take_descriptors
from benchmarks import goals, switch
from benchmarks.asking import PROFILES
from benchmarks.bench import Bench, Case, Columns, python
from benchmarks.simulator import DEAD_EVERY, Fleet
from collectors import profiles
from collectors.gather import Bounds, gather_all
from collectors.model import Snapshot
from collectors.snmp_collector import SnmpCollector
from collectors.vocabulary import VOCABULARY

DEVICES = 1_000


def cases() -> list[Case]:
    """Return the one row there is."""
    return [Case(goals.BURST, "netpatrol", _measured)]


def _measured(bench: Bench) -> Columns:
    fleet = bench.fleet(DEVICES, DEAD_EVERY)
    found: Columns = json.loads(python("benchmarks.burst", f"--first={fleet.first}", f"--port={fleet.port}"))
    return found


async def poll_all(fleet: Fleet) -> Columns:
    """Poll every device of a fleet at once, up to the text for Prometheus."""
    access = switch.access("2c", fleet.port)
    devices = {address: switch.device(address, access) for address in fleet.addresses}
    metrics = Metrics(VOCABULARY, version="benchmark")

    def show(snapshot: Snapshot) -> None:
        metrics.update(Entry(device=devices[snapshot.device]), snapshot)

    known = profiles.load(PROFILES)
    room = Bounds(devices=len(devices), per_site=len(devices))
    before, began = time.process_time(), time.monotonic()
    snapshots = await gather_all(
        devices.values(),
        profiles=known,
        collectors={"snmp": SnmpCollector()},
        now=lambda: datetime.now(UTC),
        bounds=room,
        on_done=show,
    )
    wall, cpu = time.monotonic() - began, time.process_time() - before
    dead = fleet.dead
    live = [snapshot for snapshot in snapshots if snapshot.device not in dead]
    return {
        "s wall": wall,
        "s CPU": cpu,
        "live ones down": sum(not snapshot.up for snapshot in live),
        "live ones incomplete": sum(bool(snapshot.failures) for snapshot in live),
    }


def main() -> None:
    """Poll all of a fleet that runs already, and print what it took as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", required=True, help="address of the first device")
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    gc.set_threshold(*GARBAGE)  # as `netpatrol` does
    take_descriptors()
    print(json.dumps(asyncio.run(poll_all(Fleet(given.port, DEVICES, DEAD_EVERY, first=given.first)))))


if __name__ == "__main__":
    main()
