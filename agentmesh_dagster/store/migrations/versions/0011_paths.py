"""A step has a path instead of the number of an item, and may wait for more than a person."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
STATUSES = ("pending", "running", "succeeded", "failed", "waiting_human", "waiting", "skipped", "canceled")


def upgrade() -> None:
    """From 0010. The ids of steps stay: gates that wait, and calls that are under way, go by them."""
    op.add_column("agentmesh_steps", sa.Column("path", KEY))
    op.execute("UPDATE agentmesh_steps SET path = CASE WHEN item < 0 THEN '' ELSE '[' || item || ']' END")
    with op.batch_alter_table("agentmesh_steps") as steps:
        steps.drop_constraint(op.f("ck_agentmesh_steps_status_is_known"), type_="check")
        steps.drop_constraint("uq_agentmesh_steps_run_id_node_id_visit_item", type_="unique")
        steps.drop_column("visit")
        steps.drop_column("item")
        steps.alter_column("path", existing_type=KEY, nullable=False)
        steps.create_unique_constraint("uq_agentmesh_steps_run_id_node_id_path", ["run_id", "node_id", "path"])
        known = ", ".join(f"'{status}'" for status in STATUSES)
        steps.create_check_constraint(op.f("ck_agentmesh_steps_status_is_known"), f"status IN ({known})")
