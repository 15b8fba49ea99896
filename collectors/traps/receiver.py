"""Opens what the intake kept: whose a notification is, by its credentials; whether it is a repeat; answers to informs.

The time spent in it is a share of the event loop's, however much comes.
"""

import asyncio
import hmac
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from collectors.errors import BadData, CollectError
from collectors.model import SnmpAccess
from collectors.snmp_usm import TIME_WINDOW
from collectors.traps import message
from collectors.traps.intake import RELAY, Arrival, Intake, Share
from collectors.traps.message import Dropped, Notification, Reason, Version
from collectors.traps.usm import Unbelieved, Usm, credentials

log = logging.getLogger(__name__)

_FAULT = "a fault of ours"
SLICE = 0.005  # seconds of opening, then others have their turn
PAUSE = 2.0  # times as long as was spent, while there is more: a third of a core at most
REPEATED_WITHIN = 2.0 * TIME_WINDOW + 1  # seconds, for which an SNMPv3 message may be played again and be in time
MAX_MARKS = 50_000  # some 12 MB; about as many as may be opened within that time


@dataclass(frozen=True, slots=True)
class Sender:
    """A device that notifications may come from, and the credentials they must bear: those it is asked with."""

    name: str
    access: SnmpAccess
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Senders:
    """All of them by address; `relays` forward what other devices sent over v1 and v2c."""

    by_address: Mapping[str, tuple[Sender, ...]]
    relays: frozenset[str] = frozenset()

    @classmethod
    def of(cls, senders: Iterable[Sender], relays: Iterable[str] = ()) -> "Senders":
        found: dict[str, tuple[Sender, ...]] = {}
        for sender in senders:
            bare = replace(sender, access=credentials(sender.access))
            for address in sender.addresses:
                found[address] = (*found.get(address, ()), bare)
        return cls(found, frozenset(relays))

    def shares(self) -> dict[str, Share]:
        """Return what each address may send."""
        return dict.fromkeys(self.by_address, Share()) | dict.fromkeys(self.relays, RELAY)

    def at(self, source: str, origin: str) -> tuple[Sender, ...]:
        """Return whom a notification may be from.

        What it says of its origin counts from a relay; else only to tell devices behind one address apart.
        """
        here = self.by_address.get(source, ())
        if source in self.relays:
            return self.by_address.get(origin, ()) or here
        return tuple(sender for sender in here if origin in sender.addresses) or here


@dataclass(frozen=True, slots=True)
class Received:
    """A believed notification, and the devices it may be from: more than one where their credentials are one too."""

    devices: tuple[str, ...]
    notification: Notification
    code: bytes = b""  # SNMPv3's authentication code: what is sent again from another address has the same


