"""The store locked, full, read-only, deleted, damaged: one clear line, nothing half-written, nothing lost."""

import ctypes
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from agent.model import Track
from agent.store import Store, StoreCorrupt, StoreError, StoreFull, StoreLocked, StoreMissing, StoreReadOnly
from tests.agent.faults import CRITICAL, KEY, NOW, WARNING, judged, minutes
from tests.agent.stored import deciding, new_store, record, snapshot
from tests.lab.processes import need


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "netpatrol.db"
    with new_store(path) as store:
        record(store, judged(WARNING))
    return path


@contextmanager
def every_connection(do: Callable[[sqlite3.Connection], object]):
    """Do something to each connection a store makes."""

    def made(connection, _record):
        do(connection)

    event.listen(Pool, "connect", made)
    try:
        yield
    finally:
        event.remove(Pool, "connect", made)


def contents(path: Path) -> tuple:
    with Store.open(path) as store:
        return store.findings(cleared=True), store.tickets(), store.latest(), store.tracks()


def assert_one_line(error: BaseException, path: Path) -> None:
    assert str(path) in str(error)
    assert "\n" not in str(error)
    assert "SELECT" not in str(error)
    assert "INSERT" not in str(error)


class TestLocked:
    def test_longer_than_it_waits_says_who_to_stop_and_writes_nothing(self, path):
        with Store.open(path, wait=0.01) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(
                StoreLocked, match="is locked by another program: wait until it is done, or stop it"
            ) as caught:
                record(store, judged(CRITICAL), at=1)
            assert_one_line(caught.value, path)
            assert store.tickets()[0].severity is WARNING  # reading goes on
            other.execute("ROLLBACK")
            assert [c.action for c in record(store, judged(CRITICAL), at=1).changes] == ["raise"]

    def test_can_still_be_opened_and_read(self, path):
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with Store.open(path, wait=0.01) as store:
                assert len(store.tickets()) == 1

    def test_while_it_is_made_says_so_too(self, tmp_path):
        with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreLocked, match="is locked by another program"):
                Store.open(tmp_path / "new.db", wait=0.01)


class TestFull:
    def test_says_to_free_some_and_writes_nothing(self, path):
        before = contents(path)
        cap = lambda connection: connection.execute("PRAGMA max_page_count = 30")  # noqa: E731
        with every_connection(cap), Store.open(path) as store:
            with pytest.raises(StoreFull, match="has no space left: free some on its disk") as caught:
                many = [snapshot(f"d{n}") for n in range(300)]
                store.record(many, {KEY: Track()}, deciding(judged(CRITICAL), at=1), now=minutes(1))
            assert_one_line(caught.value, path)
            assert store.tickets() == before[1]
        assert contents(path) == before

    @pytest.mark.lab
    def test_on_a_real_full_disk_it_says_so_and_goes_on_when_there_is_space_again(self, tmp_path):
        need("unshare", "mount", root=True)
        script = Path(__file__).with_name("full_disk.py")
        mounted = f"mount -t tmpfs -o size=2m tmpfs {tmp_path} && exec {sys.executable} {script} {tmp_path}"
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", mounted],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert done.stdout.split() == ["StoreFull", "kept", "recovered"], done.stderr


_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2  # linux/capability.h


@contextmanager
def bound_by_modes():
    """Heed the modes of files as root too: this thread gives up, for a while, what lets it pass (capabilities(7))."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3; this thread
    usual = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the same of capabilities above 31
    assert libc.capget(head, usual) == 0
    less = type(usual)(*usual)
    less[0] &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    assert libc.capset(head, less) == 0
    try:
        yield
    finally:
        assert libc.capset(head, usual) == 0


class TestReadOnly:
    def test_says_to_give_access(self, path):
        with every_connection(lambda connection: connection.execute("PRAGMA query_only = ON")):
            store = Store.open(path)
            with pytest.raises(StoreReadOnly, match="cannot be written: give write access") as caught:
                record(store, judged(CRITICAL), at=1)
            assert_one_line(caught.value, path)
            store.close()

    def test_file_can_be_read_and_says_to_give_access(self, path):
        path.chmod(0o400)
        with bound_by_modes(), Store.open(path) as store:
            assert len(store.tickets()) == 1
            with pytest.raises(StoreReadOnly, match="cannot be written: give write access") as caught:
                record(store, judged(CRITICAL))
            assert_one_line(caught.value, path)


class TestDeleted:
    def test_while_in_use_is_an_error_and_is_not_made_anew(self, path):
        with Store.open(path) as store:
            path.unlink()
            for use in (lambda: record(store, judged(CRITICAL)), store.tickets):
                with pytest.raises(StoreMissing, match="was deleted or replaced: put it back, start again") as caught:
                    use()
                assert_one_line(caught.value, path)
            assert not path.exists()

    def test_and_made_anew_by_another_program_is_an_error(self, path):
        with Store.open(path) as store:
            shutil.copy(path, path.with_suffix(".copy"))
            path.with_suffix(".copy").replace(path)
            with pytest.raises(StoreMissing):
                record(store, judged(CRITICAL))


class TestDamaged:
    def test_while_in_use_says_to_restore_it(self, tmp_path):
        path = tmp_path / "netpatrol.db"
        with new_store(path) as store:
            store.record([snapshot(f"d{n}") for n in range(300)], {}, deciding(), now=NOW)
        content = bytearray(path.read_bytes())
        content[8192:] = b"\xa5" * (len(content) - 8192)
        path.write_bytes(content)
        with Store.open(path) as store, pytest.raises(StoreCorrupt, match="is damaged: move it away") as caught:
            store.latest()
        assert_one_line(caught.value, path)

    def test_body_says_what_it_was(self, path):
        with closing(sqlite3.connect(path)) as other:
            other.execute("UPDATE snapshots SET body = x'00'")
            other.commit()
        with Store.open(path) as store, pytest.raises(StoreCorrupt, match="Snapshot cannot be read back"):
            store.latest()


def test_an_error_of_a_kind_not_foreseen_is_an_error_of_the_store(path):
    with Store.open(path) as store:
        with closing(sqlite3.connect(path)) as other:
            other.execute("DROP TABLE snapshots")
        with pytest.raises(StoreError, match=r"cannot be used .*no such table: snapshots") as caught:
            record(store, judged(CRITICAL))
        assert_one_line(caught.value, path)
        assert store.tickets()[0].severity is WARNING


def test_a_process_killed_on_the_way_leaves_nothing_half_written(path, tmp_path):
    before = contents(path)
    script = tmp_path / "dies.py"
    script.write_text(
        "import os, sys\n"
        "from agent.store import Store\n"
        "from tests.agent.faults import CRITICAL, judged\n"
        "from tests.agent.stored import record\n"
        "record(Store.open(sys.argv[1]), judged(CRITICAL), at=1, run_of=lambda outcome: os._exit(9))\n"
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, script, path], env=env, timeout=60, check=False)
    assert done.returncode == 9
    assert contents(path) == before
