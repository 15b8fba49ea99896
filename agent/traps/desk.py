"""Hears traps for the daemon: each is noted for its device, whose poll is asked for at once."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent.traps.book import Book
from collectors.model import Sample
from collectors.traps.intake import Intake
from collectors.traps.meanings import Meanings
from collectors.traps.receiver import Received, Receiver

log = logging.getLogger(__name__)

TOLD_EVERY = 600.0  # seconds between two log lines about what is dropped
MAX_TOLD = 5


@dataclass(slots=True)
class Desk:
    """Between the receiver and the daemon's polls. `addresses` are those of each device.

    `soon(name)` has a device polled out of turn, not more often than is good for it (agent/polling.py).
    """

    intake: Intake
    meanings: Meanings
    addresses: Mapping[str, tuple[str, ...]]
    now: Callable[[], datetime]
    book: Book = field(default_factory=Book)
    soon: Callable[[str], object] = lambda device: None

    def accept(self, received: Received) -> None:
        """Note a notification for its devices, and have them polled."""
        said = received.notification
        event = self.meanings.event(said.trap, said.varbinds)
        at = self.now().timestamp()
        for device in received.devices:
            self.book.note(device, event, at)
            self.soon(device)

    def take(self, device: str) -> tuple[Sample, ...]:
        """Return what was heard of a device since the last time, for its next poll."""
        dropped = sum(map(self.intake.dropped_of, self.addresses.get(device, ())))
        return self.book.take(device, dropped, self.now().timestamp())

    async def tell(self, receiver: Receiver) -> None:
        """Say now and then whose traps are dropped, until cancelled."""
        while True:
            await asyncio.sleep(TOLD_EVERY)
            for line in told(self.intake.strangers(), receiver):
                log.warning("traps: %s", line)


def told(strangers: Mapping[str, int], receiver: Receiver) -> list[str]:
    """Return lines about what was dropped since the last time: who sent most."""
    lines = []
    if strangers:
        most = ", ".join(f"{address} ({times})" for address, times in list(strangers.items())[:MAX_TOLD])
        lines.append(f"{sum(strangers.values())} from {len(strangers)} addresses that no device has: {most}")
    for (source, reason), times in receiver.blamed().most_common(MAX_TOLD):
        lines.append(f"{source}: {times} dropped: {reason}")
    return lines
