"""What the agent remembers: snapshots, tracks, findings, tickets, runs. The only SQL of the program."""

from agent.store.errors import (
    NotFound,
    StoreConflict,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreReadOnly,
)
from agent.store.rows import RunSummary
from agent.store.spool import Spooled
from agent.store.store import Decide, Known, Outcome, Store, TakenIn, completed

__all__ = [
    "Decide",
    "Known",
    "NotFound",
    "Outcome",
    "RunSummary",
    "Spooled",
    "Store",
    "StoreConflict",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreMissing",
    "StoreNewer",
    "StoreReadOnly",
    "TakenIn",
    "completed",
]
