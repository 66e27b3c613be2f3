"""Packages bring types of nodes and triggers: the store keeps whatever they are called."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """From 0009."""
    for table, check in (("agentmesh_steps", "node_type"), ("agentmesh_triggers", "kind")):
        with op.batch_alter_table(table) as altered:
            altered.drop_constraint(op.f(f"ck_{table}_{check}_is_known"), type_="check")
