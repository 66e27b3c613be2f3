"""Drafts beside what is published."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """From 0003."""
    op.create_table(
        "agentmesh_drafts",
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("entity_id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("base_revision", sa.Integer()),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('workflow', 'agent', 'tool')", name=op.f("ck_agentmesh_drafts_kind_is_known")),
        sa.PrimaryKeyConstraint("version", name="pk_agentmesh_drafts"),
        sa.UniqueConstraint("kind", "entity_id", name="uq_agentmesh_drafts_kind_entity_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_agentmesh_drafts_project_id_saved_at", "agentmesh_drafts", ["project_id", "saved_at"])
