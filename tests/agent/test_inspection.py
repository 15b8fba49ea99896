"""An inspection, from readings to tickets, with a real store and devices that say what the test wants."""

import sqlite3
import tempfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from agent import checks, judging, wiring
from agent.inspection import Inspected
from agent.model import FindingState, Judged, ManualAnswer, Severity, TicketStatus, Track
from agent.store import Outcome, Store, spool
from collectors.model import Snapshot
from tests.agent.faults import judged
from tests.agent.fleets import HQ
from tests.agent.inspected import CPU, INVENTORY, Site
from tests.agent.said import port, sample
from tests.agent.stored import new_store


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(new_store(tmp_path / wiring.STORE, wait=0.05), tmp_path)


async def test_what_is_wrong_in_both_readings_opens_a_ticket_at_once(site: Site) -> None:
    run = (await site.inspect({"sw-1": 0.95}, {"sw-1": 0.95})).run
    assert [(c.action, c.ticket.object, c.ticket.severity) for c in run.changes] == [
        ("open", "CPU 1", Severity.CRITICAL)
    ]
    assert run.tickets == (run.changes[0].ticket,)
    assert run.severity is Severity.CRITICAL


async def test_what_is_wrong_in_the_second_reading_only_is_shown_and_not_ticketed(site: Site) -> None:
    run = (await site.inspect({"sw-1": 0.1}, {"sw-1": 0.95})).run
    assert [(f.state, f.held) for f in run.findings] == [(FindingState.NEW, False)]
    assert run.changes == ()


async def test_what_was_wrong_in_the_first_reading_only_is_no_finding(site: Site) -> None:
    run = (await site.inspect({"sw-1": 0.95}, {"sw-1": 0.1})).run
    assert (run.findings, run.changes, run.severity) == ((), (), Severity.OK)


async def test_the_same_inspection_twice_opens_nothing_twice(site: Site) -> None:
    await site.inspect({"sw-1": 0.95}, {"sw-1": 0.95})
    again = (await site.inspect({"sw-1": 0.95}, {"sw-1": 0.95})).run
    assert again.changes == ()
    assert [f.state for f in again.findings] == [FindingState.PERSISTING]
    assert len(site.store.tickets()) == 1


async def test_measured_recovery_resolves_the_ticket(site: Site) -> None:
    await site.inspect({"sw-1": 0.95}, {"sw-1": 0.95})
    run = (await site.inspect({"sw-1": 0.1}, {"sw-1": 0.1})).run
    assert [(c.action, c.actor) for c in run.changes] == [("resolve", "netpatrol")]
    assert [f.state for f in run.findings] == [FindingState.CLEARED]


async def test_a_device_that_falls_silent_resolves_nothing_and_lowers_coverage(site: Site) -> None:
    await site.inspect({"sw-1": 0.95}, {"sw-1": 0.95})
    run = (await site.inspect({"sw-1": None}, {"sw-1": None})).run
    assert run.changes == ()
    assert (run.coverage.collected, run.coverage.answered) == (0, 0)
    assert [t.status for t in site.store.tickets()] == [TicketStatus.OPEN]
    assert run.severity is Severity.UNKNOWN


async def test_why_a_device_is_silent_is_kept_with_its_finding(site: Site) -> None:
    silence = {"sw-1": None}
    run = (await site.inspect(silence, silence, rules={"reachability": checks.load()["reachability"]})).run
    assert [(f.result.severity, f.result.reason, f.result.detail) for f in run.findings] == [
        (Severity.CRITICAL, "timeout", "no answer")
    ]


async def test_one_silent_device_costs_the_others_nothing(site: Site) -> None:
    run = (await site.inspect({"sw-1": None, "sw-2": 0.95}, {"sw-1": None, "sw-2": 0.95})).run
    assert [c.ticket.device for c in run.changes] == ["sw-2"]


async def test_each_device_is_told_as_each_of_its_readings_is_in(site: Site) -> None:
    told: list[tuple[str, int]] = []
    both = {"sw-1": 0.1, "sw-2": None}
    await site.inspect(both, both, done=lambda snapshot, reading: told.append((snapshot.device, reading)))
    assert told == [("sw-1", 1), ("sw-2", 1), ("sw-1", 2), ("sw-2", 2)]


async def test_one_reading_is_enough_when_no_window_is_wanted(site: Site) -> None:
    run = (await site.inspect({"sw-1": 0.95}, window=0)).run
    assert [c.action for c in run.changes] == ["open"]


async def test_an_inspection_of_fewer_checks_leaves_what_others_found(site: Site) -> None:
    await site.inspect({"sw-1": 0.95}, {"sw-1": 0.95})
    run = (await site.inspect({"sw-1": 0.1}, {"sw-1": 0.1}, rules={})).run
    assert (run.changes, run.devices[0].results) == ((), ())
    assert [t.status for t in site.store.tickets()] == [TicketStatus.OPEN]
    again = (await site.inspect({"sw-1": 0.95}, {"sw-1": 0.95})).run
    assert [(f.state, f.held) for f in again.findings] == [(FindingState.PERSISTING, True)]


