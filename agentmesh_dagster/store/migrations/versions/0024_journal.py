"""What the agent of a step has done is kept until the step has succeeded."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """From 0023."""
    op.create_table(
        "agentmesh_journal",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('reply', 'result')", name=op.f("ck_agentmesh_journal_kind_is_known")),
        sa.ForeignKeyConstraint(
            ["step_id"], ["agentmesh_steps.id"], name=op.f("fk_agentmesh_journal_step_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("step_id", "position", name=op.f("pk_agentmesh_journal")),
    )
