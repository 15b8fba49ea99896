"""Keep a wrong password from locking accounts: how often a login that was refused is tried again.

A device that refuses a login is asked three times in all, 15 minutes and then an hour apart, whatever its interval. A
login that three devices refuse within five minutes, and none takes meanwhile, is not tried anywhere: RADIUS and TACACS
servers count for all devices together. Both last until netpatrol is started anew, or the login is another one. Where
several processes log in, each is told what devices answered the others.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from collectors.errors import AuthFailed, Unsent
from collectors.model import CliSession, Device, Secret, SshAccess
from collectors.profiles.rules import Cli
from collectors.ssh import OpenSsh

AGAIN = (900.0, 3600.0)  # seconds until the second and the third try at a device
TRIES = len(AGAIN) + 1
DEVICES = 3  # that refuse a login …
WITHIN = 300.0  # … in so many seconds pause it
PATIENCE = (
    5.0  # seconds to wait for the first logins of one that was never taken; a dead device tells nothing for longer
)
RESUME = "correct the login in the inventory and restart netpatrol (已暂停登录：请更正凭据后重启)"

Credential = tuple[str, Secret | None, Path | None]  # user name, password, key file


@dataclass(frozen=True, slots=True)
class Login:
    """What a device answered to a login."""

    device: str
    credential: Credential
    taken: bool
    at: float  # seconds, monotonic: of one clock for all processes of a machine


@dataclass(slots=True)
class Refusals:
    """What is known of refused logins. Pure: times are seconds of any one clock."""

    devices: dict[tuple[str, Credential], list[float]] = field(default_factory=dict)  # when each refused
    lately: dict[Credential, dict[str, float]] = field(default_factory=dict)  # who refused, since it was last taken
    paused: dict[Credential, tuple[str, ...]] = field(default_factory=dict)  # with the devices that refused
    taken: set[Credential] = field(default_factory=set)  # by the newest answer that there was

    def forbids(self, device: str, credential: Credential, now: float) -> str:
        """Return why a login may not be tried now; empty if it may."""
        if credential in self.paused:
            who = ", ".join(self.paused[credential])
            return f"logins of user {credential[0]} are paused, as {who} refused them within 5 minutes: {RESUME}"
        refused = self.devices.get((device, credential), [])
        if len(refused) >= TRIES:
            return f"logins are paused, as the device refused user {credential[0]} {TRIES} times: {RESUME}"
        if refused and now < (due := refused[-1] + AGAIN[len(refused) - 1]):
            return f"a refused login is not tried again for {(due - now) / 60:.0f} min, lest the account be locked"
        return ""

    def note(self, login: Login) -> bool:
        """Note what a device answered; say whether others have to know."""
        if not login.taken:
            self.refused(login.device, login.credential, login.at)
            return True
        news = login.credential not in self.taken or (login.device, login.credential) in self.devices
        self.accepted(login.device, login.credential)
        return news

    def refused(self, device: str, credential: Credential, now: float) -> None:
        """Note that a device did not take a login."""
        self.taken.discard(credential)
        self.devices.setdefault((device, credential), []).append(now)
        lately = self.lately.setdefault(credential, {})
        lately[device] = now
        recent = tuple(name for name, at in lately.items() if now - at < WITHIN)
        if len(recent) >= DEVICES:
            self.paused[credential] = recent

    def accepted(self, device: str, credential: Credential) -> None:
        """Note that a device took a login: it is right, and no account is locked."""
        self.taken.add(credential)
        self.lately.pop(credential, None)
        self.devices.pop((device, credential), None)

    def room(self, credential: Credential, now: float) -> int:
        """Return how many devices may refuse a login before it is paused."""
        return DEVICES - sum(now - at < WITHIN for at in self.lately.get(credential, {}).values())


class LoginGuard:
    """Logs in where that is not forbidden. May be used from many threads.

    `at_once` devices at most are asked to take a login that none has taken yet. `known` is what other guards were
    answered before this one was made; `tell` is told what they have to know of this one.
    """

    def __init__(
        self,
        open_ssh: OpenSsh,
        *,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
        at_once: int = DEVICES,
        known: Refusals | None = None,
        tell: Callable[[Login], object] = lambda login: None,
    ) -> None:
        self._open_ssh = open_ssh
        self._clock = clock
        self._patience = patience
        self._at_once = at_once
        self._tell = tell
        self._refusals = known or Refusals()
        self._changed = threading.Condition()
        self._trying: Counter[Credential] = Counter()

    def heed(self, login: Login) -> None:
        """Heed what a device answered to another guard."""
        with self._changed:
            self._refusals.note(login)
            self._changed.notify_all()

    def open(self, device: Device, cli: Cli) -> CliSession:
        """Log in as `ssh.open_session` does. Raises Unsent where the login is paused."""
        if device.ssh is None:
            return self._open_ssh(device, cli)
        credential = _credential(device.ssh)
        self._begin(device.name, credential)
        try:
            session = self._open_ssh(device, cli)
        except AuthFailed as error:
            raise self._refused(device.name, credential, error) from error
        else:
            self._answered(device.name, credential, taken=True)
            return session
        finally:
            with self._changed:
                self._trying[credential] -= 1
                self._changed.notify_all()

    def _begin(self, device: str, credential: Credential) -> None:
        """Wait while as many try a login that nobody has taken as may refuse it; raise Unsent where it is forbidden."""
        with self._changed:
            self._changed.wait_for(lambda: self._may_try(credential), self._patience)
            why = self._refusals.forbids(device, credential, self._clock())
            if why:
                raise Unsent(f"{device}: login: {why}")
            self._trying[credential] += 1

    def _may_try(self, credential: Credential) -> bool:
        known = self._refusals
        settled = credential in known.taken or credential in known.paused
        return settled or self._trying[credential] < min(self._at_once, known.room(credential, self._clock()))

    def _refused(self, device: str, credential: Credential, error: AuthFailed) -> AuthFailed:
        if isinstance(error, Unsent):
            return error
        self._answered(device, credential, taken=False)
        with self._changed:
            then = self._refusals.forbids(device, credential, self._clock())
        return AuthFailed(f"{error}; {then}")

    def _answered(self, device: str, credential: Credential, *, taken: bool) -> None:
        login = Login(device, credential, taken, self._clock())
        with self._changed:
            news = self._refusals.note(login)
        if news:
            self._tell(login)


def _credential(access: SshAccess) -> Credential:
    return access.username, access.password, access.key_file
