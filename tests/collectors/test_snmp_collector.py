"""What the collector asks for, when it stops, and what it says is missing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from collectors.errors import AuthFailed, BadData, CollectError, Refused, TimedOut, Unreachable
from collectors.model import Device, DeviceClass, Failure, Value
from collectors.snmp_collector import SYS_DESCR, SYS_OBJECT_ID, SnmpCollector
from tests.simulator import bad_agent, snmp_agent
from tests.simulator.bad_agent import BadAgent
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.played import BOOTS, DEVICE, EXPECTED, HC_IN, IF_NAME, OPER, PROFILE, STORAGE, UPTIME, Played
from tests.simulator.snmp_agent import SnmpAgent

LOOP = IdleLoop


async def read(played: Played) -> Any:
    reading = await SnmpCollector(played.open).read(DEVICE, PROFILE)
    assert played.closed == 1
    return reading


def series(reading: Any) -> dict[str, float]:
    return {f"{each.name} {each.labels.get('ifName', '')}".strip(): each.value for each in reading.samples}


ALL = {
    "device_uptime_seconds": 42,
    "device_engine_boots": 3,
    "ifOperStatus Gi0/1": 1,
    "ifOperStatus Gi0/2": 2,
    "ifHCInOctets Gi0/1": 10,
    "ifHCInOctets Gi0/2": 20,
    "device_storage_total_bytes": 1000,
}


async def test_all_that_the_profile_names_is_read() -> None:
    played = Played()
    reading = await read(played)
    assert series(reading) == ALL
    assert reading.failures == ()
    assert reading.expected == EXPECTED
    assert reading.answered
    assert reading.facts == {"vendor": "Example", "sys_descr": "A switch", "sys_object_id": "1.3.6.1.4.1.32473.1"}
    assert reading.cost.requests == 4
    assert reading.cost.seconds >= 0


async def test_tables_are_walked_one_after_another_with_their_columns_together() -> None:
    played = Played()
    await read(played)
    assert played.asked[1:] == [(OPER,), (STORAGE,), (IF_NAME, HC_IN)]


async def test_a_table_that_fails_costs_what_needs_it_and_no_more() -> None:
    reading = await read(Played({OPER: Refused("genErr")}))
    assert reading.failures == (Failure("snmp", "refused", "ifTable", "genErr", frozenset({"ifOperStatus"})),)
    assert series(reading).keys() == ALL.keys() - {"ifOperStatus Gi0/1", "ifOperStatus Gi0/2"}


async def test_labels_that_could_not_be_read_make_their_samples_incomplete() -> None:
    reading = await read(Played({IF_NAME: BadData("goes back")}, kept={HC_IN: {"1": 10}}))
    assert {(each.what, each.kind, each.samples) for each in reading.failures} == {
        ("ifXTable", "bad_data", frozenset({"ifOperStatus", "ifHCInOctets"}))
    }
    assert series(reading)["ifHCInOctets"] == 10


async def test_one_scalar_that_is_refused_costs_no_other() -> None:
    reading = await read(Played({BOOTS: Refused("genErr")}))
    assert reading.failures == (Failure("snmp", "refused", BOOTS, "genErr", frozenset({"device_engine_boots"})),)
    assert series(reading).keys() == ALL.keys() - {"device_engine_boots"}


HOPELESS = {
    "silence": (TimedOut("no answer"), False, "timeout"),
    "a closed port": (Unreachable("closed"), False, "unreachable"),
    "wrong credentials": (AuthFailed("wrong key"), True, "auth"),
}


@pytest.mark.parametrize(("error", "answered", "kind"), HOPELESS.values(), ids=HOPELESS)
async def test_a_device_that_gives_nothing_is_asked_once(error: CollectError, answered: bool, kind: str) -> None:
    played = Played(dict.fromkeys((UPTIME, OPER, STORAGE, IF_NAME), error))
    reading = await read(played)
    assert len(played.asked) == 1
    assert reading.answered is answered
    assert {failure.kind for failure in reading.failures} == {kind}
    assert frozenset().union(*(failure.samples for failure in reading.failures)) == EXPECTED
    assert reading.failures[1].what == "ifTable, hrStorageTable, ifXTable"
    assert reading.failures[1].message.startswith("not asked for, after: ")


async def test_two_time_outs_in_a_row_end_the_reading() -> None:
    played = Played(dict.fromkeys((OPER, STORAGE, IF_NAME), TimedOut("no answer")), kept={OPER: {"1": 1}})
    reading = await read(played)
    assert len(played.asked) == 3
    assert [failure.what for failure in reading.failures] == ["ifTable", "hrStorageTable", "ifXTable"]
    assert series(reading) == {"device_uptime_seconds": 42, "device_engine_boots": 3, "ifOperStatus": 1}
    assert reading.answered


async def test_a_time_out_between_answers_does_not_end_the_reading() -> None:
    reading = await read(Played({STORAGE: TimedOut("no answer")}))
    assert [failure.what for failure in reading.failures] == ["hrStorageTable"]
    assert series(reading).keys() == ALL.keys() - {"device_storage_total_bytes"}


async def test_a_device_that_gave_data_may_refuse_a_table() -> None:
    reading = await read(Played({OPER: AuthFailed("authorizationError")}))
    assert [failure.what for failure in reading.failures] == ["ifTable"]


async def test_what_is_no_number_is_a_failure_of_its_sample() -> None:
    class Odd(Played):
        async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
            return {**await super().get(oids), BOOTS: b"many"}

    reading = await read(Odd())
    assert [(each.kind, each.what, each.samples) for each in reading.failures] == [
        ("parse", "snmpEngineBoots", frozenset({"device_engine_boots"}))
    ]


async def test_a_transport_that_does_not_open_is_a_failure_of_all() -> None:
    async def no_way(_: Device) -> Played:
        raise Unreachable("sw-1: no route")

    reading = await SnmpCollector(no_way).read(DEVICE, PROFILE)
    assert reading.failures == (Failure("snmp", "unreachable", "connect", "sw-1: no route", frozenset(EXPECTED)),)
    assert not reading.answered
    identity = await SnmpCollector(no_way).identify(DEVICE)
    assert (identity.sys_object_id, str(identity.failure)) == ("", "sw-1: no route")


@pytest.mark.parametrize(
    ("probes", "errors", "asked", "answers", "unsaid"),
    [
        ((), {}, 1, {}, None),
        ((UPTIME, "1.3.6.1.4.1.32473.2.0"), {}, 2, {UPTIME: "4200", "1.3.6.1.4.1.32473.2.0": ""}, None),
        ((UPTIME,), {UPTIME: Refused("no such name")}, 2, {}, "no such name"),
    ],
    ids=["known by what it says", "left open", "will not be probed"],
)
async def test_a_device_that_leaves_open_what_it_is_is_asked_once_more(
    probes: tuple[str, ...],
    errors: dict[str, CollectError],
    asked: int,
    answers: dict[str, str],
    unsaid: str | None,
) -> None:
    played = Played(errors)
    identity = await SnmpCollector(played.open).identify(DEVICE, lambda oid, descr: probes if "switch" in descr else ())
    assert (identity.sys_descr, identity.failure, identity.answers) == ("A switch", None, answers)
    assert (identity.requests, played.requests, played.closed) == (asked, asked, 1)
    assert str(identity.unsaid or "") == (unsaid or "")


async def test_only_devices_with_snmp_are_wanted() -> None:
    collector = SnmpCollector()
    assert collector.protocol == "snmp"
    assert collector.wants(DEVICE)
    assert not collector.wants(Device(name="x", address="x", device_class=DeviceClass.SERVER))


# ---- over UDP ----


def over_udp(port: int, **changed: Any) -> Device:
    assert DEVICE.snmp is not None
    return replace(DEVICE, snmp=replace(DEVICE.snmp, port=port, **changed))


RECORDED: snmp_agent.Recording = {
    SYS_DESCR: "A\x00 switch\x1b[31m",
    SYS_OBJECT_ID: (snmp_agent.OID, "1.3.6.1.4.1.32473.1"),
    UPTIME: (snmp_agent.TICKS, 4200),
    BOOTS: 3,
    f"{STORAGE}.1": 1000,
    **{f"{OPER}.{port}": port for port in (1, 2)},
    **{f"{IF_NAME}.{port}": f"Gi0/{port}" for port in (1, 2)},
    **{f"{HC_IN}.{port}": (snmp_agent.COUNTER64, port * 10) for port in (1, 2)},
}


async def test_a_real_agent_is_identified_and_read() -> None:
    async with SnmpAgent(RECORDED, community="c") as agent:
        identity = await SnmpCollector().identify(over_udp(agent.port))
        reading = await SnmpCollector().read(over_udp(agent.port), PROFILE)
    assert (identity.sys_object_id, identity.failure) == ("1.3.6.1.4.1.32473.1", None)
    assert identity.sys_descr.isprintable()
    assert identity.seconds > 0
    assert series(reading) == ALL
    assert reading.failures == ()


async def test_a_dead_device_costs_one_time_out() -> None:
    async with BadAgent(bad_agent.silent) as agent:
        identity = await SnmpCollector().identify(over_udp(agent.port))
        reading = await SnmpCollector().read(over_udp(agent.port), PROFILE)
    assert isinstance(identity.failure, TimedOut)
    assert len(agent.asked) == 2
    assert not reading.answered
    assert frozenset().union(*(failure.samples for failure in reading.failures)) == EXPECTED


async def test_a_device_that_falls_silent_half_way_keeps_what_it_gave() -> None:
    async with BadAgent(bad_agent.silent_after(2)) as agent:
        reading = await SnmpCollector().read(over_udp(agent.port), PROFILE)
    assert reading.answered
    assert [failure.kind for failure in reading.failures] == ["timeout", "timeout"]


def test_a_flood_of_garbage_does_not_hold_up_the_time_out() -> None:
    class Flood(BadAgent):
        def datagram_received(self, data: bytes, addr: object) -> None:
            for _ in range(3):
                self._send(b"\x30\x82", addr)
            if self._transport is not None and not self._transport.is_closing():
                asyncio.get_running_loop().call_soon(self.datagram_received, data, addr)

    async def ask() -> CollectError | None:
        async with Flood(bad_agent.silent) as agent:
            return (await SnmpCollector().identify(over_udp(agent.port, timeout=0.05))).failure

    assert isinstance(asyncio.run(ask()), BadData)
