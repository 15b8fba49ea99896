"""The daemon: poll every device at its own interval, keep metrics and store up to date, stop cleanly."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent import judging
from agent.checks.rules import Check
from agent.derive.traps import holds_traps
from agent.fleet import Fleet
from agent.judging import Judgement, Key
from agent.metrics import Metrics
from agent.model import Entry, Inventory, Track
from agent.polling import Polling
from agent.store import Outcome, Store, StoreError
from agent.tickets import AT_WORK
from agent.topology import Standing, standing_of
from collectors.model import Snapshot

log = logging.getLogger(__name__)

SETTLE_PAUSE = 1.0  # seconds between two settlements: what comes meanwhile is settled together
COUNT_PAUSE = 5.0  # seconds between two counts of what is open, if nothing changed but more was seen
KEPT_AT_ONCE = 100  # snapshots written in one transaction at the end
KEPT_PER_SECOND = 5.0  # snapshots written: those of some 300 devices every minute, of more every few minutes

Poll = Callable[[Entry, Snapshot | None], Awaitable[Snapshot]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the daemon works with. `poll` never raises for a device's fault."""

    inventory: Inventory
    rules: Mapping[str, Check]
    store: Store
    metrics: Metrics
    fleet: Fleet
    poll: Poll
    now: Callable[[], datetime]
    grace: float = 20.0  # seconds that polls in flight get at the end


@dataclass(slots=True)
class Memory:
    """What judging a device's next poll needs from the one before."""

    snapshot: Snapshot | None = None
    tracks: Mapping[Key, Track] = field(default_factory=dict)
    kept: float = float("-inf")  # when the snapshot was last stored, monotonic
    stored: bool = False  # whether any of its tracks are
    owed: set[Key] = field(default_factory=set)  # tracks that changed, and that the store refused


@dataclass(frozen=True, slots=True)
class Polled:
    """One poll, judged: the tracks that it changed, and how the device stands."""

    one: Judgement
    tracks: Mapping[Key, Track]
    standing: Standing


