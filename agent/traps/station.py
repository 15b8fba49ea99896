"""Puts together what hears traps: socket, intake, receiver, desk, counts; opened, run and closed as one."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from agent.model import Inventory
from agent.traps import identity
from agent.traps.counts import Counts
from agent.traps.desk import Desk
from agent.traps.settings import Traps
from collectors.traps import meanings
from collectors.traps.intake import Intake
from collectors.traps.listener import Listener, bound, clock
from collectors.traps.receiver import Receiver, Sender, Senders
from collectors.traps.usm import Usm

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Station:
    """What hears traps, while `running`."""

    desk: Desk
    receiver: Receiver
    counts: Counts
    listener: Listener
    arrived: asyncio.Event

    @property
    def port(self) -> int:
        """The port it hears on."""
        return self.listener.port

    @asynccontextmanager
    async def running(self, soon: Callable[[str], object], stop: asyncio.Event) -> AsyncIterator[None]:
        """Open what comes, and have its devices polled by `soon(name)`.

        Once `stop` is set nothing is heard, nor acknowledged, that could not be kept any more.
        """
        self.desk.soon = soon
        log.info("hearing traps on port %d", self.port)
        tasks = [
            asyncio.create_task(self.receiver.work(self.desk.intake, self.arrived)),
            asyncio.create_task(self.desk.tell(self.receiver)),
            asyncio.create_task(self._hear_until(stop)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.listener.close()

    async def _hear_until(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.listener.close()


async def opened(settings: Traps, inventory: Inventory, data: Path, now: Callable[[], datetime]) -> Station:
    """Hear on the address of `settings`, in the running loop. Raises Unreachable, and OSError of the data folder."""
    devices = {name: entry.device for name, entry in inventory.entries.items() if entry.device.snmp}
    hosts = await resolved({*(device.address for device in devices.values()), *settings.relays})
    addresses = {name: hosts[device.address] for name, device in devices.items()}
    senders = Senders.of(
        (Sender(name, device.snmp, addresses[name]) for name, device in devices.items() if device.snmp),
        [address for relay in settings.relays for address in hosts[relay]],
    )
    usm = Usm(identity.take_up(data, clock()))
    hearing = bound(settings.host, settings.port)
    intake, arrived, loop = Intake(senders.shares()), asyncio.Event(), asyncio.get_running_loop()
    desk = Desk(intake, meanings.builtin(), addresses, now)

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(arrived.set)

    listener = Listener(hearing, intake, wake)
    receiver = Receiver(senders, usm, desk.accept, listener.send)
    names = {address: tuple(s.name for s in there) for address, there in senders.by_address.items()}
    return Station(desk, receiver, Counts(intake, receiver, listener, names), listener, arrived)


async def resolved(hosts: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the addresses of each host, as a socket shows them; none, with a warning, of a name that is not found."""
    found: dict[str, tuple[str, ...]] = {}
    names: list[str] = []
    for host in hosts:
        try:
            address = ip_address(host.partition("%")[0])
            found[host] = (str(getattr(address, "ipv4_mapped", None) or address),)
        except ValueError:
            names.append(host)
    return found | dict(zip(names, await asyncio.gather(*map(_addresses, names)), strict=True))


async def _addresses(name: str) -> tuple[str, ...]:
    try:
        answers = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        log.warning("traps: %s does not resolve: traps of it are from nobody known (%s)", name, error)
        return ()
    return tuple(dict.fromkeys(str(answer[4][0]).partition("%")[0] for answer in answers))
