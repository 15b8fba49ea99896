"""collectors/ssh.py, against an SSH server on loopback that behaves, and one that does not."""

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from collectors import ssh
from collectors.errors import (
    AuthFailed,
    BadData,
    CollectError,
    ProfileError,
    Refused,
    TimedOut,
    Unreachable,
    UntrustedHost,
)
from collectors.model import CliSession, Device, DeviceClass, Secret, SshAccess
from collectors.profiles.rules import Cli, Command
from tests.simulator.cli_server import CliServer, SilentServer, known_hosts_line

SETUP = {
    "huawei_vrp": ("huawei", ["screen-length 0 temporary"]),
    "h3c_comware": ("hp_comware", ["screen-length disable"]),
    "cisco_ios": ("cisco_ios", ["terminal width 511", "terminal length 0"]),
    "frr": ("cisco_ios", ["terminal width 511", "terminal length 0"]),
    "linux_netsnmp": ("linux", []),
}
PASSWORD = "pass-4711"
USERS = {"ops": PASSWORD}


def cli(family: str, *commands: str) -> Cli:
    device_type, setup = SETUP[family]
    return Cli(device_type=device_type, setup=setup, commands=[Command(command=c, regex="(?P<x>x)") for c in commands])


class Site:
    """One device, `sw-1`, whose host key is trusted."""

    def __init__(self, folder: Path) -> None:
        self.known_hosts = folder / "known_hosts"

    def device(self, port: int, **access: Any) -> Device:
        given = {"username": "ops", "password": Secret(PASSWORD), "known_hosts": self.known_hosts} | access
        ssh_access = SshAccess(port=port, **given)
        return Device(name="sw-1", address="127.0.0.1", device_class=DeviceClass.SWITCH, ssh=ssh_access)

    async def open(self, server: CliServer, *commands: str, trust: bool = True, **access: Any) -> CliSession:
        if trust:
            self.known_hosts.write_text(known_hosts_line(server))
        return await asyncio.to_thread(
            ssh.open_session, self.device(server.port, **access), cli(server.family, *commands)
        )

    async def run(self, server: CliServer, command: str, **access: Any) -> str:
        """Log in, run one command, log out."""
        session = await self.open(server, command, **access)
        try:
            return await asyncio.to_thread(session.run, command)
        finally:
            await asyncio.to_thread(session.close)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("collectors.ssh_wire.SETTLE", 0.02)
    return Site(tmp_path)


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, and not listening
        yield held.getsockname()[1]


# ---- a device that behaves ----


@pytest.mark.parametrize("family", SETUP)
async def test_output_comes_without_echo_prompt_and_pager_and_only_what_is_allowed_was_typed(
    site: Site, family: str
) -> None:
    lines = "\n".join(f"line {n}" for n in range(100))
    async with CliServer(family=family, users=USERS, outputs={"show long": lines, "show empty": ""}) as server:
        session = await site.open(server, "show long", "show empty")
        assert await asyncio.to_thread(session.run, "show long") == lines
        assert await asyncio.to_thread(session.run, "show empty") == ""
        await asyncio.to_thread(session.close)
        typed = [*SETUP[family][1], "show long", "show empty"]
        assert list(session.sent) == server.lines == typed
        assert server.keys.split() == " ".join(typed).split()
        assert server.connections == len(server.attempts) == 1


@pytest.mark.parametrize("family", ["huawei_vrp", "h3c_comware", "cisco_ios"])
async def test_a_pager_that_may_not_be_switched_off_is_paged_through(site: Site, family: str) -> None:
    lines = "\n".join(f"line {n}" for n in range(60))
    async with CliServer(family=family, users=USERS, outputs={"show long": lines}, stubborn_pager=True) as server:
        assert await site.run(server, "show long") == lines


