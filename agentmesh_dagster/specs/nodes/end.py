"""End: the run's output comes out here."""

from typing import Annotated, Any, Literal

from pydantic import Field

from agentmesh_dagster.specs.form import form
from agentmesh_dagster.specs.node_config import NodeConfig, Written
from agentmesh_dagster.specs.node_spec import NodeFacts, NodeSpec, Place
from agentmesh_dagster.specs.shapes import Shape


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


def _read_output(facts: NodeFacts) -> Shape | None:
    return facts.find_value("output") if "output" in facts.config.model_fields_set else facts.input


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
    output=_read_output,
)
