"""collectors/ssh_kept.py: with sessions of our own, and over real SSH."""

import asyncio
import errno
from dataclasses import dataclass, field

import pytest

from collectors import ssh
from collectors.errors import AuthFailed, CollectError, TimedOut, Unreachable
from collectors.model import CliSession, Device, DeviceClass, Secret, SshAccess
from collectors.profiles.rules import Cli
from collectors.ssh_guard import LoginGuard
from collectors.ssh_kept import IDLE_SECONDS, KeptSessions
from tests.simulator.cli_server import CliServer
from tests.simulator.logins import USERS, Site, cli, left_threads

CLI = Cli(device_type="cisco_ios")


@dataclass
class Session:
    """A session that can rest; `wakes`, `answers` and `rests` are what it does then."""

    sent: list[str] = field(default_factory=list)
    wakes: CollectError | None = None
    answers: CollectError | None = None
    rests: OSError | None = None
    closed: int = 0
    resting: bool = False

    def run(self, command: str) -> str:
        if self.answers:
            raise self.answers
        return command

    def rest(self) -> None:
        if self.rests:
            raise self.rests
        self.resting = True

    def wake(self) -> None:
        self.resting = False
        if self.wakes:
            raise self.wakes

    def close(self) -> None:
        self.closed += 1


class Opener:
    """An OpenSsh: remembers the sessions it opened."""

    def __init__(self, refuses: CollectError | None = None) -> None:
        self.opened: list[Session] = []
        self.refuses = refuses

    def __call__(self, device: Device, cli: Cli) -> CliSession:
        if self.refuses:
            raise self.refuses
        self.opened.append(Session())
        return self.opened[-1]


def device(name: str = "sw-1", *, keep_open: bool = True, username: str = "ops") -> Device:
    access = SshAccess(username=username, password=Secret("pw"), keep_open=keep_open)
    return Device(name=name, address="127.0.0.1", device_class=DeviceClass.SWITCH, ssh=access)


def poll(kept: KeptSessions, of: Device, cli: Cli = CLI) -> None:
    session = kept.open(of, cli)
    try:
        session.run("show clock")
    finally:
        session.close()


def states(opener: Opener) -> list[tuple[bool, int]]:
    return [(each.resting, each.closed) for each in opener.opened]


def test_polls_of_a_device_share_one_session_which_is_closed_at_the_end() -> None:
    kept = KeptSessions(opener := Opener())
    for _ in range(3):
        poll(kept, device())
    assert states(opener) == [(True, 0)]
    kept.close()
    assert states(opener) == [(True, 1)]
    poll(kept, device())
    assert states(opener) == [(True, 1), (False, 1)]


@pytest.mark.parametrize("most", [0, 500])
def test_a_session_is_not_kept_unless_the_inventory_and_the_process_say_so(most: int) -> None:
    kept = KeptSessions(opener := Opener(), most=most)
    for _ in range(2):
        poll(kept, device(keep_open=most == 0))
    assert states(opener) == [(False, 1), (False, 1)]


def test_one_that_ended_meanwhile_is_opened_again_and_the_poll_does_not_notice() -> None:
    kept = KeptSessions(opener := Opener())
    poll(kept, device())
    opener.opened[0].wakes = Unreachable("gone")
    poll(kept, device())
    assert states(opener) == [(False, 1), (True, 0)]


def test_one_that_cannot_be_opened_again_is_tried_once_and_the_next_poll_tries_anew() -> None:
    kept = KeptSessions(opener := Opener())
    poll(kept, device())
    opener.opened[0].wakes, opener.refuses = Unreachable("gone"), AuthFailed("no")
    with pytest.raises(AuthFailed):
        poll(kept, device())
    opener.refuses = None
    poll(kept, device())
    assert states(opener) == [(False, 1), (True, 0)]


def test_one_whose_command_did_not_end_is_out_of_step_and_closed() -> None:
    kept = KeptSessions(opener := Opener())
    session = kept.open(device(), CLI)
    opener.opened[0].answers = TimedOut("late")
    with pytest.raises(TimedOut):
        session.run("show clock")
    opener.opened[0].answers = None
    session.run("show clock")
    session.close()
    assert states(opener) == [(False, 1)]


def test_one_that_ends_with_its_last_answer_is_closed_and_the_next_poll_opens_anew() -> None:
    kept = KeptSessions(opener := Opener())
    session = kept.open(device(), CLI)
    opener.opened[0].rests = OSError(errno.EBADF, "Bad file descriptor")
    assert session.run("show clock") == "show clock"
    session.close()
    assert states(opener) == [(False, 1)]
    poll(kept, device())
    assert states(opener) == [(False, 1), (True, 0)]


@pytest.mark.parametrize(
    ("of", "cli"), [(device(username="root"), CLI), (device(), Cli(device_type="cisco_ios", setup=["x"]))]
)
def test_another_login_or_other_commands_need_another_session(of: Device, cli: Cli) -> None:
    kept = KeptSessions(opener := Opener())
    poll(kept, device())
    poll(kept, of, cli)
    assert states(opener) == [(True, 1), (True, 0)]