PRINTED = {  # command → what the device prints, and its text
    "show gbk": ("描述 核心\r\n".encode("gb18030"), "描述 核心"),
    "show utf-8": ("描述 核心\r\n".encode(), "描述 核心"),
    "show controls": (b"a\x00b\x1b[31mred\x1b[0m\x07\r\n", "abred"),
    "show prompts": (b"sysname SW1\r\n<SW1>\r\nSW1#\r\nend\r\n", "sysname SW1\n<SW1>\nSW1#\nend"),
    "show unfinished": (b"no newline at the end", "no newline at the end"),
    "show itself": (b"show itself\r\ntwice\r\n", "show itself\ntwice"),
    "show indented": (b"   ^\r\n  end  \r\n", "   ^\n  end"),
}


async def test_output_is_plain_text_whatever_is_in_it(site: Site) -> None:
    async with CliServer(users=USERS, outputs={command: raw for command, (raw, _) in PRINTED.items()}) as server:
        session = await site.open(server, *PRINTED)
        texts = {command: await asyncio.to_thread(session.run, command) for command in PRINTED}
        await asyncio.to_thread(session.close)
    assert texts == {command: text for command, (_, text) in PRINTED.items()}


@pytest.mark.parametrize(
    "looks",
    [
        {"family": "linux_netsnmp", "colour": True},
        {"family": "h3c_comware", "name": "核心-1", "encoding": "gb18030"},
        {"greeting": "#####\n# Authorised users only >\n"},
        {"greeting": "*" * 200_000 + "\n"},
        {"login_delay": 0.05},
    ],
    ids=["coloured prompt", "chinese name", "banner like a prompt", "long banner", "late prompt"],
)
async def test_the_prompt_is_found(site: Site, looks: dict[str, Any]) -> None:
    async with CliServer(users=USERS, outputs={"show it": "it\n"}, **looks) as server:
        assert await site.run(server, "show it") == "it"


@pytest.mark.parametrize("protect", [None, PASSWORD])
async def test_a_key_file_logs_in_without_a_password_and_one_password_opens_it(
    site: Site, tmp_path: Path, protect: str | None
) -> None:
    key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    key.write_private_key(tmp_path / "key", "pkcs1-pem", passphrase=protect)
    async with CliServer(users={}, authorized_keys={"ops": key}, outputs={"show it": "it\n"}) as server:
        password = Secret(protect) if protect else None
        assert await site.run(server, "show it", key_file=tmp_path / "key", password=password) == "it"
        assert {method for _, method in server.attempts} == {"publickey"}


async def test_the_password_is_tried_after_a_key_that_is_not_taken(site: Site, tmp_path: Path) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "key")
    other = asyncssh.generate_private_key("ssh-ed25519")
    async with CliServer(users=USERS, authorized_keys={"ops": other}, outputs={"show it": "it\n"}) as server:
        assert await site.run(server, "show it", key_file=tmp_path / "key") == "it"
        assert [method for _, method in server.attempts] == ["publickey", "password"]


# ---- host keys ----


@pytest.mark.parametrize("known", [None, "missing", "another port"])
async def test_a_device_nobody_trusted_is_not_even_connected_to(site: Site, known: str | None) -> None:
    async with SilentServer() as server, CliServer() as elsewhere:
        if known == "another port":
            site.known_hosts.write_text(known_hosts_line(elsewhere))
        device = site.device(server.port, known_hosts=site.known_hosts if known else None)
        with pytest.raises(UntrustedHost, match=r"^sw-1: .* is not trusted.*: run `netpatrol trust sw-1`$"):
            await asyncio.to_thread(ssh.open_session, device, cli("huawei_vrp"))
        assert (server.connections, server.received) == (0, 0)


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
async def test_a_changed_host_key_is_told_nothing(site: Site, algorithm: str) -> None:
    async with CliServer(users=USERS) as server:
        other = asyncssh.generate_private_key(algorithm)
        site.known_hosts.write_text(known_hosts_line(server, [other]))
        with pytest.raises(UntrustedHost, match="sw-1: the host key has changed") as refused:
            await site.open(server, trust=False)
        assert other.get_fingerprint() in str(refused.value)
        assert server.host_key.get_fingerprint() in str(refused.value)
        assert "netpatrol trust sw-1 --replace" in str(refused.value)
        assert (server.names, server.attempts, server.keys) == ([], [], "")


