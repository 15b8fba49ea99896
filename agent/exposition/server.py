"""Serves the exposition over HTTP: a few threads, and no patience with clients that say or take nothing."""

import errno
import logging
import socket
import socketserver
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent.exposition.message import Answer, Request, line
from agent.exposition.negotiation import wants_gzip
from agent.exposition.pages.routes import Pages
from agent.exposition.probing import Prober
from agent.exposition.routes import Exposition
from agent.metrics import Metrics
from agent.metrics_health import PATHS
from agent.model import Entry

_log = logging.getLogger(__name__)

THREADS = 64  # requests answered at once; who comes then is told to come again
SILENCE = 10.0  # seconds without a byte from or to the client
ASKING, HURRIED = 10.0, 1.0  # seconds to have asked, in all; once all threads are taken
TAKING = 120.0  # seconds to have taken the answer, in all: as long as the longest scrape timeout we heed
TURN = 1.0  # seconds, in all, that a client may let us wait, while others wait for its page, or all threads are taken
LOOK = 0.25  # seconds between two looks whether others wait, while a client takes nothing
WRITE = 64 * 1024  # bytes
SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
PAUSE = 0.1  # seconds before the next connection is taken where the system is short of what it takes

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 27\r\nConnection: close\r\n\r\ntoo many requests at once.\n"
)


