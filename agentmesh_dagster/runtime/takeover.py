"""Takeover: what a new run need not do again because another run did it, and which answers hold for it too."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Kind, StepStatus
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.address import Address, Items
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import Progress, StepState
from agentmesh_dagster.runtime.context import describe_run, read_step_input
from agentmesh_dagster.runtime.nodes.human_approval import render_gate
from agentmesh_dagster.specs.nodes.human_approval import GateConfig
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.catalogue import has_changed
from agentmesh_dagster.store.gates import StoredGate, digest_shown, find_gate, inherit_gate
from agentmesh_dagster.store.inheritance import inherit_steps
from agentmesh_dagster.store.runs import RunHead, get_run
from agentmesh_dagster.store.steps import NewStep, insert_skipped, read_states, step_id

Part = tuple[Kind, str]

_SUCCEEDED = StepState(StepStatus.SUCCEEDED)


def list_parts(plan: Plan) -> list[Part]:
    """What the plan was made from."""
    agents = [(Kind.AGENT, identity) for identity in plan.agents]
    tools = [(Kind.TOOL, identity) for identity in plan.tools]
    workflows = [(Kind.WORKFLOW, identity) for identity in plan.workflows]
    return [(Kind.WORKFLOW, plan.workflow.id), *workflows, *agents, *tools]


def is_same_input(one: JsonValue, other: JsonValue) -> bool:
    """Whether two runs have equal input, whatever the order of its keys."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@dataclass(frozen=True)
class Takeover:
    """Which work of a run another one takes over; with another input than that one's, none: all is redone."""

    source: RunHead
    run_id: str  # of the new run
    redone: Collection[Address]  # what is executed anew, and all behind it; without an item: for all items
    edited: Mapping[Address, JsonValue] = field(default_factory=dict[Address, JsonValue])  # outputs given instead
    edited_by: str | None = None


def take_over_steps(tx: Connection, plan: Plan, takeover: Takeover) -> None:
    """Gives the new run what the other one did, but for what is done again and all behind that.

    An answer to a gate is taken over only if it holds here: nothing that stands before or behind the gate was saved or
    edited since, and a person would see the same. Else the gate is left to be asked, and what stands behind it to be
    done again.
    """
    source = takeover.source
    states = read_states(tx, source.id)
    redone = Redone(plan, takeover.redone)
    for step, state in states.items():
        if not state.has_ended_well and step not in takeover.edited and plan.scopes.find(step):
            redone.add(step)
    gates: list[StoredGate] = []
    for step in _list_answered(plan, states):
        if step in redone:
            continue
        gate = find_gate(tx, step_id(source.id, step))
        is_ours = isinstance(plan.node_of(step).config, GateConfig)  # else a person was asked in the run of another
        if not _is_untouched(tx, plan, takeover, step) or (is_ours and not _shows(tx, plan, takeover, gate, states)):
            redone.add(step)
        elif gate is not None:
            gates.append(gate)
    kept = {step for step in states if plan.scopes.find(step) and step not in redone}
    begun = {step: states[step] for step in kept} | dict.fromkeys(takeover.edited, _SUCCEEDED)
    skipped = Progress(plan, begun).skip_unreached()  # no step of the new run will end and say so
    kept |= {step for step in skipped if step in states and states[step].status is StepStatus.SKIPPED}
    insert_skipped(
        tx, takeover.run_id, [NewStep(step, plan.node_of(step).type, []) for step in skipped if step not in kept]
    )
    inherit_steps(tx, source.id, takeover.run_id, kept, edited=takeover.edited, edited_by=takeover.edited_by)
    for gate in gates:
        if gate.address in kept:
            inherit_gate(tx, gate, to_run_id=takeover.run_id, step_id=step_id(takeover.run_id, gate.address))


