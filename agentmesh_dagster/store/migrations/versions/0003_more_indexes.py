"""What is looked at stays as quick with many stored runs as with few."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From 0002."""
    for column in ("workflow_id", "project_id"):
        op.create_index(
            f"ix_agentmesh_runs_{column}_status_created_at_id",
            "agentmesh_runs",
            [column, "status", "created_at", "id"],
        )
    op.create_index("ix_agentmesh_events_project_id_type_id", "agentmesh_events", ["project_id", "type", "id"])
    op.create_index("ix_agentmesh_launches_ended_at_parked_at", "agentmesh_launches", ["ended_at", "parked_at"])
