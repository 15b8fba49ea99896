"""Traps from reading to reading: opened, ended by what clears them or by time, and judged as any other sample."""

from collections.abc import Iterable

import pytest

from agent import checks
from agent.derive import derive, traps
from agent.derive.traps import FOLDED, MAX_OPEN, MAX_OVER, SHOWN_OVER, STORM, STORM_HOLDS
from agent.judging import judge
from agent.model import Entry, Severity
from collectors.model import Sample, Snapshot
from tests.agent.said import entry, later, port, sample, silent, snapshot

RULES = {name: check for name, check in checks.load().items() if name.startswith("trap_")}
PSU_DOWN, PSU_UP, BATTERY = "hwPowerFail", "hwPowerFailResume", "upsTrapOnBattery"
OK, WARNING, CRITICAL = Severity.OK, Severity.WARNING, Severity.CRITICAL
HOUR, DAY = 3600.0, 86400.0


def heard(trap: str, at: float, entity: str = "", health: str = "warning", name: str = "") -> Sample:
    labels = {"trap": trap, "entity": entity, "name": name, "health": health, "state": f"{trap} (x=1)"}
    return Sample(traps.RECEIVED, labels, later(at).timestamp())


class Device:
    """One device, read and judged again and again."""

    def __init__(self, of: Entry | None = None) -> None:
        self.entry = of or entry()
        self.before: Snapshot | None = None
        self.tracks: dict = {}

    def read(self, samples: Iterable[Sample] = (), at: float = 0.0, reading: Snapshot | None = None) -> dict:
        """Return what is judged: (check, object) → severity."""
        one = judge(RULES, self.entry, reading or snapshot(samples, at), previous=self.before, tracks=self.tracks)
        self.before, self.tracks = one.snapshot, self.tracks | one.tracks
        return {(j.result.check, j.result.object): j.result.severity for j in one.judged}


def test_a_fault_that_no_poll_reads_holds_until_the_trap_that_ends_it():
    device, key = Device(), ("trap_fault", f"{PSU_DOWN} PWR1")
    assert device.read([heard(PSU_DOWN, 0, "PWR1", "critical")]) == {key: CRITICAL}
    assert device.read(at=HOUR) == {key: CRITICAL}
    assert device.read([heard(PSU_UP, HOUR + 60, "PWR2", "ok")], HOUR + 60) == {key: CRITICAL}
    assert device.read([heard(PSU_UP, HOUR + 120, "PWR1", "ok")], HOUR + 120) == {key: OK}
    assert device.read(at=HOUR + 180) == {key: OK}
    assert device.read(at=HOUR + 180 + SHOWN_OVER.total_seconds()) == {}


@pytest.mark.parametrize(
    ("trap", "holds"), [("1.3.6.1.4.1.99.0.1", HOUR), (PSU_DOWN, DAY), (STORM, STORM_HOLDS.total_seconds())]
)
def test_a_clock_that_is_set_back_makes_no_trap_hold_longer(trap, holds):
    device = Device()
    device.read([heard(trap, 30 * DAY)], 30 * DAY)
    (held,) = device.read(at=0)
    assert device.read(at=holds - 1)[held] is WARNING
    assert device.read(at=holds + 1)[held] is OK
    device.read(at=-30 * DAY)
    assert device.read(at=-30 * DAY + SHOWN_OVER.total_seconds() + 1) == {}


def test_what_polls_read_is_news_for_ten_minutes():
    device, key = Device(), ("trap_news", f"{PSU_DOWN} PWR1")
    supply = sample("device_state", kind="power_supply", entity="PWR1", state="fault", health="critical")
    assert device.read([supply, heard(PSU_DOWN, 0, "PWR1", "critical")]) == {key: CRITICAL}
    assert device.read([supply], 590) == {key: CRITICAL}
    assert device.read([supply], 601) == {key: OK}


@pytest.mark.parametrize(("kind", "check"), [("power_supply", "trap_news"), ("fan", "trap_fault")])
def test_of_a_device_that_is_silent_now_counts_what_was_read_before(kind, check):
    device = Device()
    device.read([sample("device_state", kind=kind, entity="x", state="ok", health="ok")])
    dead = silent(60)
    found = device.read(reading=Snapshot(**{**fields(dead), "samples": (heard(PSU_DOWN, 60, "PWR1"),)}))
    assert found[check, f"{PSU_DOWN} PWR1"] is WARNING


def fields(of: Snapshot) -> dict:
    return {name: getattr(of, name) for name in of.__slots__}


def test_a_trap_that_comes_again_while_it_is_true_ends_soon_after_the_last():
    device, key = Device(), ("trap_fault", BATTERY)
    for minute in range(10):
        assert device.read([heard(BATTERY, minute * 60, health="critical")], minute * 60) == {key: CRITICAL}
    assert device.read(at=9 * 60 + 179) == {key: CRITICAL}
    assert device.read(at=9 * 60 + 181) == {key: OK}


