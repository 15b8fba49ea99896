"""Keep SSH sessions open between polls, where the inventory allows it: one a device, bounded."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from collectors.errors import CollectError, TimedOut
from collectors.model import CliSession, Device
from collectors.profiles.rules import Cli
from collectors.ssh import OpenSsh

MOST = 500  # sessions kept in a process: each is a thread, a socket, and a line of a device
IDLE_SECONDS = 900.0  # a device polled less often than this logs in anew: its line is worth more


@runtime_checkable
class Lasting(CliSession, Protocol):
    """A session that can rest between polls."""

    def rest(self) -> None:
        """Wait for the next poll. Raises OSError when its connection is closed already."""
        ...

    def wake(self) -> None:
        """Make it ready again, `sent` emptied. Raises CollectError when it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    device: Device
    cli: Cli
    session: Lasting
    since: float  # on the keeper's clock


class KeptSessions:
    """Logs in, or gives the session that was kept. May be used from many threads.

    A session is kept if its device's access says `keep_open`, every command of it was answered, and there is room:
    with all `most` places taken the newest goes, as devices are polled in turns, and closing the longest idle would
    close each just before it is wanted.
    """

    def __init__(self, open_ssh: OpenSsh, *, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._open_ssh = open_ssh
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: OrderedDict[str, _Kept] = OrderedDict()  # by device, longest idle first
        self._busy: set[str] = set()

    def open(self, device: Device, cli: Cli) -> CliSession:
        """Return a session of a device; its `close` gives it back. Blocks as `ssh.open_session`; raises CollectError.

        A kept session that has ended meanwhile is opened again, once. While one of a device is in use there is no
        second: TimedOut.
        """
        if device.ssh is None or not device.ssh.keep_open:
            return self._open_ssh(device, cli)
        kept = self._take(device.name)
        try:
            session = self._woken(kept, device, cli) or self._open_ssh(device, cli)
        except BaseException:
            self._let_go(device.name)
            raise
        return _Lent(session, lambda whole: self._give_back(device, cli, session, whole))

    def close(self) -> None:
        """Close all that is kept; what is still in use is closed when it is given back."""
        with self._lock:
            self._most = 0
            over = list(self._idle.values())
            self._idle.clear()
        for kept in over:
            kept.session.close()

    def _take(self, device: str) -> _Kept | None:
        with self._lock:
            if device in self._busy:
                raise TimedOut(f"{device}: login: the poll before is still using the device's SSH session")
            self._busy.add(device)
            return self._idle.pop(device, None)

    def _let_go(self, device: str) -> None:
        with self._lock:
            self._busy.discard(device)

    def _woken(self, kept: _Kept | None, device: Device, cli: Cli) -> CliSession | None:
        if kept is None:
            return None
        if kept.device == device and kept.cli == cli:
            try:
                kept.session.wake()
                return kept.session
            except CollectError:  # it has ended; the login tells what the device is like now
                pass
        kept.session.close()
        return None

    def _give_back(self, device: Device, cli: Cli, session: CliSession, whole: bool) -> None:
        over: list[CliSession] = []
        try:
            with self._lock:
                oldest = self._clock() - IDLE_SECONDS
                while self._idle and next(iter(self._idle.values())).since < oldest:
                    over.append(self._idle.popitem(last=False)[1].session)
                if whole and isinstance(session, Lasting) and len(self._idle) < self._most and _rests(session):
                    self._idle[device.name] = _Kept(device, cli, session, self._clock())
                else:
                    over.append(session)
            for each in over:
                each.close()
        finally:
            self._let_go(device.name)


def _rests(session: Lasting) -> bool:
    """Let a session rest; False where it has ended: some devices hang up as soon as they have answered."""
    try:
        session.rest()
    except OSError:
        return False
    return True


class _Lent:
    """A CliSession of model.py, for one poll."""

    def __init__(self, session: CliSession, give_back: Callable[[bool], None]) -> None:
        self._session = session
        self._give_back = give_back
        self._whole = True
        self.sent: Sequence[str] = session.sent

    def run(self, command: str) -> str:
        whole, self._whole = self._whole, False
        text = self._session.run(command)  # once it raises, session and device are out of step
        self._whole = whole
        return text

    def close(self) -> None:
        self._give_back(self._whole)
