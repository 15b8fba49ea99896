"""Fill the disk a store is on (argv: its folder), free it again, and say what the store did meanwhile."""

import sys
from pathlib import Path

from agent.store import Spooled, Store, StoreError, spool
from tests.agent.faults import CRITICAL, KEY, NOW, WARNING, judged, minutes
from tests.agent.stored import deciding, record, snapshot

folder = Path(sys.argv[1])
with Store.open(folder / "netpatrol.db") as store:
    record(store, judged(WARNING))
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 1024):
                pass
        except OSError:
            pass
    many = tuple(snapshot(f"d{n}") for n in range(1000))
    spooled = Spooled(id="r1", now=minutes(1), snapshots=many, judged=(judged(CRITICAL),))
    try:
        store.record(many, {KEY: judged(CRITICAL).track}, deciding(judged(CRITICAL), at=1), now=minutes(1))
    except StoreError as error:
        sys.stdout.write(f"{type(error).__name__}\n")
    if [t.severity for t in store.tickets()] == [WARNING] and set(store.latest()) == {"core-1"}:
        sys.stdout.write("kept\n")
    filler.unlink()
    spool.save(folder / "spool", spooled)
    taken = store.take_in(folder / "spool", lambda s: deciding(*s.judged, at=1))
    sys.stderr.write(f"{taken.problems}\n")
    if not taken.problems and store.tickets()[0].severity is CRITICAL and store.latest()["core-1"].taken_at == NOW:
        sys.stdout.write("recovered\n")
