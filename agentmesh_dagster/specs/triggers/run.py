"""Run: when a run of another workflow has ended."""

from agentmesh_dagster.specs.context import Name
from agentmesh_dagster.specs.trigger_spec import TriggerSpec

SPEC = TriggerSpec(
    type="run",
    label="Run of another workflow",
    first={"type": "run", "workflow": "", "status": "succeeded", "enabled": True},
    event=(
        Name("context.event.output", "what the run gave"),
        Name("context.event.input", "what the run was given"),
        Name("context.event.status", "text · succeeded, failed or canceled"),
        Name("context.event.error", "text · why it failed"),
        Name("context.event.runId", "text"),
        Name("context.event.workflowId", "text"),
        Name("context.event.workflowName", "text"),
    ),
    unset="The output of that run",
)