@dataclass(slots=True)
class Receiver:
    """Opens arrivals. What is believed goes to `accept`; an inform is acknowledged once that has returned.

    `send(message, address)` sends an answer.
    """

    senders: Senders
    usm: Usm
    accept: Callable[[Received], object]
    send: Callable[[bytes, object], object]
    results: Counter[tuple[Version, str]] = field(default_factory=Counter)  # accepted, duplicate
    dropped: Counter[Reason] = field(default_factory=Counter)
    discoveries: int = 0  # requests for our engine ID
    _blames: Counter[tuple[str, str]] = field(default_factory=Counter)
    _marks: OrderedDict[tuple[str, bytes], float] = field(default_factory=OrderedDict)

    async def work(self, intake: Intake, arrived: asyncio.Event) -> None:
        """Open what waits, whenever `arrived` is set, until cancelled."""
        while True:
            await arrived.wait()
            arrived.clear()
            began = time.perf_counter()
            while (arrival := intake.take()) is not None:
                try:
                    self.open(arrival)
                except Exception as error:  # noqa: BLE001 - the edge of one datagram: a fault of ours costs no other
                    self._fault(arrival, error)
                spent = time.perf_counter() - began
                if spent >= SLICE:
                    await asyncio.sleep(spent * PAUSE)
                    began = time.perf_counter()

    def _fault(self, arrival: Arrival, error: Exception) -> None:
        """Count a fault of ours; log where it is once a source until blamed() is asked: senders may repeat it."""
        if not self._blames[arrival.source, _FAULT]:
            log.error("traps: %s: %s", arrival.source, _FAULT, exc_info=error)
        self._blames[arrival.source, _FAULT] += 1
        self.dropped[Reason.MALFORMED] += 1

    def open(self, arrival: Arrival) -> None:
        """Open one datagram, and do what it asks. Whatever it holds, it raises nothing."""
        try:
            received, reply = self._believed(arrival)
        except Unbelieved as error:
            if error.report:
                self.send(error.report, arrival.address)
            if error.discovery:
                self.discoveries += 1
            else:
                self._drop(arrival, error.reason, error)
        except Dropped as error:
            self._drop(arrival, error.reason, error)
        except BadData as error:
            self._drop(arrival, Reason.MALFORMED, error)
        else:
            self._take_in(received, reply, arrival)

    def _drop(self, arrival: Arrival, reason: Reason, error: CollectError) -> None:
        self.dropped[reason] += 1
        self._blames[arrival.source, f"{reason}: {error}" if isinstance(error, Dropped) else reason.value] += 1

    def blamed(self) -> Counter[tuple[str, str]]:
        """Return whose datagrams were dropped and why since this was last asked."""
        found, self._blames = self._blames, Counter()
        return found

    def _take_in(self, received: Received, reply: Callable[[], bytes] | None, arrival: Arrival) -> None:
        version = received.notification.version
        marks = [(arrival.source, received.notification.mark), *([("", received.code)] if received.code else [])]
        self._forget_marks(arrival.at - REPEATED_WITHIN)
        if any(mark in self._marks for mark in marks):
            self.results[version, "duplicate"] += 1
        else:
            self.accept(received)
            self._marks.update(dict.fromkeys(marks, arrival.at))
            self.results[version, "accepted"] += 1
        if reply is not None:
            self.send(reply(), arrival.address)

    def _forget_marks(self, before: float) -> None:
        while self._marks and (next(iter(self._marks.values())) < before or len(self._marks) >= MAX_MARKS):
            self._marks.popitem(last=False)

    def _believed(self, arrival: Arrival) -> tuple[Received, Callable[[], bytes] | None]:
        if message.version_of(arrival.datagram) == 3:
            return self._of_user(arrival)
        return self._of_community(arrival)

    def _of_community(self, arrival: Arrival) -> tuple[Received, Callable[[], bytes] | None]:
        version, community, pdu = message.opened(arrival.datagram)
        notification = message.read(pdu, version)
        fitting = [s for s in self.senders.at(arrival.source, notification.origin) if _knows(s.access, community)]
        if not fitting:
            raise Dropped(Reason.CREDENTIALS, "another community than its device has")
        reply = (lambda: message.acknowledgement(community, pdu)) if pdu.confirmed else None
        return _received(fitting, notification), reply

    def _of_user(self, arrival: Arrival) -> tuple[Received, Callable[[], bytes] | None]:
        here = self.senders.at(arrival.source, "")
        opened = self.usm.open(arrival.datagram, arrival.source, (s.access for s in here), arrival.at)
        notification = message.read(opened.pdu, "3")
        fitting = [s for s in here if s.access == opened.access]
        named = [s for s in fitting if notification.origin in s.addresses]
        return _received(named or fitting, notification, opened.code), opened.acknowledge


def _received(senders: Iterable[Sender], notification: Notification, code: bytes = b"") -> Received:
    return Received(tuple(sender.name for sender in senders), notification, code)


def _knows(access: SnmpAccess, community: bytes) -> bool:
    """Say whether a community is a device's. Both versions that have one may be used, whichever it is asked with."""
    ours = access.community.reveal().encode() if access.community and access.version != "3" else b""
    return bool(ours) and hmac.compare_digest(ours, community)
