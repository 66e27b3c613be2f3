"""A step that failed says why in a word; one that would have failed may have the output of its `onError`."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0017"


def upgrade() -> None:
    """From 0017."""
    op.add_column("agentmesh_steps", sa.Column("code", sa.Text()))
    op.add_column(
        "agentmesh_steps", sa.Column("used_fallback", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(
        "ix_agentmesh_steps_fallbacks",
        "agentmesh_steps",
        ["run_id"],
        sqlite_where=sa.text("used_fallback IS 1"),
        postgresql_where=sa.text("used_fallback IS true"),
    )
    # Of a step that failed before there were caught faults, a branch perhaps, the ways that it took meant nothing.
    op.execute("UPDATE agentmesh_steps SET code = 'error', taken = NULL WHERE status = 'failed'")
