"""Old runs and events are deleted without reading all that came for triggers."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """From 0008."""
    for columns in (["run_id"], ["ended_id"], ["event_name", "event_id"]):
        op.create_index(f"ix_agentmesh_deliveries_{'_'.join(columns)}", "agentmesh_deliveries", columns)
    op.create_index("ix_agentmesh_posted_events_posted_at", "agentmesh_posted_events", ["posted_at"])
