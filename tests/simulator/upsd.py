"""A Network UPS Tools server (RFC 9271) that answers as it is told: for tests, on loopback."""

import asyncio
import contextlib
import shlex
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from collectors import profiles
from collectors.model import Device, DeviceClass, Failure, NutAccess, Reading, Snapshot
from collectors.nut import NutCollector

PROFILES = profiles.load()
Ups = Mapping[str, Mapping[str, str]]
"""UPS → variable → text."""


def escaped(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass
class Upsd:
    """Serves some UPS. `says` has a command's answer word for word: one without a newline is never finished."""

    ups: Ups = field(default_factory=dict)
    says: Mapping[str, bytes] = field(default_factory=dict)
    users: Mapping[str, str] | None = None  # None: reading needs no login
    tls: ssl.SSLContext | None = None
    chunk: int = 0  # octets sent at a time; 0: all at once
    heard: list[str] = field(default_factory=list)
    encrypted: list[str] = field(default_factory=list)  # of them those that came over TLS

    async def __aenter__(self) -> Self:
        self._talks: set[asyncio.Task[object] | None] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        talks = [talk for talk in self._talks if talk is not None]
        if talks:
            await asyncio.wait(talks, timeout=5)  # until the last farewell is heard
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    def device(self, **access: object) -> Device:
        """Return the device the inventory would make of this."""
        nut = NutAccess(port=self.port, **access)  # type: ignore[arg-type]
        return Device(name="ups-1", address="127.0.0.1", device_class=DeviceClass.UPS, icmp=False, nut=nut)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(asyncio.current_task())
        login: dict[str, str] = {}
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while line := (await reader.readline()).decode().rstrip("\n"):
                secure = writer.get_extra_info("ssl_object") is not None
                (self.encrypted if secure else self.heard).append(line)
                answer = self.says.get(line, b"") or self._answer(line, login)
                await self._send(writer, answer)
                if line == "LOGOUT" or not answer:
                    break
                if line == "STARTTLS" and self.tls is not None:
                    await writer.start_tls(self.tls)
        writer.close()

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        size = self.chunk or len(answer) or 1
        for at in range(0, len(answer), size):
            writer.write(answer[at : at + size])
            await writer.drain()
            await asyncio.sleep(0)

    def _answer(self, line: str, login: dict[str, str]) -> bytes:
        match shlex.split(line):
            case ["STARTTLS"]:
                return b"OK STARTTLS\n" if self.tls else b"ERR FEATURE-NOT-CONFIGURED\n"
            case ["USERNAME" | "PASSWORD" as word, text]:
                login[word] = text
                return b"OK\n"
            case ["LOGOUT"]:
                return b"OK Goodbye\n"
            case ["LIST", *what]:
                return self._refusal(login) or self._listing(what)
        return b"ERR UNKNOWN-COMMAND\n"

    def _refusal(self, login: Mapping[str, str]) -> bytes:
        if self.users is None or (login and self.users.get(login["USERNAME"]) == login.get("PASSWORD")):
            return b""
        return b"ERR ACCESS-DENIED\n" if login else b"ERR USERNAME-REQUIRED\n"

    def _listing(self, what: list[str]) -> bytes:
        if what == ["UPS"]:
            return _list(what, {name: f'A "UPS" of {name}' for name in self.ups})
        return _list(what, self.ups[what[1]]) if what[1] in self.ups else b"ERR UNKNOWN-UPS\n"


def _list(what: list[str], items: Mapping[str, str]) -> bytes:
    head = " ".join(what)
    lines = [f"{head} {name} {escaped(text)}" for name, text in items.items()]
    return "\n".join([f"BEGIN LIST {head}", *lines, f"END LIST {head}", ""]).encode()


async def read(server: Upsd, **access: object) -> Reading:
    """Read a server's UPS as the inventory's access says."""
    return await NutCollector().read(server.device(**access), PROFILES["nut"])


def figures(reading: Reading | Snapshot) -> dict[str, float]:
    """Return values by name."""
    return {sample.name: sample.value for sample in reading.samples}


def only(reading: Reading) -> Failure:
    """Return the one failure: it names the device and the server, and says what is missing."""
    (failure,) = reading.failures
    assert failure.samples >= reading.expected
    assert failure.samples >= {"ups_state", "ups_load_ratio", "device_uptime_seconds"}
    assert failure.message.startswith("ups-1: upsd at 127.0.0.1 port ")
    assert failure.message.isprintable()
    return failure
