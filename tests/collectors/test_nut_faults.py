"""Reading a UPS through what is no upsd, hangs, floods or hangs up; and over TLS."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors import nut
from collectors.model import Device, DeviceClass, NutAccess, Secret
from collectors.nut import NutCollector
from tests.simulator.certificates import certificate
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.upsd import PROFILES, Upsd, figures, only, read

LOOP = IdleLoop
UPS = {"eaton": {"device.mfr": "EATON"}}
EXPIRES = datetime.now(UTC) + timedelta(days=30)  # OpenSSL has no other clock


# ---- what is no upsd, or none any more ----


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\n", "bad_data", "where a list must begin: it is no upsd"),
        (b"BEGIN LIST UPS\n", "bad_data", "where a list must begin"),
        (b"\xff\xfe\x00\n", "bad_data", "it is no upsd"),
        (b"\n", "bad_data", "it is no upsd"),
        (b"x" * 20_000, "bad_data", "more than 4096 octets"),
        (b"BEGIN LIST VAR eaton\n" + b"x\n" * 5_000, "bad_data", "more than 2,000 lines"),
        (b"BEGIN LIST VAR eat", "timeout", "did not answer within 10 s"),
    ],
    ids=["http", "another list", "octets", "nothing", "an endless line", "endless lines", "half a line"],
)
async def test_what_does_not_speak_the_protocol_is_told_within_bounds(answer: bytes, kind: str, words: str) -> None:
    async with Upsd(says={"LIST VAR eaton": answer}) as server:
        failure = (await read(server, ups="eaton")).failures[0]
    assert failure.kind == kind
    assert words in failure.message


async def test_what_came_before_the_server_fell_silent_is_kept() -> None:
    answer = b'BEGIN LIST VAR eaton\nVAR eaton battery.charge "50"\nVAR eaton ups.lo'
    async with Upsd(says={"LIST VAR eaton": answer}) as server:
        reading = await read(server, ups="eaton", timeout=2.0)
    assert figures(reading) == {"ups_battery_charge_ratio": 0.5}
    assert (only(reading).kind, reading.answered) == ("timeout", True)


async def test_what_came_before_the_data_went_stale_is_kept() -> None:
    answer = b'BEGIN LIST VAR eaton\nVAR eaton battery.charge "50"\nERR DATA-STALE\n'
    async with Upsd(says={"LIST VAR eaton": answer}) as server:
        reading = await read(server, ups="eaton")
    assert (figures(reading), only(reading).kind) == ({"ups_battery_charge_ratio": 0.5}, "stale")


async def test_a_server_that_hangs_up_is_unreachable() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        access = NutAccess(ups="eaton", port=server.sockets[0].getsockname()[1])
        heard = await nut.hear(Device(name="u", address="127.0.0.1", device_class=DeviceClass.UPS), access)
    assert heard.failure is not None
    assert (heard.failure.kind, "hung up in the middle" in str(heard.failure)) == ("unreachable", True)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ConnectionRefusedError(111, "Connect call failed"), "unreachable", "Connection refused"),
        (OSError(113, "No route to host"), "unreachable", "No route to host"),
        (TimeoutError(110, "timed out"), "timeout", "did not answer within 10 s"),
    ],
)
async def test_a_server_that_is_not_there_is_told(error: OSError, kind: str, words: str) -> None:
    async def connect(*_: object, **__: object) -> nut.Streams:
        raise error

    device = Device(name="ups-1", address="127.0.0.1", device_class=DeviceClass.UPS, nut=NutAccess())
    failure = only(await NutCollector(connect).read(device, PROFILES["nut"]))
    assert (failure.kind, words in failure.message) == (kind, True)


# ---- TLS ----


def server_side(folder: Path, address: str = "127.0.0.1", ends: datetime = EXPIRES) -> ssl.SSLContext:
    _, pem, key = certificate("upsd", ends, address)
    (folder / "upsd.pem").write_bytes(pem)
    (folder / "both.pem").write_bytes(pem + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


@pytest.mark.parametrize("tls", ["verified", "unverified"])
async def test_with_tls_the_login_is_sent_encrypted_only(tls: str, tmp_path: Path) -> None:
    async with Upsd(UPS, tls=server_side(tmp_path), users={"ops": "hunter2"}) as server:
        trusted = tmp_path / "upsd.pem" if tls == "verified" else None
        login = {"username": "ops", "password": Secret("hunter2")}
        reading = await read(server, ups="eaton", tls=tls, ca_file=trusted, **login)
    assert (reading.facts, reading.failures) == ({"vendor": "EATON"}, ())
    assert server.heard == ["STARTTLS"]
    assert server.encrypted[:3] == ['USERNAME "ops"', 'PASSWORD "hunter2"', "LIST VAR eaton"]


@pytest.mark.parametrize(
    ("address", "ends", "trusted", "words"),
    [
        ("127.0.0.1", EXPIRES, False, "certificate that is not trusted ('self"),
        ("192.0.2.9", EXPIRES, True, "certificate that is not trusted ("),
        ("127.0.0.1", datetime(2020, 1, 1, tzinfo=UTC), True, "certificate has expired"),
    ],
    ids=["unknown", "of another address", "expired"],
)
async def test_no_login_goes_to_a_server_whose_certificate_does_not_hold(
    address: str, ends: datetime, trusted: bool, words: str, tmp_path: Path
) -> None:
    async with Upsd(UPS, tls=server_side(tmp_path, address, ends)) as server:
        ca_file = tmp_path / "upsd.pem" if trusted else None
        login = {"username": "ops", "password": Secret("hunter2")}
        failure = only(await read(server, ups="eaton", tls="verified", ca_file=ca_file, **login))
    assert failure.kind == "auth"
    assert words in failure.message
    assert (server.heard, server.encrypted) == (["STARTTLS"], [])


async def test_a_server_without_tls_is_not_told_the_login_in_clear() -> None:
    async with Upsd(UPS) as server:
        failure = only(await read(server, ups="eaton", tls="unverified", username="ops", password=Secret("hunter2")))
    assert (failure.kind, "does not speak TLS" in failure.message) == ("refused", True)
    assert server.heard == ["STARTTLS", "LOGOUT"]


async def test_what_is_slipped_in_before_the_handshake_is_not_believed(tmp_path: Path) -> None:
    forged = b'OK STARTTLS\nBEGIN LIST VAR eaton\nVAR eaton battery.charge "1"\nEND LIST VAR eaton\n'
    async with Upsd(UPS, tls=server_side(tmp_path), says={"STARTTLS": forged}) as server:
        reading = await read(server, ups="eaton", tls="unverified")
    assert figures(reading).get("ups_battery_charge_ratio") != 0.01


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_a_ca_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    async with Upsd(UPS, tls=server_side(tmp_path)) as server:
        failure = only(await read(server, ups="eaton", tls="verified", ca_file=tmp_path / "ca.pem"))
    assert failure.kind == "auth"
    assert f"ca_file {tmp_path / 'ca.pem'} cannot be read" in failure.message
