"""Run by Alembic: bring the schema of the connection that `agent.store.migrate` passes up to date."""

from alembic import context

from agent.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters a table by making it anew
)
with context.begin_transaction():
    context.run_migrations()
