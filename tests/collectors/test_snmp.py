"""The transport against real agents that behave."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from collectors import snmp
from collectors.errors import AuthFailed, ProfileError, TimedOut, Unreachable, Unsupported
from collectors.model import Device, DeviceClass, Secret, SnmpAccess, SnmpTransport
from tests.simulator import near, snmp_agent
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.snmp_agent import Recording, SnmpAgent

LOOP = IdleLoop
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("each_engine")]

SYS_DESCR, SYS_OBJECT_ID, UPTIME = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.3.0"
IF_INDEX, IF_DESCR, IF_SPEED, IF_TYPE = (f"1.3.6.1.2.1.2.2.1.{n}" for n in (1, 2, 5, 3))
IF_HC_IN = "1.3.6.1.2.1.31.1.1.1.6"
FANS = "1.3.6.1.4.1.32473.3"
PORTS = 48
SIMPLE = SnmpAccess(version="2c", community=Secret("c"))
AUTH_KEY, PRIV_KEY = Secret("the auth passphrase"), Secret("the priv passphrase")


def switch() -> Recording:
    rows: dict[str, snmp_agent.Recorded] = {
        SYS_DESCR: "Forty-eight ports",
        SYS_OBJECT_ID: (snmp_agent.OID, "1.3.6.1.4.1.32473.1"),
        UPTIME: (snmp_agent.TICKS, 4_294_967_295),
        f"{IF_HC_IN}.7": (snmp_agent.COUNTER64, 2**64 - 1),
        f"{FANS}.1": 4100,
        f"{FANS}.2": 4200,
        "1.3.6.1.4.1.32473.2.1.0": (snmp_agent.ADDRESS, "192.0.2.1"),
        "1.3.6.1.4.1.32473.2.2.0": -40,
        "1.3.6.1.4.1.32473.2.3.0": (snmp_agent.OPAQUE, bytes.fromhex("9f780441bc0000")),
        "1.3.6.1.4.1.32473.2.4.0": b"\x00\x1a\xff",
        "1.3.6.1.4.1.32473.2.5.0": (snmp_agent.NULL, None),
    }
    for port in range(1, PORTS + 1):
        rows[f"{IF_INDEX}.{port}"] = port
        rows[f"{IF_DESCR}.{port}"] = f"GigabitEthernet0/{port}"
        rows[f"{IF_SPEED}.{port}"] = (snmp_agent.GAUGE32, 1_000_000_000)
    return rows


def v3(auth: str | None, priv: str | None, **changed: object) -> SnmpAccess:
    """Give the access of the user that the agent knows for a pair of protocols."""
    given = {
        "version": "3",
        "user": f"{auth}-{priv}",
        "auth_protocol": auth,
        "auth_key": AUTH_KEY if auth else None,
        "priv_protocol": priv,
        "priv_key": PRIV_KEY if priv else None,
    }
    return SnmpAccess(**{**given, **changed})  # type: ignore[arg-type]


AUTHS = ("md5", "sha", "sha224", "sha256", "sha384", "sha512")
PRIVS = (None, "des", "aes128", "aes192", "aes256", "aes192c", "aes256c")
LEVELS = [v3(None, None), *(v3(auth, priv) for auth in AUTHS for priv in PRIVS)]
COMMUNITIES = [SnmpAccess(version=version, community=Secret("s3cret-word")) for version in ("1", "2c")]  # type: ignore[arg-type]
ALL = [*COMMUNITIES, *LEVELS]
NAMES = ["v1", "v2c", *(str(level.user) for level in LEVELS)]
A_FEW = [*COMMUNITIES, v3("sha256", "aes128")]
IN_CONTEXT = v3("sha256", "aes128", context="vrf-blue", user="in-context")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agent() -> AsyncIterator[SnmpAgent]:
    async with SnmpAgent(switch(), community="s3cret-word", users=[*LEVELS, IN_CONTEXT]) as running:
        yield running


@asynccontextmanager
async def opened(access: SnmpAccess, port: int, **changed: object) -> AsyncIterator[SnmpTransport]:
    near = {"port": port, "timeout": 2.0, "retries": 0, **changed}
    transport = await snmp.open_transport(device(replace(access, **near)))  # type: ignore[arg-type]
    try:
        yield transport
    finally:
        await transport.close()


def device(access: SnmpAccess | None, address: str = "127.0.0.1") -> Device:
    access = access and replace(access, engine=near.ENGINE)
    return Device(name="core-1", address=address, device_class=DeviceClass.SWITCH, snmp=access)


# ---- what is read ----


@pytest.mark.parametrize("access", ALL, ids=NAMES)
async def test_every_version_and_protocol_pair_reads_a_scalar_and_a_column(
    agent: SnmpAgent, access: SnmpAccess
) -> None:
    async with opened(access, agent.port) as transport:
        assert await transport.get([SYS_DESCR]) == {SYS_DESCR: b"Forty-eight ports"}
        walk = await transport.walk([FANS])
    assert (walk.rows, walk.failure) == ({FANS: {"1": 4100, "2": 4200}}, None)


VALUES = {
    SYS_DESCR: b"Forty-eight ports",
    SYS_OBJECT_ID: "1.3.6.1.4.1.32473.1",
    UPTIME: 4_294_967_295,
    f"{IF_SPEED}.1": 1_000_000_000,
    f"{IF_HC_IN}.7": 2**64 - 1,
    "1.3.6.1.4.1.32473.2.1.0": "192.0.2.1",
    "1.3.6.1.4.1.32473.2.2.0": -40,
    "1.3.6.1.4.1.32473.2.3.0": 23.5,
    "1.3.6.1.4.1.32473.2.4.0": b"\x00\x1a\xff",
    "1.3.6.1.4.1.32473.2.5.0": None,
    "1.3.6.1.4.1.32473.9.9.0": None,
}


async def test_each_type_becomes_the_value_the_model_names(agent: SnmpAgent) -> None:
    async with opened(COMMUNITIES[1], agent.port) as transport:
        assert await transport.get(list(VALUES)) == VALUES


async def test_v1_reads_what_is_there_beside_what_is_not(agent: SnmpAgent) -> None:
    missing = ["1.3.6.1.4.1.32473.9.1.0", "1.3.6.1.4.1.32473.9.2.0"]
    async with opened(COMMUNITIES[0], agent.port) as transport:
        values = await transport.get([missing[0], SYS_DESCR, missing[1], UPTIME])
    assert values == {missing[0]: None, SYS_DESCR: b"Forty-eight ports", missing[1]: None, UPTIME: 4_294_967_295}


@pytest.mark.parametrize("access", A_FEW, ids=["v1", "v2c", "v3"])
async def test_columns_side_by_side_end_each_by_itself(agent: SnmpAgent, access: SnmpAccess) -> None:
    async with opened(access, agent.port) as transport:
        walk = await transport.walk([IF_INDEX, IF_TYPE, IF_DESCR, IF_SPEED])
    assert walk.failure is None
    assert {column: len(rows) for column, rows in walk.rows.items()} == {
        IF_INDEX: PORTS,
        IF_TYPE: 0,
        IF_DESCR: PORTS,
        IF_SPEED: PORTS,
    }
    assert walk.rows[IF_DESCR]["48"] == b"GigabitEthernet0/48"


async def test_many_scalars_are_asked_for_a_few_at_a_time(agent: SnmpAgent) -> None:
    oids = [f"{IF_DESCR}.{port}" for port in range(1, PORTS + 1)]
    async with opened(COMMUNITIES[1], agent.port) as transport:
        values = await transport.get(oids)
        assert transport.requests == 3
    assert list(values) == oids
    assert None not in values.values()


async def test_a_bulk_walk_takes_a_request_for_twenty_rows(agent: SnmpAgent) -> None:
    async with opened(COMMUNITIES[1], agent.port) as transport:
        await transport.walk([IF_INDEX, IF_DESCR])
        assert transport.requests == 3


async def test_more_columns_than_one_request_takes_are_all_read(agent: SnmpAgent) -> None:
    columns = [f"{IF_INDEX}.{port}" for port in range(1, PORTS + 1)]
    async with opened(COMMUNITIES[1], agent.port) as transport:
        walk = await transport.walk([*columns, IF_DESCR])
    assert len(walk.rows[IF_DESCR]) == PORTS


async def test_a_context_is_asked_for_by_name(agent: SnmpAgent) -> None:
    async with opened(IN_CONTEXT, agent.port) as transport:
        assert await transport.get([SYS_DESCR]) == {SYS_DESCR: b"Forty-eight ports"}


async def test_contents_replaced_while_the_agent_runs_are_what_is_read_next() -> None:
    async with SnmpAgent({SYS_DESCR: "failed"}, community="c") as own, opened(SIMPLE, own.port) as transport:
        before = await transport.get([SYS_DESCR])
        own.load({SYS_DESCR: "repaired"})
        assert (before, await transport.get([SYS_DESCR])) == ({SYS_DESCR: b"failed"}, {SYS_DESCR: b"repaired"})


async def test_a_callable_is_asked_for_every_request() -> None:
    ticks = iter((100, 200))
    recording: Recording = {UPTIME: lambda: (snmp_agent.TICKS, next(ticks))}
    async with SnmpAgent(recording, community="c") as own, opened(SIMPLE, own.port) as transport:
        assert [(await transport.get([UPTIME]))[UPTIME] for _ in range(2)] == [100, 200]


async def test_a_recording_file_is_served_with_its_types(tmp_path: Path) -> None:
    file = tmp_path / "walk.snmprec"
    file.write_text(
        "1.1.1.0|4|words\n1.1.2.0|4x|00ff\n1.1.3.0|65|7\n1.1.4.0|64|192.0.2.9\n1.1.5.0|6|1.3.6\n# no line\n"
    )
    async with SnmpAgent(file, community="c") as own, opened(SIMPLE, own.port) as transport:
        values = await transport.get([f"1.1.{n}.0" for n in range(1, 6)])
    assert list(values.values()) == [b"words", b"\x00\xff", 7, "192.0.2.9", "1.3.6"]


# ---- devices that must not mix ----


@pytest.mark.parametrize("same_engine", [False, True], ids=["own engine IDs", "one engine ID"])
async def test_one_user_with_other_keys_on_another_device_does_not_mix(same_engine: bool) -> None:
    engine = b"\x80\x00\x1f\x88\x05cloned" if same_engine else None
    first, second = (
        v3("sha256", "aes128", auth_key=Secret(word * 8), priv_key=Secret(word * 9)) for word in ("a", "b")
    )
    async with (
        SnmpAgent({SYS_DESCR: "first"}, users=[first], engine_id=engine) as one,
        SnmpAgent({SYS_DESCR: "second"}, users=[second], engine_id=engine) as two,
        opened(first, one.port) as to_one,
        opened(second, two.port) as to_two,
    ):
        two.restart()
        for _ in range(2):
            assert await to_one.get([SYS_DESCR]) == {SYS_DESCR: b"first"}
            assert await to_two.get([SYS_DESCR]) == {SYS_DESCR: b"second"}


async def test_devices_at_one_address_and_port_are_told_apart_by_community(agent: SnmpAgent) -> None:
    async with opened(SIMPLE, agent.port) as stranger, opened(COMMUNITIES[1], agent.port) as known:
        with pytest.raises(TimedOut):
            await stranger.get([SYS_DESCR])
        assert await known.get([SYS_DESCR]) == {SYS_DESCR: b"Forty-eight ports"}
        with pytest.raises(TimedOut):
            await stranger.get([SYS_DESCR])


async def test_a_restarted_agent_costs_one_correction_of_the_clock() -> None:
    user = v3("sha256", "aes128")
    async with SnmpAgent({SYS_DESCR: "up"}, users=[user]) as own, opened(user, own.port) as transport:
        await transport.get([SYS_DESCR])
        before = transport.requests
        own.restart()
        assert await transport.get([SYS_DESCR]) == {SYS_DESCR: b"up"}
        assert transport.requests == before + 2


# ---- what cannot be read ----

REFUSED = {
    "another community": (COMMUNITIES[1], {"community": Secret("wrong-word")}, TimedOut, "another community"),
    "another user": (v3("sha", "aes128"), {"user": "nobody"}, AuthFailed, "knows no SNMPv3 user 'nobody'"),
    "another auth key": (v3("sha", "des"), {"auth_key": Secret("wrong-word")}, AuthFailed, "wrong auth key"),
    "another auth protocol": (v3("sha", "des"), {"auth_protocol": "md5"}, AuthFailed, r"auth protocol \(md5\)"),
    "another priv key": (v3("sha", "aes128"), {"priv_key": Secret("wrong-word")}, AuthFailed, "wrong priv key"),
    "another priv protocol": (v3("sha", "aes128"), {"priv_protocol": "des"}, AuthFailed, r"priv protocol \(des\)"),
    "another form of a long key": (v3("sha", "aes256"), {"priv_protocol": "aes256c"}, AuthFailed, "wrong priv key"),
    "encryption it has not": (
        v3("sha", None),
        {"priv_protocol": "des", "priv_key": PRIV_KEY},
        AuthFailed,
        r"priv key or protocol \(des\) is likely wrong",
    ),
    "another context": (v3("sha", None), {"context": "vrf-red"}, AuthFailed, "or context 'vrf-red' is likely wrong"),
}


@pytest.mark.parametrize(("access", "changed", "kind", "words"), REFUSED.values(), ids=REFUSED)
async def test_wrong_credentials_are_told_apart(
    agent: SnmpAgent, access: SnmpAccess, changed: dict[str, object], kind: type[Exception], words: str
) -> None:
    async with opened(access, agent.port, **changed) as transport:
        with pytest.raises(kind, match=words) as caught:
            await transport.get([SYS_DESCR])
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"core-1 (127.0.0.1 port {agent.port}/udp): ")


async def test_no_secret_is_in_an_error_or_a_repr(agent: SnmpAgent) -> None:
    for access in (SIMPLE, v3("sha256", "aes128", user="nobody")):
        async with opened(access, agent.port) as transport:
            with pytest.raises((TimedOut, AuthFailed)) as caught:
                await transport.get([SYS_DESCR])
            told = f"{caught.value!r} {transport!r} {access!r} {device(access)!r}"
    assert not any(word in told for word in ("passphrase", "s3cret", "'c'"))


NO_WAY = {
    "a closed port": ("127.0.0.1", "nothing listens there: the port is closed"),
    "a name too long": ("x" * 80 + ".invalid", "core-1"),
    "a broadcast address": ("255.255.255.255", "core-1"),
}


@pytest.mark.parametrize(("address", "words"), NO_WAY.values(), ids=NO_WAY)
async def test_no_way_to_the_device_is_unreachable_at_once(address: str, words: str) -> None:
    with pytest.raises(Unreachable, match=words):
        transport = await snmp.open_transport(device(replace(SIMPLE, port=closed_port(), timeout=60), address))
        try:
            await transport.get([SYS_DESCR])
        finally:
            await transport.close()


async def test_a_name_that_does_not_resolve_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_name(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", no_name)
    with pytest.raises(Unreachable, match=r"core-1 \(sw1.example port 161/udp\): Name or service not known"):
        await snmp.open_transport(device(SIMPLE, "sw1.example"))


def closed_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


UNUSABLE = {
    "no access": (None, Unsupported, "the inventory gives no SNMP access"),
    "no community": (SnmpAccess(version="2c"), Unsupported, "needs a community"),
    "no user": (SnmpAccess(version="3"), AuthFailed, "is not an SNMPv3 user"),
    "a user too long": (SnmpAccess(version="3", user="x" * 33), AuthFailed, "1 to 32 octets"),
    "an empty key": (v3("sha", None, auth_key=Secret("")), AuthFailed, "key is empty"),
    "priv without auth": (v3(None, "des"), AuthFailed, "priv without auth"),
}


@pytest.mark.parametrize(("access", "kind", "words"), UNUSABLE.values(), ids=UNUSABLE)
async def test_access_that_cannot_work_is_refused_before_anything_is_sent(
    access: SnmpAccess | None, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        await snmp.open_transport(device(access))


@pytest.mark.parametrize("oid", ["", "1", "1.x", "1.40.1", "3.1", "1.3.4294967296", "1..3", ".1.3", "1.3.-1", "1.3.６"])
async def test_what_is_not_an_oid_is_a_profile_error(agent: SnmpAgent, oid: str) -> None:
    async with opened(SIMPLE, agent.port) as transport:
        with pytest.raises(ProfileError, match="is not an OID"):
            await transport.get([oid])
        assert isinstance((await transport.walk([oid])).failure, ProfileError)
    assert transport.requests == 0


async def test_a_lost_request_is_sent_again(agent: SnmpAgent) -> None:
    async with opened(SIMPLE, agent.port, retries=2, timeout=3) as transport:
        with pytest.raises(TimedOut, match=r"\[3 x 3 s\]"):
            await transport.get([SYS_DESCR])
        assert transport.requests == 3