class Service:
    """Polls until told to stop. One writer settles what the polls bring, all that waits at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._polled: asyncio.Queue[Polled] = asyncio.Queue()
        self._memories = {name: Memory() for name in parts.inventory.entries}
        self._standings: dict[str, Standing] = {}  # of all devices, as last read
        intervals = {name: entry.interval.total_seconds() for name, entry in parts.inventory.entries.items()}
        self._polling = Polling(intervals, self._poll, missed=parts.metrics.health.overran)
        self._awaited: dict[str, asyncio.Event] = {}  # device → set when its next poll has ended
        parts.metrics.health.watch("judged", self._polled.qsize)
        parts.metrics.health.watch("polls", lambda: self._polling.running)
        self._counted = self._kept_at = float("-inf")  # when what is open was counted, and snapshots were written

    def poll_soon(self, device: str) -> None:
        """Poll a device now, out of turn; one that is being polled, once more right after. Its interval goes on."""
        self._polling.soon(device)

    async def poll_now(self, device: str) -> None:
        """Poll a device out of turn, and return when it shows. A poll that is under way will do."""
        ended = self._awaited.setdefault(device, asyncio.Event())
        if not self._polling.is_running(device):
            self.poll_soon(device)
        await ended.wait()

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set; then let polls in flight end, and settle what they brought."""
        await asyncio.to_thread(self._remember)
        writer = asyncio.create_task(self._write(stop))
        beat = asyncio.create_task(self._parts.metrics.health.pulse.beat_on())
        await self._polling.run(stop, self._parts.grace)
        await self._polled.join()
        writer.cancel()
        beat.cancel()
        try:
            await asyncio.to_thread(self._keep_the_rest)
        except StoreError as error:
            log.error("store: %s", error)

    def _remember(self) -> None:
        names = list(self._memories)
        snapshots, tracks = self._parts.store.latest(names), self._parts.store.tracks(names)
        self._standings = {name: standing_of(snapshot) for name, snapshot in snapshots.items()}
        mine: dict[str, dict[Key, Track]] = {name: {} for name in names}
        for key, track in tracks.items():
            mine[key[0]][key] = track
        self._memories = {
            name: Memory(snapshots.get(name), mine[name], stored=bool(mine[name])) for name in self._memories
        }
        self._count(self._parts.now())

    async def _poll(self, device: str) -> bool:
        try:
            return await self._poll_once(device)
        finally:
            if (ended := self._awaited.pop(device, None)) is not None:
                ended.set()

    async def _poll_once(self, device: str) -> bool:
        parts, memory = self._parts, self._memories[device]
        entry = parts.inventory.entries[device]
        snapshot = await parts.poll(entry, memory.snapshot)
        one = judging.judge(parts.rules, entry, snapshot, previous=memory.snapshot, tracks=memory.tracks, quiet=True)
        changed = {k: t for k, t in one.tracks.items() if not memory.stored or memory.tracks.get(k, Track()) != t}
        memory.snapshot, memory.tracks = one.snapshot, judging.remember(memory.tracks, one)
        changed = {key: memory.tracks.get(key, Track()) for key in memory.owed} | changed
        memory.stored, memory.owed = True, set()
        standing = self._standings[device] = standing_of(one.snapshot)
        parts.metrics.update(entry, one.snapshot)
        parts.metrics.health.polled(one.snapshot)
        self._polled.put_nowait(Polled(one, changed, standing))
        return snapshot.up

    async def _write(self, stop: asyncio.Event) -> None:
        while True:
            batch = [await self._polled.get()]
            while not self._polled.empty():
                batch.append(self._polled.get_nowait())
            try:
                await asyncio.to_thread(self._settle, batch, dict(self._standings))
            except Exception as error:  # the edge of the store: the next poll is settled against what it last knew
                self._unsettled(batch)
                log.error("store: %s", error, exc_info=not isinstance(error, StoreError))
            finally:
                for _ in batch:
                    self._polled.task_done()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), SETTLE_PAUSE)

    def _unsettled(self, batch: list[Polled]) -> None:
        """Note that what the polls brought is in no store: the tracks are written with the next one's."""
        self._parts.metrics.health.store_failed()
        for polled in batch:
            memory = self._memories[polled.one.snapshot.device]
            memory.owed.update(polled.tracks)

    def _settle(self, batch: list[Polled], standings: Mapping[str, Standing]) -> None:
        """Write what changed by the newest judgement of each device, in one transaction.

        `standings` are those of all devices.
        """
        parts, now = self._parts, self._parts.now()
        newest = {polled.one.snapshot.device: polled.one for polled in batch}
        tracks = {key: track for polled in batch for key, track in polled.tracks.items()}
        decide = judging.decider(
            parts.inventory,
            parts.rules,
            [j for one in newest.values() for j in one.judged],
            judging.Unconcerned({device: one.not_applicable for device, one in newest.items()}),
            now,
            calm={(device, check): one.snapshot for device, one in newest.items() for check in one.calm},
            standings={**standings, **{polled.standing.device: polled.standing for polled in batch}},
            waits=True,
        )
        keeping = self._worth_keeping([one.snapshot for one in newest.values()])
        outcome = parts.store.record(keeping, tracks, decide, now=now, devices=newest)
        self._kept(keeping)
        self._tell(outcome)
        if outcome.changes or time.monotonic() - self._counted >= COUNT_PAUSE:
            self._count(now)

    def _count(self, now: datetime) -> None:
        """Show what is open, and what the store knows of inspections and service levels."""
        parts = self._parts
        found, at_work = parts.store.findings(), parts.store.tickets(statuses=AT_WORK)
        parts.metrics.settle(found, at_work)
        if parts.fleet.due(now):
            parts.metrics.further("fleet", parts.fleet.samples(found, at_work, now))
        self._counted = time.monotonic()

    def _worth_keeping(self, snapshots: list[Snapshot]) -> list[Snapshot]:
        """Return as many snapshots as may be written since the last time.

        Those first that hold a trap, which no poll reads again; then those not written for longest.
        """
        since = time.monotonic() - self._kept_at
        most = len(snapshots) if since > len(snapshots) / KEPT_PER_SECOND else max(1, int(since * KEPT_PER_SECOND))
        return sorted(snapshots, key=lambda s: (not holds_traps(s), self._memories[s.device].kept))[:most]

    def _kept(self, snapshots: list[Snapshot]) -> None:
        self._kept_at = time.monotonic()
        for snapshot in snapshots:
            self._memories[snapshot.device].kept = self._kept_at

    def _keep_the_rest(self) -> None:
        """Write the last snapshots, as many as `grace` allows, so that the next start can go on from them."""
        over = time.monotonic() + self._parts.grace
        waiting = sorted((m for m in self._memories.values() if m.snapshot), key=lambda memory: memory.kept)
        for at in range(0, len(waiting), KEPT_AT_ONCE):
            snapshots = [memory.snapshot for memory in waiting[at : at + KEPT_AT_ONCE] if memory.snapshot]
            if time.monotonic() > over:
                log.info("the last polls of %d devices are not kept", len(waiting) - at)
                return
            self._parts.store.record(snapshots, {}, lambda known: Outcome(), now=self._parts.now())

    def _tell(self, outcome: Outcome) -> None:
        """Log what happened to tickets."""
        for change in outcome.changes:
            ticket = change.ticket
            log.info("ticket %s %s: %s %s %r", change.number, change.action, ticket.device, ticket.check, ticket.object)
