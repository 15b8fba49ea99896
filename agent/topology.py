"""Where devices stand to each other: by the inventory's parents, and by the neighbours that LLDP and CDP hear. Pure.

Two devices are adjacent when one is the other's parent, or heard the other. A link counts as it was when its devices
were last well: one that was lost while both answered is no way, one that fell with its device is. What is heard of a
declared pair goes before the declaration.

The agent is at a root: a device without a parent that is one, is of criticality core, or is a router or a firewall;
where nothing adjacent is any of these, every device without a parent.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from agent.derive import links, memory
from agent.model import Entry, Inventory
from collectors.columns import Samples
from collectors.model import DeviceClass, Snapshot

ENTRANCES = frozenset({DeviceClass.ROUTER, DeviceClass.FIREWALL})


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One device heard on a port."""

    port: str  # as findings name it
    name: str  # what it calls itself: raw, hostile
    lost: float = 0.0  # when it was first missed; 0.0: it was there in the last reading that answered


@dataclass(frozen=True, slots=True)
class Standing:
    """How a device stood in its last reading. Times are seconds since 1970."""

    device: str
    at: float  # when the reading began
    answered: float | None = None  # when it last answered
    changed: float | None = None  # when it last began or ceased to; None: it always did
    name: str = ""  # what it calls itself: raw, hostile
    neighbours: tuple[Neighbour, ...] = ()
    uplinks_down: frozenset[str] = frozenset()  # ports the inventory names as uplinks

    @property
    def silent(self) -> bool:
        return links.is_silent(self.answered, self.changed)


@dataclass(frozen=True, slots=True)
class End:
    """The device at the other end of a port."""

    device: str
    lost: float


@dataclass(frozen=True, slots=True)
class Topology:
    """What is adjacent to what. `ends` are by device and port."""

    adjacent: Mapping[str, Collection[str]]
    roots: frozenset[str]
    ends: Mapping[tuple[str, str], tuple[End, ...]]


class Drawn:
    """The topology of an inventory, built anew only when what it is made of has changed since it was last asked for."""

    def __init__(self) -> None:
        self._inventory: Inventory | None = None
        self._standings: Mapping[str, Standing] = {}
        self._topology = Topology({}, frozenset(), {})

    def of(self, inventory: Inventory, standings: Mapping[str, Standing]) -> Topology:
        """Return what `build` would."""
        if inventory is not self._inventory or not self._holds(standings):
            self._inventory, self._topology = inventory, build(inventory, standings)
        self._standings = standings
        return self._topology

    def _holds(self, standings: Mapping[str, Standing]) -> bool:
        before = self._standings
        if len(standings) != len(before):
            return False
        for device, standing in standings.items():
            was = before.get(device)
            if was is not standing and (was is None or not _heard_alike(was, standing)):
                return False
        return all(
            stood(end.lost, standings.get(end.device)) == stood(end.lost, before.get(end.device))
            for ends in self._topology.ends.values()
            for end in ends
            if end.lost
        )


def _heard_alike(one: Standing, other: Standing) -> bool:
    return one.name == other.name and one.neighbours == other.neighbours


def standing_of(snapshot: Snapshot, settled: float | None = None) -> Standing:
    """Return how a device stands, from a derived snapshot.

    `settled`: the readings of many devices are settled together then, and count as if taken at that moment.
    """
    samples = Samples.of(snapshot.samples)
    values = {sample.name: float(sample.value) for sample in samples.named(links.ANSWERED, links.CHANGED)}
    found = Standing(
        device=snapshot.device,
        at=snapshot.taken_at.timestamp(),
        answered=values.get(links.ANSWERED),
        changed=values.get(links.CHANGED),
        name=next(iter(_names(samples)), ""),
        neighbours=tuple(_neighbours(samples)),
        uplinks_down=frozenset(_uplinks_down(samples)),
    )
    if settled is None:
        return found
    return replace(found, at=settled, answered=settled if found.answered == found.at else found.answered)


def build(inventory: Inventory, standings: Mapping[str, Standing]) -> Topology:
    """Return the topology of an inventory's devices. Names that fit several devices fit none."""
    find = _directory(inventory.entries, standings)
    ways: dict[tuple[str, str], bool] = {}
    ends: defaultdict[tuple[str, str], list[End]] = defaultdict(list)
    for standing in standings.values():
        for heard in standing.neighbours if standing.device in inventory.entries else ():
            far = find(heard.name)
            if far is not None and far != standing.device:
                ends[standing.device, heard.port.casefold()].append(End(far, heard.lost))
                pair = _pair(standing.device, far)
                ways[pair] = ways.get(pair, False) or stood(heard.lost, standings.get(far))
    for entry in inventory.entries.values():
        if entry.parent is not None:
            ways.setdefault(_pair(entry.name, entry.parent), True)
    adjacent: dict[str, set[str]] = {name: set() for name in inventory.entries}
    for (one, other), open_ in ways.items():
        if open_:
            adjacent[one].add(other)
            adjacent[other].add(one)
    return Topology(adjacent, _roots(inventory.entries, adjacent), {key: tuple(each) for key, each in ends.items()})


