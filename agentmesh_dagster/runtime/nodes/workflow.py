"""Workflow nodes: another workflow gets its input, and its output goes on."""

from agentmesh_dagster.entities.json_schema import JsonSchema, SchemaMismatch, fit_input
from agentmesh_dagster.entities.json_values import JsonValue, as_object, check_json
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.graph.graph import GraphNode
from agentmesh_dagster.graph.read import is_set
from agentmesh_dagster.runtime.work import NodeError, Result, WaitRequest, Work
from agentmesh_dagster.specs.nodes.workflow import WorkflowNodeConfig
from agentmesh_dagster.store.children import NewChild
from agentmesh_dagster.store.waits import WaitKind


class ChildFailed(NodeError):
    """The other workflow failed."""

    code = FaultCode.CHILD_FAILED


class UnfitChildInput(NodeError):
    """The input does not fit the inputSchema of the workflow that it is for."""

    code = FaultCode.INVALID_INPUT


def run(work: Work) -> Result:
    """Asks for a run of the other workflow, and waits for it; inlined, gives what its steps before this one gave."""
    config = work.node.config
    assert isinstance(config, WorkflowNodeConfig)
    if not config.is_run:
        if work.faults:
            raise ChildFailed(_describe_faults(work))
        return Result(work.input)
    child = NewChild(work.node.workflow_id or "", render_input(work, work.node))
    wait = WaitRequest(WaitKind.CHILD, due_in_seconds=config.timeout_seconds, child=child)
    return Result(None, wait=wait, notes={"runs": work.plan.workflows[child.workflow_id].name})


def _describe_faults(work: Work) -> str:
    title = work.plan.workflows[work.node.workflow_id or ""].name
    found = [as_object(fault) for fault in work.faults]
    return f"`{title}`: " + "; ".join(f"`{fault.get('nodeId')}`: {fault.get('message')}" for fault in found)


def render_input(work: Work, caller: GraphNode) -> JsonValue:
    """`config.input` of the calling node, else its input, with the defaults of the other's inputSchema.

    Raises UnfitChildInput.
    """
    workflow = work.plan.workflows[caller.workflow_id or ""]
    given = work.render("input") if is_set(caller.config, "input") else work.input
    fitted = fit_input(workflow.input_schema, check_json(given))
    if workflow.input_schema is not None:
        try:
            JsonSchema(workflow.input_schema).check(fitted)
        except SchemaMismatch as mismatch:
            raise UnfitChildInput(f"workflow `{workflow.name}`: {mismatch.detail}") from mismatch
    return fitted
