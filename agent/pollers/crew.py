"""The polling processes, as the daemon sees them: starts them, tells each what concerns its devices, hears them."""

import asyncio
import logging
import os
import socket
import sys
import sysconfig
import time
from collections import deque
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from agent.poller import Lost, Message, Tell
from agent.pollers.process import BEAT, Job
from agent.pollers.wire import LIMIT, Batch, Filler, framed, received
from agent.waiting import came
from collectors.model import Sample
from collectors.ssh_guard import Login

log = logging.getLogger(__name__)

COMMANDS = 10_000  # that wait for a process to start
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds before a process that ended is started again
STEADY = 300.0  # seconds that a process has to run for its end to count as the first
PATIENCE = 30.0  # seconds beyond `grace` until a process that does not stop is killed

_PROJECT = Path(__file__).parents[2]


class Crew:
    """Polls in several processes. See agent.poller.Pollers."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.members = tuple(Member(number, job) for number, job in enumerate(jobs, start=1))
        self._of = {device: member for member in self.members for device in member.job.share.entries}

    async def run(self, stop: asyncio.Event, tell: Tell) -> None:
        works = (member.run(stop, partial(self._take, member, tell)) for member in self.members)
        await asyncio.gather(stop.wait(), *works)  # where there are no devices there are no members

    def soon(self, device: str) -> None:
        self._of[device].command("soon", device)

    def now(self, device: str) -> None:
        self._of[device].command("now", device)

    def hear(self, device: str, heard: Sequence[Sample]) -> None:
        self._of[device].command("hear", device, tuple(heard))

    def look_at(self, device: str, checks: Collection[str]) -> None:
        self._of[device].command("look_at", device, tuple(checks))

    def _take(self, teller: "Member", tell: Tell, message: Message) -> None:
        """Take what a process tells: the answers to logins for the other processes, all else for the daemon."""
        if not isinstance(message, Login):
            tell(message)
            return
        for member in self.members:
            member.learn(message, first_hand=member is teller)

    @property
    def running(self) -> int:
        return sum(member.running for member in self.members)

    @property
    def late(self) -> float:
        return max((member.late for member in self.members), default=0.0)


class Member:
    """One polling process. It is started again when it ends unasked."""

    def __init__(self, number: int, job: Job) -> None:
        self.number, self.job = number, job
        self.running = 0  # polls under way
        self.cpu = 0.0  # seconds used, by those before it too
        self.memory = 0  # bytes in RAM
        self.pid: int | None = None  # of the process that runs
        self._said_late, self._heard_at = 0.0, time.monotonic()
        self._line: asyncio.StreamWriter | None = None
        self._waiting: deque[bytes] = deque(maxlen=COMMANDS)

    @property
    def devices(self) -> int:
        return len(self.job.share.entries)

    @property
    def late(self) -> float:
        """How late its loop is, in seconds: as it said, or by its silence."""
        return max(self._said_late, time.monotonic() - self._heard_at - BEAT)

    def command(self, *words: object) -> None:
        """Tell the process something, or the next one if there is none now."""
        if self._line is None:
            self._waiting.append(framed(words))
        else:
            self._line.write(framed(words))

    def learn(self, login: Login, *, first_hand: bool) -> None:
        """Have the process know what a device answered to a login, and the one after it."""
        self.job.refusals.note(login)
        if self._line is not None and not first_hand:
            self.command("login", login)

    async def run(self, stop: asyncio.Event, tell: Tell) -> None:
        """Have the process run until `stop`."""
        pause = FIRST_PAUSE
        while not stop.is_set():
            began = time.monotonic()
            try:
                why = _why(await self._live(stop, tell))
            except OSError as error:  # the system has no process, memory or descriptor left, for now
                why = str(error)
            if stop.is_set():
                return
            pause = FIRST_PAUSE if time.monotonic() - began > STEADY else min(2 * pause, LONGEST_PAUSE)
            log.error(
                "polling process %d, of %d devices, ended unasked (%s); it is started again in %g s",
                self.number, self.devices, why, pause,
            )  # fmt: skip
            self._waiting.clear()  # is said again
            tell(Lost(self.job.share.entries.keys()))
            await came(stop, pause)

    async def _live(self, stop: asyncio.Event, tell: Tell) -> int:
        """Start the process and hear it to its end; return its exit code. Raises OSError."""
        process, ours = await _started()
        self.pid = process.pid
        reader, writer = await asyncio.open_connection(sock=ours, limit=LIMIT)
        writer.write(framed(self.job))
        while self._waiting:
            writer.write(self._waiting.popleft())
        self._line = writer
        ending = asyncio.create_task(self._end(stop, process))
        try:
            await self._hear(reader, tell)
        finally:
            self._line, self.pid, self.running = None, None, 0
            writer.close()
            code = await process.wait()
            ending.cancel()
        return code

    async def _hear(self, reader: asyncio.StreamReader, tell: Tell) -> None:
        filler, used = Filler(), self.cpu
        while True:
            try:
                batch: Batch = await received(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            self._heard_at, self._said_late = time.monotonic(), batch.late
            self.running, self.cpu, self.memory = batch.running, used + batch.cpu, batch.memory
            for message in batch.messages:
                try:
                    tell(filler.whole(message))
                except Exception:  # the edge of one device: a fault of ours here costs the others nothing
                    log.exception("what polling process %d tells cannot be taken", self.number)

    async def _end(self, stop: asyncio.Event, process: asyncio.subprocess.Process) -> None:
        """Have the process stop when it is time; kill it if it does not."""
        await stop.wait()
        self.command("stop")
        await asyncio.sleep(2 * self.job.share.grace + PATIENCE)
        log.error("polling process %d does not stop: it is killed", self.number)
        process.kill()


async def _started() -> tuple[asyncio.subprocess.Process, socket.socket]:
    """Start a process; return it, and our end of the line to it."""
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "agent.pollers.process", str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL, pass_fds=(theirs.fileno(),), env=_environment(),
            )  # fmt: skip
    except OSError:
        ours.close()
        raise
    return process, ours


def _environment() -> dict[str, str]:
    """Return the environment of a process: it runs the code that this one runs, wherever that was found."""
    path = os.environ.get("PYTHONPATH")
    if str(_PROJECT) == sysconfig.get_path("purelib"):  # found there anyway; named first it would go before the library
        return dict(os.environ)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(_PROJECT), *([path] if path else [])])}


def _why(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
