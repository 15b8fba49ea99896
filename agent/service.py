"""The daemon: have every device polled, keep metrics and store up to date with what comes of it, stop cleanly."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from agent import garbage, judging
from agent.awake import Awake
from agent.checks.rules import Check
from agent.fleet import Fleet
from agent.judging import Key
from agent.metrics import Metrics
from agent.model import Inventory, Judged, Severity, Track
from agent.poller import LookedAt, Lost, Message, Poll, Polled, Poller, Pollers, Remembered, Share
from agent.store import Outcome, Store, StoreError
from agent.tickets import AT_WORK
from agent.topology import Drawn, Standing
from agent.waiting import came
from collectors.model import Sample

log = logging.getLogger(__name__)

SETTLE_PAUSE = 1.0  # seconds between two settlements: what comes meanwhile is settled together
TRY_AGAIN = 0.2  # seconds until a store that refused is tried again, at the end
COUNT_PAUSE = 15.0  # seconds between two counts of what is open


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the daemon works with. `heard` gives what was heard of a device since it was last asked (traps)."""

    inventory: Inventory
    rules: Mapping[str, Check]
    store: Store
    metrics: Metrics
    fleet: Fleet
    poll: Poll
    now: Callable[[], datetime]
    heard: Callable[[str], Sequence[Sample]] = lambda device: ()
    grace: float = 20.0  # seconds that polls in flight get at the end

    def share(self) -> Share:
        """Return all devices as the share of one poller."""
        return Share(entries=self.inventory.entries, rules=self.rules, writer=self.metrics.writer, grace=self.grace)

    def poller(self) -> Poller:
        """Return what polls all devices in this process."""
        return Poller(self.share(), self.poll, self.store, self.now)


