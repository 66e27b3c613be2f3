"""Start: runs begin here."""

from agentmesh_dagster.specs.node_config import NodeConfig
from agentmesh_dagster.specs.node_spec import NodeSpec, Place


class StartConfig(NodeConfig):
    """The start node has nothing of its own: the input is checked against the workflow's inputSchema."""


SPEC = NodeSpec(
    type="start",
    label="Start",
    purpose="Runs begin here, with their input.",
    icon="start",
    stem="start",
    kind="start",
    config=StartConfig,
    place=Place.START,
    summary="Input",
    tone="good",
    output=lambda facts: facts.run_input,
)
