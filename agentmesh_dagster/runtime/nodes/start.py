"""Start nodes: the run's input comes in."""

from agentmesh_dagster.entities.json_schema import JsonSchema, SchemaMismatch
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.runtime.nodes.workflow import render_input
from agentmesh_dagster.runtime.work import NodeError, Result, Work


class InvalidInput(NodeError):
    """The run's input does not fit the workflow's inputSchema."""

    code = FaultCode.INVALID_INPUT


def run(work: Work) -> Result:
    """Checks the run's input against the workflow's inputSchema; of a sub-workflow that with which it is called."""
    if work.node.copy and work.node.copy.caller:
        return Result(render_input(work, work.node.copy.caller))
    schema = work.plan.workflow.input_schema
    if schema is not None:
        try:
            JsonSchema(schema).check(work.input)
        except SchemaMismatch as mismatch:
            raise InvalidInput(mismatch.detail) from mismatch
    return Result(work.input)
