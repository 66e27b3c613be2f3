"""A step that waits has a wait; what a gate asks, and is answered, stands beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From 0011."""
    op.create_table(
        "agentmesh_waits",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("closed_by", sa.Text()),
        sa.Column("closed_at", MOMENT),
        sa.Column("launch_id", KEY),
        sa.CheckConstraint(
            "state IN ('open', 'closed', 'expired', 'canceled')", name=op.f("ck_agentmesh_waits_state_is_known")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["agentmesh_runs.id"], name=op.f("fk_agentmesh_waits_run_id")),
        sa.ForeignKeyConstraint(["step_id"], ["agentmesh_steps.id"], name=op.f("fk_agentmesh_waits_step_id")),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_agentmesh_waits")),
    )
    op.create_index("ix_agentmesh_waits_run_id", "agentmesh_waits", ["run_id"])
    op.create_index("ix_agentmesh_waits_state_opened_at", "agentmesh_waits", ["state", "opened_at"])
    op.execute(
        "INSERT INTO agentmesh_waits"
        " (step_id, run_id, kind, state, opened_at, due_at, closed_by, closed_at, launch_id)"
        " SELECT step_id, run_id, 'person', CASE state WHEN 'answered' THEN 'closed' ELSE state END,"
        " opened_at, deadline_at, answered_by, answered_at, launch_id FROM agentmesh_gates"
    )
    op.drop_index("ix_agentmesh_gates_run_id", "agentmesh_gates")
    op.drop_index("ix_agentmesh_gates_state_opened_at", "agentmesh_gates")
    with op.batch_alter_table("agentmesh_gates") as gates:
        gates.drop_constraint(op.f("ck_agentmesh_gates_state_is_known"), type_="check")
        gates.drop_constraint("fk_agentmesh_gates_run_id", type_="foreignkey")
        gates.drop_constraint("fk_agentmesh_gates_step_id", type_="foreignkey")
        for name in ("run_id", "state", "opened_at", "deadline_at", "answered_by", "answered_at", "launch_id"):
            gates.drop_column(name)
        gates.create_foreign_key(op.f("fk_agentmesh_gates_step_id"), "agentmesh_waits", ["step_id"], ["step_id"])
