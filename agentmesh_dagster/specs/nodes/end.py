"""End: the run's output comes out here."""

from typing import Annotated, Any, Literal

from pydantic import Field

from agentmesh_dagster.specs.form import form
from agentmesh_dagster.specs.node_config import NodeConfig, Written
from agentmesh_dagster.specs.node_spec import NodeSpec, Place


class EndConfig(NodeConfig):
    output: Annotated[Any, Written.TEMPLATE] = Field(
        default=None,
        title="Output",
        description="Of the run; the node's input unless given.",
        json_schema_extra=form(unset="The node's input"),
    )
    outcome: Literal["succeeded", "failed"] = Field(
        default="succeeded",
        title="The run ends as",
        description="A failed run has the output as its error.",
        json_schema_extra=form(choices={"succeeded": "Succeeded", "failed": "Failed"}),
    )


SPEC = NodeSpec(
    type="end",
    label="End",
    purpose="The run's output comes out here.",
    icon="end",
    stem="end",
    kind="end",
    config=EndConfig,
    place=Place.END,
    summary="Output",
    summary_field="outcome",
)
