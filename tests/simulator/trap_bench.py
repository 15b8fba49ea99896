"""A receiver of traps without a socket: what it believed, and what it answered."""

from collectors.model import Secret, SnmpAccess
from collectors.traps.intake import Arrival
from collectors.traps.receiver import Received, Receiver, Sender, Senders
from collectors.traps.usm import Usm
from tests.simulator.trap_sender_v3 import OURS

V2C = SnmpAccess(community=Secret("a-community"))
EDGE = "10.0.0.1"


class Bench:
    """A receiver, with what it believed and what it answered."""

    def __init__(self, *senders: Sender, relays: tuple[str, ...] = ()) -> None:
        self.believed: list[Received] = []
        self.answers: list[tuple[bytes, object]] = []
        known = Senders.of(senders, relays)
        send = lambda message, address: self.answers.append((message, address))  # noqa: E731
        self.receiver = Receiver(known, Usm(OURS), self.believed.append, send)

    def open(self, datagram: bytes, source: str = EDGE, at: float = 0.0) -> None:
        self.receiver.open(Arrival(source, (source, 5000), datagram, at))

    @property
    def devices(self) -> list[tuple[str, ...]]:
        return [received.devices for received in self.believed]


def sender(name: str, *addresses: str, access: SnmpAccess = V2C) -> Sender:
    return Sender(name, access, addresses or (EDGE,))
