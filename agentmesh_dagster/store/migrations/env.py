"""What Alembic runs: migrate over the connection that `store.migrate` (or a developer) hands in."""

from alembic import context

from agentmesh_dagster.store.migrations import VERSION_TABLE
from agentmesh_dagster.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite too: a migration happens as a whole or not at all
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
