"""Event: when something is posted."""

from agentmesh_dagster.specs.context import Name
from agentmesh_dagster.specs.trigger_spec import TriggerSpec

SPEC = TriggerSpec(
    type="event",
    label="Event",
    first={"type": "event", "name": "", "enabled": True},
    event=(Name("context.event", "the posted body"),),
    unset="The posted body",
)
