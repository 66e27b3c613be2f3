"""A function of the project is called, registered in Python."""

from agentmesh_dagster.specs.tool_spec import ToolSpec

SPEC = ToolSpec(
    type="function",
    label="Function",
    purpose="Calls a function that is registered in Python.",
    needs=("functionName",),
    runs_in_python=True,
)
