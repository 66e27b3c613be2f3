"""A tool that ships with AgentMesh."""

from agentmesh_dagster.entities.models import ToolType
from agentmesh_dagster.specs.tool_spec import ToolSpec

SPEC = ToolSpec(
    type=ToolType.BUILTIN,
    label="Builtin",
    purpose="Calls a tool that ships with AgentMesh.",
    needs=("functionName",),
)
