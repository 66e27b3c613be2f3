"""The functions that code locations know, for tools to name."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From 0021."""
    op.create_table(
        "agentmesh_tool_functions",
        sa.Column("location", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("input_schema", sa.Text(), nullable=False),
        sa.Column("output_schema", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("location", "name", name="pk_agentmesh_tool_functions"),
    )
