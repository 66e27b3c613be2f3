"""End: the run's output comes out here."""

from typing import Annotated, Any, Literal

from pydantic import Field

from agentmesh_dagster.specs.node_config import NodeConfig, Written
from agentmesh_dagster.specs.node_spec import NodeSpec, Place


class EndConfig(NodeConfig):
    output: Annotated[Any, Written.TEMPLATE] = Field(
        default=None, description="The run's output; the node's input unless given."
    )
    outcome: Literal["succeeded", "failed"] = Field(
        default="succeeded", description="`failed` ends the run as failed, with the output as its error."
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
)
