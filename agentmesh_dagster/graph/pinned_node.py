"""The node that an address means, as its author wrote it: also one inside of a sub-workflow."""

from collections.abc import Mapping

from agentmesh_dagster.entities.models import Node, Workflow
from agentmesh_dagster.graph.address import Address, Call


def find_pinned_node(workflow: Workflow | None, called: Mapping[str, Workflow], address: Address) -> Node | None:
    """None where there is no such node; `called` has the workflows that this one runs, by id."""
    return _find_node(find_pinned_workflow(workflow, called, address), address.node_id)


def find_pinned_workflow(
    workflow: Workflow | None, called: Mapping[str, Workflow], address: Address
) -> Workflow | None:
    """The workflow in whose graph the node stands."""
    for frame in address.path:
        if isinstance(frame, Call):
            node = _find_node(workflow, frame.node_id)
            workflow = called.get(node.workflow_id or "") if node else None
    return workflow


def _find_node(workflow: Workflow | None, node_id: str) -> Node | None:
    return next((node for node in workflow.graph.nodes if node.id == node_id), None) if workflow else None
