"""A run may make a version of an asset."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0013"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """From 0013."""
    op.create_table(
        "agentmesh_materializations",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("asset_key", KEY, nullable=False),
        sa.Column("partition", KEY),
        sa.Column("backfill_id", KEY),
        sa.Column("facade_id", KEY),
        sa.Column("partition_facts", sa.Text(), nullable=False),
        sa.Column("upstream", sa.Text(), nullable=False),
        sa.Column("verdicts", sa.Text()),
        sa.ForeignKeyConstraint(["run_id"], ["agentmesh_runs.id"], name=op.f("fk_agentmesh_materializations_run_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_agentmesh_materializations")),
    )
    op.create_index(
        "ix_agentmesh_materializations_asset_key_partition", "agentmesh_materializations", ["asset_key", "partition"]
    )
    op.create_index("ix_agentmesh_materializations_backfill_id", "agentmesh_materializations", ["backfill_id"])
