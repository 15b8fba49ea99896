"""Bring a store's schema up to date, in the transaction of the connection given; refuse what is not ours or newer."""

import io
import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from agent.store.errors import StoreCorrupt, StoreNewer
from agent.store.tables import REVISION

_log = logging.getLogger(__name__)


def is_current(connection: Connection, name: str) -> bool:
    """Say whether the store `name` has this program's schema. Raises StoreCorrupt for another program's database."""
    return _revision(connection, name) == REVISION


def upgrade(connection: Connection, name: str) -> None:
    """Create or migrate the schema of the store `name`. Raises StoreCorrupt and StoreNewer, and then changes nothing.

    The caller's transaction must already shut out other writers, so that two programs do not migrate at once.
    """
    found = _revision(connection, name)
    if found == REVISION:  # another program was faster
        return
    # it logs its plug-ins, while it is imported, and its settings; what happens to the store is said below
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # only now: importing Alembic takes longer than a whole listing command
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config(stdout=io.StringIO(), attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreNewer(
            f"the store {name} was written by a newer netpatrol (schema {found}, this one knows {REVISION}): "
            "upgrade netpatrol, or give another path (请升级 netpatrol)"
        )
    command.upgrade(config, "head")
    if found is not None:
        _log.info("the store %s was brought from schema %s to %s", name, found, REVISION)


def _revision(connection: Connection, name: str) -> str | None:
    """Return the schema's revision, or None for a new store."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise StoreCorrupt(f"{name} is the database of another program: give another path (不是 netpatrol 数据库)")
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() or "none"
