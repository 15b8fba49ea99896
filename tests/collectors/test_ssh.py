"""collectors/ssh.py against devices that behave, and their host keys."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from collectors import ssh
from collectors.errors import AuthFailed, BadData, TimedOut, Unreachable, UntrustedHost
from collectors.model import Secret
from tests.simulator.cli_server import CliServer, SilentServer, known_hosts_line
from tests.simulator.logins import PASSWORD, SETUP, USERS, Site, cli

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


OLD = ("aes128-ctr", "aes256-ctr")


@pytest.mark.parametrize(
    ("ciphers", "agreed"),
    [((), "aes128-gcm@openssh.com"), ((*OLD, "aes256-gcm@openssh.com"), "aes256-gcm@openssh.com"), (OLD, OLD[0])],
)
async def test_a_cipher_that_authenticates_by_itself_is_preferred_and_others_still_do(
    site: Site, ciphers: tuple[str, ...], agreed: str
) -> None:
    async with CliServer(users=USERS, outputs={"show it": "here"}, ciphers=ciphers) as server:
        assert await site.run(server, "show it") == "here"
        assert server.agreed == agreed


@pytest.mark.parametrize("family", sorted(SETUP.keys() - {"frr", "linux"}))
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
        {"family": "linux", "colour": True},
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


@pytest.mark.parametrize("name", ["core-1", "Core Router"])
async def test_the_line_that_routeros_shows_again_is_no_output_whatever_the_name(site: Site, name: str) -> None:
    outputs: dict[str, str | bytes] = {"show it": f"[ops@{name}] > show it\nit\n"}
    async with CliServer(family="mikrotik_routeros", name=name, users=USERS, outputs=outputs) as server:
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
