"""collectors/ssh_guard.py: its bookkeeping, and how often a device is really asked."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import ssh
from collectors.errors import AuthFailed, CollectError, TimedOut, Unsent, UntrustedHost
from collectors.model import CliSession, Device, DeviceClass, Secret, SshAccess
from collectors.profiles.rules import Cli
from collectors.ssh_guard import AGAIN, DEVICES, RESUME, TRIES, WITHIN, Login, LoginGuard, Refusals
from tests.simulator.cli_server import CliServer
from tests.simulator.logins import USERS, Site, cli

MINUTE, DAY = 60.0, 86_400.0
OPS = ("ops", Secret("pw"), None)
ROOT = ("root", Secret("pw"), None)


def test_a_device_that_refuses_is_asked_three_times_however_often_it_is_polled() -> None:
    known, asked = Refusals(), []
    for at in (n * MINUTE for n in range(7 * 24 * 60)):
        if not known.forbids("sw-1", OPS, at):
            asked.append(at)
            known.refused("sw-1", OPS, at)
    assert asked == [0, AGAIN[0], sum(AGAIN)]
    assert known.forbids("sw-1", OPS, 7 * DAY) == (
        f"logins are paused, as the device refused user ops 3 times: {RESUME}"
    )


def test_what_is_refused_says_when_it_is_tried_again() -> None:
    known = Refusals()
    known.refused("sw-1", OPS, 0)
    assert (
        known.forbids("sw-1", OPS, 300) == "a refused login is not tried again for 10 min, lest the account be locked"
    )
    assert not known.forbids("sw-2", OPS, 300)


def test_another_login_of_the_device_may_be_tried_at_once() -> None:
    known = Refusals()
    for at in range(TRIES):
        known.refused("sw-1", OPS, at)
    assert known.forbids("sw-1", OPS, DAY)
    assert not known.forbids("sw-1", ROOT, DAY)


def test_a_login_that_three_devices_refuse_within_five_minutes_is_tried_nowhere() -> None:
    known = Refusals()
    for n in range(DEVICES):
        assert not known.forbids(f"sw-{n}", OPS, n)
        known.refused(f"sw-{n}", OPS, n)
    assert known.forbids("other", OPS, 30 * DAY) == (
        f"logins of user ops are paused, as sw-0, sw-1, sw-2 refused them within 5 minutes: {RESUME}"
    )
    assert not known.forbids("other", ROOT, 0)


@pytest.mark.parametrize(
    ("refusals", "taken"),
    [
        ([("a", 0), ("b", 1), ("b", 2), ("b", 3)], False),
        ([("a", 0), ("b", 1), ("c", WITHIN + 1)], False),
        ([("a", 0), ("b", 1), ("c", 2)], True),
    ],
    ids=["one device many times", "long apart", "taken by others meanwhile"],
)
def test_a_login_that_some_devices_refuse_is_still_tried(refusals: Iterable[tuple[str, float]], taken: bool) -> None:
    known = Refusals()
    for device, at in refusals:
        known.refused(device, OPS, at)
        if taken:
            known.accepted("good", OPS)
    assert not known.forbids("other", OPS, WITHIN + 2)


def test_a_login_that_is_taken_again_starts_with_a_clean_sheet() -> None:
    known = Refusals()
    known.refused("sw-1", OPS, 0)
    known.refused("sw-1", OPS, AGAIN[0])
    known.accepted("sw-1", OPS)
    assert not known.forbids("sw-1", OPS, AGAIN[0])


@pytest.mark.parametrize(
    ("answers", "news"),
    [
        ([True, True, True], [True, False, False]),
        ([True, False, False], [True, True, True]),
        ([False, True, True], [True, True, False]),
    ],
    ids=["taken again and again", "refused after it was taken", "taken after it was refused"],
)
def test_of_what_a_device_answers_others_have_to_know_what_is_new(answers: list[bool], news: list[bool]) -> None:
    known = Refusals()
    assert [known.note(Login("sw-1", OPS, taken, at)) for at, taken in enumerate(answers)] == news


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 600)), max_size=300))
def test_whatever_the_polls_no_device_is_asked_more_than_three_times_in_a_day(polls: list[tuple[str, float]]) -> None:
    known, now = Refusals(), 0.0
    asked: list[tuple[str, float]] = []
    for device, later in polls:
        now += later
        if not known.forbids(device, OPS, now):
            asked.append((device, now))
            known.refused(device, OPS, now)
    assert all(sum(name == device for name, _ in asked) <= TRIES for device in "abcdefgh")
    for _, at in asked:
        assert len({name for name, when in asked if at <= when < at + WITHIN}) <= DEVICES


# ---- logging in ----


def device(name: str = "sw-1") -> Device:
    access = SshAccess(username="ops", password=Secret("pw"))
    return Device(name=name, address="127.0.0.1", device_class=DeviceClass.SWITCH, ssh=access)


class Counting:
    """An OpenSsh that always raises the same, and counts."""

    def __init__(self, error: CollectError) -> None:
        self.error = error
        self.asked = 0
        self._lock = threading.Lock()

    def __call__(self, device: Device, cli: Cli) -> CliSession:
        with self._lock:
            self.asked += 1
        raise self.error


def attempts(error: CollectError, times: int) -> int:
    opener = Counting(error)
    guard = LoginGuard(opener, clock=lambda: 0.0)
    for _ in range(times):
        with pytest.raises(type(error) if opener.asked == 0 else CollectError):
            guard.open(device(), cli("linux"))
    return opener.asked


@pytest.mark.parametrize("error", [TimedOut("late"), Unsent("no key"), UntrustedHost("changed")])
def test_only_a_device_that_was_told_a_login_and_refused_it_counts(error: CollectError) -> None:
    assert attempts(error, 5) == 5
    assert attempts(AuthFailed("no"), 5) == 1


def test_one_wrong_password_on_many_devices_is_tried_three_times_though_all_begin_at_once() -> None:
    opener = Counting(AuthFailed("no"))
    guard = LoginGuard(opener, patience=60)

    def log_in(n: int) -> type[BaseException]:
        with pytest.raises(AuthFailed) as failed:
            guard.open(device(f"sw-{n}"), cli("linux"))
        return failed.type

    with ThreadPoolExecutor(50) as threads:
        found = list(threads.map(log_in, range(500)))
    assert opener.asked == found.count(AuthFailed) == DEVICES
    assert found.count(Unsent) == 500 - DEVICES


def test_devices_that_do_not_answer_hold_the_others_up_only_for_a_while() -> None:
    release = threading.Event()

    def hangs(device: Device, cli: Cli) -> CliSession:
        if device.name == "last":
            release.set()
        release.wait(10)
        raise TimedOut("late")

    guard = LoginGuard(hangs, patience=0.01)
    with ThreadPoolExecutor(DEVICES + 1) as threads:
        logins = [threads.submit(guard.open, device(name), cli("linux")) for name in ("a", "b", "c", "last")]
    assert [type(each.exception()) for each in logins] == [TimedOut] * 4
    assert release.is_set()


def test_guards_that_tell_each_other_try_a_wrong_password_three_times_and_what_is_under_way_then() -> None:
    opener, guards = Counting(AuthFailed("no")), list[LoginGuard]()

    def telling(n: int) -> Callable[[Login], object]:
        return lambda login: [guard.heed(login) for guard in guards if guard is not guards[n]]

    guards += [LoginGuard(opener, patience=60, at_once=2, tell=telling(n)) for n in range(2)]

    def log_in(n: int) -> None:
        with pytest.raises(AuthFailed):
            guards[n % 2].open(device(f"sw-{n}"), cli("linux"))

    with ThreadPoolExecutor(50) as threads:
        list(threads.map(log_in, range(500)))
    assert DEVICES <= opener.asked <= DEVICES + len(guards)


def test_no_more_try_a_login_at_once_that_none_has_taken_than_a_guard_may_have() -> None:
    together, met = threading.Barrier(2), list[str]()

    def refuses(device: Device, cli: Cli) -> CliSession:
        with suppress(threading.BrokenBarrierError):  # nobody else is here
            together.wait(0.05)
            met.append(device.name)
        raise AuthFailed("no")

    guard = LoginGuard(refuses, patience=60, at_once=1)
    with ThreadPoolExecutor(DEVICES) as threads:
        logins = [threads.submit(guard.open, device(f"sw-{n}"), cli("linux")) for n in range(DEVICES)]
    assert [type(each.exception()) for each in logins] == [AuthFailed] * DEVICES
    assert not met


@pytest.mark.parametrize(("taken", "asked"), [([False] * 3, 0), ([False, False, True, False], 1)])
def test_what_devices_answered_to_others_counts_as_if_they_had_been_asked_here(taken: list[bool], asked: int) -> None:
    opener = Counting(AuthFailed("no"))
    guard = LoginGuard(opener, clock=lambda: 0.0)
    for n, each in enumerate(taken):
        guard.heed(Login(f"other-{n}", ("ops", Secret("pw"), None), each, 0.0))
    with pytest.raises(AuthFailed):
        guard.open(device(), cli("linux"))
    assert opener.asked == asked


async def test_over_ssh_a_wrong_password_is_told_once_and_the_failure_says_what_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.ssh_wire.SETTLE", 0.02)
    now, site = [0.0], Site(tmp_path)
    guard = LoginGuard(ssh.open_session, clock=lambda: now[0])
    async with CliServer(users=USERS) as server:
        site.trust(server)
        wrong = site.device(server.port, password=Secret("wrong-4712"))
        messages = []
        for now[0] in (0, 60, AGAIN[0], sum(AGAIN), DAY, 2 * DAY):
            with pytest.raises(AuthFailed) as failed:
                await asyncio.to_thread(guard.open, wrong, cli("huawei_vrp"))
            messages.append(str(failed.value))
        assert len(server.attempts) == server.connections == TRIES
        assert messages[0] == (
            "sw-1: the device refused user ops with password; "
            "a refused login is not tried again for 15 min, lest the account be locked"
        )
        assert messages[1].startswith("sw-1: login: a refused login is not tried again for 14 min")
        assert all(message.endswith(RESUME) for message in messages[3:])
        assert not any("4712" in message for message in messages)
        session = await asyncio.to_thread(guard.open, site.device(server.port), cli("huawei_vrp"))
        await asyncio.to_thread(session.close)