@pytest.mark.parametrize(
    ("read", "since", "state", "status"),
    [
        (0.95, Severity.OK, FindingState.CLEARED, TicketStatus.RESOLVED),
        (0.1, Severity.CRITICAL, FindingState.PERSISTING, TicketStatus.OPEN),
    ],
)
async def test_what_the_daemon_measured_since_a_device_was_read_stands(
    site: Site, read: float, since: Severity, state: FindingState, status: TicketStatus
) -> None:
    await site.inspect({"sw-1": 0.95}, {"sw-1": 0.95})

    def measure(snapshot: Snapshot, reading: int) -> None:
        if reading == 2:
            settle([judged(since, key=("sw-1", "cpu", "CPU 1"))], site.clock.now())

    def settle(found: list[Judged], now: datetime) -> None:
        decide = judging.decider(INVENTORY, {"cpu": CPU}, found, (), now, standings={}, polled_since=now)
        site.store.record((), {}, decide, now=now, devices=["sw-1"])

    run = (await site.inspect({"sw-1": read}, {"sw-1": read}, done=measure)).run
    assert run.changes == ()
    assert [f.state for f in site.store.findings(cleared=True)] == [state]
    assert [t.status for t in site.store.tickets()] == [status]


async def test_an_inspection_remembers_only_what_it_judged(site: Site) -> None:
    key, before, since = ("sw-1", "other", ""), Track(Severity.WARNING), Track(Severity.CRITICAL)

    def remember(track: Track) -> None:
        site.store.record((), {key: track}, lambda known: Outcome(), now=site.clock.now())

    remember(before)
    await site.inspect({"sw-1": 0.1}, {"sw-1": 0.1}, done=lambda snapshot, reading: remember(since))
    assert site.store.tracks()[key] == since


async def test_what_people_answered_is_kept_with_the_run(site: Site) -> None:
    answers = (ManualAnswer(item="cleaning", site="hq", ok=True, note="换了防尘网", on=date(2026, 11, 22)),)
    run = (await site.inspect({"sw-1": 0.1}, {"sw-1": 0.1}, answers=answers)).run
    assert run.answers == answers
    assert site.store.run(run.id).answers == answers


async def test_the_run_says_which_sites_it_was_at(site: Site) -> None:
    hq = replace(INVENTORY, entries={**INVENTORY.entries, "sw-2": replace(INVENTORY.entries["sw-2"], site=HQ)})
    run = (await site.inspect({"sw-1": 0.1, "sw-2": 0.1}, {"sw-1": 0.1, "sw-2": 0.1}, inventory=hq)).run
    assert run.sites == site.store.run(run.id).sites == site.store.runs()[0].sites == {"hq": "acme"}


async def test_rates_of_a_device_that_restarted_since_are_those_between_the_two_readings(tmp_path: Path) -> None:
    site = Ports(Store.open(tmp_path / wiring.STORE, wait=0.05), tmp_path)
    full = {"interface_utilisation": checks.load()["interface_utilisation"]}
    await site.inspect({"sw-1": 9000}, {"sw-1": 9011}, rules=full)
    run = (await site.inspect({"sw-1": 30}, {"sw-1": 41}, rules=full)).run
    assert [(r.object, r.severity) for r in run.devices[0].results] == [("GE0/0/1 in", Severity.OK)]
    assert run.devices[0].results[0].value == pytest.approx(0.1)
    assert [f for f in run.devices[0].snapshot.failures if f.kind == "no_history"] == []


class Ports(Site):
    """Devices that are up for as long as each reading says, with a port that hears 100 Mbit/s."""

    def snapshot(self, name: str, cpu: float | None) -> Snapshot:
        uptime = int(cpu or 0)
        octets = {"ifHCInOctets": uptime * 12_500_000, "ifHighSpeed": 1000}
        samples = (sample("device_up"), sample("device_uptime_seconds", uptime), *port(1, **octets))
        names = frozenset(s.name for s in samples)
        return Snapshot(
            device=name, taken_at=self.clock.now(), profile="generic", up=True, samples=samples, expected=names
        )


async def test_the_run_counts_what_both_readings_asked(site: Site) -> None:
    run = (await site.inspect({"sw-1": 0.1}, {"sw-1": 0.1})).run
    assert run.devices[0].snapshot.cost.requests == 6


async def test_a_run_the_store_refuses_is_spooled_and_taken_in_once(site: Site) -> None:
    blocker = sqlite3.connect(site.folder / wiring.STORE, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    inspected = await site.inspect({"sw-1": 0.95}, {"sw-1": 0.95})
    assert inspected.problem is not None
    assert inspected.spooled is not None
    assert [f.result.severity for f in inspected.run.findings] == [Severity.CRITICAL]
    blocker.rollback()
    blocker.close()
    for _ in range(2):
        store, problems = wiring.open_store(site.folder, INVENTORY, {"cpu": CPU})
        with store:
            assert not problems
            assert [t.object for t in store.tickets()] == ["CPU 1"]
            assert [r.id for r in store.runs()] == [inspected.run.id]
    assert not inspected.spooled.exists()


async def test_a_run_that_finds_no_room_beside_the_store_is_spooled_elsewhere(
    site: Site, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("elsewhere")))
    inspected = await refused(site)
    assert inspected.spooled is not None
    assert inspected.spooled.parent.stat().st_mode & 0o077 == 0
    assert spool.load(inspected.spooled).run is not None


async def test_a_run_that_no_disk_takes_is_handed_out_as_text(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(site.folder / wiring.STORE))
    inspected = await refused(site)
    assert inspected.spooled is None
    again = site.folder / "again.json"
    again.write_text(inspected.unsaved)
    assert [j.result.severity for j in spool.load(again).judged] == [Severity.CRITICAL]


async def refused(site: Site) -> Inspected:
    """Inspect a faulty device, with a store that is gone and a file where the spool's folder would be."""
    (site.folder / wiring.SPOOL).touch()
    (site.folder / wiring.STORE).rename(site.folder / "moved.db")
    return await site.inspect({"sw-1": 0.95}, {"sw-1": 0.95})
