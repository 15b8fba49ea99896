"""How the exposition is served over HTTP, and that nothing else is."""

import errno
import gzip
import http.client
import queue
import socket
import socketserver
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from agent.exposition import server
from agent.exposition.routes import PAGES
from agent.exposition.server import Served, serve
from agent.metrics import Metrics
from agent.model import Entry
from collectors.model import Device, DeviceClass, Sample, Snapshot
from collectors.vocabulary import VOCABULARY

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def metrics() -> Metrics:
    """A page with one device on it."""
    metrics = Metrics(VOCABULARY, version="1.2.3")
    samples = (Sample("device_up", {}, 1), Sample("ifMtu", {"ifIndex": "1"}, 1500))
    device = Device(name="core-1", address="192.0.2.1", device_class=DeviceClass.SWITCH)
    metrics.update(Entry(device=device), Snapshot(device="core-1", taken_at=NOW, up=True, samples=samples))
    return metrics


def devices_part(page: bytes) -> bytes:
    """Return the page without the process's own figures, which no two scrapes have alike."""
    return page.partition(b"# HELP netpatrol_polls")[0]


@pytest.fixture
def served(metrics: Metrics) -> Iterator[Served]:
    handle = serve(metrics, "127.0.0.1", 0, now=lambda: NOW)
    yield handle
    handle.close()


def ask(served: Served, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_metrics_are_served_as_text_of_the_format(served: Served, metrics: Metrics):
    status, headers, body = ask(served, "/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b'device_up{device="core-1",' in body
    assert devices_part(body) == devices_part(metrics.render(NOW))


def test_a_page_is_compressed_for_who_asks(served: Served):
    _, headers, body = ask(served, "/metrics", Accept_Encoding="deflate, gzip;q=0.5")
    assert headers["Content-Encoding"] == "gzip"
    assert b"device_up" in gzip.decompress(body)


def test_mib_names_can_be_left_out(served: Served):
    assert b"ifMtu" in ask(served, "/metrics")[2]
    assert b"ifMtu" not in ask(served, "/metrics?exclude[]=mib")[2]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/-/healthy", 200), ("HEAD", "/metrics", 200), ("GET", "/nothing", 404), ("GET", "/metrics/", 404),
        ("GET", "/../etc/passwd", 404), ("GET", "/metrics%00", 404), ("POST", "/metrics", 501), ("PUT", "/x", 501),
    ],
)  # fmt: skip
def test_nothing_else_is_served(served: Served, method, path, status):
    found, headers, body = ask(served, path, method)
    assert found == status
    assert b"device_up" not in body
    assert "Python" not in headers["Server"]


