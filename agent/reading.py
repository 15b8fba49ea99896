"""Reads devices with the real collectors, within common bounds: once each, or many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from agent.checks.rules import Check
from agent.model import Entry
from collectors import gather as gathering
from collectors import ssh
from collectors.gather import Bounds
from collectors.model import Collector, Snapshot
from collectors.profiles import ProfileSet
from collectors.ssh_guard import LoginGuard
from collectors.ssh_kept import KeptSessions

LEAST_BUDGET = 20.0  # seconds a poll may take, however short its device's interval


def now() -> datetime:
    """Return the time, aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads devices with the real collectors, within common bounds. Made inside the running loop."""

    profiles: ProfileSet
    sessions: KeptSessions
    collectors: Mapping[str, Collector]
    bounds: Bounds

    def __post_init__(self) -> None:
        self.bounds.make_room()

    async def all(
        self,
        entries: Sequence[Entry],
        before: Mapping[str, Snapshot],
        done: Callable[[Snapshot], None] = lambda snapshot: None,
    ) -> dict[str, Snapshot]:
        """Read many devices once: an inspection's `Gather`."""
        sites = {entry.name: entry.site.name for entry in entries if entry.site}
        snapshots = await gathering.gather_all(
            [entry.device for entry in entries],
            profiles=self.profiles,
            collectors=self.collectors,
            now=now,
            known={name: snapshot.profile for name, snapshot in before.items()},
            bounds=self.bounds,
            site=lambda device: sites.get(device.name),
            on_done=done,
        )
        return {snapshot.device: snapshot for snapshot in snapshots}

    def close(self) -> None:
        """Log out of the devices whose sessions are kept. Blocks."""
        self.sessions.close()

    async def one(self, entry: Entry, before: Snapshot | None) -> Snapshot:
        """Read one device once, within the time its interval gives it: the daemon's `Poll`."""
        async with self.bounds.hold(entry.name, entry.site.name if entry.site else None):
            return await gathering.gather(
                entry.device,
                profiles=self.profiles,
                collectors=self.collectors,
                now=now,
                known=before.profile if before else None,
                deadline=min(gathering.DEADLINE, max(LEAST_BUDGET, entry.interval.total_seconds())),
            )


def reader(
    profiles: ProfileSet,
    rules: Mapping[str, Check] = MappingProxyType({}),
    bounds: Bounds | None = None,
    *,
    sessions: int = 0,
    guard: LoginGuard | None = None,
) -> Reader:
    """Return what reads as much as the checks ask for. Made inside the running loop.

    `sessions` to devices at most are kept open where the inventory says so, until the reader is closed. `guard`
    logs in; without one, one of its own.
    """
    kept = KeptSessions((guard or LoginGuard(ssh.open_session)).open, most=sessions)
    collectors = gathering.build({check.sample for check in rules.values()}, kept.open)
    return Reader(profiles=profiles, sessions=kept, collectors=collectors, bounds=bounds or Bounds())
