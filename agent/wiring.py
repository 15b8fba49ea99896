"""Put the parts together: what the subcommands run, with real collectors, store and clock."""

import os
import socket
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from math import ceil
from pathlib import Path
from types import MappingProxyType
from zlib import crc32

from agent import derive, fleet_metrics, inspection
from agent.checks.rules import Check
from agent.configs.backup import Keeper
from agent.configs.files import make_private
from agent.configs.round import Round
from agent.exposition.pages.routes import Pages
from agent.fleet import Fleet
from agent.inspection import Gather, Inspector
from agent.metrics import Metrics
from agent.model import Entry, Inventory
from agent.poller import Poll
from agent.pollers.counts import Counts
from agent.pollers.crew import Crew
from agent.pollers.process import Job
from agent.push.pusher import Pusher
from agent.push.wire import sender
from agent.reading import Reader, now
from agent.service import Parts
from agent.store import Store, StoreError
from agent.traps import station as traps
from agent.traps.station import Station
from collectors.gather import Bounds
from collectors.profiles import ProfileSet
from collectors.ssh_guard import DEVICES
from collectors.ssh_kept import MOST
from collectors.vocabulary import VOCABULARY, Meaning

STORE, SPOOL, REPORTS = "netpatrol.db", "spool", "reports"
AT_ONCE, PER_SITE = 256, 64  # devices polled: what ten thousand a minute need, a few hundred of them dead
POLLS_BY_THE_WAY = 30.0  # a second that the daemon does in its own process
POLLS_A_PROCESS = 50.0  # a second: half of what a core does of 48-port switches


def polling_bounds() -> Bounds:
    """Return the bounds of a daemon that polls itself."""
    return Bounds(devices=AT_ONCE, per_site=PER_SITE)


def pollers_for(inventory: Inventory, cores: int | None = None) -> int:
    """Return how many processes should poll these devices on so many cores; 0: the daemon can do it by the way."""
    rate = sum(1 / entry.interval.total_seconds() for entry in inventory.entries.values())
    return 0 if rate <= POLLS_BY_THE_WAY else min(cores or _cores(), ceil(rate / POLLS_A_PROCESS))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def crew(parts: Parts, profiles: ProfileSet, data: Path, processes: int) -> Crew:
    """Return the processes that poll, not started yet."""
    whole = parts.share()
    jobs = [
        Job(
            share=replace(whole, entries=entries, kept_per_second=whole.kept_per_second / processes),
            profiles=profiles,
            at_once=ceil(AT_ONCE / processes),
            per_site=ceil(PER_SITE / processes),
            sessions=ceil(MOST / processes),
            logins=ceil(DEVICES / processes),
            store=data / STORE,
        )
        for entries in dealt(whole.entries, processes)
    ]
    made = Crew(jobs)
    parts.metrics.health.registry.register(Counts(made.members))
    return made


def dealt(entries: Mapping[str, Entry], hands: int) -> list[dict[str, Entry]]:
    """Deal devices out by turns, shuffled, each time alike: every second one in an inventory is often of one kind."""
    shuffled = sorted(entries, key=lambda name: crc32(name.encode()))
    return [{name: entries[name] for name in shuffled[hand::hands]} for hand in range(min(hands, len(entries)))]


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
    metrics.know(inventory.entries.values(), now())
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


def pages(inventory: Inventory, rules: Mapping[str, Check], store: Store, data: Path) -> Pages:
    """Return the pages of tickets and reports of a data folder. `rules`: those of inspections too."""
    return Pages.of(inventory, rules, store, reports=data / REPORTS, now=now)


def pusher(inventory: Inventory, metrics: Metrics) -> Pusher | None:
    """Return what pushes figures, not started yet; None where the inventory names no receiver."""
    target = inventory.push
    if target is None:
        return None
    common = {"job": "netpatrol", "instance": target.instance or socket.gethostname()}  # as Prometheus labels a scrape
    return Pusher(metrics, sender(target), interval=target.interval.total_seconds(), common=common, now=now)


def open_store(data: Path, inventory: Inventory, rules: Mapping[str, Check]) -> tuple[Store, tuple[StoreError, ...]]:
    """Open the store of a data folder, made if need be, and take in runs that wait beside it.

    Returns what could not be taken in. Raises OSError, StoreError.
    """
    make_private(data)
    store = Store.open(data / STORE, zone=inventory.timezone)
    taken = store.take_in(data / SPOOL, lambda spooled: inspection.decide_of(inventory, rules, spooled, store.latest))
    return store, taken.problems
