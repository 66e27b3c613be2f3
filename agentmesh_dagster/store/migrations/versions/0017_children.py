"""A step may wait for a run of another workflow, which knows the step that it is for."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """From 0015."""
    with op.batch_alter_table("agentmesh_runs") as runs:
        runs.add_column(sa.Column("parent_run_id", KEY))
        runs.add_column(sa.Column("parent_step_id", KEY))
    op.create_index(
        "ix_agentmesh_runs_parent_run_id_created_at_id", "agentmesh_runs", ["parent_run_id", "created_at", "id"]
    )
    op.create_table(
        "agentmesh_children",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("child_run_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('queued', 'due', 'started')", name=op.f("ck_agentmesh_children_state_is_known")),
        sa.ForeignKeyConstraint(["run_id"], ["agentmesh_runs.id"], name=op.f("fk_agentmesh_children_run_id")),
        sa.ForeignKeyConstraint(["step_id"], ["agentmesh_steps.id"], name=op.f("fk_agentmesh_children_step_id")),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_agentmesh_children")),
    )
    op.create_index("ix_agentmesh_children_run_id", "agentmesh_children", ["run_id"])
    op.create_index("ix_agentmesh_children_child_run_id", "agentmesh_children", ["child_run_id"])