@pytest.mark.parametrize("algorithm", ["ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256"])
async def test_a_host_key_once_fetched_and_added_is_trusted(site: Site, algorithm: str) -> None:
    host_key = asyncssh.generate_private_key(algorithm)
    async with CliServer(users=USERS, host_key=host_key, outputs={"show it": "it\n"}) as server:
        key = await asyncio.to_thread(ssh.fetch_host_key, "127.0.0.1", server.port, 5)
        assert (key.name, key.fingerprint) == (algorithm, host_key.get_fingerprint())
        assert (server.names, server.attempts) == ([], [])
        assert ssh.add_host_key(site.known_hosts, "127.0.0.1", server.port, key)
        session = await site.open(server, trust=False)
        await asyncio.to_thread(session.close)


async def test_fetching_a_host_key_has_an_end(closed_port: int) -> None:
    async with SilentServer() as server:
        with pytest.raises(TimedOut, match=r"127\.0\.0\.1 port \d+"):
            await asyncio.to_thread(ssh.fetch_host_key, "127.0.0.1", server.port, 0.1)
    async with SilentServer(greeting=b"220 ftp.example.net ready\r\n" * 200) as server:
        with pytest.raises(BadData, match="Indecipherable"):
            await asyncio.to_thread(ssh.fetch_host_key, "127.0.0.1", server.port, 2)
    with pytest.raises(Unreachable, match="refused"):
        await asyncio.to_thread(ssh.fetch_host_key, "127.0.0.1", closed_port, 2)


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
        with pytest.raises(error, match="^sw-1: "):
            await asyncio.to_thread(ssh.open_session, device, cli("huawei_vrp"))
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("family", ["huawei_vrp", "linux_netsnmp"])
async def test_a_prompt_that_never_comes_ends_the_login(site: Site, family: str) -> None:
    async with CliServer(family=family, users=USERS, prompts=False, greeting="Loading") as server:
        with pytest.raises(TimedOut, match="sw-1: login: no prompt within 0.3 s; its last line is 'Loading'"):
            await site.open(server, login_timeout=0.3)


EXPIRED = "Warning: The password has expired.\nThe password needs to be changed. Change now? [Y/N]:"


@pytest.mark.parametrize(
    ("family", "question"),
    [
        ("huawei_vrp", EXPIRED),
        ("huawei_vrp", "There are security risks in the configuration file. Save it now? [y/n]:"),
        ("h3c_comware", "Press Y or ENTER to continue, N to exit."),
        ("cisco_ios", EXPIRED),
        ("linux_netsnmp", "You must change your password now.\nCurrent password: "),
    ],
)
async def test_a_question_at_login_is_not_answered(site: Site, family: str, question: str) -> None:
    async with CliServer(family=family, users=USERS, question=question) as server:
        with pytest.raises(Refused, match="which only a person may answer"):
            await site.open(server)
        assert server.keys == ""


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
        with pytest.raises(TimedOut, match="sw-1: show it: no prompt within 0.2 s"):
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


async def test_libraries_log_nothing_and_leave_nothing_behind(site: Site) -> None:
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    root, handler, level = logging.getLogger(), Keep(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        async with CliServer(users=USERS, outputs={"show it": "it\n"}) as server:
            await site.run(server, "show it")
            with pytest.raises(AuthFailed):
                await site.open(server, password=Secret("wrong-4712"))
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert [r for r in records if r.name.split(".")[0] in {"paramiko", "netmiko"}] == []
    assert not any(secret in r.getMessage() for r in records for secret in (PASSWORD, "wrong-4712"))
    assert logging.getLogger("netmiko").filters == []
