"""A tool that ships with AgentMesh."""

from agentmesh_dagster.specs.tool_spec import ToolSpec

SPEC = ToolSpec(
    type="builtin",
    label="Builtin",
    purpose="Calls a tool that ships with AgentMesh.",
    needs=("functionName",),
)
