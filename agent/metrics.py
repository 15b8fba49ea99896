"""Keeps the latest figures of every device, and the agent's own health, ready for Prometheus to fetch over HTTP."""

import gzip
import logging
import socket
import socketserver
import sys
import threading
from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import gzip_accepted

from agent.metrics_text import Block, block, is_mib_name, join
from agent.model import Entry, Finding, FindingState, Run, Severity, Ticket, TicketStatus
from collectors.model import Sample, Snapshot
from collectors.vocabulary import Meaning

_log = logging.getLogger(__name__)

OLD = timedelta(minutes=5)  # as long as Prometheus itself keeps a series that is no longer scraped
REQUEST_SECONDS = 10.0  # a client that says nothing for so long is hung up on

_SEVERITIES = (Severity.WARNING, Severity.CRITICAL, Severity.UNKNOWN)
OWN: dict[str, Meaning] = {
    "device_findings_open": Meaning("gauge", "Findings of the device that are not cleared", ("severity",)),
    "device_tickets_open": Meaning("gauge", "Tickets of the device that are not resolved", ("severity",)),
    "netpatrol_findings_open": Meaning("gauge", "Findings that are not cleared", ("severity",)),
    "netpatrol_tickets_open": Meaning("gauge", "Tickets that are not resolved", ("severity",)),
    "netpatrol_devices": Meaning("gauge", "Devices polled, by how they stand: up, down, stale", ("state",)),
}


