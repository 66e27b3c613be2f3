"""Which code location asked Dagster for the run of a trigger: another one of the same instance does not ask too."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """From 0006."""
    op.add_column("agentmesh_deliveries", sa.Column("asked_by", KEY))
