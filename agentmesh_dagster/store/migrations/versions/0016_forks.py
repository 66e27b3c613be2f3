"""A run may go on from a step of another run, with outputs that somebody has edited."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """From 0014."""
    for name in ("forked_from_run_id", "forked_from_node_id", "forked_from_path"):
        op.add_column("agentmesh_runs", sa.Column(name, KEY))
    op.create_index("ix_agentmesh_runs_forked_from_run_id", "agentmesh_runs", ["forked_from_run_id"])
    op.add_column("agentmesh_steps", sa.Column("edited_by", sa.Text()))
