"""ICMP: what came back becomes figures; what did not, a reason."""

from collections.abc import Callable
from typing import Any

import pytest

from collectors.echo import Echoed, Forbidden
from collectors.icmp import EXPECTED, IcmpCollector
from collectors.model import Device, DeviceClass, Reading
from collectors.profiles.rules import Profile

PROFILE = Profile(name="generic")


class Ping:
    """Stands in for the pinger; remembers what it was asked."""

    def __init__(self, *rtts: float, sent: int = 5, error: Exception | None = None) -> None:
        self._rtts = rtts
        self._sent = sent
        self._error = error
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def __call__(self, address: str, **how: Any) -> Echoed:
        self.asked.append((address, how))
        if self._error is not None:
            raise self._error
        return Echoed(self._rtts, self._sent)


def a_device(address: str = "192.0.2.1", *, icmp: bool = True) -> Device:
    return Device(name="edge-1", address=address, device_class=DeviceClass.ROUTER, icmp=icmp)


async def read(ping: Callable[..., Any], address: str = "192.0.2.1") -> Reading:
    return await IcmpCollector(ping).read(a_device(address), PROFILE)


def figures(reading: Reading) -> dict[str, float]:
    return {sample.name: sample.value for sample in reading.samples}


@pytest.mark.parametrize(
    ("rtts", "loss", "mean"),
    [((0.001, 0.002, 0.003, 0.004, 0.005), 0.0, 0.003), ((0.01, 0.02), 0.6, 0.015), ((-0.0005,), 0.8, 0.0)],
    ids=["all came back", "two of five came back", "the clock stepped back"],
)
async def test_echoes_that_come_back_give_loss_and_the_mean_round_trip(rtts, loss, mean):
    reading = await read(Ping(*rtts))
    assert figures(reading) == {
        "device_icmp_loss_ratio": pytest.approx(loss),
        "device_icmp_rtt_seconds": pytest.approx(mean),
    }
    assert (reading.answered, reading.failures, reading.cost.requests) == (True, (), 5)


@pytest.mark.parametrize(("sent", "kind"), [(5, "timeout"), (0, "unreachable")])
async def test_silence_is_full_loss_and_says_why_there_is_no_round_trip(sent, kind):
    reading = await read(Ping(sent=sent))
    (failure,) = reading.failures
    assert figures(reading) == {"device_icmp_loss_ratio": 1.0}
    assert not reading.answered
    assert (failure.kind, failure.samples) == (kind, {"device_icmp_rtt_seconds"})
    assert failure.message.startswith("edge-1: ")


async def test_a_kernel_that_forbids_ping_is_told_apart_from_the_device_with_the_remedy():
    reading = await read(Ping(error=Forbidden()))
    (failure,) = reading.failures
    assert (failure.kind, failure.samples, reading.samples) == ("refused", EXPECTED, ())
    assert 'net.ipv4.ping_group_range="0 2147483647"' in failure.message
    assert "icmp: false" in failure.message


async def test_a_socket_error_is_unreachable():
    (failure,) = (await read(Ping(error=OSError("no such interface")))).failures
    assert (failure.kind, failure.samples) == ("unreachable", EXPECTED)


@pytest.mark.parametrize("name", ["no-such-device.invalid", "a" * 300, "a..b"])
async def test_a_name_that_does_not_resolve_is_unreachable_and_is_named(name):
    ping = Ping(1.0)
    (failure,) = (await read(ping, name)).failures
    assert (failure.kind, ping.asked) == ("unreachable", [])
    assert name in failure.message


@pytest.mark.parametrize(
    ("address", "pinged"), [("127.0.0.1", "127.0.0.1"), ("2001:DB8::1", "2001:db8::1"), ("fe80::1%lo", "fe80::1%lo")]
)
async def test_addresses_of_both_families_go_out_without_a_look_up(address, pinged):
    ping = Ping(1.0)
    await read(ping, address)
    assert [to for to, _ in ping.asked] == [pinged]


async def test_a_name_is_resolved_before_it_is_pinged():
    ping = Ping(1.0)
    await read(ping, "localhost")
    assert ping.asked[0][0] in {"127.0.0.1", "::1"}


@pytest.mark.parametrize("icmp", [True, False])
def test_only_devices_that_allow_it_are_pinged(icmp):
    assert IcmpCollector().wants(a_device(icmp=icmp)) is icmp


@pytest.mark.lab
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_loopback_answers_for_real(address):
    reading = await IcmpCollector(interval=0.01).read(a_device(address), PROFILE)
    assert (reading.answered, figures(reading)["device_icmp_loss_ratio"]) == (True, 0.0)
