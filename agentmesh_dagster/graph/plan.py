"""Plan: what Dagster will be told, worked out from a valid graph without knowing Dagster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from agentmesh_dagster.entities.models import Agent, Tool, Workflow
from agentmesh_dagster.graph.address import Address, Call, Frame, Path, Round
from agentmesh_dagster.graph.asking import ask_before_ends
from agentmesh_dagster.graph.expand import expand
from agentmesh_dagster.graph.graph import Graph, GraphEdge, GraphNode, has_choice
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.graph.regions import Region
from agentmesh_dagster.graph.scopes import Scopes
from agentmesh_dagster.specs import NODE_SPECS
from agentmesh_dagster.specs.node_spec import Place
from agentmesh_dagster.specs.nodes.branch import BranchConfig
from agentmesh_dagster.specs.nodes.human_approval import GateConfig

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

    source: str  # step key
    output: str  # output name of that op


@dataclass(frozen=True)
class PlannedOp:
    alias: str  # Dagster-safe, unique in its box
    boxes: tuple[str, ...]  # the rounds and sub-workflows in which it is drawn, the outermost first
    node: GraphNode  # of a COLLECT: the `each` that it closes
    wiring: Wiring
    inputs: tuple[Port, ...]  # empty only for start
    outputs: Mapping[str, str]  # of a CONDITIONAL: edge id → output name; else empty
    each: str | None = None  # REPEATED: node id of the `each` around it
    at_once: tuple[str, int] | None = None  # REPEATED: the step key of that, and how many of its steps run at once

    @cached_property
    def name(self) -> str:
        """The step key, unique in the plan."""
        return ".".join((*self.boxes, self.alias))


@dataclass(frozen=True)
class Plan:
    """A workflow at one revision, ready to be built: the same input always gives the same plan."""

    workflow: Workflow
    revision: int  # of the catalogue: what the run is pinned to
    graph: Graph  # expanded: its node ids are those of copies, see `key_of`
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
        """Where the run begins."""
        return next(op for op in self.ops if op.node.spec.place is Place.START and op.node.copy is None)

    @property
    def has_rounds(self) -> bool:
        """Whether there is a loop."""
        return bool(self.graph.expansion and self.graph.expansion.rounds)

    @property
    def ends(self) -> list[GraphNode]:
        """The nodes whose outputs are the run's."""
        return [node for node in self.graph.ends if node.copy is None]

    @cached_property
    def starts(self) -> Mapping[Path, str]:
        """The start of each call of a sub-workflow, by the place of the call: its output is what was called with."""
        return {node.copy.call: node.id for node in self.graph.nodes.values() if node.copy and node.copy.call}

    @cached_property
    def copies(self) -> Mapping[tuple[Path, str], Sequence[str]]:
        """The nodes that one name may mean, in the order of rounds; by the place of the call that knows the name."""
        found: dict[tuple[Path, str], list[str]] = {}
        for node in self.graph.nodes.values():
            if node.copy is None:
                found[(), node.id] = [node.id]
            elif node.copy.call is None:
                found.setdefault((node.copy.names, node.origin), []).append(node.id)
            else:  # the start of a call: inside of it, though it uses the names outside
                found.setdefault((node.copy.call, node.origin), []).append(node.id)
        return found

    def find_named(self, key: str, name: str) -> Sequence[str]:
        """The nodes that `context.outputs.<name>` may mean at a node, the newest first."""
        if self.graph.expansion is None:
            return [name] if name in self.graph.nodes else []
        copies = self.copies.get((self.names_of(key), name), ())
        return [copy for copy in reversed(copies) if self.graph.is_ancestor(copy, key)]

    def find_behind(self, key: str, name: str) -> str:
        """The nearest node of this name that a node leads to, in this round or a later one."""
        copies = self.copies.get((self.names_of(key), name), (name,))
        return next((copy for copy in copies if self.graph.is_ancestor(key, copy)), copies[0])

    def names_of(self, key: str) -> Path:
        """The place of the call inside of which the node's expressions name others; empty outside of every call."""
        copy = self.graph.nodes[key].copy
        return copy.names if copy else ()

    def find_called(self, place: Path) -> Workflow:
        """The workflow that is called there; the plan's own outside of every call."""
        copy = self.graph.nodes[self.starts[place]].copy if place else None
        caller = copy.caller if copy else None
        return self.workflows[caller.workflow_id or ""] if caller else self.workflow

    def list_withheld(self, key: str) -> Sequence[GraphEdge]:
        """The edges after a success that would begin another round, where this node stands in the last one."""
        expansion = self.graph.expansion
        return [edge for edge in expansion.withheld.get(key, ()) if edge.on == "success"] if expansion else ()

    def find_dead_end(self, key: str) -> Sequence[GraphEdge]:
        """Those that would begin another round, where they are the only ways on from a success."""
        if self.graph.expansion is None or self.graph.edges_on(key, "success", "always"):
            return ()
        return [edge for edge in self.graph.expansion.withheld.get(key, ()) if edge.on != "error"]

    def asks_somebody(self, key: str) -> bool:
        """Whether a person is asked by the node: it is a gate, or there is one in what it runs."""
        node = self.graph.nodes[key]
        if isinstance(node.config, GateConfig):
            return True
        return node.workflow_id is not None and not node.inlines and node.workflow_id in self._asking

    @cached_property
    def _asking(self) -> frozenset[str]:
        """The workflows in which a person is asked, be it in what they run."""
        gates = {spec.type for spec in NODE_SPECS.values() if spec.config is GateConfig}
        found = {
            flow.id
            for flow in self.workflows.values()
            if any(n.type in gates for n in flow.graph.nodes) or (flow.asset and flow.asset.asks)
        }
        while more := {
            flow.id
            for flow in self.workflows.values()
            if flow.id not in found and found & {n.workflow_id for n in flow.graph.nodes}
        }:
            found |= more
        return frozenset(found)

    def key_of(self, address: Address) -> str:
        """The id of a step's node in the expanded graph."""
        return self.scopes.node_of(address)

    def list_covered(self, address: Address) -> list[str]:
        """The nodes of all steps for which an address stands."""
        key = self.scopes.find(address)
        if key is not None or self.graph.expansion is None:
            return [] if key is None else [key]
        nodes = (node for node in self.graph.nodes.values() if node.copy)
        return [n.id for n in nodes if n.copy and address.covers(Address(n.origin, n.copy.place))]

    def node_of(self, address: Address) -> GraphNode:
        """The node of a step; KeyError where the graph has no such node."""
        return self.graph.nodes[self.scopes.node_of(address)]


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
    expanded = expand(ask_before_ends(graph), workflows or {})
    return Plan(graph.workflow, revision, expanded, agents, tools, _Planner(expanded).plan_ops(), workflows or {})


