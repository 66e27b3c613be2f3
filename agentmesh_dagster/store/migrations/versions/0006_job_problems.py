"""Why a workflow has no job in a code location."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From 0005."""
    op.create_table(
        "agentmesh_job_problems",
        sa.Column("location", KEY, nullable=False),
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("location", "workflow_id", name="pk_agentmesh_job_problems"),
    )
    op.create_index("ix_agentmesh_job_problems_workflow_id", "agentmesh_job_problems", ["workflow_id"])
