"""Gathering one device: faults and slowness of a collector stay with it."""

import asyncio
from dataclasses import replace

import pytest

from collectors import gather as gathering
from collectors import profiles
from collectors.errors import Refused
from collectors.model import Device, Reading, Sample
from collectors.profiles.rules import Profile
from collectors.snmp_collector import Identity, Probes
from tests.simulator.fake_collectors import ICMP, NOW, NUT, SNMP, SSH, Fake, FakeSnmp, figures, read


class PanicError(BaseException):
    """As native code raises: outside of Exception."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("bad"), "bad_data"), (KeyError("x"), "bad_data"),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "x"), "bad_data"),
        (RuntimeError("bug"), "error"), (OSError(24, "Too many open files"), "error"), (TimeoutError(), "timeout"),
        (PanicError("panicked"), "error"), (SystemExit(3), "error"), (asyncio.CancelledError(), "error"),
        (Refused("not today"), "refused"), (RecursionError(), "error"), (MemoryError(), "error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)  # fmt: skip
@pytest.mark.parametrize("where", ["identify", "read"])
async def test_any_fault_of_a_collector_is_a_failure_and_costs_the_others_nothing(where, error, kind):
    snmp = FakeSnmp(says=error) if where == "identify" else FakeSnmp(brings=error)
    ping = Fake("icmp", Reading((Sample("device_icmp_loss_ratio", {}, 0.0),), answered=True))
    snapshot = await read(replace(SNMP, icmp=True, profile="acme_os"), snmp, ping)
    failure = next(f for f in snapshot.failures if f.what == where)
    assert (failure.protocol, failure.kind) == ("snmp", kind)
    assert figures(snapshot)["device_icmp_loss_ratio"] == 0.0
    if where == "read":
        assert failure.samples == {"device_cpu_ratio"} <= snapshot.expected


async def test_a_message_names_device_protocol_and_error_and_hides_secrets(caplog):
    device = replace(SNMP, ssh=SSH.ssh, nut=NUT.nut)
    error = RuntimeError("could not use s3cret nor hunter2 nor eat0n")
    snapshot = await read(device, FakeSnmp(brings=error), Fake("ssh"))
    message = "core-1: reading over snmp failed: RuntimeError: could not use *** nor *** nor ***"
    assert [failure.message for failure in snapshot.failures] == [message]
    assert message in caplog.text
    assert "s3cret" not in caplog.text + repr(snapshot)


async def test_who_stops_the_program_is_not_held_up():
    async def interrupted(device: Device, profile: Profile) -> Reading:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await asyncio.get_running_loop().run_in_executor(
            None, lambda: asyncio.run(read(ICMP, Fake("icmp", interrupted)))
        )


# ---- time ----


async def forever(device: Device, profile: Profile) -> Reading:
    await asyncio.Event().wait()
    raise AssertionError


async def test_after_its_deadline_a_device_keeps_what_came_in_and_says_what_did_not():
    snmp = FakeSnmp(brings=forever)
    ping = Fake("icmp", Reading((Sample("device_icmp_loss_ratio", {}, 0.0),), answered=True))
    snapshot = await read(replace(SNMP, icmp=True), snmp, ping, deadline=0.01)
    (failure,) = snapshot.failures
    assert (failure.protocol, failure.kind, failure.samples) == ("snmp", "timeout", {"device_cpu_ratio"})
    assert failure.message == "core-1: snmp was not done in the time a device has"
    assert figures(snapshot) == {"device_up": 1, "device_snmp_rtt_seconds": 0.02, "device_icmp_loss_ratio": 0.0}


async def test_a_collector_that_is_called_off_may_close_what_it_opened():
    closed = asyncio.Event()

    async def careful(device: Device, profile: Profile) -> Reading:
        try:
            return await forever(device, profile)
        finally:
            closed.set()

    await read(ICMP, Fake("icmp", careful), deadline=0.0)
    assert closed.is_set()


async def test_a_collector_that_will_not_be_called_off_is_left_behind(monkeypatch):
    monkeypatch.setattr(gathering, "GRACE", 0.0)
    let_go = asyncio.Event()

    async def stubborn(device: Device, profile: Profile) -> Reading:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return Reading(answered=True)

    snapshot = await read(ICMP, Fake("icmp", stubborn), deadline=0.0)
    assert [failure.kind for failure in snapshot.failures] == ["timeout"]
    let_go.set()


async def test_identifying_counts_against_the_deadline():
    class Mute(FakeSnmp):
        async def identify(self, device: Device, probes: Probes) -> Identity:
            await asyncio.Event().wait()
            raise AssertionError

    snapshot = await read(replace(SNMP, profile="acme_os"), Mute(), deadline=0.0)
    assert [(failure.what, failure.kind) for failure in snapshot.failures] == [("identify", "timeout")]
    assert figures(snapshot) == {"device_up": 0}


@pytest.mark.parametrize(("device", "lost"), [(SSH, True), (replace(SNMP, ssh=SSH.ssh), False)], ids=["ssh", "both"])
async def test_what_ssh_is_not_asked_for_beside_snmp_is_not_lost_with_it(device: Device, lost: bool):
    snapshot = await gathering.gather(
        replace(device, profile="cisco_ios"),
        profiles=profiles.load(),
        collectors={"ssh": Fake("ssh", RuntimeError("a fault of ours"))},
        now=lambda: NOW,
    )
    (failure,) = snapshot.failures
    assert ("ifOperStatus" in failure.samples) is lost
    assert "device_clock_offset_seconds" in failure.samples
