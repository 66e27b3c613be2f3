"""Start and end nodes: the run's input comes in, its output goes out."""

from agentmesh_dagster.entities.json_schema import JsonSchema, SchemaMismatch
from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.graph.config import EndConfig
from agentmesh_dagster.graph.read import is_set
from agentmesh_dagster.runtime.work import NodeError, Result, Work


class InvalidInput(NodeError):
    """The run's input does not fit the workflow's inputSchema."""


def run_start(work: Work) -> Result:
    """Checks the run's input against the workflow's inputSchema."""
    schema = work.plan.workflow.input_schema
    if schema is not None:
        try:
            JsonSchema(schema).check(work.input)
        except SchemaMismatch as mismatch:
            raise InvalidInput(mismatch.detail) from mismatch
    return Result(work.input)


def run_end(work: Work) -> Result:
    """Gives the run's output: `config.output`, else the node's input."""
    assert isinstance(work.node.config, EndConfig)
    output = work.render("output") if is_set(work.node.config, "output") else work.input
    failed = work.node.config.outcome == "failed"
    return Result(output, failure=_write_as_text(output) if failed else None)


def _write_as_text(output: JsonValue) -> str:
    return output if isinstance(output, str) else write_json(output)
