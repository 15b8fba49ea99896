"""Polls its devices and judges what they say, each against the poll before; tells what changed, and keeps snapshots."""

import asyncio
import heapq
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from agent import judging
from agent.checks.rules import Check
from agent.derive.traps import holds_traps
from agent.judging import Judgement, Key
from agent.model import Entry, Judged, Severity, Track
from agent.polling import Polling
from agent.shown import Shown, Writer
from agent.store import Outcome, Store, StoreError
from agent.topology import Standing, standing_of
from agent.waiting import came
from collectors.columns import Samples
from collectors.model import Sample, Snapshot
from collectors.ssh_guard import Login

log = logging.getLogger(__name__)

KEEP_PAUSE = 1.0  # seconds between two writings of snapshots
KEPT_PER_SECOND = 5.0  # snapshots written: those of some 300 devices every minute, of more every few minutes
KEPT_AT_ONCE = 100  # snapshots written in one transaction
OTHERS_TURN = 0.15  # seconds between two such: SQLite looks up every tenth of a second whether it may write

Poll = Callable[[Entry, Snapshot | None], Awaitable[Snapshot]]
"""Reads a device once, given its snapshot before. Never raises for the device's fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """One poll, judged. `judged` has no more than what is not calm; `tracks` are those that changed."""

    reading: Snapshot  # without what was read
    shown: Shown
    began: float  # seconds, monotonic
    took: float  # seconds, waiting for a place included
    judged: tuple[Judged, ...]
    calm: tuple[str, ...]  # checks of which all is OK, as it was
    not_applicable: tuple[str, ...]
    tracks: Mapping[Key, Track]
    standing: Standing
    heard: bool = False  # it brought traps
    missed: int = 0  # polls left out since the last one told
    refused: int = 0  # writings of snapshots that failed since the last one told

    @property
    def device(self) -> str:
        return self.reading.device


@dataclass(frozen=True, slots=True)
class LookedAt:
    """Calm checks of a device, judged because somebody asked."""

    device: str
    judged: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    """How devices stood when they were last read, from the store: told before the first poll."""

    standings: Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class Lost:
    """The process that polled these devices ended: what it was told of them is forgotten."""

    devices: Collection[str]


Message = Polled | LookedAt | Remembered | Lost | Login
Tell = Callable[[Message], object]


class Pollers(Protocol):
    """Who polls devices: in this process or in others."""

    async def run(self, stop: asyncio.Event, tell: Tell) -> None:
        """Poll until `stop` is set, and `tell` in this loop what comes of it; then let polls under way end."""

    def soon(self, device: str) -> None:
        """Poll a device out of turn; one that is being polled, once more right after."""

    def now(self, device: str) -> None:
        """Poll a device out of turn, unless a poll of it is under way."""

    def hear(self, device: str, heard: Sequence[Sample]) -> None:
        """Add what was heard of a device to what its next poll brings."""

    def look_at(self, device: str, checks: Collection[str]) -> None:
        """Judge calm checks of a device by what was last read, and tell."""

    @property
    def running(self) -> int:
        """How many polls are under way."""
        ...

    @property
    def late(self) -> float:
        """How late the loops are that poll, in seconds: those of other processes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one poller polls, in whatever process."""

    entries: Mapping[str, Entry]
    rules: Mapping[str, Check]
    writer: Writer
    grace: float = 20.0  # seconds that polls in flight get at the end, and then the last snapshots
    kept_per_second: float = KEPT_PER_SECOND


@dataclass(slots=True)
class _Memory:
    """What judging a device's next poll needs from the one before."""

    snapshot: Snapshot | None = None
    tracks: Mapping[Key, Track] = field(default_factory=dict)
    stored: bool = False  # whether any of its tracks are
    kept: float = float("-inf")  # when a snapshot was last stored, monotonic
    heard: tuple[Sample, ...] = ()
    tried: bool = False  # whether a poll with what was heard could not be judged
    owes: bool = False  # whether it is still to be told that what was heard went with a poll


