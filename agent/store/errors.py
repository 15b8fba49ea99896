"""What can go wrong with the store, each as one line that says what to do.

StoreError
├── StoreLocked     another program holds it                    (TimeoutError)
├── StoreFull       no space left
├── StoreReadOnly   its file or folder cannot be written        (PermissionError)
├── StoreMissing    its file or folder is not there (any more)  (FileNotFoundError)
├── StoreCorrupt    its file is damaged, or not a store         (ValueError)
├── StoreNewer      a newer netpatrol wrote it
├── StoreConflict   it already has what was to be added
└── NotFound        it has no ticket or run of that name        (LookupError)
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class StoreError(Exception):
    """The store could not be read or written."""


class StoreLocked(StoreError, TimeoutError):
    """Another program holds the store."""


class StoreFull(StoreError):
    """No space is left for the store."""


class StoreReadOnly(StoreError, PermissionError):
    """The store's file or folder cannot be written."""


class StoreMissing(StoreError, FileNotFoundError):
    """The store's file or folder is not there, or not there any more."""


class StoreCorrupt(StoreError, ValueError):
    """The store's file is damaged, or is not a store."""


class StoreNewer(StoreError):
    """A newer netpatrol wrote the store."""


class StoreConflict(StoreError):
    """The store already has what was to be added."""


class NotFound(StoreError, LookupError):
    """The store has no such ticket or run."""


_BY_CODE: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (
        StoreLocked,
        "is locked by another program: wait until it is done, or stop it (数据库被占用)",
    ),
    sqlite3.SQLITE_LOCKED: (
        StoreLocked,
        "is locked by another program: wait until it is done, or stop it (数据库被占用)",
    ),
    sqlite3.SQLITE_FULL: (StoreFull, "has no space left: free some on its disk (磁盘空间不足)"),
    # a shared-memory file that cannot grow: opening a store on a full disk
    sqlite3.SQLITE_IOERR_SHMSIZE: (StoreFull, "has no space left: free some on its disk (磁盘空间不足)"),
    sqlite3.SQLITE_READONLY: (StoreReadOnly, "cannot be written: give write access to its file and folder (无写权限)"),
    sqlite3.SQLITE_PERM: (StoreReadOnly, "cannot be opened: give access to its file and folder (无访问权限)"),
    sqlite3.SQLITE_CANTOPEN: (StoreMissing, "cannot be opened: check that its folder exists and is yours (无法打开)"),
    sqlite3.SQLITE_IOERR: (StoreError, "cannot be read or written: check its disk (磁盘读写错误)"),
    sqlite3.SQLITE_CORRUPT: (StoreCorrupt, "is damaged: move it away and restore a copy (数据库已损坏)"),
    sqlite3.SQLITE_NOTADB: (StoreCorrupt, "is not a netpatrol store: give another path (不是 netpatrol 数据库)"),
    sqlite3.SQLITE_CONSTRAINT: (
        StoreConflict,
        "already has this, or lacks what it refers to: read it again (数据冲突)",
    ),
}


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn what the database raises into a StoreError about the store `name`."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreLocked(f"the store {name} is busy: too many of its connections are in use") from error
    except DBAPIError as error:
        raise of(error.orig, name) from error
    except sqlite3.Error as error:
        raise of(error, name) from error


def of(error: BaseException | None, name: str) -> StoreError:
    """Return the StoreError for what the driver raised. The database's own words go last."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    kind, advice = _BY_CODE.get(code) or _BY_CODE.get(code & 0xFF) or (StoreError, "cannot be used (数据库错误)")
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    return kind(f"the store {name} {advice}: {said}")