def test_a_fault_of_ours_is_told_and_the_next_answer_works(
    served: Served, metrics: Metrics, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    with monkeypatch.context() as broken:
        broken.setattr(metrics.health.pulse, "lag", lambda: 1 / 0)
        status, _, body = ask(served, "/-/healthy")
    assert (status, body) == (500, b"a fault of netpatrol's own: see its log\n")
    assert "no answer to '/-/healthy'" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert ask(served, "/-/healthy")[0] == 200


def test_a_closed_server_frees_its_port(metrics: Metrics):
    first = serve(metrics, "127.0.0.1", 0)
    port = first.port
    first.close()
    second = serve(metrics, "127.0.0.1", port)
    assert second.port == port
    second.close()


def test_a_port_in_use_is_named(served: Served, metrics: Metrics):
    with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{served.port}: Address already in use"):
        serve(metrics, "127.0.0.1", served.port)


def test_a_host_that_is_not_ours_is_named(metrics: Metrics):
    with pytest.raises(OSError, match=r"cannot listen on no-such-host\.invalid:9469"):
        serve(metrics, "no-such-host.invalid")


def test_ipv6_is_served(metrics: Metrics):
    try:
        handle = serve(metrics, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    connection = http.client.HTTPConnection("::1", handle.port, timeout=5)
    connection.request("GET", "/-/healthy")
    assert connection.getresponse().read() == b"netpatrol is healthy\n"
    connection.close()
    handle.close()


# ---- clients of all kinds ----


def talk(served: Served, said: bytes) -> bytes:
    """Say something to the server; return all it answers until it hangs up."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(said)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def test_a_connection_carries_one_answer(served: Served):
    answer = talk(served, b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n" * 2)
    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(b"\r\n\r\n15\r\nnetpatrol is healthy\n\r\n0\r\n\r\n")


def test_an_old_client_gets_its_answer_without_chunks(served: Served):
    head, _, body = talk(served, b"GET /-/healthy HTTP/1.0\r\n\r\n").partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert body == b"netpatrol is healthy\n"
    assert talk(served, b"GET /-/healthy\r\n\r\n") == body


@pytest.mark.parametrize(
    "said",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET //[ HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_ends_and_harms_nobody(served: Served, said: bytes):
    talk(served, said)
    assert ask(served, "/-/healthy")[0] == 200


def test_who_asks_too_slowly_is_cut_off(metrics: Metrics, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "ASKING", 0.0)
    slow = serve(metrics, "127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", slow.port), timeout=5) as connection:
        connection.sendall(b"GET /metr")
        assert connection.recv(1) == b""
    slow.close()


def test_who_asks_slowly_is_cut_off_sooner_when_all_threads_are_taken(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(server, "HURRIED", 0.0)
    monkeypatch.setattr(server, "THREADS", 2)
    busy = serve(metrics, "127.0.0.1", 0)
    with ExitStack() as open_:
        slow = [open_.enter_context(socket.create_connection(("127.0.0.1", busy.port), timeout=5)) for _ in range(2)]
        slow[0].sendall(b"GET /metr")
        assert slow[0].recv(1) == b""
    busy.close()


def test_a_system_without_descriptors_is_not_asked_for_one_all_the_time(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch
):
    def none_left(_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    paused: queue.Queue[float] = queue.Queue()
    monkeypatch.setattr(server.time, "sleep", paused.put)
    short = serve(metrics, "127.0.0.1", 0)
    with monkeypatch.context() as while_short:
        while_short.setattr(socketserver.TCPServer, "get_request", none_left)
        waiting = socket.create_connection(("127.0.0.1", short.port), timeout=5)
        assert paused.get(timeout=5) == server.PAUSE
    waiting.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
    assert waiting.recv(65536).startswith(b"HTTP/1.1 200 ")
    waiting.close()
    short.close()


def test_who_comes_when_all_threads_are_busy_is_told_to_come_again(metrics: Metrics, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "THREADS", 1)
    monkeypatch.setattr(server, "HURRIED", 60.0)
    busy = serve(metrics, "127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", busy.port), timeout=5) as first:
        first.sendall(b"GET /-/healthy")  # and no more: the only thread waits for the rest
        answer = talk(busy, b"")
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in answer
        head, _, body = answer.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        first.sendall(b" HTTP/1.0\r\n\r\n")
        assert first.recv(65536).startswith(b"HTTP/1.1 200 ")
    refused = metrics.health.registry.get_sample_value("netpatrol_requests_refused_total", {"path": "connection"})
    assert refused == 1
    busy.close()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_makes_room_for_the_next_when_it_has_been_sent(served: Served, method: str):
    assert [ask(served, "/metrics", method)[0] for _ in range(3 * PAGES)] == [200] * (3 * PAGES)


def test_a_page_that_failed_makes_room_for_the_next(served: Served, metrics: Metrics, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> Iterator[bytes]:
        yield b"x" * server.WRITE
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(metrics, "pages", broken)
        for _ in range(2 * PAGES):
            with pytest.raises(http.client.IncompleteRead):
                ask(served, "/metrics")
    assert ask(served, "/metrics")[0] == 200


def test_answers_are_counted_as_they_were_sent(served: Served, metrics: Metrics, monkeypatch: pytest.MonkeyPatch):
    counted: queue.Queue[tuple[str, int]] = queue.Queue()
    monkeypatch.setattr(metrics.health.requests, "answered", lambda path, seconds, sent: counted.put((path, sent)))
    ask(served, "/-/healthy")
    _, _, body = ask(served, "/metrics", Accept_Encoding="gzip")
    assert counted.get(timeout=5) == ("/metrics", len(body))


@pytest.mark.parametrize("target", ["http://[/", "http://[::1/metrics"])
def test_a_target_that_is_no_url_is_refused_without_a_word_in_the_log(
    served: Served, target: str, caplog: pytest.LogCaptureFixture
):
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
        assert client.recv(4096).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert caplog.text == ""
