"""An address is called."""

from agentmesh_dagster.specs.tool_spec import ToolSpec

SPEC = ToolSpec(
    type="http",
    label="HTTP",
    purpose="Calls an address.",
    needs=("url",),
    takes=("method", "headers", "query", "body"),
    has_secrets=True,
)