class Redone:
    """Steps that are executed anew, and all that stands behind them."""

    def __init__(self, plan: Plan, steps: Collection[Address] = ()) -> None:
        self._plan, self._graph, self._scopes = plan, plan.graph, plan.scopes
        self._bits: dict[Items, int] = {}  # by the items that a step shares with one that is done anew
        self._behind: dict[str, Mapping[int, int]] = {}
        for step in steps:
            self.add(step)

    def add(self, step: Address) -> None:
        for node_id in self._plan.list_covered(step):
            for shared, bits in self._list_behind(node_id).items():
                place = step.items[:shared]
                self._bits[place] = self._bits.get(place, 0) | bits

    def _list_behind(self, node_id: str) -> Mapping[int, int]:
        """The node and all behind it, as bits, by how many scopes stand around both."""
        if node_id not in self._behind:
            found: dict[int, int] = {self._scopes.depth(node_id): 1 << self._graph.index[node_id]}
            for other in self._graph.in_bits(self._graph.descendant_bits[node_id]):
                shared = self._scopes.count_common(node_id, other)
                found[shared] = found.get(shared, 0) | 1 << self._graph.index[other]
            self._behind[node_id] = found
        return self._behind[node_id]

    def __contains__(self, step: object) -> bool:
        if not isinstance(step, Address):
            return False
        place = self._graph.index[self._plan.key_of(step)]
        around = (step.items[:depth] for depth in range(len(step.items) + 1))
        return any(self._bits.get(items, 0) >> place & 1 for items in around)


def _list_answered(plan: Plan, states: Mapping[Address, StepState]) -> list[Address]:
    """The steps by which a person was asked and let the run go on, each behind those that stand before it."""
    found = {step: key for step in states if (key := plan.scopes.find(step))}
    answered = [step for step, key in found.items() if states[step].goes_on and plan.asks_somebody(key)]
    return sorted(answered, key=lambda step: plan.graph.index[found[step]])


def _is_untouched(tx: Connection, plan: Plan, takeover: Takeover, asked: Address) -> bool:
    """Whether what was consented to is what the new run is about to do: nothing before or behind it was changed."""
    around = _Around(plan, plan.key_of(asked))
    if any(plan.graph.descendant_bits[plan.key_of(step)] & around.consequences for step in takeover.edited):
        return False
    return not has_changed(tx, list(around.list_parts()), takeover.source.revision, plan.revision)


def _shows(
    tx: Connection, plan: Plan, takeover: Takeover, gate: StoredGate | None, states: Mapping[Address, StepState]
) -> bool:
    """Whether a person would see the same in the new run."""
    if gate is None:
        return False
    found = read_step_input(tx, plan, takeover.source.id, gate.address, states)
    context = {**found.context, "run": describe_run(get_run(tx, takeover.run_id), plan)}
    try:
        here = render_gate(plan.node_of(gate.address), context)
    except AgentMeshError:
        return False
    return gate.stored_hash == digest_shown(gate.run_id, gate.revision, here.instructions, here.payload)


@dataclass(frozen=True)
class _Around:
    """What stands before and behind a gate."""

    plan: Plan
    gate: str

    @cached_property
    def consequences(self) -> int:
        """The gate and all behind it, as bits: whatever leads there, also past the gate, is a part of what happens."""
        return self.plan.graph.descendant_bits[self.gate] | 1 << self.plan.graph.index[self.gate]

    def list_parts(self) -> Iterator[Part]:
        """The workflow, and the agents and tools of what stands before and behind."""
        graph, agents = self.plan.graph, self.plan.agents
        yield Kind.WORKFLOW, self.plan.workflow.id
        for flow in self.plan.workflows.values():  # all of each that it runs
            yield Kind.WORKFLOW, flow.id
            for kind in (Kind.AGENT, Kind.TOOL):
                yield from ((kind, identity) for identity in flow.graph.list_named(kind))
            for agent in filter(None, map(agents.get, flow.graph.list_named(Kind.AGENT))):
                yield from ((Kind.TOOL, tool_id) for tool_id in agent.tools)
        for node in map(graph.nodes.__getitem__, graph.in_bits(graph.ancestor_bits[self.gate] | self.consequences)):
            if node.tool_id is not None:
                yield Kind.TOOL, node.tool_id
            if node.agent_id is not None:
                yield Kind.AGENT, node.agent_id
                agent = agents.get(node.agent_id)
                yield from ((Kind.TOOL, tool_id) for tool_id in (agent.tools if agent else ()))
