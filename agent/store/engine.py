"""The only place that knows which database it is: how to open SQLite, begin a writing transaction, and upsert."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import ArgumentError

from agent.store import migrate
from agent.store.errors import StoreCorrupt, StoreError, StoreLocked, StoreMissing, StoreReadOnly, translated

_HEADER = b"SQLite format 3\x00"  # https://www.sqlite.org/fileformat.html, 1.3


class Database:
    """An opened store: reading and writing transactions, safe to use from many threads."""

    def __init__(self, engine: Engine, path: Path, wait: float) -> None:
        self._engine = engine
        self._path = path
        self._wait = wait
        self._turn = Lock()  # SQLite's own waiting is a lottery: threads of this process take turns instead
        self._file: tuple[int, int] | None = None  # (device, inode) once opened

    @property
    def name(self) -> str:
        return str(self._path)

    def prepare(self) -> None:
        """Create or migrate the schema, if need be. Raises StoreError."""
        with self.reading() as connection:
            current = migrate.is_current(connection, self.name)
        if not current:
            with self.writing() as connection:
                migrate.upgrade(connection, self.name)
        with translated(self.name):
            _use_write_ahead_log(self._engine)
        self._file = self._identity()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the store throughout. Raises StoreError."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that shuts out every other writer; commit at the end, or nothing. Raises StoreError."""
        if not self._turn.acquire(timeout=self._wait):
            raise StoreLocked(f"the store {self.name} is busy: other threads have been writing for {self._wait:g} s")
        try:
            with self._transaction(writes=True) as connection:
                yield connection
        finally:
            self._turn.release()

    def close(self) -> None:
        """Close every connection; SQLite then empties its write-ahead log into the file."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Connection]:
        if self._file is not None and self._identity() != self._file:
            raise StoreMissing(
                f"the store {self.name} was deleted or replaced: put it back, start again (数据库文件已被删除)"
            )
        with translated(self.name), self._engine.connect() as connection:
            connection.execution_options(writes=writes)
            with connection.begin():
                yield connection

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def open_database(where: str | Path, wait: float) -> Database:
    """Open the SQLite file at a path or `sqlite:///` URL, making it and its folder if need be. Raises StoreError.

    `wait` is how long, in seconds, to wait for others' writing transactions. A file that is not a store is refused
    and left as it is.
    """
    url = _url(where)
    path = Path(url.database or "")
    _check_file(path)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": wait})
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    database = Database(engine, path, wait)
    try:
        database.prepare()
    except StoreError:
        database.close()
        raise
    return database


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    not_before: str | None = None,
    latest: datetime | None = None,
) -> None:
    """Insert rows, or replace those with the same primary key; with `not_before`, unless that column is later there.

    What is later than `latest` counts for nothing: no clock that was right wrote it.
    """
    if not rows:
        return
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    new = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    older = None
    if not_before:
        older = table.c[not_before] <= statement.excluded[not_before]
        older = older if latest is None else older | (table.c[not_before] > latest)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new, where=older), list(rows))


def insert_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row; say False, and change nothing, if its primary key is there already."""
    return connection.execute(insert(table).values(row).on_conflict_do_nothing()).rowcount > 0


def _url(where: str | Path) -> URL:
    text = os.fspath(where)
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise StoreError(
            "the store's URL cannot be read (right form: sqlite:////var/lib/netpatrol/store.db)"
        ) from error
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        shown = url.render_as_string(hide_password=True)
        raise StoreError(f"{shown}: the store is an SQLite file (right form: a path, or sqlite:////path/to/store.db)")
    return url


def _check_file(path: Path) -> None:
    """Refuse what is no SQLite file before SQLite touches it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            with path.open("rb") as file:
                start = file.read(len(_HEADER))
            if start not in {b"", _HEADER}:
                raise StoreCorrupt(f"{path} is not a netpatrol store: give another path (不是 netpatrol 数据库)")
    except PermissionError as error:
        raise StoreReadOnly(
            f"the store {path} cannot be opened: give access to its file and folder (无访问权限)"
        ) from error
    except OSError as error:
        raise StoreMissing(f"the store {path} cannot be opened: {error.strerror} (无法打开)") from error


def _set_up(dbapi: sqlite3.Connection, _record: object) -> None:
    dbapi.isolation_level = None  # BEGIN is ours, below
    dbapi.execute("PRAGMA foreign_keys = ON")
    dbapi.execute("PRAGMA synchronous = FULL")  # a committed ticket survives a power cut


def _use_write_ahead_log(engine: Engine) -> None:
    """Let readers go on while one writes. Only now that the file is known to be a store: this changes its header."""
    with closing(engine.raw_connection()) as connection:
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # refused at once while another program uses the file; it is the file's mode, so the next to open it will do
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
