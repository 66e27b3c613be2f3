"""Workflow nodes: another workflow gets its input, and its output goes on."""

from agentmesh_dagster.entities.json_schema import JsonSchema, SchemaMismatch, fit_input
from agentmesh_dagster.entities.json_values import JsonValue, check_json
from agentmesh_dagster.graph.read import is_set
from agentmesh_dagster.runtime.work import NodeError, Result, Work
from agentmesh_dagster.specs.nodes.workflow import WorkflowNodeConfig


class UnfitChildInput(NodeError):
    """The input does not fit the inputSchema of the workflow that it is for."""


def run(work: Work) -> Result:
    """Gives the input of the other workflow, whose steps stand behind this one."""
    assert isinstance(work.node.config, WorkflowNodeConfig)
    if work.node.config.is_run:
        raise NodeError("mode: run cannot be executed yet")
    return Result(render_input(work))


def render_input(work: Work) -> JsonValue:
    """`config.input`, else the node's input, with the defaults of the other's inputSchema. Raises UnfitChildInput."""
    workflow = work.plan.workflows[work.node.workflow_id or ""]
    given = work.render("input") if is_set(work.node.config, "input") else work.input
    fitted = fit_input(workflow.input_schema, check_json(given))
    if workflow.input_schema is not None:
        try:
            JsonSchema(workflow.input_schema).check(fitted)
        except SchemaMismatch as mismatch:
            raise UnfitChildInput(f"workflow `{workflow.name}`: {mismatch.detail}") from mismatch
    return fitted