class _Planner:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.scopes = graph.scopes
        namer = _Namer(graph)
        self.places = {node_id: namer.read_place(node_id) for node_id in graph.nodes}
        self.collects = {
            each: namer.place_beside(each, f"{self.places[each][-1]}_collect") for each in self.scopes.by_head
        }
        self.names = {node_id: ".".join(place) for node_id, place in self.places.items()}
        self.wirings = {node_id: self._find_wiring(node) for node_id, node in graph.nodes.items()}
        self.outputs = {node_id: self._plan_outputs(node) for node_id, node in graph.nodes.items()}

    def plan_ops(self) -> tuple[PlannedOp, ...]:
        ops: list[PlannedOp] = []
        for node_id in self.graph.order:
            ops.extend(self._plan_collect(region) for region in self.scopes.exits.get(node_id, ()))
            ops.append(self._plan_op(self.graph.nodes[node_id]))
        return tuple(ops)

    def _plan_op(self, node: GraphNode) -> PlannedOp:
        ports = [self._plan_port(edge) for edge in self.graph.in_edges[node.id]]
        *boxes, alias = self.places[node.id]
        return PlannedOp(
            alias,
            tuple(boxes),
            node,
            self.wirings[node.id],
            tuple(dict.fromkeys(ports)),
            self.outputs[node.id],
            self.scopes.head_of(node.id),
            self._limit(node),
        )

    def _limit(self, node: GraphNode) -> tuple[str, int] | None:
        each = self.scopes.head_of(node.id)
        config = self.graph.nodes[each].config if each is not None else None
        if each is None or not isinstance(config, BranchConfig) or config.concurrency is None:
            return None
        return self.names[each], config.concurrency

    def _plan_collect(self, region: Region) -> PlannedOp:
        exits = [edge.source for edge in self.graph.in_edges[region.join] if self.scopes.left_by(edge) is region]
        ports = [Port(self.names[source], ITEM if source == region.each else RESULT) for source in exits]
        *boxes, alias = self.collects[region.each]
        return PlannedOp(
            alias,
            tuple(boxes),
            self.graph.nodes[region.each],
            Wiring.COLLECT,
            tuple(dict.fromkeys(ports)),
            {},
        )

    def _plan_port(self, edge: GraphEdge) -> Port:
        if region := self.scopes.left_by(edge):
            return Port(".".join(self.collects[region.each]), RESULT)
        if self.wirings[edge.source] is Wiring.FAN_OUT:
            return Port(self.names[edge.source], ITEM)
        return Port(self.names[edge.source], self.outputs[edge.source].get(edge.id, RESULT))

    def _find_wiring(self, node: GraphNode) -> Wiring:
        if self.scopes.head_of(node.id):
            return Wiring.REPEATED
        if node.is_each:
            return Wiring.FAN_OUT
        return Wiring.CONDITIONAL if is_conditional(self.graph, node) else Wiring.SINGLE

    def _plan_outputs(self, node: GraphNode) -> Mapping[str, str]:
        if self.wirings[node.id] is not Wiring.CONDITIONAL:
            return {}
        names: dict[str, str] = {}
        taken: set[str] = set()
        for edge in self.graph.out_edges[node.id]:
            names[edge.id] = safe_name(f"to_{self.places[edge.target][-1]}", taken)
            taken.add(names[edge.id])
        return names


