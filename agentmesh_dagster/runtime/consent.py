"""Consent: whether a person agreed before a run came to a step that is never done without."""

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.rules.approvals import asks_somebody
from agentmesh_dagster.specs.nodes.human_approval import APPROVED
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.steps import read_outputs, read_states


def was_approved(connection: Connection, plan: Plan, run_id: str, node_id: str) -> bool:
    """Whether on every way by which the run came to the node a person was asked, and did not say no."""
    graph = plan.graph
    gates = [node.id for node in graph.nodes.values() if asks_somebody(node)]
    states = read_states(connection, run_id)
    said = read_outputs(connection, run_id, {graph.nodes[key].origin for key in gates})
    own = {step: output for step, output in said.items() if states[step].is_own_success}
    agreed = {plan.key_of(step) for step, output in own.items() if not _is_no(output)}
    taken: dict[str, set[str]] = {}
    for step, state in states.items():
        if state.goes_on:
            key = plan.key_of(step)
            taken.setdefault(key, set()).update(edge.id for edge in graph.out_edges[key] if state.took(edge))
    found = {plan.start.node.id}
    ahead = list(found)
    while ahead:
        source = ahead.pop()
        for edge in graph.out_edges[source] if source not in agreed else ():
            if edge.id in taken.get(source, ()) and edge.target not in found:
                found.add(edge.target)
                ahead.append(edge.target)
    return node_id not in found


def _is_no(output: JsonValue) -> bool:
    return output is False or (isinstance(output, dict) and output.get(APPROVED) is False)
