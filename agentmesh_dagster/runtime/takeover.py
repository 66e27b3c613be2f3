"""Takeover: what a new run need not do again because another run did it, and which answers hold for it too."""

from collections.abc import Iterator, Mapping

from agentmesh_dagster.entities.models import Kind, StepStatus
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import StepState
from agentmesh_dagster.runtime.context import describe_run, read_step_input
from agentmesh_dagster.runtime.nodes.human_approval import render_gate
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.catalogue import has_changed
from agentmesh_dagster.store.gates import StoredGate, digest_shown, find_gate, inherit_gate
from agentmesh_dagster.store.launches import Launch
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import inherit_steps, read_states, step_id

Part = tuple[Kind, str]


def list_parts(plan: Plan) -> list[Part]:
    """What the plan was made from."""
    agents = [(Kind.AGENT, identity) for identity in plan.agents]
    tools = [(Kind.TOOL, identity) for identity in plan.tools]
    workflows = [(Kind.WORKFLOW, identity) for identity in plan.workflows]
    return [(Kind.WORKFLOW, plan.workflow.id), *workflows, *agents, *tools]


def take_over_steps(tx: Connection, plan: Plan, parent: Launch, launch_id: str, selected: frozenset[Address]) -> None:
    """Gives the new run `launch_id` what the run of `parent` did, but for what is selected and all behind that.

    Both have the same input. An answer to a gate is taken over only if it holds here: nothing that stands before or
    behind the gate was saved since, and a person would see the same. Else the gate is left to be asked, and what stands
    behind it to be done again.
    """
    states = read_states(tx, parent.run_id)
    kept = {step for step in states if step.node_id in plan.graph.index and not _is_touched(plan, selected, step)}
    gates: list[StoredGate] = []
    for step in _list_answered(plan, states):
        if step not in kept:
            continue
        gate = find_gate(tx, step_id(parent.run_id, step))
        if gate is not None and _holds(tx, plan, parent, launch_id, gate, states):
            gates.append(gate)
        else:
            kept = {other for other in kept if not _is_touched(plan, frozenset([step]), other)}
    inherit_steps(tx, parent.run_id, launch_id, kept)
    for gate in gates:
        if gate.address in kept:
            inherit_gate(tx, gate, to_run_id=launch_id, step_id=step_id(launch_id, gate.address))


def _list_answered(plan: Plan, states: Mapping[Address, StepState]) -> list[Address]:
    """The gates that were answered and let the run go on, each behind those that stand before it."""
    nodes, index = plan.graph.nodes, plan.graph.index
    answered = [
        step
        for step, state in states.items()
        if state.status is StepStatus.SUCCEEDED and step.node_id in nodes and nodes[step.node_id].spec.waits
    ]
    return sorted(answered, key=lambda step: index[step.node_id])


def _is_touched(plan: Plan, selected: frozenset[Address], step: Address) -> bool:
    """Whether a step is run again, or stands behind one that is."""
    return any(
        chosen.covers(step)
        or (
            plan.graph.is_ancestor(chosen.node_id, step.node_id)
            and (chosen.at(step.node_id).covers(step) or step.at(chosen.node_id).covers(chosen))
        )
        for chosen in selected
    )


def _holds(
    tx: Connection, plan: Plan, parent: Launch, run_id: str, gate: StoredGate, states: Mapping[Address, StepState]
) -> bool:
    """Whether what was consented to is what this run is about to do."""
    if has_changed(tx, list(_list_parts_around(plan, gate.node_id)), parent.revision, plan.revision):
        return False
    found = read_step_input(tx, plan, parent.run_id, gate.address, states)
    context = {**found.context, "run": describe_run(get_run(tx, run_id), plan)}
    try:
        here = render_gate(plan.graph.nodes[gate.node_id], context)
    except AgentMeshError:
        return False
    return gate.stored_hash == digest_shown(gate.run_id, gate.revision, here.instructions, here.payload)


def _list_parts_around(plan: Plan, node_id: str) -> Iterator[Part]:
    """The workflow, and the agents and tools of what stands before and behind a node; all of each it runs."""
    yield Kind.WORKFLOW, plan.workflow.id
    for flow in plan.workflows.values():
        yield Kind.WORKFLOW, flow.id
        for kind in (Kind.AGENT, Kind.TOOL):
            yield from ((kind, identity) for identity in flow.graph.list_named(kind))
        agents = [plan.agents.get(identity) for identity in flow.graph.list_named(Kind.AGENT)]
        yield from ((Kind.TOOL, tool_id) for agent in agents for tool_id in (agent.tools if agent else ()))
    bits = plan.graph.ancestor_bits[node_id] | plan.graph.descendant_bits[node_id]
    for node in map(plan.graph.nodes.__getitem__, plan.graph.in_bits(bits)):
        if node.tool_id is not None:
            yield Kind.TOOL, node.tool_id
        if node.agent_id is not None:
            yield Kind.AGENT, node.agent_id
            agent = plan.agents.get(node.agent_id)
            yield from ((Kind.TOOL, tool_id) for tool_id in (agent.tools if agent else ()))
