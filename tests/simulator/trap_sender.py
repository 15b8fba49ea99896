"""Sends traps as devices do, from any address of 127.0.0.0/8: single ones, and storms beside devices that send calmly.

`TRAP_COMMUNITY=… python -m tests.simulator.trap_sender 127.0.0.1:1162 --storm 127.9.0.1 --calm 127.9.0.2 …` runs the
storm of 50,000 in 10 s in a process of its own, and prints what each address sent as JSON.
"""

import argparse
import json
import os
import socket
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from pyasn1.codec.ber import encoder
from pysnmp.proto.api import v1, v2c

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
_UPTIME, _TRAP_OID = "1.3.6.1.2.1.1.3.0", "1.3.6.1.6.3.1.1.4.1.0"
Bound = tuple[str, Any]  # OID, pysnmp value


def trap(
    community: str,
    oid: str = LINK_DOWN,
    bound: Iterable[Bound] = (),
    *,
    request_id: int = 1,
    uptime: int = 1,
    inform: bool = False,
) -> bytes:
    """Return a v2c message, built by pysnmp."""
    pdu = v2c.InformRequestPDU() if inform else v2c.SNMPv2TrapPDU()
    v2c.apiPDU.set_defaults(pdu)
    v2c.apiPDU.set_request_id(pdu, request_id)
    head = [(_UPTIME, v2c.TimeTicks(uptime)), (_TRAP_OID, v2c.ObjectIdentifier(oid))]
    v2c.apiPDU.set_varbinds(pdu, [(v2c.ObjectIdentifier(name), value) for name, value in (*head, *bound)])
    return _message(v2c, community, pdu)


def trap_v1(  # noqa: PLR0917
    community: str,
    enterprise: str,
    generic: int,
    specific: int = 0,
    agent: str = "10.0.0.99",
    bound: Iterable[Bound] = (),
) -> bytes:
    """Return a v1 message, built by pysnmp."""
    pdu = v1.TrapPDU()
    v1.apiTrapPDU.set_defaults(pdu)
    v1.apiTrapPDU.set_enterprise(pdu, enterprise)
    v1.apiTrapPDU.set_generic_trap(pdu, generic)
    v1.apiTrapPDU.set_specific_trap(pdu, specific)
    v1.apiTrapPDU.set_agent_address(pdu, agent)
    v1.apiTrapPDU.set_varbinds(pdu, [(v1.ObjectIdentifier(name), value) for name, value in bound])
    return _message(v1, community, pdu)


def _message(api: Any, community: str, pdu: Any) -> bytes:
    message = api.Message()
    api.apiMessage.set_defaults(message)
    api.apiMessage.set_community(message, community)
    api.apiMessage.set_pdu(message, pdu)
    return bytes(encoder.encode(message))


def storm(
    target: tuple[str, int],
    community: str,
    stormy: str,
    calm: Sequence[str] = (),
    *,
    total: int = 50_000,
    seconds: float = 10.0,
) -> Counter[str]:
    """Send `total` traps from one address, spread over some seconds, and one a second from each calm one.

    Return what each sent. Blocks: run it in a process of its own, so that it does not take the hearer's time.
    """
    sockets = {address: _from(address) for address in (stormy, *calm)}
    sent: Counter[str] = Counter()
    messages = [trap(community, bound=[(f"{IF_INDEX}.{n}", v2c.Integer32(n))], request_id=n) for n in range(1, 49)]
    began, numbers = time.monotonic(), count(1)
    while sent[stormy] < total:
        passed = time.monotonic() - began
        for address in calm:
            if sent[address] <= passed:
                sockets[address].sendto(trap(community, request_id=next(numbers)), target)
                sent[address] += 1
        due = min(total, int(total * passed / seconds) + 1)
        for n in range(sent[stormy], due):
            sockets[stormy].sendto(messages[n % len(messages)], target)
        sent[stormy] = max(due, sent[stormy])
        time.sleep(0.001)
    for each in sockets.values():
        each.close()
    return sent


def _from(address: str) -> socket.socket:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind((address, 0))
    return sender


def main() -> None:
    """Run one storm from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--storm", required=True)
    parser.add_argument("--calm", nargs="*", default=[])
    parser.add_argument("--total", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    host, _, port = given.target.rpartition(":")
    sent = storm(
        (host, int(port)),
        os.environ["TRAP_COMMUNITY"],
        given.storm,
        given.calm,
        total=given.total,
        seconds=given.seconds,
    )
    print(json.dumps(sent))


if __name__ == "__main__":
    main()