def stood(lost: float, far: Standing | None) -> bool:
    """Say whether a link was there when the device at its far end last answered."""
    return not lost or lost > ((far.answered if far else None) or 0.0)


def flood(start: Collection[str], adjacent: Mapping[str, Collection[str]], passes: Callable[[str], bool]) -> set[str]:
    """Return all that is reached from `start`, itself included, by devices that let pass."""
    reached, edge = set(start), list(start)
    while edge:
        for name in adjacent.get(edge.pop(), ()):
            if name not in reached and passes(name):
                reached.add(name)
                edge.append(name)
    return reached


def nearby(inventory: Inventory, standings: Mapping[str, Standing]) -> set[str]:
    """Return all that may be on the way to some devices: what is at their sites, adjacent to them, and all parents."""
    found = standings.keys() & inventory.entries.keys()
    sites, adjacent = {_site(inventory.entries[name]) for name in found}, build(inventory, standings).adjacent
    found = found.union(*(adjacent[name] for name in found))
    found |= {name for name, entry in inventory.entries.items() if _site(entry) in sites}
    for name in tuple(found):
        above = inventory.entries[name].parent
        while above is not None:
            found.add(above)
            above = inventory.entries[above].parent
    return found


def _site(entry: Entry) -> str:
    return entry.site.name if entry.site else ""


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _roots(entries: Mapping[str, Entry], adjacent: Mapping[str, Collection[str]]) -> frozenset[str]:
    parents = {entry.parent for entry in entries.values()}
    roots: set[str] = set()
    left = set(entries)
    while left:
        together = flood([left.pop()], adjacent, lambda name: True)
        left -= together
        orphans = [entries[name] for name in together if entries[name].parent is None]
        tops = [entry for entry in orphans if _is_top(entry, parents)]
        roots.update(entry.name for entry in tops or orphans)
    return frozenset(roots)


def _is_top(entry: Entry, parents: Collection[str | None]) -> bool:
    return entry.name in parents or entry.criticality == "core" or entry.device.device_class in ENTRANCES


# ---- names ----


def _directory(entries: Mapping[str, Entry], standings: Mapping[str, Standing]) -> Callable[[str], str | None]:
    """Return what finds a device by its inventory name or its own, in any case, with or without a domain."""
    known: defaultdict[str, set[str]] = defaultdict(set)
    shortened: defaultdict[str, set[str]] = defaultdict(set)
    for name in entries:
        standing = standings.get(name)
        for full in {name, standing.name if standing else ""} - {""}:
            known[full.casefold()].add(name)
            for short in _without_domain(full.casefold()):
                shortened[short].add(name)

    def find(heard: str) -> str | None:
        full = heard.casefold()
        candidates = [known.get(full), *(known.get(short) for short in _without_domain(full)), shortened.get(full)]
        fits = next(filter(None, candidates), ())
        return next(iter(fits)) if len(fits) == 1 else None

    return find


def _without_domain(name: str) -> Iterator[str]:
    """Yield a name without its last labels, the longest first: a host's name may have a dot in it."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


# ---- from snapshots ----


def _names(samples: Samples) -> Iterator[str]:
    for sample in samples.named(memory.KNOWN):
        if sample.labels.get("what") == links.NAME:
            yield sample.labels.get("entity", "")


def _neighbours(samples: Samples) -> Iterator[Neighbour]:
    heard = list(samples.named(links.LOST))
    ports = dict(_ports(samples)) if heard else {}
    for sample in heard:
        port = sample.labels["local_port"]
        yield Neighbour(ports.get(port.casefold(), port), sample.labels["remote_name"], float(sample.value))


def _ports(samples: Samples) -> Iterator[tuple[str, str]]:
    """Yield every name of a port with the one that findings use: ifName, else ifDescr."""
    for sample in samples.named("ifOperStatus"):
        names = [name for label in ("ifName", "ifDescr") if (name := sample.labels.get(label))]
        yield from ((name.casefold(), names[0]) for name in names)


def _uplinks_down(samples: Samples) -> Iterator[str]:
    for sample in samples.named("if_down"):
        if sample.value and sample.labels.get("role") == "uplink":
            yield sample.labels.get("ifName") or sample.labels.get("ifDescr", "")
