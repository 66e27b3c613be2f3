"""A function of the project is called, registered in Python."""

from pydantic import Field

from agentmesh_dagster.entities.models import Entity
from agentmesh_dagster.specs.form import form
from agentmesh_dagster.specs.tool_spec import ToolSpec


class FunctionConfig(Entity):
    function_name: str = Field(
        title="Function",
        description="The name under which it is registered.",
        json_schema_extra=form(control="function"),
    )


SPEC = ToolSpec(
    type="function",
    label="Function",
    purpose="Calls a function that is registered in Python.",
    config=FunctionConfig,
    summary=("functionName",),
    runs_in_python=True,
)