class Poller:
    """Polls its share in this process' event loop. See Pollers."""

    def __init__(self, share: Share, poll: Poll, store: Store, now: Callable[[], datetime]) -> None:
        self._share, self._read, self._store, self._now = share, poll, store, now
        self._memories = {name: _Memory() for name in share.entries}
        self._unkept: dict[str, bool] = {}  # device with a snapshot newer than the store's → whether it holds traps
        self._kept_at = time.monotonic()
        self._missed = self._refused = 0
        self._tell: Tell = lambda message: None
        intervals = {name: entry.interval.total_seconds() for name, entry in share.entries.items()}
        self._polling = Polling(intervals, self._poll, missed=self._overran)

    async def run(self, stop: asyncio.Event, tell: Tell) -> None:
        self._tell = tell
        tell(Remembered(await asyncio.to_thread(self._remember)))
        keeper = asyncio.create_task(self._keep_on(stop))
        await self._polling.run(stop, self._share.grace)
        await keeper
        await asyncio.to_thread(self._keep_the_rest)

    def soon(self, device: str) -> None:
        self._polling.soon(device)

    def now(self, device: str) -> None:
        if not self._polling.is_running(device):
            self._polling.soon(device)

    def hear(self, device: str, heard: Sequence[Sample]) -> None:
        self._memories[device].heard += tuple(heard)

    def look_at(self, device: str, checks: Collection[str]) -> None:
        snapshot = self._memories[device].snapshot
        if snapshot is not None:
            judged = judging.well(self._share.rules, self._share.entries[device], snapshot, checks)
            self._tell(LookedAt(device, judged))

    @property
    def running(self) -> int:
        return self._polling.running

    @property
    def late(self) -> float:
        return 0.0

    def _overran(self, polls: int) -> None:
        self._missed += polls

    def _remember(self) -> dict[str, Standing]:
        tracks = defaultdict[str, dict[Key, Track]](dict)
        for key, track in self._store.tracks(self._memories).items():
            tracks[key[0]][key] = track
        snapshots = self._store.latest(self._memories)
        for name, memory in self._memories.items():
            memory.snapshot, memory.tracks, memory.stored = snapshots.get(name), tracks[name], bool(tracks[name])
        return {name: standing_of(snapshot) for name, snapshot in snapshots.items()}

    async def _poll(self, device: str) -> bool:
        entry = self._share.entries[device]
        began = time.monotonic()
        snapshot = await self._read(entry, self._memories[device].snapshot)
        took = time.monotonic() - began
        try:
            polled = self._judged(entry, snapshot, began, took)
        except Exception:
            self._keep_heard(device)
            raise
        self._tell(polled)
        return snapshot.up

    def _judged(self, entry: Entry, snapshot: Snapshot, began: float, took: float) -> Polled:
        """Judge a reading with what was heard. Only when that is done the one before is forgotten."""
        share, memory = self._share, self._memories[entry.name]
        if memory.heard:
            snapshot = replace(snapshot, samples=Samples.join((snapshot.samples, memory.heard)))
        one = judging.judge(share.rules, entry, snapshot, previous=memory.snapshot, tracks=memory.tracks, quiet=True)
        polled = Polled(
            reading=replace(one.snapshot, samples=(), facts={}, expected=frozenset()),
            shown=share.writer.written(entry, one.snapshot),
            began=began,
            took=took,
            judged=one.judged,
            calm=one.calm,
            not_applicable=one.not_applicable,
            tracks=_changed(memory, one),
            standing=standing_of(one.snapshot),
            heard=memory.owes or bool(memory.heard),
            missed=self._missed,
            refused=self._refused,
        )
        memory.snapshot, memory.tracks, memory.stored = one.snapshot, judging.remember(memory.tracks, one), True
        memory.heard, memory.tried, memory.owes = (), False, False
        self._unkept[entry.name] = holds_traps(one.snapshot)
        self._missed = self._refused = 0
        return polled

    def _keep_heard(self, device: str) -> None:
        """Keep what was heard for one more poll; drop it when that fails too, lest the device is never judged again."""
        memory = self._memories[device]
        if memory.heard and memory.tried:
            log.error("%s: what was heard of it is dropped, as it could not be judged twice", device)
            memory.heard, memory.owes = (), True
        memory.tried = bool(memory.heard)

    # ---- snapshots are kept, so that the next start can go on from them ----

    async def _keep_on(self, stop: asyncio.Event) -> None:
        while not await came(stop, KEEP_PAUSE):
            await self._keep_some()

    async def _keep_some(self) -> None:
        names = self._worth_keeping()
        snapshots = self._taken(names)
        try:
            await asyncio.to_thread(self._keep, snapshots)
        except Exception as error:  # the edge of the store: they are written later
            self._refused += 1
            log.error("store: %s", error, exc_info=not isinstance(error, StoreError))
            return
        self._kept_at = time.monotonic()
        for snapshot in snapshots:
            memory = self._memories[snapshot.device]
            memory.kept = self._kept_at
            if memory.snapshot is snapshot:
                self._unkept.pop(snapshot.device, None)

    def _worth_keeping(self) -> list[str]:
        """Return the devices whose snapshots may be written now.

        Those first that hold a trap, which no poll reads again; then those not written for longest.
        """
        since, rate = time.monotonic() - self._kept_at, self._share.kept_per_second
        most = len(self._unkept) if since > len(self._unkept) / rate else max(1, int(since * rate))
        return heapq.nsmallest(min(most, KEPT_AT_ONCE), self._unkept, key=self._urgency)

    def _urgency(self, device: str) -> tuple[bool, float]:
        return not self._unkept[device], self._memories[device].kept

    def _taken(self, names: Iterable[str]) -> list[Snapshot]:
        return [snapshot for name in names if (snapshot := self._memories[name].snapshot) is not None]

    def _keep(self, snapshots: Sequence[Snapshot]) -> None:
        if snapshots:
            self._store.record(snapshots, {}, lambda known: Outcome(), now=self._now())

    def _keep_the_rest(self) -> None:
        """Write the last snapshots, as many as `grace` allows."""
        over = time.monotonic() + self._share.grace
        waiting = sorted(self._unkept, key=self._urgency)
        while waiting:
            if time.monotonic() > over:
                log.info("the last polls of %d devices are not kept", len(waiting))
                return
            try:
                self._keep(self._taken(waiting[:KEPT_AT_ONCE]))
            except Exception as error:  # the edge of the store: what was judged of them is settled all the same
                log.error("store: %s", error, exc_info=not isinstance(error, StoreError))
                time.sleep(KEEP_PAUSE)
            else:
                del waiting[:KEPT_AT_ONCE]
                time.sleep(OTHERS_TURN)


def _changed(memory: _Memory, one: Judgement) -> dict[Key, Track]:
    """Return the tracks to be stored after a judgement.

    Of objects that are well the snapshot tells; where it could not, their tracks do: what is missing, or was in a
    device's silence, is not forgotten by a start.
    """
    before = memory.tracks
    missing = {j.result.key for j in one.judged if j.result.severity is Severity.UNKNOWN}.difference(before)
    judged = {
        key: track
        for key, track in one.tracks.items()
        if not memory.stored or key in missing or before.get(key, Track()) != track
    }
    return judged | {key: Track() for key in one.unread if key not in before}
