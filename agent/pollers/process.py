"""A polling process: gets its share over a socket, polls it as it is told, and tells what comes of it.

`python -m agent.pollers.process FD`, started by agent/pollers/crew.py.
"""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from agent import garbage, reading
from agent.metrics_health import Pulse
from agent.poller import Message, Poller, Share
from agent.pollers.wire import LIMIT, Batch, Leaner, framed, received
from agent.startup import GARBAGE, log_to_stderr
from agent.store import Store
from agent.waiting import came
from collectors import ssh
from collectors.gather import Bounds
from collectors.profiles import ProfileSet
from collectors.ssh_guard import Login, LoginGuard, Refusals

log = logging.getLogger(__name__)

BATCH_PAUSE = 0.1  # seconds between two batches, while there is something to tell
BEAT = 1.0  # seconds between two batches, if there is nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one process polls, and with what."""

    share: Share
    profiles: ProfileSet
    at_once: int  # devices
    per_site: int  # devices at once
    sessions: int  # kept open
    logins: int  # tried at once of one that no device has taken yet
    store: Path
    refusals: Refusals = field(default_factory=Refusals)  # what all processes know of logins when this one starts


class Outbox:
    """Gathers messages, and sends them in batches; where there are none, a beat."""

    def __init__(self, line: asyncio.StreamWriter, leaner: Leaner, poller: Poller, pulse: Pulse) -> None:
        self._line, self._leaner, self._poller, self._pulse = line, leaner, poller, pulse
        self._waiting: list[Message] = []
        self._some = asyncio.Event()

    def put(self, message: Message) -> None:
        """Take a message to be sent."""
        self._waiting.append(message)
        self._some.set()

    async def send_on(self) -> None:
        """Send until cancelled."""
        while True:
            await came(self._some, BEAT)
            await self.send()
            await asyncio.sleep(BATCH_PAUSE)

    async def send(self) -> None:
        """Send what waits. Raises ConnectionError when the daemon is gone."""
        waiting, self._waiting = self._waiting, []
        self._some.clear()
        messages = tuple(map(self._leaner.lean, waiting))
        usage = resource.getrusage(resource.RUSAGE_SELF)
        batch = Batch(messages, self._poller.running, self._pulse.lag(), usage.ru_utime + usage.ru_stime, _memory())
        self._line.write(framed(batch))
        await self._line.drain()


def _memory() -> int:
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


async def work(line: socket.socket) -> None:
    """Do the job that comes over a socket until told to stop, or until the other end is closed."""
    reader, writer = await asyncio.open_connection(sock=line, limit=LIMIT)
    job: Job = await received(reader)
    bounds = Bounds(devices=job.at_once, per_site=job.per_site)
    loop = asyncio.get_running_loop()
    outbox: Outbox

    def tell(login: Login) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(outbox.put, login)

    guard = LoginGuard(ssh.open_session, at_once=job.logins, known=job.refusals, tell=tell)
    devices = reading.reader(job.profiles, job.share.rules, bounds, sessions=job.sessions, guard=guard)
    with Store.open(job.store) as store:
        poller, pulse, stop = Poller(job.share, devices.one, store, reading.now), Pulse(), asyncio.Event()
        outbox = Outbox(writer, Leaner(), poller, pulse)

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and task.exception() is not None:
                log.error("this process cannot go on: %r", task.exception())
                stop.set()

        works = (obey(reader, poller, guard, stop), outbox.send_on(), pulse.beat_on(), garbage.look_on())
        tasks = [asyncio.create_task(work) for work in works]
        for task in tasks:
            task.add_done_callback(ended)
        try:
            await poller.run(stop, outbox.put)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(ConnectionError):  # the daemon is gone
            await outbox.send()
        await asyncio.to_thread(devices.close)
    writer.close()


async def obey(reader: asyncio.StreamReader, poller: Poller, guard: LoginGuard, stop: asyncio.Event) -> None:
    """Do as the daemon says. When it is gone, stop."""
    while True:
        try:
            command = await received(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            command = ("stop",)
        match command:
            case ("stop",):
                stop.set()
                return
            case ("soon", device):
                poller.soon(device)
            case ("now", device):
                poller.now(device)
            case ("login", login):
                guard.heed(login)
            case ("hear", device, heard):
                poller.hear(device, heard)
            case ("look_at", device, names):
                poller.look_at(device, names)
                await asyncio.sleep(0)  # it takes some milliseconds, and often there are many: polls go on in between


def main() -> None:
    """Work at the socket whose descriptor is the argument."""
    log_to_stderr()
    gc.set_threshold(*GARBAGE)
    # a terminal, or a service manager, sends them to all: the daemon says when to stop
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    asyncio.run(work(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
