"""Back up many devices side by side, and join what that told to what was read of them."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.configs.backup import BACKED_UP, UNSAVED, Backup, Keeper
from agent.model import Entry
from collectors.gather import Bounds
from collectors.model import Cost, Failure, Reading, Snapshot
from collectors.profiles import ProfileSet
from collectors.profiles.rules import Cli

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Backs up the devices that can be: those with ssh, not left out in the inventory, of a family whose
    configuration we know to ask for, and that answered.
    """

    keeper: Keeper
    profiles: ProfileSet
    bounds: Bounds

    async def inspection(
        self, entries: Sequence[Entry], snapshots: Mapping[str, Snapshot], run: str
    ) -> dict[str, Backup]:
        """Back up within an inspection: its `BackUp`."""
        return await self.all(entries, snapshots, f"Run: {run}", inspecting=True)

    async def all(
        self,
        entries: Sequence[Entry],
        snapshots: Mapping[str, Snapshot],
        reason: str,
        *,
        inspecting: bool,
        done: Callable[[Backup], None] = lambda backup: None,
    ) -> dict[str, Backup]:
        """Back up devices, telling `done` of each, and return what became of those that can be."""
        wanted = [
            (entry, cli, snapshot)
            for entry in entries
            if (snapshot := snapshots.get(entry.name)) is not None
            and snapshot.up
            and (cli := self.cli(entry, snapshot.profile)) is not None
        ]

        async def one(entry: Entry, cli: Cli, snapshot: Snapshot) -> Backup:
            async with self.bounds.hold(entry.name, entry.site.name if entry.site else None):
                backup = await self._one(entry, cli, reason, inspecting, UNSAVED in snapshot.expected)
            done(backup)
            return backup

        backups = await asyncio.gather(*(one(*each) for each in wanted))
        return {backup.device: backup for backup in backups}

    def cli(self, entry: Entry, profile: str | None) -> Cli | None:
        """Return the command line a device's configuration is asked for; None where it is not."""
        if entry.device.ssh is None or not entry.config_backup or profile is None or profile not in self.profiles:
            return None
        cli = self.profiles[profile].cli
        return cli if cli is not None and cli.config is not None else None

    async def _one(self, entry: Entry, cli: Cli, reason: str, inspecting: bool, saved_told: bool) -> Backup:
        """The edge of one device. What goes wrong in our own code may quote the configuration, so it is not quoted."""
        try:
            return await self.keeper.back_up(entry, cli, reason=reason, inspecting=inspecting, saved_told=saved_told)
        except Exception as error:  # noqa: BLE001
            message = f"{entry.name}: the configuration backup failed: {type(error).__name__}"
            log.error("%s", message)
            failure = Failure("ssh", "error", "configs", message, frozenset({BACKED_UP}))
            return Backup(device=entry.name, reading=Reading(failures=(failure,), expected=frozenset({BACKED_UP})))


def joined(snapshot: Snapshot, backup: Backup | None, *, first: bool) -> Snapshot:
    """Return a snapshot with what a backup told. It cost the device something once: in the `first` reading."""
    if backup is None:
        return snapshot
    reading = backup.reading
    return replace(
        snapshot,
        samples=(*snapshot.samples, *reading.samples),
        failures=(*snapshot.failures, *reading.failures),
        expected=snapshot.expected | reading.expected,
        cost=snapshot.cost + (reading.cost if first else Cost()),
    )
