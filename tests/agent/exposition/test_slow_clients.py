"""A client that reads slowly is borne while nobody else waits for what it holds, and no longer."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from typing import cast

import pytest

from agent.exposition import server
from agent.exposition.routes import PAGES
from agent.exposition.server import Served, serve
from agent.exposition.slots import Slots
from agent.metrics import Metrics
from collectors.vocabulary import VOCABULARY

PAGE = 64 * 2**20  # octets: more than the kernel keeps for a client that does not read


class Client:
    """A connection that takes some octets a time, or (0) nothing for as long as we look."""

    def __init__(self, *takes: int) -> None:
        self.taken = b""
        self._takes = list(takes)

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def send(self, piece: memoryview) -> int:
        taken = self._takes.pop(0)
        if not taken:
            raise TimeoutError
        self.taken += piece[:taken]
        return min(taken, len(piece))


def send(client: Client, *pieces: bytes, awaited: bool) -> None:
    out = server._Patient(cast(socket.socket, client), lambda: awaited)
    for piece in pieces:
        out.write(piece)


@pytest.fixture
def no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a client takes of our time is too much, if others wait."""
    monkeypatch.setattr(server, "TURN", -1.0)


@pytest.mark.usefixtures("no_turn")
def test_a_slow_client_gets_all_of_it_while_nobody_waits():
    client = Client(1, 0, 2, 0, 0, 9, 3)
    send(client, b"abcdef", b"ghi", awaited=False)
    assert client.taken == b"abcdefghi"


@pytest.mark.usefixtures("no_turn")
@pytest.mark.parametrize("takes", [(0,), (1, 1)], ids=["takes nothing", "takes little"])
def test_a_client_whose_turn_is_over_is_let_go_when_others_wait(takes: tuple[int, ...]):
    with pytest.raises(TimeoutError, match="made room for others"):
        send(Client(*takes), b"abcdef", awaited=True)


def test_a_fast_client_gets_all_of_it_though_others_wait():
    client = Client(4, 2, 3)
    send(client, b"abcdef", b"ghi", awaited=True)
    assert client.taken == b"abcdefghi"


def test_who_takes_nothing_for_too_long_is_let_go_though_nobody_waits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "SILENCE", -1.0)
    with pytest.raises(TimeoutError):
        send(Client(1, 0), b"abcdef", awaited=False)


def test_places_are_few_and_who_waits_for_one_is_known():
    slots = Slots(1)
    assert (slots.take(), slots.awaited(), slots.take(0.01), slots.awaited()) == (True, False, False, False)
    slots.give_back()
    assert slots.take()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server whose page is large, with little patience."""
    monkeypatch.setattr(server, "TURN", 0.1)
    monkeypatch.setattr(server, "LOOK", 0.01)
    metrics = Metrics(VOCABULARY, version="1")
    monkeypatch.setattr(metrics, "pages", lambda *_, **__: iter([bytes(2**20)] * (PAGE // 2**20)))
    handle = serve(metrics, "127.0.0.1", 0)
    yield handle
    handle.close()


def test_clients_that_read_nothing_do_not_keep_prometheus_out(served: Served):
    with ExitStack() as open_:
        for _ in range(PAGES):
            slow = open_.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=10))
            slow.sendall(b"GET /metrics HTTP/1.1\r\nX-Prometheus-Scrape-Timeout-Seconds: 120\r\n\r\n")
            assert slow.recv(12) == b"HTTP/1.1 200"  # it holds a page, and reads no further
        prometheus = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
        prometheus.request("GET", "/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
        answer = prometheus.getresponse()
        assert (answer.status, len(answer.read())) == (200, PAGE)
        prometheus.close()


@pytest.mark.parametrize(("threads", "whole"), [(1, False), (2, True)], ids=["all threads", "one of two"])
def test_who_reads_slowly_is_let_go_when_all_threads_are_taken(
    served: Served, monkeypatch: pytest.MonkeyPatch, threads: int, whole: bool
):
    monkeypatch.setattr(server, "TURN", -1.0)
    monkeypatch.setattr(server, "THREADS", threads)
    answer = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    answer.request("GET", "/metrics")
    with nullcontext() if whole else pytest.raises(http.client.IncompleteRead):
        assert len(answer.getresponse().read()) == PAGE
    answer.close()
