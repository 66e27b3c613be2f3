"""A step may wait for an event or a callback: events have an order, and callbacks an address."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From 0012."""
    with op.batch_alter_table("agentmesh_waits") as waits:
        waits.add_column(sa.Column("event_name", KEY))
        waits.add_column(sa.Column("looked_to", sa.Integer()))
    op.create_index("ix_agentmesh_waits_state_due_at", "agentmesh_waits", ["state", "due_at"])
    op.create_index("ix_agentmesh_waits_event_name_state", "agentmesh_waits", ["event_name", "state"])
    # Those that came before have no position: no step waited for events when they came.
    with op.batch_alter_table("agentmesh_posted_events") as posted:
        posted.add_column(sa.Column("position", sa.Integer()))
        posted.add_column(sa.Column("taken_by", KEY))
    op.create_index("ix_agentmesh_posted_events_name_position", "agentmesh_posted_events", ["name", "position"])
    op.create_table(
        "agentmesh_callbacks",
        sa.Column("token_hash", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("received_at", MOMENT),
        sa.ForeignKeyConstraint(["run_id"], ["agentmesh_runs.id"], name=op.f("fk_agentmesh_callbacks_run_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_agentmesh_callbacks")),
    )
    op.create_index("ix_agentmesh_callbacks_run_id", "agentmesh_callbacks", ["run_id"])
    op.create_index("ix_agentmesh_callbacks_step_id", "agentmesh_callbacks", ["step_id"])
    op.create_table(
        "agentmesh_keys",
        sa.Column("name", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_agentmesh_keys")),
    )
