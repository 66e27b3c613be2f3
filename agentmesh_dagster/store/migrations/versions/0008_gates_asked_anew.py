"""A gate that is asked anew keeps how it was asked before, and what a run takes over says from where."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From 0007."""
    op.add_column("agentmesh_steps", sa.Column("taken_from_run_id", KEY))
    op.add_column("agentmesh_gates", sa.Column("taken_from_run_id", KEY))
    op.create_table(
        "agentmesh_gate_history",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text()),
        sa.Column("assignees", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("deadline_at", MOMENT),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_by", sa.Text()),
        sa.Column("answered_via", sa.Text()),
        sa.Column("answered_at", MOMENT),
        sa.Column("seen_hash", sa.Text()),
        sa.CheckConstraint(
            "state IN ('answered', 'expired', 'canceled')", name=op.f("ck_agentmesh_gate_history_state_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["step_id"],
            ["agentmesh_steps.id"],
            name=op.f("fk_agentmesh_gate_history_step_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("step_id", "position", name=op.f("pk_agentmesh_gate_history")),
    )
