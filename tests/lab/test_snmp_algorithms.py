"""Both SNMP engines against net-snmp's agent: every version, and every pair of SNMPv3 algorithms that it offers."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors import snmp
from collectors.errors import AuthFailed
from collectors.model import Device, DeviceClass, Secret, SnmpAccess, SnmpEngine, Walk
from tests.lab.processes import need
from tests.lab.servers import LOOPBACK, snmpd, udp_port

pytestmark = pytest.mark.lab

AUTHS = {"md5": "MD5", "sha": "SHA", "sha224": "SHA-224", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
PRIVS = {
    "des": "DES",
    "aes128": "AES",
    "aes192": "AES-192",
    "aes256": "AES-256",
    "aes192c": "AES-192-C",
    "aes256c": "AES-256-C",
}
KEYS = "the auth passphrase", "the priv passphrase"
V2C = SnmpAccess(version="2c", community=Secret("lab"), retries=2)
NAME, OBJECTS = "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.9.1"
COLUMNS = [f"{OBJECTS}.{column}" for column in (2, 3)]
ENGINES: tuple[SnmpEngine, ...] = ("own", "pysnmp")


def user(auth: str | None, priv: str | None) -> SnmpAccess:
    """Return the access of the user that has these algorithms."""
    return SnmpAccess(
        version="3",
        user=f"{auth}-{priv}",
        auth_protocol=auth,  # type: ignore[arg-type]
        auth_key=Secret(KEYS[0]) if auth else None,
        priv_protocol=priv,  # type: ignore[arg-type]
        priv_key=Secret(KEYS[1]) if priv else None,
        retries=2,
    )


USERS = [user(None, None), *(user(auth, priv) for auth in AUTHS for priv in (None, *PRIVS))]
ACCESSES = [replace(V2C, version="1"), V2C, *USERS]
IDS = ["v1", "v2c", *(str(each.user) for each in USERS)]


def lines() -> Iterator[str]:
    """Yield what snmpd.conf says of the users (snmpd.conf(5), SNMPv3 Configuration)."""
    yield "rocommunity lab"
    yield "sysName algorithms.lab.example"
    for each in USERS:
        auth = f" {AUTHS[each.auth_protocol]} '{KEYS[0]}'" if each.auth_protocol else ""
        priv = f" {PRIVS[each.priv_protocol]} '{KEYS[1]}'" if each.priv_protocol else ""
        level = "priv" if priv else "auth" if auth else "noauth"
        yield f"createUser {each.user}{auth}{priv}"
        yield f"rouser {each.user} {level}"


@pytest.fixture(scope="module")
def port(lab_folder: Path) -> Iterator[int]:
    """Where an agent with all these users listens."""
    need("snmpd")
    found = udp_port()
    with snmpd(lab_folder / "algorithms", LOOPBACK, found, list(lines())):
        yield found


async def read(access: SnmpAccess) -> tuple[Any, Walk]:
    device = Device(name="lab", address=LOOPBACK, device_class=DeviceClass.SERVER, snmp=access)
    transport = await snmp.open_transport(device)
    try:
        return await transport.get([NAME]), await transport.walk(COLUMNS)
    finally:
        await transport.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("access", ACCESSES, ids=IDS)
async def test_every_version_and_algorithm_is_read(port: int, access: SnmpAccess, engine: SnmpEngine) -> None:
    values, walk = await read(replace(access, port=port, engine=engine))
    plain = await read(replace(V2C, port=port))
    assert values == {NAME: b"algorithms.lab.example"}
    assert walk.failure is None
    assert walk.rows == plain[1].rows
    assert len(walk.rows[COLUMNS[0]]) >= 5


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("wrong", ["auth_key", "priv_key"])
async def test_a_wrong_key_is_named(port: int, wrong: str, engine: SnmpEngine) -> None:
    wrong_key: dict[str, Any] = {wrong: Secret("not the passphrase")}
    access = replace(user("sha256", "aes256"), port=port, engine=engine, timeout=0.5, **wrong_key)
    with pytest.raises(AuthFailed, match=wrong.replace("_", " ")):
        await read(access)


async def test_a_hundred_polls_at_once_read_the_same(port: int) -> None:
    accesses = [replace(each, port=port, timeout=10.0) for each in ACCESSES] * 2
    random.Random(1).shuffle(accesses)  # noqa: S311
    found = await asyncio.gather(*map(read, accesses))
    assert {str(values) for values, _ in found} == {str({NAME: b"algorithms.lab.example"})}
    assert len({str(walk.rows) for _, walk in found}) == 1
