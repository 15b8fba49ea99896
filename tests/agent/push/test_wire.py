"""One request over HTTP: what it carries, and what its answer means."""

import base64
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from agent.push.target import PushTarget
from agent.push.wire import MAX_SAID, Reply, Result, judged, sender
from collectors.model import Secret


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.SENT), (204, Result.SENT), (301, Result.REFUSED), (400, Result.REFUSED), (401, Result.REFUSED),
        (404, Result.REFUSED), (413, Result.REFUSED), (429, Result.LATER), (500, Result.LATER), (503, Result.LATER),
    ],
)  # fmt: skip
def test_a_status_says_whether_to_come_again(status: int, result: Result):
    assert judged(status, None, b"why").result is result


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30.0), ("0", 0.0), (None, None), ("soon", None), ("-1", None), ("9" * 50, None)]
)
def test_a_receiver_may_say_when_to_come_again(header: str | None, seconds: float | None):
    assert judged(503, header, b"") == Reply(Result.LATER, "503", seconds)


def test_what_a_receiver_says_is_cut_and_cleaned():
    said = judged(400, None, b"out of\n order \x1b[31m \xff" + b"x" * 10_000).said
    assert said.startswith("400 out of order \ufffd[31m \ufffdx")
    assert len(said) == MAX_SAID


class Server(HTTPServer):
    status = 204
    seen: list[tuple[str, dict[str, str], bytes]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as found:
        found.seen = []
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def target(server: Server, **more: object) -> PushTarget:
    url = f"http://127.0.0.1:{server.server_port}/api/v1/write?x=1"
    return PushTarget(url=url, timeout=timedelta(seconds=5), **more)  # type: ignore[arg-type]


def test_a_request_is_what_remote_write_wants(server: Server):
    assert sender(target(server))(b"body") == Reply(Result.SENT)
    ((path, headers, body),) = server.seen
    assert (path, body) == ("/api/v1/write?x=1", b"body")
    assert headers["Content-Encoding"] == "snappy"
    assert headers["Content-Type"] == "application/x-protobuf"
    assert headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
    assert headers["User-Agent"].startswith("netpatrol/")
    assert "Authorization" not in headers


def test_a_login_a_token_and_headers_are_sent(server: Server):
    sender(target(server, username="np", password=Secret("päss"), headers={"X-Scope-OrgID": Secret("租户")}))(b"")
    sender(target(server, token=Secret("a-token")))(b"")
    (_, login, _), (_, token, _) = server.seen
    assert login["Authorization"] == f"Basic {base64.b64encode('np:päss'.encode()).decode()}"
    assert login["X-Scope-OrgID"].encode("latin-1").decode() == "租户"
    assert token["Authorization"] == "Bearer a-token"


def test_a_redirection_is_not_followed(server: Server):
    server.status = 307
    assert sender(target(server, token=Secret("a-token")))(b"").result is Result.REFUSED
    assert [path for path, _, _ in server.seen] == ["/api/v1/write?x=1"]


def test_a_receiver_that_is_not_there_is_tried_again():
    with HTTPServer(("127.0.0.1", 0), Handler) as gone:
        port = gone.server_port
    reply = sender(PushTarget(url=f"http://127.0.0.1:{port}/write", token=Secret("a-token")))(b"")
    assert reply.result is Result.LATER
    assert "refused" in reply.said
    assert "a-token" not in reply.said


@pytest.mark.parametrize("secret", [{"token": Secret("a-token\r")}, {"headers": {"X-Key": Secret("a-token\n")}}])
def test_a_header_that_cannot_be_sent_is_not_quoted(server: Server, secret: dict[str, object]):
    reply = sender(target(server, **secret))(b"")
    assert reply == Reply(
        Result.LATER, "a header cannot be sent: its value has a line break or another control character"
    )
    assert not server.seen


def test_a_receiver_without_a_good_certificate_gets_nothing(server: Server):
    reply = sender(PushTarget(url=f"https://127.0.0.1:{server.server_port}/write", token=Secret("a-token")))(b"")
    assert reply.result is Result.LATER
    assert not server.seen
