"""A network whose devices and cables fail, polled in any order, for the tests of root cause. Only the wire is made up:
readings go through derive, the real checks, findings and tickets.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from agent import checks, dependencies, judging
from agent.checks.rules import Check
from agent.model import Entry, Finding, Inventory, Ticket, TicketChange, TicketStatus, Track
from agent.store import Known
from agent.topology import Standing, standing_of
from collectors import yamlfile
from collectors.model import Device, DeviceClass, Failure, Sample, Snapshot, SnmpAccess

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
RULES = {
    name: Check.model_validate(yamlfile.read(checks.BUILTIN / f"{name}.yaml").data)
    for name in ("reachability", "packet_loss", "interface_down", "uplink_down")
}
NAMES = frozenset({"device_up", "device_icmp_loss_ratio", "device_neighbour", "ifAdminStatus", "ifOperStatus"})
Cable = frozenset[str]


def device(name: str, parent: str | None = None, **more: object) -> Entry:
    """A switch that is not for users."""
    kind = more.pop("kind", DeviceClass.SWITCH)
    address = more.pop("address", "192.0.2.1")
    access = Device(name=name, address=address, device_class=kind, snmp=SnmpAccess())
    return Entry(device=access, parent=parent, **({"criticality": "aggregation"} | more))


def cables(*pairs: str) -> set[Cable]:
    """Cables written as `core-1~access-1`."""
    return {frozenset(pair.split("~")) for pair in pairs}


def port(cable: Cable, of: str) -> str:
    """The port of a device that a cable is in."""
    (far,) = cable - {of}
    return f"to {far}"


class Network:
    """Devices and cables. `heard`: the cables over which both ends hear each other. The agent is beside `agent`."""

    def __init__(self, entries: Iterable[Entry], laid: Iterable[Cable], heard: Iterable[Cable], agent: str) -> None:
        self.inventory = Inventory(entries={entry.name: entry for entry in entries})
        self.laid, self.heard, self.agent = set(laid), set(heard), agent
        self.dead: set[str] = set()
        self.hung: set[str] = set()  # they forward and answer echoes, and cannot be managed
        self.cut: set[Cable] = set()
        self.clock = 0.0
        self.findings: dict[tuple[str, str, str], Finding] = {}
        self.tickets: dict[tuple[str, str, str], Ticket] = {}
        self.history: list[TicketChange] = []
        self._snapshots: dict[str, Snapshot] = {}
        self._tracks: dict[tuple[str, str, str], Track] = {}
        self._numbers = (f"T-{n}" for n in count(1))

    # ---- what is so ----

    def beside(self, name: str) -> set[str]:
        return {far for cable in self.laid if name in cable for far in cable - {name}}

    def reachable(self) -> set[str]:
        reached: set[str] = set()
        edge = [self.agent]
        while edge:
            name = edge.pop()
            if name not in self.dead and name not in reached:
                reached.add(name)
                edge += [far for far in self.beside(name) if frozenset({name, far}) not in self.cut]
        return reached

    def causes(self) -> set[str]:
        """The unreachable devices that something reachable is beside, or the agent."""
        reached = self.reachable()
        return {
            name
            for name in self.inventory.entries
            if name not in reached and (name == self.agent or self.beside(name) & reached)
        }

    def behind(self, cause: str) -> set[str]:
        """The devices that a cause cuts off, alone or with others."""
        reached, causes = self.reachable(), self.causes()
        found, edge = {cause}, [cause]
        while edge:
            more = self.beside(edge.pop()) - reached - causes - found
            found |= more
            edge += more
        return found - {cause}

    # ---- what is found ----

    def poll(self, *names: str, at: float | None = None) -> judging.Judgement | None:
        """Poll devices one after another, and settle each at once; `at` seconds from the start, or a minute later."""
        self.clock = self.clock + 60 if at is None else at
        judged = [self.read(name) for name in names]
        for one in judged:
            self.settle([one])
        return judged[-1] if judged else None

    def read(self, name: str) -> judging.Judgement:
        """Read and judge a device; its findings are not settled yet."""
        entry = self.inventory.entries[name]
        one = judging.judge(RULES, entry, self.answer(name), previous=self._snapshots.get(name), tracks=self._tracks)
        self._snapshots[name] = one.snapshot
        self._tracks |= one.tracks
        return one

    def settle(self, batch: Sequence[judging.Judgement]) -> None:
        """Settle what was read of some devices, with what is known of the others by now."""
        newest = {one.snapshot.device: one for one in batch}
        standings = {name: standing_of(snapshot) for name, snapshot in self._snapshots.items()}
        standings |= {name: standing_of(one.snapshot) for name, one in newest.items()}
        self.decide(newest, standings, waits=True)

    def inspect(self, *names: str) -> None:
        """Read devices (none given: every one) and settle them together; of others is known how they stood last."""
        self.clock += 60
        judged = {name: self.read(name) for name in names or self.inventory.entries}
        standings = {name: standing_of(snapshot) for name, snapshot in self._snapshots.items()}
        standings |= {name: standing_of(one.snapshot, self._now().timestamp()) for name, one in judged.items()}
        self.decide(judged, standings, waits=False)

    def decide(
        self, judged: Mapping[str, judging.Judgement], standings: Mapping[str, Standing], *, waits: bool
    ) -> None:
        everything = [j for one in judged.values() for j in one.judged]
        pairs = [pair for one in judged.values() for pair in one.unconcerned]
        decide = judging.decider(
            self.inventory, RULES, everything, pairs, self._now(), standings=standings, waits=waits
        )
        mine = {key: finding for key, finding in self.findings.items() if key[0] in judged}
        outcome = decide(Known(mine, self.tickets, lambda: next(self._numbers)))
        self.findings |= {finding.result.key: finding for finding in outcome.findings}
        self.tickets |= {(c.ticket.device, c.ticket.check, c.ticket.object): c.ticket for c in outcome.changes}
        self.history += outcome.changes

    def opened(self) -> list[str]:
        """What tickets were opened for, each time: devices, and ports as `core-1 to access-1`."""
        return [f"{c.ticket.device} {c.ticket.object}".rstrip() for c in self.history if c.action == "open"]

    def at_work(self) -> set[str]:
        return {f"{t.device} {t.object}".rstrip() for t in self.tickets.values() if t.status is TicketStatus.OPEN}

    def listed(self) -> dict[str, set[str]]:
        """What is behind each cause, by the findings."""
        return {cause: set(names) for cause, names in dependencies.listed(self.findings.values()).items()}

    def said(self, cause: str) -> str:
        """The text of the ticket of a device as it was opened."""
        return next(c.text for c in self.history if (c.action, c.ticket.device, c.ticket.object) == ("open", cause, ""))

    # ---- what is answered ----

    def _now(self) -> datetime:
        return START + timedelta(seconds=self.clock)

    def answer(self, name: str) -> Snapshot:
        loss = Sample("device_icmp_loss_ratio", {}, int(name not in self.reachable()))
        if loss.value or name in self.hung:
            failure = Failure("snmp", "timeout", "identify", "no answer", NAMES - {"device_icmp_loss_ratio"})
            return self._taken(name, (Sample("device_up", {}, 0), loss), up=False, failures=(failure,))
        ports = (sample for cable in sorted(self.laid, key=sorted) for sample in self._port(cable, name))
        facts = {"sys_name": f"{name.upper()}.example.net"}
        return self._taken(name, (Sample("device_up", {}, 1), loss, *ports), up=True, facts=facts)

    def _taken(self, name: str, samples: tuple[Sample, ...], **more: object) -> Snapshot:
        return Snapshot(device=name, taken_at=self._now(), profile="any", samples=samples, expected=NAMES, **more)

    def _port(self, cable: Cable, name: str) -> list[Sample]:
        """The port of a heard cable, with the neighbour there; ports where nothing is heard are not read."""
        if name not in cable or cable not in self.heard:
            return []
        (far,) = cable - {name}
        up = cable not in self.cut and far not in self.dead
        labels = {
            "ifIndex": "1",
            "ifName": port(cable, name),
            "ifDescr": f"interface {port(cable, name)}",
            "ifAlias": "",
        }
        samples = [Sample("ifAdminStatus", labels, 1), Sample("ifOperStatus", labels, 1 if up else 2)]
        heard = {
            "local_port": labels["ifDescr"],
            "remote_name": f"{far}.example.net",
            "remote_port": port(cable, far),
            "protocol": "lldp",
        }
        return [*samples, Sample("device_neighbour", heard, 1)] if up else samples