def test_of_a_device_whose_poll_is_still_at_work_no_second_session_is_opened() -> None:
    kept = KeptSessions(opener := Opener())
    first = kept.open(device(), CLI)
    with pytest.raises(TimedOut, match=r"^sw-1: login: the poll before is still using"):
        kept.open(device(), CLI)
    first.close()
    poll(kept, device())
    assert states(opener) == [(True, 0)]


def test_no_more_are_kept_than_there_is_room_for_and_those_kept_stay() -> None:
    kept = KeptSessions(opener := Opener(), most=2)
    for name in ("a", "b", "c", "a", "b"):
        poll(kept, device(name))
    assert states(opener) == [(True, 0), (True, 0), (False, 1)]


def test_one_that_nobody_wants_any_more_is_closed_and_makes_room() -> None:
    now = 0.0
    kept = KeptSessions(opener := Opener(), most=1, clock=lambda: now)
    poll(kept, device("a"))
    now = IDLE_SECONDS + 1
    poll(kept, device("b"))
    assert states(opener) == [(True, 1), (True, 0)]


def test_a_session_that_cannot_rest_is_closed() -> None:
    class Bare:
        sent = ()
        closed = 0

        def run(self, command: str) -> str:
            return command

        def close(self) -> None:
            self.closed += 1

    bare = Bare()
    poll(KeptSessions(lambda device, cli: bare), device())
    assert bare.closed == 1


# ---- over SSH ----


class Polls:
    """Polls of one device over SSH, as the daemon does."""

    def __init__(self, site: Site, server: CliServer) -> None:
        site.trust(server)
        self.kept = KeptSessions(self.open)
        self.guard = LoginGuard(ssh.open_session)
        self.server = server
        self.device = site.device(server.port, keep_open=True)
        self.cli = cli(server.family, "show it")

    def open(self, device: Device, cli: Cli) -> CliSession:
        self.server.prompts = True
        return self.guard.open(device, cli)

    async def poll(self) -> tuple[str, list[str]]:
        return await asyncio.to_thread(self._poll)

    def _poll(self) -> tuple[str, list[str]]:
        session = self.kept.open(self.device, self.cli)
        try:
            return session.run("show it"), list(session.sent)
        finally:
            session.close()

    async def end(self) -> None:
        await asyncio.to_thread(self.kept.close)


@pytest.mark.parametrize("family", ["huawei_vrp", "h3c_comware", "cisco_ios", "linux", "juniper_junos"])
async def test_a_device_sees_one_login_whatever_the_number_of_polls(site: Site, family: str) -> None:
    async with CliServer(family=family, users=USERS, outputs={"show it": "it\n"}) as server:
        polls = Polls(site, server)
        setup = polls.cli.setup
        assert await polls.poll() == ("it", [*setup, "show it"])
        assert await polls.poll() == await polls.poll() == ("it", ["show it"])
        assert (server.connections, len(server.attempts)) == (1, 1)
        assert server.lines == [*setup, *["show it"] * 3]
        await polls.end()
    assert left_threads() == []


async def test_what_a_device_prints_by_itself_between_two_polls_is_in_none(site: Site) -> None:
    async with CliServer(users=USERS, outputs={"show it": "it\n"}) as server:
        polls = Polls(site, server)
        await polls.poll()
        server.say("\n%LINK-3-UPDOWN: GE0/0/1 down\n<SW1>show it\nnot it\n<SW1>")
        assert await polls.poll() == ("it", ["show it"])
        assert server.connections == 1
        await polls.end()


async def test_a_session_the_device_ended_between_two_polls_costs_one_login(site: Site) -> None:
    async with CliServer(users=USERS, outputs={"show it": "it\n"}) as server:
        polls = Polls(site, server)
        await polls.poll()
        await server.stop()
        await server.start()
        assert await polls.poll() == ("it", [*polls.cli.setup, "show it"])
        assert (server.connections, len(server.attempts)) == (2, 2)
        await polls.end()
    assert left_threads() == []


async def test_a_device_that_hangs_up_once_it_has_answered_costs_the_next_poll_a_login(site: Site) -> None:
    async with CliServer(users=USERS, outputs={"show it": "it\n"}) as server:
        polls = Polls(site, server)
        session = await asyncio.to_thread(polls.kept.open, polls.device, polls.cli)
        assert await asyncio.to_thread(session.run, "show it") == "it"
        await server.stop()
        assert await asyncio.to_thread(left_threads) == []
        await asyncio.to_thread(session.close)
        await server.start()
        assert (await polls.poll())[0] == "it"
        await polls.end()


async def test_a_session_that_only_looks_alive_costs_one_login(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.ssh.WAKE_SECONDS", 0.05)
    async with CliServer(users=USERS, outputs={"show it": "it\n"}) as server:
        polls = Polls(site, server)
        await polls.poll()
        server.prompts = False
        assert (await polls.poll())[0] == "it"
        assert server.connections == 2
        await polls.end()


async def test_a_host_key_that_changed_between_two_polls_is_told_nothing(site: Site) -> None:
    async with CliServer(users=USERS, outputs={"show it": "it\n"}) as server:
        polls = Polls(site, server)
        await polls.poll()
        await server.stop()
        server.host_key = CliServer().host_key
        await server.start()
        with pytest.raises(AuthFailed, match="the host key has changed"):
            await polls.poll()
        assert len(server.attempts) == 1
