"""Cron: at its times."""

from agentmesh_dagster.specs.context import Name
from agentmesh_dagster.specs.trigger_spec import TriggerSpec

SPEC = TriggerSpec(
    type="cron",
    label="Schedule",
    first={"type": "cron", "cron": "0 9 * * 1-5", "timezone": "UTC", "enabled": True},
    event=(Name("context.event.scheduledAt", "text · when it was due"),),
    unset="An empty object",
)