def test_what_was_over_before_the_poll_came_is_seen_in_one_reading():
    device, key = Device(), ("trap_fault", f"{PSU_DOWN} PWR1")
    both = [heard(PSU_UP, 2, "PWR1", "ok"), heard(PSU_DOWN, 1, "PWR1")]
    assert device.read(both, 3) == {key: WARNING}
    assert device.read(at=60) == {key: OK}


def test_the_last_of_several_counts_whatever_their_order_in_the_reading():
    device = Device()
    device.read([heard(PSU_DOWN, 1, "PWR1")], 2)
    assert device.read([heard(PSU_DOWN, 62, "PWR1"), heard(PSU_UP, 61, "PWR1", "ok")], 63) == {
        ("trap_fault", f"{PSU_DOWN} PWR1"): WARNING
    }


def test_a_trap_that_nobody_knows_is_news_for_an_hour():
    device, key = Device(), ("trap_news", "1.3.6.1.4.1.99.1")
    assert device.read([heard("1.3.6.1.4.1.99.1", 0)]) == {key: WARNING}
    assert device.read(at=HOUR - 1) == {key: WARNING}
    assert device.read(at=HOUR + 1) == {key: OK}


def test_good_news_of_nothing_is_no_finding():
    assert Device().read([heard("linkUp", 0, "3", "ok")]) == {}


# ---- ports ----


def test_a_port_is_called_as_people_do():
    device = Device()
    assert device.read([*port(3), heard("linkDown", 0, "3")]) == {("trap_news", "linkDown GE0/0/3"): WARNING}
    assert device.read([heard("linkUp", 60, "3", "ok")], 60) == {("trap_news", "linkDown GE0/0/3"): OK}


@pytest.mark.parametrize(("name", "object_"), [("Gi1/0/3", "linkDown Gi1/0/3"), ("", "linkDown ifIndex 3")])
def test_a_port_that_no_poll_knows_is_called_as_the_trap_does(name, object_):
    assert Device().read([heard("linkDown", 0, "3", name=name)]) == {("trap_news", object_): WARNING}


def test_a_port_keeps_its_name_while_its_trap_holds():
    device = Device()
    device.read([heard("linkDown", 0, "3")])
    assert device.read([*port(3), heard("linkDown", 60, "3")], 60) == {("trap_news", "linkDown ifIndex 3"): WARNING}


def test_a_port_that_is_never_judged_has_no_trap():
    device = Device(entry(ignore_interfaces=("GE0/0/*",)))
    assert device.read([*port(3), heard("linkDown", 0, "3")]) == {}


# ---- storms ----


def test_a_storm_is_one_finding_and_swallows_the_news_that_began_it():
    device = Device()
    device.read([heard("linkDown", 0, str(n)) for n in range(1, 41)])
    found = device.read([heard(STORM, 30)], 30)
    assert {key for key, severity in found.items() if severity is not OK} == {("trap_storm", "")}
    assert found["trap_storm", ""] is WARNING
    assert device.read(at=30 + STORM_HOLDS.total_seconds() - 1)["trap_storm", ""] is WARNING
    assert device.read(at=30 + STORM_HOLDS.total_seconds() + 1)["trap_storm", ""] is OK


def test_a_storm_leaves_faults_and_older_news_alone():
    device = Device()
    device.read([heard(PSU_DOWN, 0, "PWR1"), heard("linkDown", 0, "3")])
    found = device.read([heard(STORM, FOLDED.total_seconds() + 5)], FOLDED.total_seconds() + 5)
    assert set(found.values()) == {WARNING}
    assert len(found) == 3


def test_a_device_that_invents_things_opens_no_more_than_so_many():
    device = Device()
    for turn in range(3):
        device.read([heard("1.2.3", turn * 60, f"{turn}-{n}") for n in range(50)], turn * 60)
    assert len(device.read(at=180)) == MAX_OPEN
    assert ("trap_fault", f"{PSU_DOWN} PWR1") in device.read([heard(PSU_DOWN, 240, "PWR1")], 240)


def test_what_is_over_is_shown_in_bounds_and_leaves_its_place():
    device = Device()
    for turn in range(8):
        both = [
            (
                heard("jnxFruRemoval", turn * 10, f"{turn}-{n}"),
                heard("jnxFruInsertion", turn * 10 + 1, f"{turn}-{n}", "ok"),
            )
            for n in range(60)
        ]
        found = device.read([sample for pair in both for sample in pair], turn * 10 + 2)
        assert sum(severity is not OK for severity in found.values()) == 60
    assert len(device.read(at=90)) == MAX_OVER


# ---- what goes on without us ----


def test_a_reading_that_heard_nothing_carries_on_what_holds():
    """As an inspection does, which hears no traps, and a daemon that was started again."""
    first = derive(snapshot([heard(PSU_DOWN, 0, "PWR1", "critical")]), None, entry())
    again = derive(silent(HOUR), first, entry())
    (held,) = [s for s in again.samples if s.name == traps.TRAP]
    assert (held.labels["entity"], held.value) == ("PWR1", 2)
    assert traps.TRAP in again.expected


def test_a_device_without_traps_has_no_check_of_them():
    one = judge(RULES, entry(), snapshot(port(1)), previous=None, tracks={})
    assert (one.judged, set(one.not_applicable)) == ((), set(RULES))
