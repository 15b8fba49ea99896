"""How many devices are polled at once, and what is counted of it."""

import asyncio

from benchmarks import asking, switch
from collectors.model import Device

DEVICES = [switch.device(address, switch.access("2c", 1)) for address in switch.addresses("127.1.0.1", 4)]


async def test_so_many_polls_are_in_flight_until_there_are_no_more() -> None:
    under_way, most = 0, 0

    async def poll(device: Device) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return 7

    assert await asking.in_flight(poll, DEVICES * 3, 3) == [7] * 12
    assert most == 3


async def test_each_devices_first_poll_is_left_out_and_polls_that_lack_values_are_counted() -> None:
    polled: list[str] = []

    async def poll(device: Device) -> int:
        polled.append(device.name)
        return switch.VALUES - (device is DEVICES[0])

    spent = await asking.measure(poll, DEVICES, polls=6, width=2)
    assert (spent.polls, spent.short, spent.values) == (6, 2, 6 * switch.VALUES - 2)
    assert len(polled) == len(DEVICES) + 6


def test_an_access_of_v3_has_the_users_keys_and_one_of_v2c_the_community() -> None:
    assert switch.access("2c", 7).community is not None
    v3 = switch.access("3", 7, auth="sha")
    assert (v3.user, v3.auth_protocol, v3.priv_protocol) == ("bench-sha", "sha", "aes128")
