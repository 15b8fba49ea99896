"""Counts the agent's own work: polls, scrapes, queues, and whether its loop keeps up."""

import asyncio
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, Summary

from collectors.model import Sample, Snapshot

BEAT = 1.0  # seconds between two beats of the loop
PATHS = ("/metrics", "/probe")


class Health:
    """What the agent counts of its own work, in a registry of its own."""

    def __init__(self, version: str) -> None:
        registry = self.registry = CollectorRegistry()
        self.pulse = Pulse()
        self._polls = Counter(
            "netpatrol_polls", "Devices polled, by result: ok, partial, down", ["result"], registry=registry
        )
        self._seconds = Histogram(
            "netpatrol_poll_duration_seconds",
            "Time it took to poll a device",
            buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120),
            registry=registry,
        )
        self._last_poll = Gauge(
            "netpatrol_last_poll_timestamp_seconds", "When a device was last polled", registry=registry
        )
        self._store_errors = Counter("netpatrol_store_errors", "Writes to the store that failed", registry=registry)
        self._overruns = Counter(
            "netpatrol_polls_missed", "Polls left out: the one before took longer than the interval", registry=registry
        )
        self._unknown = Counter(
            "netpatrol_samples_unknown", "Samples left out: their name is not in the vocabulary", registry=registry
        )
        for result in ("ok", "partial", "down"):
            self._polls.labels(result)
        Info("netpatrol_build", "The version that runs", registry=registry).info({"version": version})
        ProcessCollector(registry=registry)
        self.requests = Requests(registry)
        self._queues = Gauge("netpatrol_queue_length", "What waits in a queue", ["queue"], registry=registry)
        Gauge(
            "netpatrol_loop_lag_seconds", "How late the loop that polls is: it hangs if this grows", registry=registry
        ).set_function(self.pulse.lag)

    def samples(self) -> Iterator[Sample]:
        """Yield what was counted."""
        for family in self.registry.collect():
            yield from (Sample(s.name, s.labels, s.value) for s in family.samples if not s.name.endswith("_created"))

    def polled(self, snapshot: Snapshot) -> None:
        """Count one poll of one device."""
        result = "down" if not snapshot.up else "partial" if snapshot.failures else "ok"
        self._polls.labels(result).inc()
        self._seconds.observe(snapshot.cost.seconds)
        self._last_poll.set(snapshot.taken_at.timestamp())

    def left_out(self, samples: int) -> None:
        """Count samples whose name is not in the vocabulary."""
        self._unknown.inc(samples)

    def overran(self, polls: int) -> None:
        """Count polls left out because the one before took longer than the interval."""
        self._overruns.inc(polls)

    def store_failed(self, writes: int = 1) -> None:
        """Count writes the store refused."""
        self._store_errors.inc(writes)

    def watch(self, queue: str, length: Callable[[], float]) -> None:
        """Show how much waits in a queue, asked for at each scrape: `watch("judged", queue.qsize)`."""
        self._queues.labels(queue).set_function(length)


class Requests:
    """What was asked of us over HTTP."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Summary(
            "netpatrol_scrape_duration_seconds", "Time it took to answer", ["path"], registry=registry
        )
        self._bytes = Counter(
            "netpatrol_scrape_bytes", "Bytes of answers, as they were sent", ["path"], registry=registry
        )
        self._refused = Counter(
            "netpatrol_requests_refused", "Requests refused: too many at once", ["path"], registry=registry
        )
        for path in PATHS:
            self._seconds.labels(path)
            self._bytes.labels(path)
            self._refused.labels(path)

    def answered(self, path: str, seconds: float, sent: int) -> None:
        """Count one answer."""
        self._seconds.labels(path).observe(seconds)
        self._bytes.labels(path).inc(sent)

    def refused(self, path: str) -> None:
        """Count one request that found no room."""
        self._refused.labels(path).inc()


class Pulse:
    """Tells from outside whether an event loop still runs. Any thread may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beside: Callable[[], float] = lambda: 0.0
        self._next: float | None = None  # when the next beat is due
        self._late = 0.0  # how late the last one was

    async def beat_on(self) -> None:
        """Beat until cancelled: a task of the loop that is watched."""
        while True:
            self.beat()
            await asyncio.sleep(BEAT)

    def beat(self) -> None:
        """Note that the loop runs now."""
        now = self._clock()
        self._late = max(0.0, now - self._next) if self._next is not None else 0.0
        self._next = now + BEAT

    def lag(self) -> float:
        """Return how late the loop is, in seconds: the last beat, or the one that is overdue. 0 before the first."""
        overdue = self._clock() - self._next if self._next is not None else 0.0
        return max(0.0, self._late, overdue, self._beside())

    def count_in(self, late: Callable[[], float]) -> None:
        """Count in how late other loops are, in seconds: those of processes that poll for us."""
        self._beside = late
