"""An SSH server that speaks a vendor's command line: for tests, and for the demo's site."""

import asyncio
import contextlib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import asyncssh

from tests.simulator.cli_families import FAMILIES


@dataclass(kw_only=True)
class CliServer:
    """One device on a port of 127.0.0.1. What it prints (`outputs`, `question` …) may be changed while it runs.

    A command's output is text, or bytes sent as they are. `delay` is seconds before each output, `login_delay` before
    the first prompt.
    """

    family: str = "huawei_vrp"
    name: str = "SW1"
    outputs: MutableMapping[str, str | bytes] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=lambda: {"ops": "secret"})
    authorized_keys: Mapping[str, asyncssh.SSHKey] = field(default_factory=dict)  # user → public key
    host_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    port: int = 0
    page: int = 24  # lines
    greeting: str = ""  # printed before the first prompt
    question: str = ""  # asked instead of the first prompt; whatever is typed is taken as the answer
    prompts: bool = True  # False: a prompt never comes
    stubborn_pager: bool = False  # it stays on, as for users who may not switch it off
    endless: str = ""  # a command that never stops printing
    hang_up_on: str = ""  # a command at which the device drops the connection
    encoding: str = "utf-8"
    ciphers: Sequence[str] = ()  # empty: all there are
    colour: bool = False  # prompts in ANSI colours, with a window title
    delay: float = 0.0
    login_delay: float = 0.0
    connections: int = 0
    names: list[str] = field(default_factory=list)  # user names clients gave
    attempts: list[tuple[str, str]] = field(default_factory=list)  # user and method of each try to log in
    lines: list[str] = field(default_factory=list)  # received, in order
    keys: str = ""  # every character received

    _server: asyncssh.SSHAcceptor | None = None
    _open: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    _shells: list["_Shell"] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def agreed(self) -> str:
        """The cipher of the newest connection."""
        return str(self._open[-1].get_extra_info("recv_cipher"))

    async def start(self) -> None:
        """Listen. The port stays the same when the server is started again."""
        self._server = await asyncssh.create_server(
            lambda: _Gate(self),
            "127.0.0.1",
            self.port,
            server_host_keys=[self.host_key],
            line_editor=False,  # with one, netmiko's pipelined newlines are lost
            process_factory=self._serve,
            encoding=None,
            kex_algs=["curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "diffie-hellman-group16-sha512"],
            encryption_algs=self.ciphers,
            mac_algs=["hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"],
        )
        self.port = self._server.get_port()

    async def stop(self) -> None:
        """Hang up on everyone and stop listening."""
        if self._server is not None:
            self._server.close()
            for each in self._open:
                each.abort()
                await each.wait_closed()
            self._open.clear()
            await self._server.wait_closed()
            self._server = None

    def say(self, words: str) -> None:
        """Print to all who are logged in, as a device does with its log."""
        for each in self._shells:
            each.say(words)

    async def _serve(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        shell = _Shell(self, process)
        self._shells.append(shell)
        with contextlib.suppress(asyncssh.Error, BrokenPipeError, ConnectionError):
            await shell.talk()
        self._shells.remove(shell)
        process.exit(0)


class _Gate(asyncssh.SSHServer):
    """Lets in whom the server knows, and counts who tries."""

    def __init__(self, server: CliServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.connections += 1
        self._server._open.append(conn)

    def begin_auth(self, username: str) -> bool:
        self._server.names.append(username)
        return True

    def password_auth_supported(self) -> bool:
        return bool(self._server.users)

    def validate_password(self, username: str, password: str) -> bool:
        self._server.attempts.append((username, "password"))
        name = username.partition("+")[0]  # RouterOS takes what follows for options of the console
        return self._server.users.get(name) == password

    def public_key_auth_supported(self) -> bool:
        return bool(self._server.authorized_keys)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self._server.attempts.append((username, "publickey"))
        known = self._server.authorized_keys.get(username)
        return known is not None and known.public_data == key.public_data


class _Shell:
    """One session: echoes character by character, as the devices do."""

    def __init__(self, server: CliServer, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        self._server = server
        self._family = FAMILIES[server.family]
        self._process = process
        self._typed = b""
        self._paging = bool(self._family.pager)

    async def talk(self) -> None:
        await asyncio.sleep(self._server.login_delay)
        self.say(self._server.greeting)
        if self._server.question:
            self.say(self._server.question)
            await self._line()
        self._prompt()
        while (line := await self._line()) not in self._family.leave:
            await self._obey(line)
            self._prompt()

    async def _obey(self, line: str) -> None:
        if line in self._family.says:
            self.say(self._family.says[line] + "\n")
        if line in self._family.no_pager:
            self._paging = self._server.stubborn_pager
        elif line and line == self._server.hang_up_on:
            raise ConnectionError("as asked")
        elif line and line == self._server.endless:
            while True:
                self.say(".")
                await asyncio.sleep(0.005)
        elif line in self._server.outputs:
            await asyncio.sleep(self._server.delay)
            await self._show(self._server.outputs[line])
        elif line and line not in self._family.set_up and line not in self._family.says:
            self.say(self._family.unknown.format(line=line) + "\n")

    async def _show(self, output: str | bytes) -> None:
        if isinstance(output, bytes):
            self._process.stdout.write(output)
            await self._process.stdout.drain()
            return
        lines = output.removesuffix("\n").split("\n") if output else []
        size = self._server.page if self._paging else len(lines) or 1
        for first in range(0, len(lines), size):
            if first:
                self.say(self._family.pager)
                if await self._character() in (b"q", b"\x03"):
                    return
                self.say(self._family.wipe)
            self.say("".join(f"{line}\n" for line in lines[first : first + size]))

    def _prompt(self) -> None:
        if not self._server.prompts:
            return
        prompt = self._family.prompt.format(name=self._server.name)
        if self._server.colour:
            prompt = f"\x1b]0;{self._server.name}: ~\x07\x1b[01;32m{prompt}\x1b[00m"
        self.say(prompt)

    def say(self, words: str) -> None:
        self._process.stdout.write(words.replace("\n", "\r\n").encode(self._server.encoding))

    async def _line(self) -> str:
        line = b""
        while True:
            character = await self._character()
            if character in b"\r\n":
                if self._family.redraws and line:
                    self.say("\r")
                    self._prompt()
                    self._process.stdout.write(line)
                self.say("\n")
                break
            self._process.stdout.write(character)
            line += character
        typed = line.decode("utf-8", "replace").strip()
        if typed:
            self._server.lines.append(typed)
        return typed

    async def _character(self) -> bytes:
        while not self._typed:
            try:
                self._typed = await self._process.stdin.read(4096)
            except (asyncssh.BreakReceived, asyncssh.TerminalSizeChanged, asyncssh.SignalReceived):
                continue
            if not self._typed:
                raise ConnectionError("the client has gone")
            self._server.keys += self._typed.decode("latin-1")
        character, self._typed = self._typed[:1], self._typed[1:]
        return character


@dataclass
class SilentServer:
    """Accepts connections and says `greeting`, or nothing; counts the bytes it is sent."""

    greeting: bytes = b""
    port: int = 0
    connections: int = 0
    received: int = 0
    _server: asyncio.Server | None = None
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._hold, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        await self._server.wait_closed()

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        writer.write(self.greeting)
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(4096):
                self.received += len(chunk)


def known_hosts_line(server: CliServer, keys: Sequence[asyncssh.SSHKey] = ()) -> str:
    """Return the server's lines for a known_hosts file."""
    public = [key.export_public_key("openssh").decode().split()[:2] for key in keys or [server.host_key]]
    return "".join(f"[127.0.0.1]:{server.port} {' '.join(fields)}\n" for fields in public)
