"""Root cause: which silent devices are only behind another, and which ports are down for want of a device. Pure.

A silent device has its own fault when it is a root, or something next to it answered since it fell silent: there is a
way to it. Where all that is next to it is silent too, it is behind the devices that cut it off, and has no ticket of
its own. While that is not known, because what is next to it has not been read since, its ticket waits. So the order in
which devices are polled does not matter.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from agent.checks.rules import Check
from agent.model import Finding, FindingState, Inventory, Severity
from agent.topology import End, Standing, Topology, build, flood, stood

PATIENCE = timedelta(minutes=5)  # and three intervals: a device not read for so long is as it was
REACH, PORT = "device_up", "if_down"  # what the checks of a device's answering and of its ports judge


class Seen(Enum):
    """What is known of a device next to a silent one, since that fell silent."""

    ANSWERED = auto()
    SILENT = auto()
    NOT_READ = auto()


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything at the moment findings are settled. `waits`: there will be further polls to wait for."""

    inventory: Inventory
    topology: Topology
    standings: Mapping[str, Standing]
    now: float
    waits: bool

    def is_silent(self, device: str) -> bool:
        """Say whether a device is known to be silent now."""
        known = self.standings.get(device)
        return known is not None and known.silent and self.now - known.at <= self._patience(device)

    def seen(self, device: str, by: Standing) -> Seen:
        """Say what is known of a device since another fell silent. What is back since that was read was silent then."""
        known = self.standings.get(device)
        if known is not None and not known.silent:
            if known.changed is not None and known.changed > by.at:
                return Seen.SILENT
            if (known.answered or 0.0) >= (by.changed or 0.0):
                return Seen.ANSWERED
        elif self.is_silent(device):
            return Seen.SILENT
        patient = self.waits and self.now < (by.changed or 0.0) + self._patience(device)
        return Seen.NOT_READ if patient else Seen.ANSWERED

    def around(self, device: str) -> set[Seen]:
        """Say what is known of all that is next to a silent device; the agent is next to a root."""
        if device in self.topology.roots:
            return {Seen.ANSWERED}
        standing = self.standings[device]
        return {self.seen(name, standing) for name in self.topology.adjacent.get(device, ())}

    def _patience(self, device: str) -> float:
        entry = self.inventory.entries.get(device)
        return max(PATIENCE, 3 * entry.interval if entry else PATIENCE).total_seconds()


@dataclass(frozen=True, slots=True)
class Outage:
    """Why a device is silent: behind `causes`; by itself if there are none. `waits`: it cannot be told yet."""

    causes: tuple[str, ...] = ()
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """Findings with what they are behind; and what names the devices behind a device, sorted."""

    findings: tuple[Finding, ...]
    behind: Callable[[str], tuple[str, ...]] = lambda device: ()


def settle(
    findings: tuple[Finding, ...],
    inventory: Inventory,
    checks: Mapping[str, Check],
    standings: Mapping[str, Standing],
    now: datetime,
    *,
    waits: bool,
    topology: Callable[[Inventory, Mapping[str, Standing]], Topology] = build,
) -> Settled:
    """Note in each fault measured now what it is behind; one whose cause is not known yet does not hold."""
    samples = {name: check.sample for name, check in checks.items()}
    suspects = [f for f in findings if _is_suspect(f, samples, standings, now)]
    if not suspects:
        return Settled(findings)
    scene = Scene(inventory, topology(inventory, standings), standings, now.timestamp(), waits)
    outages = explain(scene)
    told = {f.result.device for f in suspects if samples.get(f.result.check) == REACH}
    marked: dict[str, Finding] = {}
    for finding in suspects:
        device, sample = finding.result.device, samples.get(finding.result.check)
        if not standings[device].silent:
            outage = _of_port(scene, finding)
        else:
            outage = outages.get(device, Outage())
            if outage == Outage() and sample != REACH and device in told:
                outage = Outage((device,))
        marked[finding.id] = _marked(finding, outage)
    return Settled(tuple(marked.get(f.id, f) for f in findings), lambda device: cut_off(scene, device))


