import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import agent.store
from agent.store import Store, StoreCorrupt, StoreError, StoreMissing, StoreNewer, tables
from tests.agent.faults import WARNING, judged
from tests.agent.stored import new_store, record

ADDED = {
    "0002": ["DROP TABLE finding_events", "ALTER TABLE findings DROP COLUMN waiver"],
    "0003": [
        "DROP INDEX ix_tickets_recurred_at",
        "ALTER TABLE tickets DROP COLUMN recurred_at",
        "UPDATE ticket_events SET body = CAST(replace(body, ',\"recurred_at\":null', '') AS BLOB)",
    ],
}
"""What takes from a store what each revision added."""


def query(path: Path, statement: str, *values: str) -> list:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(statement, values).fetchall()
        connection.commit()
        return found


def test_a_new_store_is_made_with_its_folder_and_opened_again(tmp_path):
    path = tmp_path / "new" / "数据 100%" / "netpatrol.db"
    for _ in range(2):
        with Store.open(path) as store:
            assert store.runs() == ()
    assert query(path, "SELECT version_num FROM alembic_version") == [(tables.REVISION,)]
    assert query(path, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_a_store_is_named_by_path_or_url(tmp_path, form):
    path = tmp_path / "netpatrol.db"
    Store.open(form.format(path)).close()
    assert path.exists()


def test_closing_leaves_one_file(tmp_path):
    with Store.open(tmp_path / "netpatrol.db") as store:
        store.tickets()
    assert [p.name for p in tmp_path.iterdir()] == ["netpatrol.db"]


def test_migrating_says_nothing(tmp_path, capfd, caplog):
    caplog.set_level(logging.INFO)
    Store.open(tmp_path / "netpatrol.db").close()
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_program_that_logs_says_nothing_of_what_it_migrates_with(tmp_path):
    """In a process of its own: Alembic logs its plug-ins the first time it is imported."""
    program = (
        "import logging, sys; logging.basicConfig(level=logging.INFO); "
        "from agent.store import Store; Store.open(sys.argv[1]).close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "netpatrol.db"], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / "netpatrol.db").exists()


class TestSchema:
    def test_of_the_migrations_is_that_of_the_tables(self, tmp_path):
        path = tmp_path / "netpatrol.db"
        Store.open(path).close()
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), tables.METADATA) == []
        engine.dispose()

    def test_of_the_tables_is_the_newest_migration(self):
        config = Config()
        config.set_main_option("script_location", str(Path(agent.store.__file__).with_name("migrations")))
        assert ScriptDirectory.from_config(config).get_heads() == [tables.REVISION]

    @pytest.mark.parametrize("older", ["0001", "0002"])
    def test_of_an_older_release_is_upgraded_and_keeps_what_was_found(self, tmp_path, caplog, older):
        caplog.set_level(logging.INFO)
        path = tmp_path / "netpatrol.db"
        with new_store(path) as store:
            record(store, judged(WARNING))
            known, tickets = store.findings(), store.tickets()
            history = store.history(tickets[0].number)
        for statement in (s for revision, since in ADDED.items() if revision > older for s in since):
            query(path, statement)
        query(path, "UPDATE alembic_version SET version_num = ?", older)
        with Store.open(path) as store:
            assert store.findings() == known
            assert store.decisions(known[0].id) == (known[0], ())
            assert (store.tickets(), store.history(tickets[0].number)) == (tickets, history)
        assert caplog.messages == [f"the store {path} was brought from schema {older} to {tables.REVISION}"]

    def test_allows_one_ticket_that_is_not_closed_for_a_fault(self, tmp_path):
        path = tmp_path / "netpatrol.db"
        Store.open(path).close()
        (sql,) = query(path, "SELECT sql FROM sqlite_master WHERE name = 'uq_tickets_not_closed'")
        assert "UNIQUE" in sql[0]
        assert sql[0].endswith("""(device, "check", object) WHERE status != 'closed'""")


class TestRefused:
    """Refused, and left as it is."""

    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "netpatrol.db"

    def refuse(self, path: Path, error: type[StoreError], message: str) -> None:
        before = path.read_bytes()
        with pytest.raises(error, match=message) as caught:
            Store.open(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert path.read_bytes() == before

    def test_a_store_of_a_newer_netpatrol(self, path):
        new_store(path).close()
        query(path, "UPDATE alembic_version SET version_num = '9999'")
        self.refuse(
            path, StoreNewer, f"newer netpatrol .schema 9999, this one knows {tables.REVISION}.: upgrade netpatrol"
        )

    def test_a_store_that_does_not_say_its_schema(self, path):
        new_store(path).close()
        query(path, "DELETE FROM alembic_version")
        self.refuse(path, StoreNewer, "schema none, this one knows")

    def test_the_database_of_another_program(self, path):
        query(path, "CREATE TABLE cookies (x)")
        self.refuse(path, StoreCorrupt, "another program: give another path")

    @pytest.mark.parametrize("content", [b"%PDF-1.7 ...", b"SQLite format 2", b"\x00" * 5000])
    def test_a_file_that_is_no_database(self, path, content):
        path.write_bytes(content)
        self.refuse(path, StoreCorrupt, "is not a netpatrol store: give another path")

    def test_a_database_with_a_damaged_first_page(self, path):
        new_store(path).close()
        content = path.read_bytes()
        path.write_bytes(content[:16] + b"\xff" * 200 + content[216:])
        self.refuse(path, StoreCorrupt, "give another path|move it away")

    def test_a_database_cut_short(self, path):
        new_store(path).close()
        path.write_bytes(path.read_bytes()[:6000])
        self.refuse(path, StoreCorrupt, "is damaged: move it away and restore a copy")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("postgresql://me:hunter2@db/netpatrol", r"an SQLite file \(right form: a path, or sqlite:///"),
        ("sqlite://", "an SQLite file"),
        ("sqlite:///:memory:", "an SQLite file"),
        ("no url://", "cannot be read .right form"),
    ],
)
def test_a_url_that_is_no_sqlite_file_is_refused_without_showing_its_password(where, message):
    with pytest.raises(StoreError, match=message) as caught:
        Store.open(where)
    assert "hunter2" not in str(caught.value)


def test_a_path_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreMissing, match=r"netpatrol\.db cannot be opened"):
        Store.open(tmp_path / "file" / "netpatrol.db")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(StoreMissing, match="cannot be opened: Is a directory"):
        Store.open(tmp_path)
