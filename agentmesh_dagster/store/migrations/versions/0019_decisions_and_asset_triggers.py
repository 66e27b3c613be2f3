"""Decisions are read by when they came, and triggers wait for versions of assets."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
EVENT_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """From 0018."""
    op.create_index("ix_agentmesh_waits_closed_at_step_id", "agentmesh_waits", ["closed_at", "step_id"])
    op.create_index(
        "ix_agentmesh_gate_history_answered_at_step_id", "agentmesh_gate_history", ["answered_at", "step_id"]
    )
    op.add_column("agentmesh_deliveries", sa.Column("version", sa.Text()))
    op.create_table(
        "agentmesh_asset_looks",
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("trigger", KEY, nullable=False),
        sa.Column("instance_id", KEY, nullable=False),
        sa.Column("looked_to", EVENT_ID, nullable=False),
        sa.PrimaryKeyConstraint("workflow_id", "trigger", "instance_id", name=op.f("pk_agentmesh_asset_looks")),
    )
