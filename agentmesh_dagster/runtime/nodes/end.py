"""End nodes: the run's output goes out."""

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.graph.read import is_set
from agentmesh_dagster.runtime.work import Result, Work
from agentmesh_dagster.specs.nodes.end import EndConfig


def run(work: Work) -> Result:
    """Gives the run's output: `config.output`, else the node's input."""
    assert isinstance(work.node.config, EndConfig)
    output = work.render("output") if is_set(work.node.config, "output") else work.input
    failed = work.node.config.outcome == "failed"
    return Result(output, failure=_write_as_text(output) if failed else None)


def _write_as_text(output: JsonValue) -> str:
    return output if isinstance(output, str) else write_json(output)
