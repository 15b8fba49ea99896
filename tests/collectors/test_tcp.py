"""Looking at ports: which are open, what TLS and SSH offer, and that nothing else is sent."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors import tcp
from collectors.model import Device, DeviceClass, Reading, SshAccess
from collectors.profiles.rules import Profile
from collectors.tcp import TcpCollector
from tests.simulator.certificates import certificate
from tests.simulator.ssh_offer import kexinit

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DEVICE = Device(name="core-1", address="127.0.0.1", device_class=DeviceClass.SWITCH)
SSH = replace(DEVICE, ssh=SshAccess(username="ops"))
PROFILE = Profile(name="any")

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


class Network:
    """Stands in for `asyncio.open_connection`: ports that are here are servers on loopback, the others refuse."""

    def __init__(self, *, silent: bool = False) -> None:
        self.here: dict[int, int] = {}
        self.asked: list[int] = []
        self._silent = silent

    async def connect(self, address: str, port: int, **more: object) -> tuple:
        self.asked.append(port)
        if port in self.here:
            return await asyncio.open_connection(address, self.here[port], **more)
        if self._silent:
            await asyncio.Event().wait()
        raise ConnectionRefusedError


@asynccontextmanager
async def serving(
    network: Network, port: int, talk: Talk, context: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        network.here[port] = server.sockets[0].getsockname()[1]
        yield


async def look(network: Network, device: Device = DEVICE, seconds: float = 2.0) -> Reading:
    return await TcpCollector(network.connect, timeout=seconds, now=lambda: NOW).read(device, PROFILE)


def open_ports(reading: Reading) -> dict[str, float]:
    return {s.labels["port"]: s.value for s in reading.samples if s.name == tcp.OPEN}


def weak(reading: Reading) -> dict[tuple[str, str], str]:
    return {(s.labels["protocol"], s.labels["level"]): s.labels["state"] for s in reading.samples if s.name == tcp.WEAK}


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


# ---- whom it asks ----


@pytest.mark.parametrize(
    ("device", "wanted"),
    [(DEVICE, True), (replace(DEVICE, probe_ports=False), False), (replace(DEVICE, local=True), False)],
)
def test_ports_are_looked_at_unless_the_inventory_says_no(device, wanted):
    assert TcpCollector().wants(device) is wanted


async def test_only_a_few_ports_are_asked_and_ssh_only_with_access():
    network = Network()
    await look(network)
    assert sorted(network.asked) == [21, 23, 80, 443]
    network = Network()
    await look(network, replace(DEVICE, ssh=SshAccess(username="ops", port=2222)))
    assert sorted(network.asked) == [21, 23, 80, 443, 2222]


# ---- ports ----


async def test_open_and_closed_ports_are_told_apart():
    network = Network()
    async with serving(network, 23, hang_up):
        reading = await look(network)
    assert open_ports(reading) == {"21": 0, "23": 1, "80": 0}
    assert reading.answered
    assert reading.expected == tcp.PORTS
    assert reading.failures == ()


async def test_a_port_that_drops_our_packets_is_not_open_to_us():
    network = Network(silent=True)
    async with serving(network, 80, hang_up):
        reading = await look(network, seconds=0.2)
    assert open_ports(reading) == {"21": 0, "23": 0, "80": 1}


async def test_a_device_that_says_nothing_has_not_answered():
    reading = await look(Network(silent=True), seconds=0.05)
    assert not reading.answered


async def test_nothing_is_sent_to_a_plain_text_port():
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.put_nowait(await reader.read())

    network = Network()
    async with serving(network, 23, listen):
        await look(network)
        assert await asyncio.wait_for(heard.get(), 1) == b""


# ---- TLS ----


def context(tmp_path: Path, ends: datetime, most: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    _, pem, key = certificate("core-1", ends)
    (tmp_path / "cert.pem").write_bytes(pem)
    (tmp_path / "key.pem").write_bytes(key)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    if most is not None:
        with tcp._old_tls_is_meant():
            made.minimum_version, made.maximum_version = ssl.TLSVersion.TLSv1, most
        made.set_ciphers("ALL:@SECLEVEL=0")
    return made


async def test_a_certificate_is_told_by_the_time_it_has_left(tmp_path):
    network = Network()
    async with serving(network, 443, hang_up, context(tmp_path, NOW + timedelta(days=20))):
        reading = await look(network)
    (left,) = [s for s in reading.samples if s.name == tcp.EXPIRY]
    assert left.labels == {"kind": "certificate", "entity": "TLS 443"}
    assert left.value == timedelta(days=20).total_seconds()
    assert weak(reading) == {("tls", "weak"): ""}
    assert reading.expected == tcp.PORTS | tcp.TLS


async def test_old_tls_is_found_beside_the_certificate(tmp_path):
    network = Network()
    old = context(tmp_path, NOW - timedelta(days=1), most=ssl.TLSVersion.TLSv1_1)
    async with serving(network, 443, hang_up, old):
        reading = await look(network)
    assert weak(reading) == {("tls", "weak"): "TLS 1.0/1.1"}
    assert [s.value for s in reading.samples if s.name == tcp.EXPIRY] == [-86400]


async def test_a_port_443_without_tls_is_a_failure():
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 400 no\r\n\r\n")

    network = Network()
    async with serving(network, 443, greet):
        reading = await look(network)
    assert [(f.kind, f.what, f.samples) for f in reading.failures] == [("bad_data", "tls", tcp.TLS)]


# ---- SSH ----


def ssh_server(version: bytes, *lists: str, before: bytes = b"") -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(before + version + b"\r\n")
        assert await reader.readline() == tcp.GREETING
        payload = kexinit(*lists)
        padding = 8 + (-(len(payload) + 13)) % 8
        writer.write(struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding))
        await writer.drain()
        await reader.read(1)

    return talk


async def test_what_an_ssh_server_offers_is_sorted():
    offer = (
        "diffie-hellman-group14-sha1,curve25519-sha256",
        "ssh-rsa,ssh-dss",
        "aes128-ctr",
        "aes128-ctr",
        "hmac-sha2-256",
    )
    network = Network()
    async with serving(network, 22, ssh_server(b"SSH-2.0-Example", *offer, before=b"Welcome\r\n")):
        reading = await look(network, SSH)
    assert weak(reading) == {
        ("ssh", "weak"): "diffie-hellman-group14-sha1, ssh-rsa",
        ("ssh", "broken"): "ssh-dss",
    }
    assert reading.expected == tcp.PORTS | tcp.SSH


async def test_ssh_version_1_is_broken():
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-1.5-Example\n")

    network = Network()
    async with serving(network, 22, old):
        assert weak(await look(network, SSH))["ssh", "broken"] == "SSH 1.5"


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def saying(octets: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)

    return talk


@pytest.mark.parametrize(
    ("talk", "kind"),
    [
        (silence, "timeout"),
        (saying(b"220 ftp\r\n" * 60), "bad_data"),
        (saying(b"SSH-2.0-x\r\n"), "bad_data"),
        (saying(b"SSH-2.0-x\r\n" + b"\xff" * 40), "bad_data"),
        (saying(b"x" * 70_000), "bad_data"),
        (saying(b""), "bad_data"),
        (None, "unreachable"),
    ],
)
async def test_an_ssh_port_that_does_otherwise_is_a_failure_that_names_the_device(talk, kind):
    network = Network()
    if talk is None:
        reading = await look(network, SSH)
    else:
        async with serving(network, 22, talk):
            reading = await look(network, SSH, seconds=0.2 if talk is silence else 2.0)
    assert [(f.kind, f.samples) for f in reading.failures] == [(kind, tcp.SSH)]
    assert reading.failures[0].message.startswith("core-1: its SSH port")
    assert open_ports(reading) == {"21": 0, "23": 0, "80": 0}