class Health:
    """What the agent counts of its own work, in a registry of its own."""

    def __init__(self, version: str) -> None:
        registry = self.registry = CollectorRegistry()
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
        self._runs = Counter("netpatrol_runs", "Inspections, by their worst result", ["severity"], registry=registry)
        self._last_run = Gauge(
            "netpatrol_last_run_timestamp_seconds", "When an inspection last ended", registry=registry
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

    def polled(self, snapshot: Snapshot) -> None:
        """Count one poll of one device."""
        result = "down" if not snapshot.up else "partial" if snapshot.failures else "ok"
        self._polls.labels(result).inc()
        self._seconds.observe(snapshot.cost.seconds)
        self._last_poll.set(snapshot.taken_at.timestamp())

    def ran(self, run: Run) -> None:
        """Count one finished inspection."""
        self._runs.labels(run.severity.name.lower()).inc()
        self._last_run.set(run.finished_at.timestamp())

    def left_out(self, samples: int) -> None:
        """Count samples whose name is not in the vocabulary."""
        self._unknown.inc(samples)

    def overran(self, polls: int) -> None:
        """Count polls left out because the one before took longer than the interval."""
        self._overruns.inc(polls)

    def store_failed(self) -> None:
        """Count one write the store refused."""
        self._store_errors.inc()


@dataclass(frozen=True, slots=True)
class _Device:
    """A device's lines; and those that stand in for them when it has not been polled for too long."""

    top: Mapping[str, str]
    lines: Block
    stale: Block
    stale_from: datetime
    up: bool


class Metrics:
    """The latest snapshot of every device as text. Any thread may call it; a scrape polls nothing."""

    def __init__(self, meanings: Mapping[str, Meaning], *, version: str, hidden: Collection[str] = frozenset()) -> None:
        """Take the vocabulary: the collectors' names and the derived ones. `hidden` are known, and not shown."""
        self.health = Health(version)
        self._meanings = {**meanings, **OWN}
        self._hidden = frozenset(hidden)
        self._devices: dict[str, _Device] = {}
        self._open: dict[str, list[Sample]] = {}  # device → samples; "" has the totals
        self._lock = threading.Lock()
        self.settle((), ())

    def update(self, entry: Entry, snapshot: Snapshot) -> None:
        """Show a device's snapshot (derived already) in place of the one before."""
        top = _top(entry)
        shown = [sample for sample in snapshot.samples if sample.name not in self._hidden]
        made = _Device(
            top=top,
            lines=block(top, shown, self._meanings),
            stale=block(top, [Sample("device_up", {}, 0)], self._meanings),
            stale_from=snapshot.taken_at + max(3 * entry.interval, OLD),
            up=snapshot.up,
        )
        self.health.left_out(sum(sample.name not in self._meanings for sample in shown))
        with self._lock:
            self._devices[entry.name] = made

    def drop(self, device: str) -> None:
        """Show no more of a device: it left the inventory."""
        with self._lock:
            self._devices.pop(device, None)
            self._open.pop(device, None)

    def settle(self, findings: Iterable[Finding], tickets: Iterable[Ticket]) -> None:
        """Show how many findings and tickets are open, in place of those before. Cleared and resolved ones are not."""
        cleared = (FindingState.CLEARED, FindingState.WAIVED)
        done = (TicketStatus.RESOLVED, TicketStatus.CLOSED)
        counted = {
            "findings_open": Tally((f.result.device, f.result.severity) for f in findings if f.state not in cleared),
            "tickets_open": Tally((t.device, t.severity) for t in tickets if t.status not in done),
        }
        made: dict[str, list[Sample]] = {"": []}
        for name, tally in counted.items():
            for (device, severity), count in tally.items():
                made.setdefault(device, []).append(_by_severity(f"device_{name}", severity, count))
            for severity in _SEVERITIES:
                total = sum(count for (_, found), count in tally.items() if found is severity)
                made[""].append(_by_severity(f"netpatrol_{name}", severity, total))
        with self._lock:
            self._open = made

    def render(self, now: datetime, *, mib: bool = True) -> bytes:
        """Return the page. Without `mib`, metrics with a name or a label of a MIB (ifHCInOctets, ifName) are left out.

        Those words are snmp_exporter's, so that dashboards made for it work; `promtool check metrics` accepts them as
        well-formed, and always complains of their style.
        """
        with self._lock:
            devices, opened = dict(self._devices), dict(self._open)
        blocks = [each.stale if now > each.stale_from else each.lines for each in devices.values()]
        for name, samples in opened.items():
            top = devices[name].top if name in devices else {"device": name} if name else {}
            blocks.append(block(top, samples, self._meanings))
        blocks.append(block({}, _states(devices.values(), now), self._meanings))
        if not mib:
            own = {
                name for name, meaning in self._meanings.items() if not any(map(is_mib_name, (name, *meaning.labels)))
            }
            blocks = [{name: lines for name, lines in each.items() if name in own} for each in blocks]
        return join(blocks, self._meanings).encode() + generate_latest(self.health.registry)


def _top(entry: Entry) -> dict[str, str]:
    site = entry.site
    return {
        "device": entry.name,
        "site": site.name if site else "",
        "customer": site.customer.name if site else "",
        "device_class": entry.device.device_class.value,
    }


def _by_severity(name: str, severity: Severity, count: int) -> Sample:
    return Sample(name, {"severity": severity.name.lower()}, count)


def _states(devices: Iterable[_Device], now: datetime) -> list[Sample]:
    tally = Tally("stale" if now > each.stale_from else "up" if each.up else "down" for each in devices)
    return [Sample("netpatrol_devices", {"state": state}, tally[state]) for state in ("up", "down", "stale")]


# ---- HTTP ----


class _Handler(BaseHTTPRequestHandler):
    """Answers `/metrics` and `/-/healthy`."""

    server: "_HttpServer"
    timeout = REQUEST_SECONDS
    server_version = "netpatrol"
    sys_version = ""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/metrics":
            mib = "mib" not in parse_qs(url.query).get("exclude[]", [])
            self._answer(HTTPStatus.OK, self.server.page(mib), CONTENT_TYPE_PLAIN_0_0_4)
        elif url.path == "/-/healthy":
            self._answer(HTTPStatus.OK, b"netpatrol is healthy\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"not found: /metrics and /-/healthy are here\n")

    do_HEAD = do_GET

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Vary", "Accept-Encoding")
        if gzip_accepted(self.headers.get("Accept-Encoding", "")):
            body = gzip.compress(body, compresslevel=1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        _log.debug("%s %s", self.address_string(), format % args)


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], family: socket.AddressFamily, page: Callable[[bool], bytes]) -> None:
        self.address_family = family
        self.page = page
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind, without asking the DNS for our own name as the base class does."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:
        gone = isinstance(sys.exception(), ConnectionError)
        _log.log(logging.DEBUG if gone else logging.ERROR, "metrics: no answer to %s", client_address, exc_info=True)


class Served:
    """A running HTTP server."""

    def __init__(self, server: _HttpServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on: the one the system chose when 0 was asked for."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening, and wait until it has."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def serve(
    metrics: Metrics,
    host: str = "127.0.0.1",
    port: int = 9469,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Served:
    """Serve `/metrics` and `/-/healthy`, each request in a thread of its own. Raises OSError naming host and port."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        server = _HttpServer((str(address[0]), port), family, lambda mib: metrics.render(now(), mib=mib))
    except OSError as error:
        raise OSError(error.errno, f"metrics: cannot listen on {host}:{port}: {error.strerror}") from error
    return Served(server)
