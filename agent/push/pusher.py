"""Pushes what is shown of devices: gathers it, keeps it while the receiver is away, sends it in order."""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from agent.metrics import Metrics
from agent.metrics_text import block
from agent.push.remote_write import Encoder
from agent.push.series import Follower
from agent.push.wire import Result, Send
from agent.shown import Shown
from collectors.model import Sample

_log = logging.getLogger(__name__)

BATCH = 2000  # samples a request, as Prometheus itself sends them
ENOUGH = 50_000  # samples of polls that are encoded before the interval ends: a large fleet's do not wait for it
WAITING = 200_000  # samples of polls that are not encoded yet
KEPT = 64 * 2**20  # bytes of requests that are kept while the receiver is away: some 3 million samples
FIRST, LONGEST = 1.0, 60.0  # seconds before a request is sent again
LONGEST_ASKED = 300.0  # seconds that we let the receiver ask us to wait

_UP = block({}, [Sample("up", {}, 1)], {"up"})  # as a scrape would have it: the same alerts and dashboards do
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Request:
    body: bytes
    samples: int


class Counts:
    """What became of the samples. Each is counted once: sent, refused or dropped."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.samples = Counter(
            "netpatrol_push_samples",
            "Samples pushed, by what became of them: sent, refused by the receiver, dropped for want of room",
            ["result"],
            registry=registry,
        )
        self.failures = Counter("netpatrol_push_failures", "Requests that failed and are sent again", registry=registry)
        self.last = Gauge(
            "netpatrol_push_last_success_timestamp_seconds", "When a request was last taken", registry=registry
        )
        self.kept = Gauge("netpatrol_push_kept_samples", "Samples that wait to be pushed", registry=registry)
        for result in ("sent", "refused", "dropped"):
            self.samples.labels(result)


class Pusher:
    """Takes each poll as it is shown, and pushes all of an interval at its end, in a thread of its own."""

    def __init__(
        self,
        metrics: Metrics,
        send: Send,
        *,
        interval: float,
        common: Mapping[str, str],
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
        kept: int = KEPT,
    ) -> None:
        """`common` are labels of all samples; `interval` in seconds; `kept` in bytes."""
        self._metrics, self._send = metrics, send
        self._interval, self._now, self._clock, self._jitter, self._room = interval, now, clock, jitter, kept
        self._encoder = Encoder(common)
        self._follower = Follower(self._encoder)
        self._stale: dict[str, datetime] = {}  # device → when it was last pushed as stale
        self._counts = Counts(metrics.health.registry)
        self._polled: deque[Shown] = deque()
        self._polled_samples = 0
        self._requests: deque[_Request] = deque()
        self._size = 0
        self._failed = 0  # requests in a row
        self._refused = 0  # samples in a row
        self._next = self._again = clock()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()  # to stop, or for what is enough
        self._thread = threading.Thread(target=self._run, name="push", daemon=True)
        self._counts.kept.set_function(lambda: self.waiting)
        metrics.tell(self.put)

    @property
    def waiting(self) -> int:
        """How many samples wait."""
        return self._polled_samples + sum(each.samples for each in tuple(self._requests))

    def start(self) -> None:
        """Push from now on."""
        self._thread.start()

    def close(self, seconds: float = 10.0) -> None:
        """Stop. What waits is offered once more, for so long at most."""
        self._stop.set()
        self._wake.set()
        self._thread.join(seconds)

    def put(self, shown: Shown) -> None:
        """Take what a poll brought. Never blocks: the oldest gives way."""
        with self._lock:
            self._polled.append(shown)
            self._polled_samples += len(shown.block.layout.order)
            while self._polled_samples > WAITING and len(self._polled) > 1:
                lost = len(self._polled.popleft().block.layout.order)
                self._polled_samples -= lost
                self._counts.samples.labels("dropped").inc(lost)
            enough = self._polled_samples >= ENOUGH
        if enough:
            self._wake.set()

    def step(self) -> float:
        """Gather and send what is due; return the seconds until there is something to do again."""
        self._gather_what_is_due()
        while self._requests and self._clock() >= self._again:
            self._offer(self._requests[0])
            self._gather_what_is_due()
        due = min(self._next, self._again) if self._requests else self._next
        return max(0.0, due - self._clock())

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(self._safely())
            self._wake.clear()
        self._next = self._again = self._clock()
        self._safely()

    def _safely(self) -> float:
        try:
            return self.step()
        except Exception:  # the edge of one sink
            _log.exception("push: a fault of ours")
            return self._interval

    def _gather_what_is_due(self) -> None:
        if self._clock() >= self._next:
            self._next = self._clock() + self._interval
            self._gather()
        elif self._polled_samples >= ENOUGH:
            self._write(self._polls())

    def _gather(self) -> None:
        """Encode the polls that wait, devices gone stale, and our own figures into requests."""
        series, now = self._polls(), self._now()
        for device, shown in self._metrics.stale(now).items():
            self._stale[device] = now
            series += self._follower.follow(device, [shown], now)
        self._write([*series, *self._follower.follow("", [_UP, *self._metrics.own(now)], now)])

    def _polls(self) -> list[bytes]:
        with self._lock:
            polled, self._polled, self._polled_samples = self._polled, deque(), 0
        series: list[bytes] = []
        for shown in polled:
            device = shown.top["device"]
            if shown.taken_at > self._stale.pop(device, _NEVER):
                series += self._follower.follow(device, [shown.block], shown.taken_at)
            else:
                self._counts.samples.labels("dropped").inc(len(shown.block.layout.order))
        return series

    def _write(self, series: Sequence[bytes]) -> None:
        for at in range(0, len(series), BATCH):
            few = series[at : at + BATCH]
            self._keep(_Request(self._encoder.request(few), len(few)))

    def _keep(self, request: _Request) -> None:
        self._requests.append(request)
        self._size += len(request.body)
        while self._size > self._room and len(self._requests) > 1:
            lost = self._requests.popleft()
            self._size -= len(lost.body)
            self._counts.samples.labels("dropped").inc(lost.samples)

    def _offer(self, request: _Request) -> None:
        reply = self._send(request.body)
        if reply.result is Result.LATER:
            self._counts.failures.inc()
            self._failed += 1
            self._again = self._clock() + self._pause(reply.retry_after)
            if self._failed == 1:
                _log.warning("push: the receiver does not take figures now: %s", reply.said)
            return
        self._requests.popleft()
        self._size -= len(request.body)
        self._counts.samples.labels(reply.result.value).inc(request.samples)
        if reply.result is Result.REFUSED:
            if not self._refused:
                _log.error("push: the receiver refuses figures: %s", reply.said)
            self._refused += request.samples
        else:
            self._taken()

    def _taken(self) -> None:
        if self._failed or self._refused:
            _log.info("push: the receiver takes figures again; it refused %d samples", self._refused)
        self._failed = self._refused = 0
        self._counts.last.set(self._now().timestamp())

    def _pause(self, asked: float | None) -> float:
        most = min(LONGEST, FIRST * 2 ** min(self._failed - 1, 10))
        return max(self._jitter(most / 2, most), min(asked or 0.0, LONGEST_ASKED))
