"""The daemon: poll every device at its own interval, keep metrics and store up to date, stop cleanly."""

import asyncio
import logging
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent import judging
from agent.checks.rules import Check
from agent.judging import Judgement, Key
from agent.metrics import Metrics
from agent.model import Entry, Inventory, TicketStatus, Track
from agent.store import Outcome, Store, StoreError
from agent.topology import Standing, standing_of
from collectors.model import Snapshot

log = logging.getLogger(__name__)

AT_WORK = tuple(status for status in TicketStatus if status not in (TicketStatus.RESOLVED, TicketStatus.CLOSED))

Poll = Callable[[Entry, Snapshot | None], Awaitable[Snapshot]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the daemon works with. `poll` never raises for a device's fault."""

    inventory: Inventory
    rules: Mapping[str, Check]
    store: Store
    metrics: Metrics
    poll: Poll
    now: Callable[[], datetime]
    grace: float = 20.0  # seconds that polls in flight get at the end


@dataclass(slots=True)
class Memory:
    """What judging a device's next poll needs from the one before."""

    snapshot: Snapshot | None = None
    tracks: Mapping[Key, Track] = field(default_factory=dict)


class Service:
    """Polls until told to stop. A task a device; one writer settles what they bring, all that waits at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._judged: asyncio.Queue[Judgement] = asyncio.Queue()
        self._standings: dict[str, Standing] = {}  # of all devices, as last read

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set; then let polls in flight end, and settle what they brought."""
        memories = await asyncio.to_thread(self._remember)
        writer = asyncio.create_task(self._write())
        pollers = [
            asyncio.create_task(self._poll_on(entry, memories[name], stop), name=name)
            for name, entry in self._parts.inventory.entries.items()
        ]
        await stop.wait()
        _, late = await asyncio.wait(pollers, timeout=self._parts.grace)
        for task in late:
            task.cancel()
        await asyncio.gather(*pollers, return_exceptions=True)
        await self._judged.join()
        writer.cancel()

    def _remember(self) -> dict[str, Memory]:
        names = list(self._parts.inventory.entries)
        snapshots, tracks = self._parts.store.latest(names), self._parts.store.tracks(names)
        self._standings = {name: standing_of(snapshot) for name, snapshot in snapshots.items()}
        mine: dict[str, dict[Key, Track]] = {name: {} for name in names}
        for key, track in tracks.items():
            mine[key[0]][key] = track
        return {name: Memory(snapshots.get(name), mine[name]) for name in names}

    async def _poll_on(self, entry: Entry, memory: Memory, stop: asyncio.Event) -> None:
        """Poll one device at its interval. Its phase comes from its name, so that the fleet is spread evenly."""
        interval = entry.interval.total_seconds()
        due = time.monotonic() + min(interval, 10.0) * (zlib.crc32(entry.name.encode()) % 1000) / 1000
        while not await _stopped(stop, due - time.monotonic()):
            try:
                await self._poll_once(entry, memory)
            except Exception:  # the edge of one device: a fault of ours here costs the others nothing
                log.exception("%s: this poll failed", entry.name)
            missed = max(0, int((time.monotonic() - due) // interval))
            self._parts.metrics.health.overran(missed)
            due += interval * (1 + missed)

    async def _poll_once(self, entry: Entry, memory: Memory) -> None:
        parts = self._parts
        snapshot = await parts.poll(entry, memory.snapshot)
        one = judging.judge(parts.rules, entry, snapshot, previous=memory.snapshot, tracks=memory.tracks)
        memory.snapshot, memory.tracks = one.snapshot, {**memory.tracks, **one.tracks}
        self._standings[entry.name] = standing_of(one.snapshot)
        parts.metrics.update(entry, one.snapshot)
        parts.metrics.health.polled(one.snapshot)
        self._judged.put_nowait(one)

    async def _write(self) -> None:
        while True:
            batch = [await self._judged.get()]
            while not self._judged.empty():
                batch.append(self._judged.get_nowait())
            try:
                await asyncio.to_thread(self._settle, batch, dict(self._standings))
            except Exception as error:  # the edge of the store: the next poll is settled against what it last knew
                self._parts.metrics.health.store_failed()
                log.error("store: %s", error, exc_info=not isinstance(error, StoreError))
            finally:
                for _ in batch:
                    self._judged.task_done()

    def _settle(self, batch: list[Judgement], standings: Mapping[str, Standing]) -> None:
        """Write the newest judgement of each device, in one transaction. `standings` are those of all devices."""
        newest = {one.snapshot.device: one for one in batch}.values()
        now = self._parts.now()
        tracks = {key: track for one in newest for key, track in one.tracks.items()}
        judged = [j for one in newest for j in one.judged]
        unconcerned = [pair for one in newest for pair in one.unconcerned]
        as_judged = {**standings, **{one.snapshot.device: standing_of(one.snapshot) for one in newest}}
        decide = judging.decider(
            self._parts.inventory, self._parts.rules, judged, unconcerned, now, standings=as_judged, waits=True
        )
        outcome = self._parts.store.record([one.snapshot for one in newest], tracks, decide, now=now)
        self._parts.metrics.settle(self._parts.store.findings(), self._parts.store.tickets(statuses=AT_WORK))
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        """Log what happened to tickets."""
        for change in outcome.changes:
            ticket = change.ticket
            log.info("ticket %s %s: %s %s %r", change.number, change.action, ticket.device, ticket.check, ticket.object)


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    """Wait; return whether the daemon was told to stop meanwhile."""
    try:
        await asyncio.wait_for(stop.wait(), max(0.0, seconds))
    except TimeoutError:
        return False
    return True
