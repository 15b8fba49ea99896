"""Put the parts together: what the subcommands run, with real collectors, store and clock."""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from agent import derive, fleet_metrics, inspection
from agent.checks.rules import Check
from agent.configs.backup import Keeper
from agent.configs.round import Round
from agent.fleet import Fleet
from agent.inspection import Gather, Inspector
from agent.metrics import Metrics
from agent.model import Entry, Inventory
from agent.poller import Poll
from agent.push.pusher import Pusher
from agent.push.wire import sender
from agent.service import Parts
from agent.store import Store, StoreError
from agent.traps import station as traps
from agent.traps.station import Station
from collectors import gather as gathering
from collectors import ssh
from collectors.gather import Bounds
from collectors.model import Collector, Snapshot
from collectors.profiles import ProfileSet
from collectors.ssh_guard import LoginGuard
from collectors.ssh_kept import MOST, KeptSessions
from collectors.vocabulary import VOCABULARY, Meaning

STORE, SPOOL = "netpatrol.db", "spool"
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
    keep_sessions: bool = False,
) -> Reader:
    """Return what reads as much as the checks ask for. Made inside the running loop.

    `keep_sessions`: stay logged in where the inventory says so, until the reader is closed.
    """
    sessions = KeptSessions(LoginGuard(ssh.open_session).open, most=MOST if keep_sessions else 0)
    collectors = gathering.build({check.sample for check in rules.values()}, sessions.open)
    return Reader(profiles=profiles, sessions=sessions, collectors=collectors, bounds=bounds or Bounds())


def polling_bounds() -> Bounds:
    """Return the bounds of the daemon: what ten thousand devices a minute need, a few hundred of them dead."""
    return Bounds(devices=256, per_site=64)


def configurations(inventory: Inventory, data: Path, reader: Reader) -> Round:
    """Return what backs up configurations into a data folder. Raises StoreError."""
    keeper = replace(Keeper.of(data, inventory.config_key, now), open_ssh=reader.sessions.open)
    return Round(keeper=keeper, profiles=reader.profiles, bounds=reader.bounds)


def inspector(
    inventory: Inventory,
    rules: Mapping[str, Check],
    store: Store,
    *,
    data: Path,
    gather: Gather,
    window: float,
) -> Inspector:
    """Return an inspection's collaborators."""
    return Inspector(
        inventory=inventory,
        rules=rules,
        store=store,
        spool=data / SPOOL,
        gather=gather,
        now=now,
        window=window,
    )


async def station(inventory: Inventory, data: Path) -> Station | None:
    """Return what hears traps, listening already; None where the inventory hears none. Raises as `traps.opened`."""
    return await traps.opened(inventory.traps, inventory, data, now) if inventory.traps else None


def daemon(
    inventory: Inventory,
    rules: Mapping[str, Check],
    store: Store,
    poll: Poll,
    *,
    known: Mapping[str, Check] | None = None,
    community: Mapping[str, Meaning] = MappingProxyType({}),
    station: Station | None = None,
) -> Parts:
    """Return the daemon's collaborators.

    It judges by `rules`; `known` has those of inspections too, to name them. `community`: what the samples of community
    profiles mean. With a station each poll brings what was heard of its device.
    """
    meanings = {**community, **VOCABULARY, **derive.DERIVED, **fleet_metrics.MEANINGS}
    metrics = Metrics(meanings, version=version("netpatrol"), hidden=derive.MEMORY)
    metrics.know(inventory.entries.values())
    if station is not None:
        metrics.health.registry.register(station.counts)
    return Parts(
        inventory=inventory,
        rules=rules,
        store=store,
        metrics=metrics,
        fleet=Fleet(inventory, known or rules, store),
        poll=poll,
        heard=station.desk.take if station else lambda device: (),
        now=now,
    )


def pusher(inventory: Inventory, metrics: Metrics) -> Pusher | None:
    """Return what pushes figures, not started yet; None where the inventory names no receiver."""
    target = inventory.push
    if target is None:
        return None
    common = {"job": "netpatrol", "instance": target.instance or socket.gethostname()}  # as Prometheus labels a scrape
    return Pusher(metrics, sender(target), interval=target.interval.total_seconds(), common=common, now=now)


def open_store(data: Path, inventory: Inventory, rules: Mapping[str, Check]) -> tuple[Store, tuple[StoreError, ...]]:
    """Open the store of a data folder, and take in runs that wait beside it. Returns what could not be taken in."""
    data.mkdir(parents=True, exist_ok=True)
    store = Store.open(data / STORE)
    taken = store.take_in(data / SPOOL, lambda spooled: inspection.decide_of(inventory, rules, spooled))
    return store, taken.problems
