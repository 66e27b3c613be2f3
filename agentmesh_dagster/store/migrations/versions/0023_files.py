"""Files that tools got from outside, of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From 0022."""
    op.create_table(
        "agentmesh_files",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["agentmesh_runs.id"], name="fk_agentmesh_files_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_agentmesh_files"),
    )
    op.create_index("ix_agentmesh_files_run_id", "agentmesh_files", ["run_id"])
