"""Random readings of one device, one after the other: figures move, ports and series come and go, it falls silent."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from agent.model import Entry
from collectors.columns import Grid, Rows, Samples, packed
from collectors.model import DeviceClass, Failure, Number, Sample, Snapshot
from tests.agent.said import entry, failure, sample, snapshot

STATES: dict[str, tuple[Number, ...]] = {
    "ifAdminStatus": (1, 1, 1, 2),
    "ifOperStatus": (1, 1, 1, 2, 7, 9),
    "ifLastChange": (0, 5000),
    "ifHighSpeed": (1000, 1000, 100, 0, 10_000),
    "ifSpeed": (10**9, 2**32 - 1),
    "ifConnectorPresent": (1, 1, 2),
    "ifDuplexStatus": (3, 3, 2, 1),
}
COUNTERS = tuple(
    f"if{form}{way}{what}"
    for way in ("In", "Out")
    for form, kinds in (
        ("HC", ("Octets", "UcastPkts", "MulticastPkts", "BroadcastPkts")),
        ("", ("Octets", "UcastPkts", "Errors", "Discards")),
    )
    for what in kinds
)
ODD: tuple[Number, ...] = (0, 2**32 - 5, 2**64 - 1, 2**70, -4, 7.5)
"""Counters that were set back, are about to run over, or are no counters."""

ENTITIES = ("", "board", "GE0/0/1", "GE0/0/2 Rx")
SINGLE: dict[str, tuple[dict[str, tuple[str, ...]], tuple[Number, ...]]] = {
    "device_cpu_ratio": ({"entity": ENTITIES}, (0.1, 0.99)),
    "device_memory_used_bytes": ({"entity": ("", "pool")}, (10, 60)),
    "device_memory_total_bytes": ({"entity": ("", "pool")}, (60, 100)),
    "device_storage_ratio": ({"entity": ("/", "/var")}, (0.4, 0.7, 0.99)),
    "device_temperature_celsius": ({"entity": ENTITIES}, (40, 55, float("nan"))),
    "device_optical_power_dbm": ({"entity": ENTITIES}, (-3.0, -30.0)),
    "device_power_watts": ({"entity": ENTITIES}, (10, 100)),
    "device_state": (
        {
            "entity": ENTITIES,
            "kind": ("fan", "disk", "stack"),
            "state": ("normal", "master", "spare"),
            "health": ("ok", "ok", "warning", "unknown"),
        },
        (1,),
    ),
    "device_limit": (
        {
            "sample": ("device_temperature_celsius", "device_optical_power_dbm", "device_power_watts"),
            "entity": ENTITIES,
            "level": ("warning", "critical"),
            "direction": ("above", "below"),
        },
        (-20, 45, 80),
    ),
    "device_neighbour": (
        {"local_port": ("GE0/0/1", "GE0/0/2"), "remote_name": ("core", "edge"), "remote_port": ("1",)},
        (1,),
    ),
    "device_entries": ({"kind": ("route", "mac"), "entity": ("",)}, (100, 500)),
    "device_capacity": ({"kind": ("route", "mac"), "entity": ("",)}, (1000,)),
    "device_log_messages": ({"level": ("error", "critical")}, (3, 9)),
    "device_events_total": ({"kind": ("stp_change", "mac_move"), "entity": ("",)}, (3, 9)),
    "device_snmp_rtt_seconds": ({}, (0.1,)),
    "device_port_open": ({"port": ("22", "23", "80")}, (0, 1)),
    "device_icmp_loss_ratio": ({}, (0, 1)),
    "device_trap_received": (
        {"trap": ("linkDown",), "entity": ("1", "2"), "name": ("",), "health": ("ok", "warning"), "state": ("down",)},
        (10.0,),
    ),
    "bgpPeerState": ({"bgpPeerRemoteAddr": ("10.0.0.1", "10.0.0.2"), "bgpPeerRemoteAs": ("65001",)}, (6, 1)),
    "bgpPeerFsmEstablishedTime": ({"bgpPeerRemoteAddr": ("10.0.0.1", "10.0.0.2")}, (9, 9000)),
    "ospfNbrState": ({"ospfNbrIpAddr": ("10.0.0.1",), "ospfNbrRtrId": ("10.9.9.9",)}, (8, 1)),
    "ifErrorDisabled": ({"ifIndex": ("", "1", "2"), "ifName": ("",), "ifDescr": ("",), "state": ("bpdu",)}, (0, 1)),
    "wlan_ap_up": ({"entity": ("ap-1", "ap-2")}, (0, 1)),
    "ups_state": ({"kind": ("fan", "output"), "state": ("on",), "health": ("ok", "warning")}, (1,)),
    "ups_alarms": ({}, (0, 1)),
    "ups_load_ratio": ({"line": ("L1", "L2", "L3")}, (0.2, 0.5)),
    "ups_input_failures_total": ({}, (1, 2)),
}


def single(name: str, chance: random.Random) -> Sample:
    """Return a sample that stands in no grid."""
    labels, values = SINGLE[name]
    return Sample(name, {label: chance.choice(texts) for label, texts in labels.items()}, chance.choice(values))


@dataclass
class Succession:
    """A device, as its readings go on."""

    chance: random.Random
    at: float = 0.0
    site: Entry = field(default_factory=entry)
    rows: Rows = field(default_factory=lambda: Rows(()))
    ports: dict[str, list[Number]] = field(default_factory=dict)  # by sample, one a row
    singles: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = self.chance
        self.site = entry(chance.choice((DeviceClass.SWITCH, DeviceClass.ROUTER, DeviceClass.UPS)))
        self._cable(chance.choice((1, 3, 5)))
        self.singles = [single(name, chance) for name in SINGLE if chance.random() < 0.4]

    def _cable(self, count: int) -> None:
        """Give the device so many ports, with other figures."""
        chance = self.chance
        self.rows = Rows(
            {"ifIndex": str(n), "ifName": f"GE0/0/{n}", "ifDescr": f"GE0/0/{n}", "ifAlias": chance.choice(("", "to x"))}
            for n in range(1, count + 1)
        )
        self.ports = {name: [values[0]] * count for name, values in STATES.items() if chance.random() < 0.9}
        self.ports |= {name: [chance.randrange(10**6)] * count for name in COUNTERS if chance.random() < 0.9}

    def readings(self, count: int) -> Iterator[tuple[Entry, Snapshot]]:
        """Yield readings whose ports stand in a grid, each with what the inventory says then."""
        for _ in range(count):
            yield self.site, self._read()
            self._move()

    def _move(self) -> None:
        chance = self.chance
        self.at += chance.choice((60, 60, 60, 60.5, 0, 4000, 90_000))
        for name, values in self.ports.items():
            moved = name in COUNTERS and chance.random() < 0.8
            self.ports[name] = [v + chance.choice((0, 10, 5000, 10**6)) if moved else v for v in values]
            if chance.random() < 0.04:
                self.ports[name][chance.randrange(len(values))] = chance.choice(STATES.get(name, ODD))
        if chance.random() < 0.05:
            self._cable(chance.choice((1, 3, 5)))
        if chance.random() < 0.05:
            self.rows = Rows(self.rows)
        if chance.random() < 0.05:
            self.site = replace(self.site, uplinks=chance.choice(((), ("GE0/0/1",))), ignore_interfaces=("GE*/2",))
        self.singles = [single(s.name, chance) if chance.random() < 0.2 else s for s in self.singles]
        if self.singles and chance.random() < 0.2:
            self.singles.pop()
        if chance.random() < 0.2:
            self.singles = [*self.singles, single(chance.choice(list(SINGLE)), chance)]

    def _read(self) -> Snapshot:
        chance, up = self.chance, self.chance.random() > 0.1
        here = {name: packed(list(values)) for name, values in self.ports.items() if chance.random() > 0.01}
        uptime = sample("device_uptime_seconds", 5000 + self.at if chance.random() > 0.05 else 3)
        told = [uptime, *self.singles] if up else []
        samples = Samples([sample("device_up", int(up)), *told], [Grid(self.rows, here)] if up else [])
        failed: tuple[Failure, ...] = (failure(chance.choice(list(STATES))),) if chance.random() < 0.1 else ()
        more = {"up": up, "profile": "any" if up else None, "failures": failed}
        facts = {"serial": chance.choice("aaab"), "sys_name": "sw"} if up else {}
        expected = frozenset({*samples.names, *self.ports, *chance.sample(sorted(SINGLE), 5)})
        return replace(snapshot((), self.at, facts=facts, expected=expected, **more), samples=samples)