class Service:
    """Shows and settles what pollers tell, until told to stop. One writer settles all that waits at a time."""

    def __init__(self, parts: Parts, pollers: Pollers | None = None) -> None:
        """Without `pollers` this process polls all devices itself."""
        self._parts = parts
        self._pollers: Pollers = parts.poller() if pollers is None else pollers
        self._told: asyncio.Queue[Polled | LookedAt] = asyncio.Queue()
        self._standings: dict[str, Standing] = {}  # of all devices, as last read
        self._drawn = Drawn()
        self._awake = Awake(parts.now())
        self._awaited: dict[str, asyncio.Event] = {}  # device → set when its next poll shows
        self._hearing: dict[str, Sequence[Sample]] = {}  # device → what was heard of it, and its next poll brings
        self._concerned: frozenset[str] = frozenset()  # devices with open findings or tickets at work
        self._owed: dict[Key, Track] = {}  # tracks that changed, and that the store refused
        self._desk = ThreadPoolExecutor(1, "settle")  # apart from those that look up names, and may all be busy
        parts.metrics.health.watch("judged", self._told.qsize)
        parts.metrics.health.watch("polls", lambda: self._pollers.running)
        parts.metrics.health.pulse.count_in(lambda: self._pollers.late)

    def poll_soon(self, device: str) -> None:
        """Have a device polled out of turn, with what was heard of it. More goes with the poll after that."""
        if device not in self._hearing:
            self._pass_on(device, self._parts.heard(device))
            self._pollers.soon(device)

    async def poll_now(self, device: str) -> None:
        """Poll a device out of turn, and return when it shows. A poll that is under way will do."""
        ended = self._awaited.setdefault(device, asyncio.Event())
        self._pollers.now(device)
        await ended.wait()

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set; then let polls in flight end, and settle what they brought."""
        await asyncio.get_running_loop().run_in_executor(self._desk, self._count, self._parts.now())
        work = (self._write(stop), self._count_on(), self._parts.metrics.health.pulse.beat_on(), garbage.look_on())
        tasks = [asyncio.create_task(each) for each in work]
        try:
            await self._pollers.run(stop, self.take)
        finally:
            stop.set()
            await self._told.join()
            for task in tasks:
                task.cancel()
            self._desk.shutdown()

    def _pass_on(self, device: str, heard: Sequence[Sample]) -> None:
        if heard:
            self._hearing[device] = heard
            self._pollers.hear(device, heard)

    def take(self, message: Message) -> None:
        """Take what a poller tells, in the loop that runs."""
        match message:
            case Remembered():
                self._standings = {**message.standings, **self._standings}  # what polls told is newer
            case Lost():
                self._say_again(message.devices)
            case LookedAt():
                self._told.put_nowait(message)
            case Polled():
                self._show(message)
                if message.tracks or message.device in self._concerned or any(map(_is_news, message.judged)):
                    self._told.put_nowait(message)

    def _show(self, polled: Polled) -> None:
        device, metrics = polled.device, self._parts.metrics
        self._standings[device] = polled.standing
        metrics.show(device, polled.shown)
        metrics.health.polled(polled.reading)
        metrics.health.overran(polled.missed)
        metrics.health.store_failed(polled.refused)
        if (ended := self._awaited.pop(device, None)) is not None:
            ended.set()
        if polled.heard:
            self._hearing.pop(device, None)
        if device not in self._hearing and (heard := self._parts.heard(device)):
            self._pass_on(device, heard)
            self._pollers.soon(device)

    def _say_again(self, devices: Collection[str]) -> None:
        """Ask for what a process that ended was asked for: what was heard of devices, and those somebody waits for."""
        for device in devices:
            if heard := self._hearing.get(device):
                self._pollers.hear(device, heard)
                self._pollers.soon(device)
            elif device in self._awaited:
                self._pollers.now(device)

    async def _write(self, stop: asyncio.Event) -> None:
        while True:
            batch = [await self._told.get()]
            while not self._told.empty():
                batch.append(self._told.get_nowait())
            for device, checks in (await self._settled(batch, stop)).items():
                self._look_at(device, checks)
                await asyncio.sleep(0)  # it takes some milliseconds: polls go on in between
            for _ in batch:
                self._told.task_done()
            await came(stop, SETTLE_PAUSE)

    def _look_at(self, device: str, checks: Collection[str]) -> None:
        try:
            self._pollers.look_at(device, checks)
        except Exception:  # the edge of one device: others are settled on
            log.exception("%s: cannot be judged", device)

    async def _settled(self, batch: Sequence[Polled | LookedAt], stop: asyncio.Event) -> Mapping[str, Collection[str]]:
        """Settle in a thread. At the end, when no poll comes any more, a busy store is tried again for `grace` seconds.

        Whatever the store does is over here: the next poll is settled against what it last knew.
        """
        loop, began = asyncio.get_running_loop(), time.monotonic()
        while True:
            try:
                return await loop.run_in_executor(self._desk, self._settle, batch, dict(self._standings))
            except Exception as error:
                log.error("store: %s", error, exc_info=not isinstance(error, StoreError))
                self._parts.metrics.health.store_failed()
                if not stop.is_set() or time.monotonic() - began > self._parts.grace:
                    self._owed |= _tracks(batch)
                    return {}
            await asyncio.sleep(TRY_AGAIN)

    def _settle(self, batch: Sequence[Polled | LookedAt], standings: Mapping[str, Standing]) -> dict[str, set[str]]:
        """Write what changed by the newest judgement of each device, in one transaction.

        `standings` are those of all devices. Returns the calm checks by device whose findings are open.
        """
        parts, now = self._parts, self._parts.now()
        newest = {told.device: told for told in batch if isinstance(told, Polled)}
        looked_at = {told.device: told for told in batch if isinstance(told, LookedAt)}
        calm = {device: polled.calm for device, polled in newest.items()}
        unsaid: dict[str, set[str]] = {}
        decide = judging.decider(
            parts.inventory,
            parts.rules,
            [j for of in (newest, looked_at) for told in of.values() for j in told.judged],
            judging.ByDevice({device: polled.not_applicable for device, polled in newest.items()}),
            now,
            calm=judging.ByDevice(calm),
            unsaid=lambda device, check: unsaid.setdefault(device, set()).add(check),
            standings=standings,
            polled_since=self._awake.since(now),
            topology=self._drawn.of,
        )
        tracks = self._owed | _tracks(batch)
        outcome = parts.store.record((), tracks, decide, now=now, devices=newest.keys() | looked_at.keys())
        self._owed = {}
        self._concerned |= {finding.result.device for finding in outcome.findings}
        self._tell(outcome)
        if outcome.changes:
            self._count(now)
        return unsaid

    async def _count_on(self) -> None:
        """Count now and then, as people and inspections change what is open too."""
        while True:
            await asyncio.sleep(COUNT_PAUSE)
            try:
                await asyncio.get_running_loop().run_in_executor(self._desk, self._count, self._parts.now())
            except Exception as error:  # the edge of the store: what was counted last shows
                log.error("store: %s", error, exc_info=not isinstance(error, StoreError))
                self._parts.metrics.health.store_failed()

    def _count(self, now: datetime) -> None:
        """Show what is open, and what the store knows of inspections and service levels.

        Of a device that left the inventory nothing is measured any more, so no finding of it counts; its tickets do,
        until somebody resolves them.
        """
        parts = self._parts
        found = [f for f in parts.store.findings() if f.result.device in parts.inventory.entries]
        at_work = parts.store.tickets(statuses=AT_WORK)
        self._concerned = frozenset({f.result.device for f in found} | {ticket.device for ticket in at_work})
        parts.metrics.settle(found, at_work)
        if parts.fleet.due(now):
            parts.metrics.further("fleet", parts.fleet.samples(found, at_work, now))

    def _tell(self, outcome: Outcome) -> None:
        """Log what happened to tickets."""
        for change in outcome.changes:
            ticket = change.ticket
            log.info("ticket %s %s: %s %s %r", change.number, change.action, ticket.device, ticket.check, ticket.object)


def _is_news(judged: Judged) -> bool:
    """Say whether a result is more than that all is well, which is news only where a finding is open."""
    return judged.result.severity is not Severity.OK or judged.raised is not Severity.OK


def _tracks(batch: Sequence[Polled | LookedAt]) -> dict[Key, Track]:
    """Return what judging is to remember, the newest of each key. Of what is calm there is nothing."""
    return {key: track for told in batch if isinstance(told, Polled) for key, track in told.tracks.items()}
