"""A store in a file, and short ways to record what was judged, for the tests of the store."""

from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from agent import findings, tickets
from agent.model import Coverage, DeviceResult, Run
from agent.store import Known, Outcome, Store
from collectors.model import Sample, Snapshot
from tests.agent.faults import CRITICAL, NOW, check, contract, inventory, judged, minutes, targets

CHECKS = {"temperature": check()}
ACME = inventory(contract({4: targets(0.5, 2, 8)}))


@cache
def _new_file() -> bytes:
    """Migrating takes longer than a test should: one new store serves them all."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "netpatrol.db"
        Store.open(path).close()
        return path.read_bytes()


def new_store(path: Path, **more) -> Store:
    """Open a store, made from the one that is migrated if there is none."""
    if not path.exists():
        path.write_bytes(_new_file())
    return Store.open(path, **more)


def snapshot(device: str = "core-1", at: datetime = NOW, value: float = 41.5) -> Snapshot:
    return Snapshot(device=device, taken_at=at, up=True, samples=(Sample("device_cpu_ratio", {"entity": "1"}, value),))


def deciding(*results, at: float = 0):
    """Decide as the agent does."""

    def decide(known: Known) -> Outcome:
        found = findings.reconcile(results, known.findings, minutes(at), lambda: uuid4().hex)
        return Outcome(found, tickets.reconcile(found, known.tickets, ACME, CHECKS, minutes(at), known.new_number))

    return decide


def record(store: Store, *results, at: float = 0, run_of=None) -> Outcome:
    tracks = {j.result.key: j.track for j in results}
    return store.record([snapshot(at=minutes(at))], tracks, deciding(*results, at=at), run_of, now=minutes(at))


def run(run_id: str = "r1", at: float = 0) -> Run:
    return Run(
        id=run_id,
        started_at=minutes(at),
        finished_at=minutes(at + 1),
        scope={"site": "acme-hq"},
        devices=(DeviceResult(snapshot=snapshot(), results=(judged(CRITICAL).result,), not_applicable=("ups",)),),
        coverage=Coverage(expected=4, collected=3, devices=1, answered=1),
    )
