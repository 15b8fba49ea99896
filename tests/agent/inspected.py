"""A site of two switches whose CPU is as the test says, inspected into a real store."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent import inspection, wiring
from agent.checks.rules import Check
from agent.inspection import Inspected, Inspector
from agent.model import Entry, Inventory
from agent.store import Store
from collectors.model import Cost, Device, DeviceClass, Failure, Sample, Snapshot

NAMES = ("sw-1", "sw-2")
INVENTORY = Inventory(
    entries={n: Entry(device=Device(name=n, address="127.0.0.1", device_class=DeviceClass.SWITCH)) for n in NAMES}
)
BOTH = {"zh": "题", "en": "title"}
CPU = Check.model_validate(
    {
        "name": "cpu",
        "id": "NET-04",
        "title": BOTH,
        "sample": "device_cpu_ratio",
        "object": ["entity"],
        "limit": {"above": {"warning": "0.75", "critical": "0.9"}},
        "for": 2,
        "required": True,
        "source": "test",
        "cause": BOTH,
        "advice": BOTH,
    }
)
Reading = Mapping[str, float | None]
"""Device → CPU; None: it does not answer."""


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Site:
    """A site whose devices answer what each reading says, in turn."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder, self.clock = store, folder, Clock()

    async def inspect(
        self,
        *readings: Reading,
        window: float = 10.0,
        done: Callable[[Snapshot, int], None] = lambda snapshot, reading: None,
        **more: Any,
    ) -> Inspected:
        waiting = list(readings)

        async def gather(
            entries: Sequence[Entry], before: Mapping[str, Snapshot], one_done: Callable[[Snapshot], None]
        ) -> dict[str, Snapshot]:
            said = waiting.pop(0)
            snapshots = {e.name: self.snapshot(e.name, said[e.name]) for e in entries}
            for snapshot in snapshots.values():
                one_done(snapshot)
            return snapshots

        parts = Inspector(
            store=self.store,
            spool=self.folder / wiring.SPOOL,
            gather=gather,
            now=self.clock.now,
            sleep=self.clock.sleep,
            window=window,
            **{"inventory": INVENTORY, "rules": {"cpu": CPU}} | more,
        )
        entries = [INVENTORY.entries[name] for name in readings[0]]
        inspected = await inspection.run(parts, entries, {}, done)
        assert not waiting
        return inspected

    def snapshot(self, name: str, cpu: float | None) -> Snapshot:
        names = frozenset({"device_up", "device_cpu_ratio"})
        if cpu is None:
            failure = Failure("snmp", "timeout", "identify", "no answer", names)
            up, samples, failures = False, (Sample("device_up", {}, 0),), (failure,)
        else:
            up, failures = True, ()
            samples = (Sample("device_up", {}, 1), Sample("device_cpu_ratio", {"entity": "CPU 1"}, cpu))
        return Snapshot(
            device=name,
            taken_at=self.clock.now(),
            profile="generic",
            up=up,
            samples=samples,
            failures=failures,
            expected=names,
            cost=Cost(requests=3),
        )
