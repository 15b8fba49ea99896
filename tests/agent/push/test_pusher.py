"""What is pushed when, and what becomes of it while the receiver is away."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.metrics import Metrics
from agent.push import pusher as pushing
from agent.push.pusher import LONGEST, LONGEST_ASKED, Pusher
from agent.push.wire import Reply, Result
from collectors.model import Sample, Snapshot
from collectors.vocabulary import VOCABULARY
from tests.agent.metered import NOW, entry, snapshot
from tests.agent.push.received import LATER, MS, REFUSED, SENT, Receiver, ended, read


class Bench:
    """A pusher with a clock that stands still until it is moved."""

    def __init__(self, *replies: Reply, kept: int = 10**6) -> None:
        self.seconds = 0.0
        self.metrics = Metrics(VOCABULARY, version="1")
        self.metrics.settle((), ())
        self.receiver = Receiver(*replies)
        self.pusher = Pusher(
            self.metrics,
            self.receiver,
            interval=15.0,
            common={"job": "netpatrol", "instance": "hq"},
            now=lambda: NOW + timedelta(seconds=self.seconds),
            clock=lambda: self.seconds,
            jitter=lambda least, most: most,
            kept=kept,
        )

    def poll(self, *devices: str) -> None:
        for name in devices:
            taken_at = NOW + timedelta(seconds=self.seconds)
            self.metrics.update(entry(name), replace(snapshot(name), taken_at=taken_at))

    def step(self, seconds: float = 0.0) -> float:
        """Go on by some seconds, and do what is due then."""
        self.seconds += seconds
        return self.pusher.step()

    def count(self, name: str, **labels: str) -> float:
        found = self.metrics.health.registry.get_sample_value(f"netpatrol_push_{name}", labels)
        assert found is not None
        return float(found)

    def samples(self) -> dict[str, float]:
        return {result: self.count("samples_total", result=result) for result in ("sent", "refused", "dropped")}


def test_every_poll_of_an_interval_is_pushed_at_its_end_with_its_own_time():
    bench = Bench(SENT)
    assert bench.step() == 15.0
    bench.step(5)
    bench.poll("core-1")
    assert bench.step(5) == 5.0
    bench.poll("core-1")
    assert bench.receiver.of_device("core-1") == []
    bench.step(5)
    start = MS
    assert bench.receiver.of_device("core-1") == [(1.0, start + 5000), (1.0, start + 10_000)]


def test_our_own_figures_are_pushed_each_interval():
    bench = Bench(SENT)
    for _ in range(3):
        bench.step(15)
    times = [at for name, _, _, at in bench.receiver.taken if name == "netpatrol_devices"]
    assert len(times) == 3 * 3  # up, down, stale
    names = {name for name, _, _, _ in bench.receiver.taken}
    assert names >= {"netpatrol_polls_total", "netpatrol_build_info", "netpatrol_findings_open"}
    assert not any(name.endswith("_created") for name in names)


def test_a_device_that_has_gone_stale_is_pushed_as_not_up():
    bench = Bench(SENT)
    bench.poll("core-1")
    bench.step(0)
    bench.step(400)
    assert bench.receiver.of_device("core-1")[-1] == (0.0, MS + 400_000)
    bench.step(15)
    assert bench.receiver.of_device("core-1")[-1] == (0.0, MS + 415_000)


def test_the_other_series_of_a_device_that_has_gone_stale_end_and_begin_anew_with_its_next_poll():
    bench = Bench(SENT)
    bench.poll("core-1")
    bench.step()
    bench.step(400)
    bench.step(15)
    bench.seconds += 5
    bench.poll("core-1")
    bench.step(10)
    cpu = [(ended(value), at) for name, _, value, at in bench.receiver.taken if name == "device_cpu_ratio"]
    assert cpu == [(False, MS), (True, MS + 400_000), (False, MS + 420_000)]
    assert not any(ended(value) for value, _ in bench.receiver.of_device("core-1"))


def test_a_poll_that_began_before_its_device_was_pushed_as_stale_comes_too_late():
    bench = Bench(SENT)
    bench.poll("core-1")
    bench.step()
    late = replace(snapshot("core-1"), taken_at=NOW + timedelta(seconds=390))
    bench.step(400)
    bench.metrics.update(entry("core-1"), late)
    bench.step(15)
    assert [at for _, at in bench.receiver.of_device("core-1")] == [MS, MS + 400_000]
    assert bench.samples()["dropped"] == 2
    bench.poll("core-1")
    bench.step(15)
    assert bench.receiver.of_device("core-1")[-1] == (1.0, MS + 415_000)


def test_a_device_that_falls_silent_ends_all_but_that_it_is_down():
    bench = Bench(SENT)
    bench.poll("core-1")
    bench.step(15)
    down = Snapshot(
        device="core-1", taken_at=NOW + timedelta(seconds=60), up=False, samples=(Sample("device_up", {}, 0),)
    )
    bench.metrics.update(entry("core-1"), down)
    bench.step(15)
    assert bench.receiver.of_device("core-1")[-1] == (0.0, MS + 60_000)
    (end,) = [(name, at) for name, _, value, at in bench.receiver.taken if ended(value)]
    assert end == ("device_cpu_ratio", MS + 60_000)


def test_our_own_series_end_too():
    bench = Bench(SENT)
    bench.metrics.further("fleet", [Sample("device_alarms", {"level": level}, 1) for level in ("major", "minor")])
    bench.step()
    bench.metrics.further("fleet", [Sample("device_alarms", {"level": "major"}, 1)])
    bench.step(15)
    bench.step(15)
    alarms = [(ended(value), at) for name, _, value, at in bench.receiver.taken if name == "device_alarms"]
    assert sorted(alarms) == [(False, MS), (False, MS), (False, MS + 15_000), (False, MS + 30_000), (True, MS + 15_000)]


def test_an_instance_that_is_pushed_is_up_as_one_that_is_scraped():
    bench = Bench(SENT)
    bench.step()
    assert [value for name, _, value, _ in bench.receiver.taken if name == "up"] == [1.0]


def test_what_the_receiver_did_not_take_is_sent_again_in_order_and_once():
    bench = Bench(LATER, LATER, SENT)
    bench.poll("core-1")
    assert bench.step() == 1.0
    bench.poll("core-1")
    assert bench.step(1) == 2.0
    assert bench.receiver.of_device("core-1") == []
    bench.step(2)
    assert len(bench.receiver.of_device("core-1")) == 1
    bench.step(12)
    assert len(bench.receiver.of_device("core-1")) == 2
    assert bench.receiver.bodies[0] == bench.receiver.bodies[1] == bench.receiver.bodies[2]
    assert bench.count("failures_total") == 2
    assert bench.samples() == {"sent": len(bench.receiver.taken), "refused": 0, "dropped": 0}


def pauses(reply: Reply, times: int) -> list[float]:
    bench, found = Bench(reply), list[float]()
    bench.pusher._next = 1e9  # only what waits already
    bench.pusher._gather()
    for _ in range(times):
        found.append(bench.step(found[-1] if found else 0.0))
    return found


def test_pauses_double_up_to_a_minute():
    assert pauses(LATER, 9) == [1, 2, 4, 8, 16, 32, LONGEST, LONGEST, LONGEST]


@pytest.mark.parametrize(("asked", "pause"), [(30.0, 30.0), (0.0, 1.0), (86_400.0, LONGEST_ASKED)])
def test_a_receiver_may_ask_for_a_longer_pause(asked: float, pause: float):
    assert pauses(Reply(Result.LATER, retry_after=asked), 1) == [pause]


def test_what_is_refused_is_counted_and_not_sent_again():
    bench = Bench(REFUSED, SENT)
    bench.poll("core-1")
    bench.step()
    refused = len(read(bench.receiver.bodies[0]))
    bench.step(15)
    assert bench.receiver.of_device("core-1") == []
    assert bench.samples() == {"sent": len(bench.receiver.taken), "refused": refused, "dropped": 0}
    assert bench.pusher.waiting == 0


def test_while_the_receiver_is_away_the_oldest_gives_way():
    bench = Bench(LATER, kept=3000)
    for _ in range(20):
        bench.poll("core-1")
        bench.step(15)
    given = sum(len(read(body)) for body in set(bench.receiver.bodies))
    assert bench.samples()["dropped"] > 0
    assert bench.pusher._size <= 3000
    bench.receiver.replies = [SENT]
    bench.step(60)
    counted = bench.samples()
    assert bench.pusher.waiting == 0
    assert counted["sent"] == len(bench.receiver.taken)
    assert given > 0
    last = bench.receiver.of_device("core-1")[-1]
    assert last == (1.0, MS + 19 * 15_000)


def test_polls_that_nobody_gathers_give_way_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pushing, "WAITING", 5)
    bench = Bench(SENT)
    for _ in range(10):
        bench.poll("core-1")  # of two samples
    assert bench.pusher.waiting == 4
    assert bench.samples()["dropped"] == 16


def test_a_fleet_with_more_than_there_is_room_for_in_an_interval_loses_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pushing, "ENOUGH", 4)
    monkeypatch.setattr(pushing, "WAITING", 6)
    bench = Bench(SENT)
    bench.step()
    for _ in range(10):
        bench.poll("core-1", "core-2")  # of two samples each
        bench.step(1)
    assert len(bench.receiver.of_device("core-1")) == 10
    assert bench.samples()["dropped"] == 0
    assert len([name for name, _, _, _ in bench.receiver.taken if name == "netpatrol_build_info"]) == 1


def test_polls_that_come_while_a_long_backlog_is_sent_are_encoded_meanwhile(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pushing, "ENOUGH", 4)
    monkeypatch.setattr(pushing, "WAITING", 6)
    monkeypatch.setattr(pushing, "BATCH", 2)
    bench = Bench(SENT)
    polled = iter(range(10))
    take = bench.pusher._send

    def slow(body: bytes) -> Reply:
        if next(polled, None) is not None:
            bench.poll("core-1", "core-2")
        return take(body)

    bench.pusher._send = slow
    bench.step()
    assert bench.samples()["dropped"] == 0
    assert len(bench.receiver.of_device("core-2")) == 10


def test_what_is_enough_does_not_wait_for_the_interval(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pushing, "ENOUGH", 4)
    taken = threading.Event()
    bench = Bench(SENT)
    bench.pusher._next = 1e9
    take = bench.pusher._send

    def noted(body: bytes) -> Reply:
        reply = take(body)
        taken.set()
        return reply

    bench.pusher._send = noted
    bench.pusher.start()
    bench.poll("core-1", "core-2")
    assert taken.wait(10)
    bench.pusher.close()


def test_a_long_interval_is_pushed_in_several_requests(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pushing, "BATCH", 10)
    bench = Bench(SENT)
    samples = tuple(Sample("ifMtu", {"ifIndex": str(n)}, n) for n in range(95))
    bench.metrics.update(entry(), Snapshot(device="core-1", taken_at=NOW, up=True, samples=samples))
    bench.step()
    assert {len(read(body)) for body in bench.receiver.bodies[:-1]} == {10}
    assert [value for name, _, value, _ in bench.receiver.taken if name == "ifMtu"] == list(map(float, range(95)))


def test_an_outage_is_logged_once_and_its_end(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    bench = Bench(Reply(Result.LATER, "503 no room"), LATER, LATER, SENT)
    for _ in range(5):
        bench.step(60)
    assert [record.message for record in caplog.records] == [
        "push: the receiver does not take figures now: 503 no room",
        "push: the receiver takes figures again; it refused 0 samples",
    ]


def test_refusals_are_logged_once_and_their_end(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    bench = Bench(Reply(Result.REFUSED, "401 who are you"), REFUSED, SENT)
    for _ in range(4):
        bench.step(15)
    refused = sum(len(read(body)) for body in bench.receiver.bodies[:2])
    assert [record.message for record in caplog.records] == [
        "push: the receiver refuses figures: 401 who are you",
        f"push: the receiver takes figures again; it refused {refused} samples",
    ]


@pytest.mark.parametrize("broken", [ZeroDivisionError, ValueError])
def test_a_fault_of_ours_ends_no_thread(broken: type[Exception], caplog: pytest.LogCaptureFixture):
    bench = Bench(SENT)

    def fail() -> None:
        raise broken

    bench.pusher._gather = fail  # type: ignore[method-assign]
    assert bench.pusher._safely() == 15.0
    assert "push: a fault of ours" in caplog.text


def stopped(prepare: Callable[[Bench], None]) -> Bench:
    bench = Bench(SENT)
    bench.pusher.start()
    prepare(bench)
    bench.pusher.close()
    return bench


def test_what_waits_at_the_end_is_pushed():
    bench = stopped(lambda bench: bench.poll("core-1"))
    assert [value for value, _ in bench.receiver.of_device("core-1")] == [1.0]
    assert bench.pusher.waiting == 0
