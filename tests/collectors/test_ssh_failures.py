"""collectors/ssh.py against devices that refuse, hang, ask, drip and flood."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from collectors import ssh
from collectors.errors import AuthFailed, BadData, CollectError, ProfileError, Refused, TimedOut, Unreachable
from collectors.model import Secret
from collectors.profiles.rules import Cli
from tests.simulator.cli_families import FAMILIES
from tests.simulator.cli_server import CliServer, SilentServer, known_hosts_line
from tests.simulator.logins import SETUP, USERS, Site, cli

# ---- a login that fails ----


async def test_a_wrong_password_is_tried_once_and_shown_nowhere(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    async with CliServer(users=USERS) as server:
        with pytest.raises(AuthFailed, match="sw-1: the device refused user ops with password") as refused:
            await site.open(server, password=Secret("wrong-4712"))
        assert server.attempts == [("ops", "password")]
    assert "wrong-4712" not in f"{refused.value!r} {refused.value.__cause__!r}"
    assert capfd.readouterr() == ("", "")


async def test_a_device_that_takes_only_keys_says_so(site: Site) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    async with CliServer(users={}, authorized_keys={"ops": key}) as server:
        with pytest.raises(AuthFailed, match="accepts only 'publickey'; the inventory gives password"):
            await site.open(server)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "cannot be read: No such file"), ("no key", "is no private key we can open")]
)
async def test_a_key_file_that_is_none_is_named(site: Site, tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)
    async with CliServer(users=USERS) as server:
        with pytest.raises(AuthFailed, match=f"sw-1: key_file {tmp_path / 'key'} {message}"):
            await site.open(server, key_file=tmp_path / "key")
        assert server.connections == 0


async def test_a_closed_port_is_unreachable(site: Site, closed_port: int) -> None:
    async with CliServer() as server:
        site.known_hosts.write_text(known_hosts_line(replace_port(server, closed_port)))
    with pytest.raises(Unreachable, match=f"sw-1: no TCP connection to 127.0.0.1 port {closed_port}: Connection ref"):
        await asyncio.to_thread(ssh.open_session, site.device(closed_port), cli("huawei_vrp"))


def replace_port(server: CliServer, port: int) -> CliServer:
    return replace(server, port=port)


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        (b"", TimedOut),
        (b"SSH-2.0-stuck\r\n", TimedOut),
        (b"HTTP/1.1 400 Bad Request\r\n" * 100, BadData),
        (b"SSH-1.5-old\r\n", Refused),
    ],
    ids=["silent", "stuck", "http", "ssh 1"],
)
async def test_a_port_that_speaks_no_ssh_costs_no_more_than_the_deadlines(
    site: Site, greeting: bytes, error: type[CollectError]
) -> None:
    async with SilentServer(greeting=greeting) as server:
        trusted = CliServer(port=server.port)
        site.known_hosts.write_text(known_hosts_line(trusted))
        device = site.device(server.port, connect_timeout=0.2, login_timeout=0.3)
        began = time.monotonic()
        with pytest.raises(error, match=r"^sw-1: "):
            await asyncio.to_thread(ssh.open_session, device, cli("huawei_vrp"))
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("family", ["huawei_vrp", "linux"])
async def test_a_prompt_that_never_comes_ends_the_login(site: Site, family: str) -> None:
    async with CliServer(family=family, users=USERS, prompts=False, greeting="Loading") as server:
        with pytest.raises(TimedOut, match=r"sw-1: login: no prompt within 0\.3 s; its last line is 'Loading'"):
            await site.open(server, login_timeout=0.3)


EXPIRED = "Warning: The password has expired.\nThe password needs to be changed. Change now? [Y/N]:"


@pytest.mark.parametrize(
    ("family", "question"),
    [
        ("huawei_vrp", EXPIRED),
        ("huawei_vrp", "There are security risks in the configuration file. Save it now? [y/n]:"),
        ("h3c_comware", "Press Y or ENTER to continue, N to exit."),
        ("cisco_ios", EXPIRED),
        ("linux", "You must change your password now.\nCurrent password: "),
    ],
)
async def test_a_question_at_login_is_not_answered(site: Site, family: str, question: str) -> None:
    async with CliServer(family=family, users=USERS, question=question) as server:
        with pytest.raises(Refused, match="which only a person may answer"):
            await site.open(server)
        assert server.keys == ""


async def test_a_banner_that_waits_for_any_key_is_passed_by_enter(site: Site) -> None:
    pause = "Copyright (C) Example\nPress any key to continue"
    async with CliServer(family="aruba_procurve", users=USERS, question=pause, outputs={"show it": "it"}) as server:
        assert await site.run(server, "show it") == "it"
        assert server.lines == ["no page", "show it"]


async def test_a_banner_that_waits_for_a_key_again_is_not_answered_twice(site: Site) -> None:
    pause = "Press any key to continue"
    async with CliServer(users=USERS, question=pause, greeting="", family="aruba_procurve", name=pause) as server:
        with pytest.raises(Refused, match="the device asks 'Press any key to continue"):
            await site.open(server, login_timeout=5)


async def test_netmiko_raises_no_privilege_of_a_login_that_has_few(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = replace(FAMILIES["brocade_fastiron"], prompt="SSH@{name}>")
    monkeypatch.setitem(FAMILIES, "brocade_fastiron", plain)
    async with CliServer(family="brocade_fastiron", users=USERS, outputs={"show it": "it"}) as server:
        assert await site.run(server, "show it") == "it"
        assert server.lines == ["skip-page-display", "show it"]


async def test_a_line_the_profile_does_not_list_is_not_sent_even_by_netmiko(site: Site) -> None:
    async with CliServer(users=USERS) as server:
        site.known_hosts.write_text(known_hosts_line(server))
        bare = Cli(device_type="huawei", commands=[])
        with pytest.raises(Refused, match="'screen-length 0 temporary' is not on the allow-list"):
            await asyncio.to_thread(ssh.open_session, site.device(server.port), bare)
        assert server.keys.strip() == ""


@pytest.mark.parametrize("device_type", ["no_such_os", "huawei_telnet", "cisco_ios_serial"])
def test_a_platform_without_ssh_is_a_fault_of_the_profile(site: Site, device_type: str) -> None:
    server = CliServer(port=22022)
    site.known_hosts.write_text(known_hosts_line(server))
    with pytest.raises(ProfileError, match=f"cli.device_type '{device_type}' is not an SSH platform"):
        ssh.open_session(site.device(22022), Cli(device_type=device_type))


# ---- a session that fails ----


async def test_a_command_that_is_not_in_the_profile_is_not_sent(site: Site) -> None:
    async with CliServer(users=USERS, outputs={"display version": "1"}) as server:
        session = await site.open(server, "display version")
        for command in ("display versio", "display version\nreboot", "reboot", " display version", ""):
            with pytest.raises(ProfileError, match="not a command of the profile"):
                await asyncio.to_thread(session.run, command)
        await asyncio.to_thread(session.close)
        assert server.lines == list(session.sent) == SETUP["huawei_vrp"][1]


async def test_a_slow_command_ends_at_its_own_deadline(site: Site) -> None:
    async with CliServer(users=USERS, outputs={"show it": "late"}, delay=30) as server:
        with pytest.raises(TimedOut, match=r"sw-1: show it: no prompt within 0\.2 s"):
            await site.run(server, "show it", command_timeout=0.2)


async def test_output_that_keeps_dripping_ends_at_the_same_deadline(site: Site) -> None:
    async with CliServer(users=USERS, endless="show it") as server:
        with pytest.raises(TimedOut, match=r"no prompt within 0\.3 s; its last line is '\.+…?'"):
            await site.run(server, "show it", command_timeout=0.3)


async def test_output_without_end_is_cut(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.ssh_wire.MAX_OUTPUT", 1_000_000)
    async with CliServer(users=USERS, outputs={"show it": b"x" * 70 + b"\r\n"}) as server:
        server.outputs["show it"] = b"0123456789abcdef\r\n" * 100_000
        with pytest.raises(BadData, match="sw-1: show it: printed more than 1 MB"):
            await site.run(server, "show it")


async def test_a_device_that_hangs_up_is_unreachable(site: Site) -> None:
    async with CliServer(users=USERS, hang_up_on="show it") as server:
        with pytest.raises(Unreachable, match="sw-1: show it: the device closed the session"):
            await site.run(server, "show it")


async def test_a_question_of_a_command_is_not_answered(site: Site) -> None:
    async with CliServer(users=USERS, outputs={"show it": b"Overwrite it? [Y/N]:"}, prompts=True) as server:
        session = await site.open(server, "show it")
        server.prompts = False
        with pytest.raises(Refused, match=r"asks 'Overwrite it\? \[Y/N\]:'"):
            await asyncio.to_thread(session.run, "show it")
        await asyncio.to_thread(session.close)
        assert server.keys.endswith("show it\n")
