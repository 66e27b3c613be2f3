"""Workflows have a limit of open runs, times and events say why they made no run, and third parties have addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0016"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)
STATES = "'waiting', 'requested', 'launched', 'declined', 'failed', 'missed', 'skipped', 'joined'"


def upgrade() -> None:
    """From the revision before."""
    op.add_column("agentmesh_runs", sa.Column("queued_at", MOMENT))
    op.create_index("ix_agentmesh_runs_queued_at", "agentmesh_runs", ["queued_at"])
    op.add_column("agentmesh_launches", sa.Column("retried_by", sa.Text()))
    op.create_table(
        "agentmesh_run_limits",
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("max_runs", sa.Integer(), nullable=False),
        sa.Column("on_limit", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "on_limit IN ('queue', 'skip', 'cancelOldest')", name=op.f("ck_agentmesh_run_limits_on_limit_is_known")
        ),
        sa.PrimaryKeyConstraint("workflow_id", name=op.f("pk_agentmesh_run_limits")),
    )
    with op.batch_alter_table("agentmesh_deliveries") as deliveries:
        deliveries.add_column(sa.Column("scheduled_at", MOMENT))
        deliveries.add_column(sa.Column("joined_id", KEY))
        deliveries.drop_constraint(op.f("ck_agentmesh_deliveries_state_is_known"), type_="check")
        deliveries.create_check_constraint(op.f("ck_agentmesh_deliveries_state_is_known"), f"state IN ({STATES})")
    for columns in (["workflow_id", "arrived_at"], ["joined_id"]):
        op.create_index(f"ix_agentmesh_deliveries_{'_'.join(columns)}", "agentmesh_deliveries", columns)
    op.create_table(
        "agentmesh_hooks",
        sa.Column("id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("event_name", KEY, nullable=False),
        sa.Column("hash", KEY, nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("rotated_at", MOMENT),
        sa.Column("last_used_at", MOMENT),
        sa.Column("last_refusal", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agentmesh_hooks")),
        sa.UniqueConstraint("hash", name=op.f("uq_agentmesh_hooks_hash")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_agentmesh_hooks_project_id_name")),
    )
