"""A tool that ships with AgentMesh."""

from agentmesh_dagster.specs.tool_spec import ToolSpec
from agentmesh_dagster.specs.tools.function import FunctionConfig

SPEC = ToolSpec(
    type="builtin",
    label="Builtin",
    purpose="Calls a tool that ships with AgentMesh.",
    config=FunctionConfig,
    summary=("functionName",),
)