def explain(scene: Scene) -> dict[str, Outage]:
    """Return why each silent device is."""
    outages: dict[str, Outage] = {}
    enclosed: set[str] = set()
    for device, standing in scene.standings.items():
        if standing.silent:
            around = scene.around(device)
            if around == {Seen.SILENT}:
                enclosed.add(device)
            else:
                outages[device] = Outage(waits=Seen.NOT_READ in around and Seen.ANSWERED not in around)
    while enclosed:
        together = flood([enclosed.pop()], scene.topology.adjacent, enclosed.__contains__)
        enclosed -= together
        causes = {name for device in together for name in scene.topology.adjacent[device]} - together
        outages.update(dict.fromkeys(together, Outage(tuple(sorted(causes)))))
    return outages


def cut_off(scene: Scene, cause: str) -> tuple[str, ...]:
    """Return the devices that a silent device is a cause of cutting off, read since it fell silent or not."""
    if not scene.is_silent(cause):
        return ()
    since, adjacent, roots = scene.standings[cause].changed or 0.0, scene.topology.adjacent, scene.topology.roots
    answering = {name for name, s in scene.standings.items() if not s.silent and (s.answered or 0.0) >= since}
    lit = flood(
        [name for name in roots | answering if not scene.is_silent(name)],
        adjacent,
        lambda name: not scene.is_silent(name),
    )

    def is_dark(name: str) -> bool:
        return name not in lit and name not in roots and lit.isdisjoint(adjacent[name])

    return tuple(sorted(flood([cause], adjacent, is_dark) - {cause}))


def listed(findings: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    """Return the devices and ports behind each cause (`core-1`, or a port: `access-1 GE0/0/1`), by open findings."""
    behind: dict[str, set[str]] = {}
    for finding in findings:
        device, _, of = finding.result.key
        for cause in finding.result.behind if finding.state is not FindingState.CLEARED else ():
            if cause != device:
                behind.setdefault(cause, set()).add(name_of(device, of))
    return {cause: tuple(sorted(names)) for cause, names in behind.items()}


def name_of(device: str, object_: str) -> str:
    """Return what a device, or one of its ports, is called among causes and what is behind them."""
    return f"{device} {object_}".rstrip()


def _is_suspect(finding: Finding, samples: Mapping[str, str], standings: Mapping[str, Standing], now: datetime) -> bool:
    standing = standings.get(finding.result.device)
    measured = finding.result.severity in (Severity.WARNING, Severity.CRITICAL) and finding.last_seen == now
    if standing is None or not measured or finding.state is FindingState.CLEARED:
        return False
    return standing.silent or samples.get(finding.result.check) == PORT


def _of_port(scene: Scene, finding: Finding) -> Outage:
    """Return why a port is down: behind the silent device at its other end; or behind that end, if it is the uplink."""
    device, _, port = finding.result.key
    own, ends = scene.standings[device], scene.topology.ends.get((device, port.casefold()), ())
    began = max(finding.first_seen, finding.cleared_at or finding.first_seen).timestamp()
    seen = {end: scene.seen(end.device, replace(own, changed=end.lost or began)) for end in ends}
    silent = {end.device for end in ends if seen[end] is Seen.SILENT and _fell(end, scene.standings[end.device])}
    if silent:
        return Outage(tuple(sorted(silent)))
    if Seen.NOT_READ in seen.values():
        return Outage(waits=True)
    uplinks = {uplink for end in ends for uplink in _uplinks(scene, end, device)} - {f"{device} {port}"}
    return Outage(() if port in own.uplinks_down else tuple(sorted(uplinks)))


def _fell(end: End, far: Standing) -> bool:
    """Say whether a link was there until its far end fell silent; of one that answers again, take it so."""
    return not far.silent or stood(end.lost, far)


def _uplinks(scene: Scene, end: End, device: str) -> Iterable[str]:
    """Yield the uplinks to a device that are down at the other end of its port."""
    far = scene.standings.get(end.device)
    for port in far.uplinks_down if far else ():
        if any(back.device == device for back in scene.topology.ends.get((end.device, port.casefold()), ())):
            yield f"{end.device} {port}"


def _marked(finding: Finding, outage: Outage) -> Finding:
    result = replace(finding.result, behind=outage.causes)
    return replace(finding, result=result, held=finding.held and not outage.waits)
