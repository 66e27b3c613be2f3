"""What models were asked for, and which steps failed, is summed up by day."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """From 0020."""
    op.create_table(
        "agentmesh_model_use",
        sa.Column("day", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("provider", KEY, nullable=False),
        sa.Column("model", KEY, nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("usd", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day", "project_id", "workflow_id", "provider", "model", name=op.f("pk_agentmesh_model_use")
        ),
    )
    op.create_table(
        "agentmesh_step_failures",
        sa.Column("day", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("code", KEY, nullable=False),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "project_id", "workflow_id", "code", name=op.f("pk_agentmesh_step_failures")),
    )
