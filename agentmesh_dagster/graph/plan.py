"""Plan: what Dagster will be told, worked out from a valid graph without knowing Dagster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from agentmesh_dagster.entities.models import Agent, Tool, Workflow
from agentmesh_dagster.graph.graph import Graph, GraphEdge, GraphNode
from agentmesh_dagster.graph.names import name_all, safe_name
from agentmesh_dagster.graph.regions import Region
from agentmesh_dagster.graph.scopes import Scopes
from agentmesh_dagster.specs.node_spec import Place, Ports

RESULT = "result"  # the output of every op that does not choose
ITEM = "item"  # the dynamic output of an `each`


class Wiring(StrEnum):
    """How an op hangs in the Dagster job."""

    SINGLE = "single"  # yields its result once
    CONDITIONAL = "choice"  # one optional output for each out-edge
    FAN_OUT = "fan_out"  # one dynamic output, an item each
    REPEATED = "repeated"  # runs once per item, below a fan-out
    COLLECT = "collect"  # closes a fan-out: waits for the results of all items


@dataclass(frozen=True)
class Port:
    """One way into a planned op."""

    source: str  # op name
    output: str  # output name of that op


@dataclass(frozen=True)
class PlannedOp:
    name: str  # Dagster-safe, unique in the plan; also the step key
    node: GraphNode  # of a COLLECT: the `each` that it closes
    wiring: Wiring
    inputs: tuple[Port, ...]  # empty only for start
    outputs: Mapping[str, str]  # of a CHOICE: edge id → output name; else empty
    each: str | None = None  # REPEATED: node id of the `each` around it


@dataclass(frozen=True)
class Plan:
    """A workflow at one revision, ready to be built: the same input always gives the same plan."""

    workflow: Workflow
    revision: int  # of the catalogue: what the run is pinned to
    graph: Graph
    agents: Mapping[str, Agent]
    tools: Mapping[str, Tool]
    ops: tuple[PlannedOp, ...]  # in topological order
    workflows: Mapping[str, Workflow] = field(default_factory=dict[str, Workflow])  # that nodes run, or these run

    @cached_property
    def by_name(self) -> Mapping[str, PlannedOp]:
        return {op.name: op for op in self.ops}

    @cached_property
    def by_node(self) -> Mapping[str, PlannedOp]:
        """The op that executes a node, by node id."""
        return {op.node.id: op for op in self.ops if op.wiring is not Wiring.COLLECT}

    @property
    def scopes(self) -> Scopes:
        """What is repeated."""
        return self.graph.scopes

    @property
    def start(self) -> PlannedOp:
        return next(op for op in self.ops if op.node.spec.place is Place.START)


def plan_graph(
    graph: Graph,
    agents: Mapping[str, Agent],
    tools: Mapping[str, Tool],
    *,
    workflows: Mapping[str, Workflow] | None = None,
    revision: int = 0,
) -> Plan:
    """The plan of a graph in which `validate` found no errors; what it names by id, as of that revision.

    `workflows` are those that it runs, directly or through others.
    """
    return Plan(graph.workflow, revision, graph, agents, tools, _Planner(graph).plan_ops(), workflows or {})


class _Planner:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.scopes = graph.scopes
        self.names = name_all(graph.nodes)
        taken = set(self.names.values())
        self.collect_names: dict[str, str] = {}
        for each in self.scopes.by_head:
            self.collect_names[each] = safe_name(f"{self.names[each]}_collect", taken)
            taken.add(self.collect_names[each])
        self.outputs = {node_id: self._plan_outputs(node) for node_id, node in graph.nodes.items()}

    def plan_ops(self) -> tuple[PlannedOp, ...]:
        ops: list[PlannedOp] = []
        for node_id in self.graph.order:
            ops.extend(self._plan_collect(region) for region in self.scopes.exits.get(node_id, ()))
            ops.append(self._plan_op(self.graph.nodes[node_id]))
        return tuple(ops)

    def _plan_op(self, node: GraphNode) -> PlannedOp:
        ports = [self._plan_port(edge) for edge in self.graph.in_edges[node.id]]
        return PlannedOp(
            self.names[node.id],
            node,
            self._wiring(node),
            tuple(dict.fromkeys(ports)),
            self.outputs[node.id],
            self.scopes.head_of(node.id),
        )

    def _plan_collect(self, region: Region) -> PlannedOp:
        exits = [edge.source for edge in self.graph.in_edges[region.join] if self.scopes.left_by(edge) is region]
        ports = [Port(self.names[source], ITEM if source == region.each else RESULT) for source in exits]
        return PlannedOp(
            self.collect_names[region.each],
            self.graph.nodes[region.each],
            Wiring.COLLECT,
            tuple(dict.fromkeys(ports)),
            {},
        )

    def _plan_port(self, edge: GraphEdge) -> Port:
        if region := self.scopes.left_by(edge):
            return Port(self.collect_names[region.each], RESULT)
        source = self.graph.nodes[edge.source]
        if self._wiring(source) is Wiring.FAN_OUT:
            return Port(self.names[edge.source], ITEM)
        return Port(self.names[edge.source], self.outputs[edge.source].get(edge.id, RESULT))

    def _wiring(self, node: GraphNode) -> Wiring:
        if self.scopes.head_of(node.id):
            return Wiring.REPEATED
        if node.is_each:
            return Wiring.FAN_OUT
        return Wiring.CONDITIONAL if is_conditional(self.graph, node) else Wiring.SINGLE

    def _plan_outputs(self, node: GraphNode) -> Mapping[str, str]:
        if self._wiring(node) is not Wiring.CONDITIONAL:
            return {}
        names: dict[str, str] = {}
        taken: set[str] = set()
        for edge in self.graph.out_edges[node.id]:
            names[edge.id] = safe_name(f"to_{self.names[edge.target]}", taken)
            taken.add(names[edge.id])
        return names


def is_conditional(graph: Graph, node: GraphNode) -> bool:
    """Whether the node decides at run time which of its out-edges are taken."""
    if node.ports is Ports.CHOICE_IF_ASKED:
        return any(edge.condition for edge in graph.out_edges[node.id])
    return node.ports is Ports.CHOICE