class _Namer:
    """Names for ops and for the boxes in which they stand; each box has names of its own."""

    def __init__(self, graph: Graph) -> None:
        self._taken: dict[tuple[str, ...], set[str]] = {}
        self._boxes: dict[tuple[tuple[str, ...], str, Frame], str] = {}
        # Those outside of every box come first, so that what is in a box changes no step key of theirs.
        nodes = sorted(graph.nodes.values(), key=lambda node: bool(list_boxes(node)))
        self._places = {node.id: self._place(node) for node in nodes}

    def read_place(self, node_id: str) -> tuple[str, ...]:
        """The names of the boxes of a node, and its own."""
        return self._places[node_id]

    def place_beside(self, node_id: str, text: str) -> tuple[str, ...]:
        """A name for something else in the box of a node."""
        *boxes, _ = self._places[node_id]
        return (*boxes, self._take(tuple(boxes), text))

    def _place(self, node: GraphNode) -> tuple[str, ...]:
        boxes: tuple[str, ...] = ()
        for owner, frame in list_boxes(node):
            name = f"{owner}_round_{frame.number}" if isinstance(frame, Round) else owner
            known = (boxes, owner, frame)
            if known not in self._boxes:
                self._boxes[known] = self._take(boxes, name)
            boxes = (*boxes, self._boxes[known])
        return (*boxes, self._take(boxes, "result" if node.inlines else node.origin))

    def _take(self, boxes: tuple[str, ...], text: str) -> str:
        taken = self._taken.setdefault(boxes, set())
        name = safe_name(text, taken)
        taken.add(name)
        return name


def list_boxes(node: GraphNode) -> list[tuple[str, Frame]]:
    """By whom the boxes around a node are, and what they stand for; the result of a call stands in its box."""
    copy = node.copy
    around = [] if copy is None else list(zip(copy.boxes, copy.place, strict=True))
    return [*around, (node.origin, Call(node.origin))] if node.inlines else around


def is_conditional(graph: Graph, node: GraphNode) -> bool:
    """Whether the node decides at run time which of its out-edges are taken."""
    return graph.catches(node.id) or has_choice(graph, node)