class _Handler(BaseHTTPRequestHandler):
    """Turns one request into an answer's bytes. A connection carries one request."""

    server: "_HttpServer"
    timeout = SILENCE
    protocol_version = "HTTP/1.1"
    server_version = "netpatrol"
    sys_version = ""

    def do_GET(self) -> None:
        began = time.monotonic()
        self.server.allow(self.connection, TAKING, TAKING)  # how slow it is to take is looked at where it is sent
        self.close_connection = True
        try:
            url = urlsplit(self.path)
        except ValueError:  # http://[
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        headers = {name.lower(): text for name, text in self.headers.items()}
        request = Request(path=url.path, query=parse_qs(url.query, keep_blank_values=True), headers=headers)
        answer = self._answer(request)
        try:
            sent = self._send(answer, headers)
        finally:
            answer.done()
        if url.path in PATHS:
            self.server.exposition.metrics.health.requests.answered(url.path, time.monotonic() - began, sent)

    do_HEAD = do_GET

    def _answer(self, request: Request) -> Answer:
        try:
            return self.server.exposition.answer(request)
        except Exception:  # noqa: BLE001 - the edge of one request
            _log.exception("no answer to %r", request.path)
            return line(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of netpatrol's own: see its log")

    def _send(self, answer: Answer, headers: Mapping[str, str]) -> int:
        """Send an answer; return the size of its body, as sent."""
        compressed = wants_gzip(headers.get("accept-encoding", ""))
        chunked = self.request_version not in ("HTTP/0.9", "HTTP/1.0")
        said = {"Content-Type": answer.content_type, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
        if compressed:
            said["Content-Encoding"] = "gzip"
        if chunked:
            said["Transfer-Encoding"] = "chunked"
        self.send_response(answer.status)
        for name, text in (said | dict(answer.headers) | {"Connection": "close"}).items():
            self.send_header(name, text)
        self.end_headers()
        return 0 if self.command == "HEAD" else self._send_body(answer, compressed, chunked)

    def _send_body(self, answer: Answer, compressed: bool, chunked: bool) -> int:
        sent = 0
        out = _Patient(self.connection, lambda: answer.awaited() or self.server.crowded)
        for piece in _gathered(_gzip(answer.body) if compressed else answer.body):
            sent += len(piece)
            out.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            out.write(b"0\r\n\r\n")
        return sent

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        _log.debug("%s %s", self.address_string(), format % args)


class _Patient:
    """Sends to a client as fast as it takes: for long while nobody else waits, for TURN while others do.

    Only the time the client lets us wait counts, not the time it takes to make a page.
    """

    def __init__(self, connection: socket.socket, awaited: Callable[[], bool]) -> None:
        self._connection = connection
        self._awaited = awaited
        self._waited = 0.0  # seconds for the client, in all

    def write(self, piece: bytes) -> None:
        """Send all of it. Raises TimeoutError where the client is too slow."""
        self._connection.settimeout(LOOK)
        left, heard = memoryview(piece), time.monotonic()
        while left:
            if self._waited > TURN and self._awaited():
                raise TimeoutError("a slow client made room for others")
            began = time.monotonic()
            try:
                left = left[self._connection.send(left) :]
                heard = time.monotonic()
            except TimeoutError:
                if time.monotonic() - heard > SILENCE:
                    raise
            self._waited += time.monotonic() - began


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)  # 31: with gzip's head and checksum
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in pieces that are worth a write."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= WRITE:
            yield b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], family: socket.AddressFamily, exposition: Exposition) -> None:
        self.address_family = family
        self.exposition = exposition
        self._room = threading.BoundedSemaphore(THREADS)
        self._until: dict[Any, tuple[float, float]] = {}  # connection → when it is cut, and when in a crowd
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind, without asking the DNS for our own name as the base class does."""
        socketserver.TCPServer.server_bind(self)

    @property
    def crowded(self) -> bool:
        """Whether all threads are taken."""
        return len(self._until) >= THREADS

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take the next connection. It stays to be taken where the system is short of descriptors: do not spin."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in SHORT:
                time.sleep(PAUSE)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, if there is room."""
        if not self._room.acquire(blocking=False):
            self.exposition.metrics.health.requests.refused("connection")
            _refuse(request)
            self.shutdown_request(request)
            return
        self.allow(request, ASKING, HURRIED)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system gives no more threads
            self._done(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._done(request)

    def _done(self, request: Any) -> None:
        self._until.pop(request, None)
        self._room.release()

    def allow(self, connection: Any, seconds: float, crowded: float) -> None:
        """Give a connection so many seconds from now on; `crowded`, once all threads are taken."""
        now = time.monotonic()
        self._until[connection] = now + seconds, now + crowded

    def service_actions(self) -> None:
        """Cut the connections whose time is up: one that sends or takes a byte now and then is never silent."""
        now, crowded = time.monotonic(), self.crowded
        for connection, until in self._until.copy().items():
            if now > until[crowded]:
                _cut(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        gone = isinstance(sys.exception(), OSError)
        _log.log(logging.DEBUG if gone else logging.ERROR, "metrics: no answer to %s", client_address, exc_info=True)


def _refuse(connection: socket.socket) -> None:
    try:
        connection.settimeout(0.0)
        connection.send(_BUSY)
    except OSError:
        _log.debug("metrics: a client left before it was refused")


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        _log.debug("metrics: a client left before it was cut off")


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


def _utc() -> datetime:
    return datetime.now(UTC)


def serve(
    metrics: Metrics,
    host: str = "127.0.0.1",
    port: int = 9469,
    *,
    now: Callable[[], datetime] = _utc,
    targets: Callable[[], Mapping[str, Entry]] = dict,
    prober: Prober | None = None,
    pages: Pages | None = None,
) -> Served:
    """Serve a device's figures and those of all, each request in a thread of its own.

    `targets` returns the inventory's devices by name, for /sd and /probe; without `prober` a /probe polls nothing,
    without `pages` there are none of tickets and reports. Raises OSError naming host and port.
    """
    exposition = Exposition(metrics=metrics, now=now, targets=targets, prober=prober, pages=pages)
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        server = _HttpServer((str(address[0]), port), family, exposition)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        advice = ": end what listens there, or give another port (right form: --listen 127.0.0.1:9470) (端口被占用)"
        why = f"{error.strerror}{advice if taken else ''}"
        raise OSError(error.errno, f"metrics: cannot listen on {host}:{port}: {why}") from error
    return Served(server)
