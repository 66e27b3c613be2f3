"""What the web process keeps: people, and what triggers look at."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From 0001."""
    with op.batch_alter_table("agentmesh_events", table_kwargs={"sqlite_autoincrement": True}) as events:
        events.alter_column("project_id", existing_type=sa.Text(), nullable=True)
    op.create_index("ix_agentmesh_events_type_id", "agentmesh_events", ["type", "id"])
