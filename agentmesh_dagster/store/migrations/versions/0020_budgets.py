"""Model calls are counted, and limited by budgets."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NONE = sa.text("0")


def upgrade() -> None:
    """From 0019."""
    op.add_column("agentmesh_runs", sa.Column("budget_keys", sa.Text()))
    op.create_table(
        "agentmesh_budgets",
        sa.Column("key", KEY, nullable=False),
        sa.Column("run_id", KEY),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("usd", sa.Float(), nullable=False, server_default=NONE),
        sa.Column("tokens", sa.BigInteger(), nullable=False, server_default=NONE),
        sa.Column("calls", sa.BigInteger(), nullable=False, server_default=NONE),
        sa.Column("seconds", sa.Float(), nullable=False, server_default=NONE),
        sa.Column("largest_usd", sa.Float(), nullable=False, server_default=NONE),
        sa.Column("largest_tokens", sa.BigInteger(), nullable=False, server_default=NONE),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_agentmesh_budgets")),
        sa.ForeignKeyConstraint(["run_id"], ["agentmesh_runs.id"], name=op.f("fk_agentmesh_budgets_run_id")),
    )
    op.create_index("ix_agentmesh_budgets_run_id", "agentmesh_budgets", ["run_id"])
    op.create_table(
        "agentmesh_model_calls",
        sa.Column("budget_key", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("usd", sa.Float(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("budget_key", "id", name=op.f("pk_agentmesh_model_calls")),
        sa.ForeignKeyConstraint(
            ["budget_key"], ["agentmesh_budgets.key"], name=op.f("fk_agentmesh_model_calls_budget_key")
        ),
    )
