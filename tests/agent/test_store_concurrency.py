"""Two inspections at once, in one process or two, settle each fault once."""

import asyncio
import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from agent.store import Store
from tests.agent.faults import WARNING, judged, minutes
from tests.agent.stored import record

WORKERS = 2
ROUNDS = 5


def inspect(store: Store, worker: int) -> list[str]:
    """Record the same faults as everyone else, and one of one's own; return the tickets opened."""
    opened = []
    for n in range(ROUNDS):
        common = judged(WARNING, key=("core-1", "temperature", f"common-{n}"))
        own = judged(WARNING, key=("core-1", "temperature", f"own-{worker}-{n}"))
        outcome = record(store, common, own, at=n)
        opened += [change.number for change in outcome.changes if change.action == "open"]
    return opened


def inspect_alone(path: Path, worker: int) -> list[str]:
    with Store.open(path, wait=30) as store:
        return inspect(store, worker)


def assert_each_fault_has_one_ticket(path: Path, opened: list[str]) -> None:
    with Store.open(path) as store:
        tickets, findings = store.tickets(), store.findings()
    faults = ROUNDS * (WORKERS + 1)
    assert len(tickets) == len(findings) == faults
    assert max(Counter(t.object for t in tickets).values()) == 1
    assert sorted(opened) == sorted(t.number for t in tickets) == [f"T-20261122-{n:04d}" for n in range(1, faults + 1)]


def test_threads_that_share_a_store_open_each_ticket_once(tmp_path):
    path = tmp_path / "netpatrol.db"
    start = Barrier(WORKERS)

    def work(worker: int) -> list[str]:
        start.wait()
        return inspect(store, worker)

    with Store.open(path) as store, ThreadPoolExecutor(WORKERS) as pool:
        opened = [number for numbers in pool.map(work, range(WORKERS)) for number in numbers]
    assert_each_fault_has_one_ticket(path, opened)


def test_processes_that_make_the_store_at_once_open_each_ticket_once(tmp_path):
    path = tmp_path / "netpatrol.db"
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(inspect_alone, path, worker) for worker in range(WORKERS)]
        opened = [number for job in jobs for number in job.result(timeout=60)]
    assert_each_fault_has_one_ticket(path, opened)


async def test_a_reader_sees_one_state_while_others_write(tmp_path):
    with Store.open(tmp_path / "netpatrol.db") as store:

        def read() -> None:
            for ticket in store.tickets():
                assert store.history(ticket.number)[-1].ticket.number == ticket.number

        writing = [asyncio.to_thread(inspect, store, worker) for worker in range(2)]
        await asyncio.gather(*writing, *(asyncio.to_thread(read) for _ in range(10)))
        changes = [store.change(t.number, "acknowledge", "王工", "", minutes(99)) for t in store.tickets()]
    assert len(changes) == ROUNDS * 3
