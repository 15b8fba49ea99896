"""Addresses, request-ids and sockets of the own engine."""

import errno

import pytest

from collectors import snmp_udp
from collectors.errors import Unreachable
from collectors.snmp_own import open_own
from tests.simulator.near import V2C


async def test_a_machine_without_ipv6_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_socket(*_: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(snmp_udp.socket, "socket", no_socket)
    with pytest.raises(Unreachable, match="not supported"):
        await open_own("sw-7", "::1", V2C)


def test_request_ids_take_four_octets_and_do_not_come_in_order() -> None:
    ids = snmp_udp.ids()
    found = [next(ids) for _ in range(5_000)]
    assert all(2**24 <= each < 2**31 for each in found)
    assert len(set(found)) > 4_990
    assert found != sorted(found)


ADDRESSES = {
    "127.0.0.1": ("127.0.0.1", 161),
    "::1": ("::1", 161, 0, 0),
    "2001:DB8:0::5": ("2001:db8::5", 161, 0, 0),
    "sw1.example": None,
    "fe80::1%eth0": None,
    "127.1": None,
    "": None,
}


@pytest.mark.parametrize(("host", "address"), ADDRESSES.items())
def test_an_address_is_read_as_the_socket_will_give_it(host: str, address: object) -> None:
    found = snmp_udp.numeric(host, 161)
    assert (found and found[1]) == address
