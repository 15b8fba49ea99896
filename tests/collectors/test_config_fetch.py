"""Configurations over SSH: what is asked, what comes back, and that no message has anything of it."""

import logging
from pathlib import Path

import pytest

from collectors import config_fetch, profiles
from collectors.config_fetch import COMMAND_SECONDS, fetch
from collectors.errors import BadData, CollectError, Refused, TimedOut, Unreachable, Unsupported
from collectors.model import Device, DeviceClass, SshAccess
from collectors.profiles.rules import Cli
from tests.simulator.cli_server import CliServer, known_hosts_line
from tests.simulator.fake_session import RUNNING, STARTUP, FakeSession
from tests.simulator.logins import USERS, Site

CANARY = "cAnArY-4711"
CONFIG = f"#\nsysname x\nsnmp-agent community read {CANARY}\n#\nreturn\n"
VRP = profiles.load()["huawei_vrp"].cli
DEVICE = Device(name="sw-1", address="192.0.2.1", device_class=DeviceClass.SWITCH, ssh=SshAccess(username="ops"))


async def fetched(
    answers: dict[str, str | CollectError], *, startup: bool = True
) -> tuple[config_fetch.Fetched, FakeSession]:
    session = FakeSession(answers)
    return await fetch(DEVICE, VRP, startup=startup, open_ssh=lambda device, cli: session), session


async def test_a_real_session_brings_both_and_sends_nothing_else(tmp_path: Path) -> None:
    async with CliServer(outputs={RUNNING: CONFIG * 40, STARTUP: CONFIG}, users=USERS) as server:
        site = Site(tmp_path)
        site.known_hosts.write_text(known_hosts_line(server))
        found = await fetch(site.device(server.port), VRP, startup=True)
    assert found.failures == {}
    assert found.running is not None
    assert found.running.reveal() == (CONFIG * 40).rstrip("\n")
    assert found.startup is not None
    assert server.lines == ["screen-length 0 temporary", RUNNING, STARTUP] == list(found.cost.commands)
    assert CANARY not in repr(found)


async def test_the_saved_one_is_asked_only_where_it_is_wanted() -> None:
    found, session = await fetched({RUNNING: CONFIG}, startup=False)
    assert session.sent == [RUNNING]
    assert (found.startup, found.failures, session.closed) == (None, {}, 1)


async def test_a_command_may_take_a_minute_whatever_others_may() -> None:
    seen: list[float] = []

    def opened(device: Device, cli: Cli) -> FakeSession:
        assert device.ssh is not None
        seen.append(device.ssh.command_timeout)
        return FakeSession({RUNNING: CONFIG})

    await fetch(DEVICE, VRP, startup=False, open_ssh=opened)
    assert seen == [COMMAND_SECONDS]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimedOut, "timeout"),
        (Unreachable, "unreachable"),
        (BadData, "bad_data"),
        (Refused, "refused"),
        (Unsupported, "unsupported"),
    ],
)
async def test_a_failure_is_told_without_the_devices_words(error, kind, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    found, session = await fetched({RUNNING: error(f"its last line is '{CANARY}'"), STARTUP: CONFIG})
    assert found.failures["running"].kind == kind
    assert CANARY not in repr(found.failures) + caplog.text
    in_step = kind in {"refused", "unsupported"}
    assert (STARTUP in session.sent) == in_step
    assert session.closed == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (f"               ^\nError: Unrecognized command found at '^' position. {CANARY}", "unsupported"),
        (f"Error: You do not have permission to run this command. {CANARY}", "refused"),
    ],
)
async def test_a_rejection_is_no_configuration(answer, kind) -> None:
    found, _ = await fetched({RUNNING: answer}, startup=False)
    assert found.running is None
    assert found.failures["running"].kind == kind
    assert CANARY not in repr(found)


async def test_a_device_that_does_not_let_us_in_says_so_for_both() -> None:
    def refused(device: Device, cli: Cli) -> FakeSession:
        raise Unreachable("sw-1: no way")

    found = await fetch(DEVICE, VRP, startup=True, open_ssh=refused)
    assert {which: f.what for which, f in found.failures.items()} == {"running": "login", "startup": "login"}


async def test_a_profile_without_the_commands_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match=r"no cli\.config"):
        await fetch(DEVICE, Cli(device_type="linux"), startup=False)
