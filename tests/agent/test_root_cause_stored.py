"""Root cause as the program meets it: inspections and the daemon over a real store, the report, the listings."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent import dependencies, inspection, reading, reports, service, tables, tickets, wiring
from agent.inspection import Inspected, Inspector
from agent.model import Entry, Inventory
from agent.poller import Polled, Remembered
from agent.service import Service
from agent.store import Store
from agent.topology import Standing, standing_of
from collectors.model import Snapshot
from tests.agent.faults import NOW, check, finding, inventory, numbers
from tests.agent.outage import RULES, START, Network, cables, device
from tests.agent.stored import new_store
from tests.simulator.waiting import until

ENTRIES = [device("core"), device("agg", "core"), device("access-1", "agg"), device("access-2", "agg")]
CABLES = cables("core~agg", "agg~access-1", "agg~access-2")


@pytest.fixture
def network() -> Network:
    return Network(ENTRIES, CABLES, CABLES, "core")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path / wiring.STORE, wait=0.05)


async def inspect(network: Network, store: Store, folder: Path, *names: str) -> Inspected:
    """Inspect devices (none given: all of them)."""
    network.clock += 60

    async def gather(
        entries: Sequence[Entry], before: Mapping[str, Snapshot], done: Callable[[Snapshot], None]
    ) -> dict[str, Snapshot]:
        return {entry.name: network.answer(entry.name) for entry in entries}

    async def sleep(seconds: float) -> None:
        network.clock += seconds

    parts = Inspector(
        inventory=network.inventory,
        rules=RULES,
        store=store,
        spool=folder / wiring.SPOOL,
        gather=gather,
        now=lambda: START + timedelta(seconds=network.clock),
        sleep=sleep,
    )
    return await inspection.run(parts, [network.inventory.entries[n] for n in names or network.inventory.entries], {})


async def test_an_inspection_opens_one_ticket_and_its_report_says_what_is_behind_it(
    network: Network, store: Store, tmp_path: Path
) -> None:
    await inspect(network, store, tmp_path)
    network.dead = {"agg"}
    run = (await inspect(network, store, tmp_path)).run
    assert [(c.action, c.ticket.device, c.ticket.check) for c in run.changes] == [("open", "agg", "reachability")]
    assert run.changes[0].text.endswith("2 devices behind it: access-1, access-2")

    report = reports.build(run, None, network.inventory, RULES, run.tickets)
    assert {f.device: f.behind for f in report.findings if f.title.en == "Reachability"} == {
        "agg": (),
        "access-1": ("agg",),
        "access-2": ("agg",),
    }
    assert [t.behind for t in report.tickets] == [("access-1", "access-2", "core to agg")]
    english, chinese = reports.render(report, "en"), reports.render(report, "zh")
    assert "behind agg" in english
    assert "3 behind it: access-1, access-2, core to agg" in english
    assert "位于 agg 下游" in chinese
    assert "受其影响 3 项：access-1, access-2, core to agg" in chinese


async def test_the_listings_say_what_is_behind_what(network: Network, store: Store, tmp_path: Path) -> None:
    await inspect(network, store, tmp_path)
    network.dead = {"agg"}
    await inspect(network, store, tmp_path)
    found = store.findings()
    rows = {
        row["device"]: row for row in tables.finding_rows(found, RULES, "en", "UTC") if row["check"] == "Reachability"
    }
    assert "behind agg" in str(rows["access-1"]["what"])
    assert (rows["access-1"]["behind"], rows["agg"]["behind"]) == (["agg"], [])
    (ticket,) = store.tickets()
    row = tables.ticket_row(ticket, RULES, "zh", "Asia/Shanghai", dependencies.listed(found))
    assert row["behind"] == "access-1, access-2, core to agg"


async def test_an_inspection_of_one_device_knows_how_those_around_it_stood(
    network: Network, store: Store, tmp_path: Path
) -> None:
    network.dead = {"agg"}
    await inspect(network, store, tmp_path)
    run = (await inspect(network, store, tmp_path, "access-1")).run
    assert [f.result.behind for f in run.findings if f.result.check == "reachability"] == [("agg",)]
    assert [t.device for t in store.tickets()] == ["agg"]


async def test_an_inspection_of_one_end_of_a_cable_knows_how_the_other_stood(
    network: Network, store: Store, tmp_path: Path
) -> None:
    await inspect(network, store, tmp_path)
    network.dead = {"agg"}
    await inspect(network, store, tmp_path)
    run = (await inspect(network, store, tmp_path, "core")).run
    assert [(f.result.object, f.result.behind) for f in run.findings] == [("to agg", ("agg",))]
    assert [t.device for t in store.tickets()] == ["agg"]


async def test_an_inspection_waits_for_nobody(network: Network, store: Store, tmp_path: Path) -> None:
    await inspect(network, store, tmp_path)
    network.dead = {"access-1"}
    run = (await inspect(network, store, tmp_path, "access-1")).run
    assert [c.ticket.device for c in run.changes] == ["access-1"]


async def test_a_run_that_could_not_be_stored_keeps_its_causes(
    network: Network, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await inspect(network, store, tmp_path)
    network.dead = {"agg"}
    with monkeypatch.context() as locked:
        locked.setattr(store, "record", _locked)
        inspected = await inspect(network, store, tmp_path)
    behind = {f.result.device for f in inspected.run.findings if f.result.behind == ("agg",)}
    assert behind >= {"access-1", "access-2"}
    assert ticketed_late(tmp_path, network.inventory) == ["agg"]


def _locked(*args: object, **more: object) -> None:
    raise inspection.StoreError("locked")


def ticketed_late(folder: Path, inventory: Inventory) -> list[str]:
    """Take in the runs that wait, and return the devices that have tickets then."""
    store, problems = wiring.open_store(folder, inventory, RULES)
    with store:
        assert not problems
        return [ticket.device for ticket in store.tickets()]


async def test_a_run_of_one_device_that_is_taken_in_late_knows_how_those_around_it_stood(
    network: Network, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await inspect(network, store, tmp_path)
    network.dead = {"agg"}
    await inspect(network, store, tmp_path)
    with monkeypatch.context() as locked:
        locked.setattr(store, "record", _locked)
        await inspect(network, store, tmp_path, "core")
    assert ticketed_late(tmp_path, network.inventory) == ["agg"]


async def test_a_late_run_of_a_device_that_left_the_inventory_is_taken_in(
    network: Network, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.dead = {"access-1"}
    with monkeypatch.context() as locked:
        locked.setattr(store, "record", _locked)
        await inspect(network, store, tmp_path)
    left = Inventory(entries={name: e for name, e in network.inventory.entries.items() if name != "access-1"})
    assert "access-1" in ticketed_late(tmp_path, left)


async def test_the_daemon_opens_one_ticket_whatever_comes_first(network: Network, store: Store) -> None:
    quick = {
        name: replace(entry, interval=timedelta(seconds=0.02)) for name, entry in network.inventory.entries.items()
    }
    inventory = Inventory(entries=quick)
    stop = asyncio.Event()
    polls = dict.fromkeys(quick, 0)

    async def poll(entry: Entry, before: Snapshot | None) -> Snapshot:
        polls[entry.name] += 1
        if min(polls.values()) == 2:
            network.dead = {"agg"}
        if min(polls.values()) >= 9:
            stop.set()
        return replace(network.answer(entry.name), taken_at=reading.now())

    parts = wiring.daemon(inventory, RULES, store, poll)
    await asyncio.wait_for(Service(replace(parts, grace=0.05)).run(stop), timeout=20)
    assert [t.device for t in store.tickets()] == ["agg"]
    behind = {f.result.device for f in store.findings() if f.result.behind == ("agg",)}
    assert behind >= {"access-1", "access-2"}


async def test_a_daemon_that_starts_in_an_outage_waits_until_the_dead_device_was_read(
    network: Network, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await inspect(network, store, tmp_path)
    network.dead = {"agg"}
    await inspect(network, store, tmp_path)
    network.clock += 3600
    now, stop = START + timedelta(seconds=network.clock), asyncio.Event()
    quick = {
        name: replace(entry, interval=timedelta(seconds=0.02)) for name, entry in network.inventory.entries.items()
    }

    def settled() -> list[tuple[str, ...]]:
        found = store.findings(devices=["access-1"])
        return [f.result.behind for f in found if f.result.check == "reachability" and f.last_seen == now]

    async def poll(entry: Entry, before: Snapshot | None) -> Snapshot:
        if entry.name == "agg":
            await until(settled)
        if settled() == [("agg",)]:
            stop.set()
        return network.answer(entry.name)

    monkeypatch.setattr(service, "SETTLE_PAUSE", 0.01)
    parts = wiring.daemon(Inventory(entries=quick), RULES, store, poll)
    await asyncio.wait_for(Service(replace(parts, grace=0.05, now=lambda: now)).run(stop), timeout=20)
    assert [t.device for t in store.tickets()] == ["agg"]


async def test_what_a_poller_remembers_that_was_started_again_is_older_than_what_polls_told(
    network: Network, store: Store
) -> None:
    async def never(entry: Entry, before: Snapshot | None) -> Snapshot:
        raise AssertionError

    parts = replace(
        wiring.daemon(network.inventory, RULES, store, never), now=lambda: START + timedelta(seconds=network.clock)
    )
    service, stop = Service(parts), asyncio.Event()

    def poll(name: str) -> Standing:
        one = network.read(name)
        polled = Polled(
            reading=replace(one.snapshot, samples=()),
            shown=parts.metrics.writer.written(network.inventory.entries[name], one.snapshot),
            began=0.0,
            took=0.0,
            judged=one.judged,
            calm=(),
            not_applicable=(),
            tracks=one.tracks,
            standing=standing_of(one.snapshot),
        )
        service.take(polled)
        return polled.standing

    well = {name: poll(name) for name in network.inventory.entries}
    network.dead = {"agg"}
    for network.clock in range(60, 900, 60):
        for name in network.inventory.entries:
            poll(name)
    service.take(Remembered(well))
    network.clock += 60
    poll("access-1")
    stop.set()
    await asyncio.wait_for(service.run(stop), 20)
    assert [t.device for t in store.tickets()] == ["agg"]


@pytest.mark.parametrize(("names", "ends"), [(1, "n0"), (100, "n99"), (102, "n99 … (+2)")])
def test_a_ticket_of_a_silent_device_names_what_is_behind_it_up_to_a_hundred(names: int, ends: str) -> None:
    rules = {"temperature": check().model_copy(update={"sample": "device_up"})}
    behind = tuple(f"n{n}" for n in range(names))
    (change,) = tickets.reconcile([finding()], {}, inventory(None), rules, NOW, numbers(), lambda device: behind)
    assert change.text.startswith(f"其后 {names} 台设备不可达：n0")
    assert change.text.endswith(ends)


def test_a_fault_of_a_silent_device_is_behind_its_silence_only_where_that_is_judged() -> None:
    at = NOW.timestamp()
    silence = {"core-1": Standing("core-1", at, answered=at - 300, changed=at - 60)}
    loss, reach = (finding(id=name, key=("core-1", name, "")) for name in ("packet_loss", "reachability"))
    for found, behind in (((loss,), [()]), ((loss, reach), [("core-1",), ()])):
        settled = dependencies.settle(found, inventory(None), RULES, silence, NOW, polled_since=None)
        assert [f.result.behind for f in settled.findings] == behind
