"""Graph: a workflow's document, read and frozen, with its expressions parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EdgeOn, Workflow
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.graph.address import Path
from agentmesh_dagster.graph.catchers import Catchers
from agentmesh_dagster.graph.cycles import find_components
from agentmesh_dagster.graph.expressions import Expression, Reference
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.loops import Loops, find_loops
from agentmesh_dagster.graph.regions import Region, find_regions
from agentmesh_dagster.graph.scopes import Rounds, Scopes
from agentmesh_dagster.graph.templates import Template
from agentmesh_dagster.specs import NODE_SPECS
from agentmesh_dagster.specs.node_config import NodeConfig, OnError, WorkConfig
from agentmesh_dagster.specs.node_spec import UNKNOWN, NodeSpec, Place, Ports

ENDS: tuple[EdgeOn, ...] = ("success", "error", "always")


@dataclass(frozen=True)
class Copy:
    """Where a node of an expanded graph comes from."""

    origin: str  # its id in the document
    place: Path  # the rounds and calls around it; its steps' paths have the items between them
    depth: int  # how many frames of `place` stand around the `each` around it, if there is one
    boxes: tuple[str, ...]  # by whom these are: ids of the loops' heads and of the calling nodes
    names: Path  # the call inside of which its expressions name nodes
    call: Path | None = None  # of the start of a sub-workflow: the call that it begins
    caller: GraphNode | None = None  # likewise: the node that calls it


@dataclass(frozen=True)
class GraphNode:
    id: str  # in an expanded graph another one for each copy
    position: int  # in the document
    type: str
    title: str  # the label, else the id
    agent_id: str | None
    tool_id: str | None
    config: NodeConfig  # of the type that belongs to the node type
    expressions: Mapping[str, Expression] = field(default_factory=dict[str, Expression])  # config field → parsed
    templates: Mapping[str, Template] = field(default_factory=dict[str, Template])  # config field → parsed
    is_complete: bool = True  # False: something of it could not be read, so what seems to be missing may be there
    has_fields: bool = True  # False: that is so outside of its config
    workflow_id: str | None = None
    copy: Copy | None = None  # of a node that an expanded graph repeats, or has from another workflow

    @property
    def origin(self) -> str:
        """Its id in the document."""
        return self.copy.origin if self.copy else self.id

    @property
    def spec(self) -> NodeSpec:
        """What its type says of itself."""
        return NODE_SPECS.get(self.type, UNKNOWN)

    @property
    def ports(self) -> Ports:
        """What follows it when it has ended."""
        return self.spec.ports(self.config)

    @property
    def names(self) -> str | None:
        """The id of the agent, tool or workflow that it refers to, as its type has it."""
        named = {"agent": self.agent_id, "tool": self.tool_id, "workflow": self.workflow_id}
        return named.get(self.spec.names or "")

    @property
    def path(self) -> str:
        return f"$.graph.nodes[{self.position}]"

    @property
    def on_error(self) -> OnError | None:
        """What it gives when it has failed."""
        return self.config.on_error if isinstance(self.config, WorkConfig) else None

    @property
    def is_each(self) -> bool:
        return self.ports is Ports.ITEMS

    @property
    def waits(self) -> bool:
        """Whether it may wait for somebody outside, or for another run."""
        return self.spec.waits or bool(self.spec.waits_if and getattr(self.config, self.spec.waits_if))

    @property
    def inlines(self) -> bool:
        """Whether the graph of another workflow stands in its place."""
        return self.spec.inlines(self.config)

    @property
    def begins_call(self) -> bool:
        """Whether it is the start of a sub-workflow."""
        return self.copy is not None and self.copy.call is not None

    @property
    def is_gate(self) -> bool:
        """Whether its out-edges may ask for what somebody answered."""
        return self.spec.waits and self.spec.may_choose

    @property
    def may_repeat(self) -> bool:
        """Whether it may stand inside an `each`."""
        return not self.is_each

    @property
    def references(self) -> Iterator[tuple[str, Reference]]:
        """Each look-up in `context` that the node makes before it runs, with the config field it stands in."""
        for name, parsed in (*self.expressions.items(), *self.templates.items()):
            for reference in parsed.references:
                yield name, reference


@dataclass(frozen=True)
class Literal:
    value: JsonValue  # what `config.condition` of the branch must give for the edge to be taken


@dataclass(frozen=True)
class GraphEdge:
    id: str
    position: int  # in the document
    source: str  # node id
    target: str  # node id
    condition: str | None
    expression: Expression | None = None  # the condition, parsed
    literal: Literal | None = None  # instead of it, where the branch has a `config.condition`
    on: EdgeOn = "success"  # how its source must have ended
    max_rounds: int | None = None  # of an edge that leads back
    is_silent: bool = False  # it keeps the order, and carries nothing: from the start of a sub-workflow to its result

    @property
    def is_default(self) -> bool:
        """Whether the edge carries no condition."""
        return self.condition is None

    @property
    def may_catch(self) -> bool:
        """Whether it may be followed when its source has failed."""
        return self.on != "success"

    @property
    def path(self) -> str:
        return f"$.graph.edges[{self.position}]"


@dataclass(frozen=True)
class Unknowns:
    """What of a graph is not known because it could not be read; rules expect the best of it."""

    untyped: frozenset[str] = frozenset()  # ids of nodes that may be of any type
    vague: frozenset[str] = frozenset()  # those, and ids that several nodes have
    ambiguous: frozenset[str] = frozenset()  # as `vague`, where these are of different types
    missing_sources: frozenset[str] = frozenset()  # ids of nodes with an edge from a node that is not there
    missing_targets: frozenset[str] = frozenset()  # ids of nodes with an edge to a node that is not there
    missing_nodes: bool = False  # the id of some node could not be read, so an unknown id may be its


NO_DOUBTS = Unknowns()
_NO_ROUNDS: Mapping[str, Sequence[tuple[Rounds, int]]] = {}


@dataclass(frozen=True)
class Expansion:
    """What an expanded graph knows of the graph that it was made from."""

    regions: Mapping[str, Region]  # by node id of the `each`
    rounds: Mapping[str, Sequence[tuple[Rounds, int]]]  # by node id: the loops around it, the outermost first
    withheld: Mapping[str, tuple[GraphEdge, ...]]  # by node id: edges back that are not offered in the last round


@dataclass(frozen=True)
class Graph:
    """Nodes and edges in the document's order; may still hold faults: `validate` lists them."""

    workflow: Workflow
    nodes: Mapping[str, GraphNode]  # by id; the first of a duplicate
    edges: tuple[GraphEdge, ...]  # only those whose ends exist
    faults: tuple[Issue, ...]  # found while reading: what did not parse, duplicates, dangling edges
    unknowns: Unknowns = NO_DOUBTS
    repeated: tuple[GraphNode, ...] = ()  # nodes whose id another one before them has
    expansion: Expansion | None = None  # of an expanded graph

    @cached_property
    def out_edges(self) -> Mapping[str, tuple[GraphEdge, ...]]:
        return self._edges_by(lambda edge: edge.source)

    @cached_property
    def in_edges(self) -> Mapping[str, tuple[GraphEdge, ...]]:
        return self._edges_by(lambda edge: edge.target)

    def _edges_by(self, end: Callable[[GraphEdge], str]) -> Mapping[str, tuple[GraphEdge, ...]]:
        grouped: dict[str, list[GraphEdge]] = {node_id: [] for node_id in self.nodes}
        for edge in self.edges:
            grouped[end(edge)].append(edge)
        return {node_id: tuple(edges) for node_id, edges in grouped.items()}

    def ways_of(self, node_id: str) -> tuple[GraphEdge, ...]:
        """The out-edges of a node, with those back that are not offered to it in the last round."""
        withheld = self.expansion.withheld.get(node_id, ()) if self.expansion else ()
        return (*self.out_edges[node_id], *withheld)

    def ways_on(self, node_id: str, *ends: EdgeOn) -> list[GraphEdge]:
        """Of these the ones that are for these ends of the node."""
        return [edge for edge in self.ways_of(node_id) if edge.on in ends]

    def edges_on(self, node_id: str, *ends: EdgeOn) -> list[GraphEdge]:
        """The out-edges that are for these ends of the node."""
        return [edge for edge in self.out_edges[node_id] if edge.on in ends]

    def catches(self, node_id: str) -> bool:
        """Whether an out-edge may be followed when the node has failed."""
        return node_id in self._catching

    def handles_faults(self, node_id: str) -> bool:
        """Whether the node itself says what becomes of its failure: by an out-edge, or by `onError`."""
        return self.catches(node_id) or "onError" in self.nodes[node_id].templates

    @cached_property
    def catchers(self) -> Catchers:
        """What deals with faults of what stands inside of it."""
        return Catchers(self)

    @cached_property
    def _catching(self) -> frozenset[str]:
        return frozenset(edge.source for edge in self.edges if edge.may_catch)

    @cached_property
    def behind_faults(self) -> frozenset[str]:
        """The nodes that know `context.error`: those behind an edge that may be followed when its source has failed.

        What failed inside a scope is not known behind it, where there may have been one fault for each item.
        """
        found: dict[str, None] = {}
        ahead = [edge for edge in self.edges if edge.may_catch]
        for edge in ahead:  # grows while it is walked
            if edge.target not in found and not self.scopes.left_by(edge):
                found[edge.target] = None
                ahead.extend(self.out_edges[edge.target])
        return frozenset(found)

    def list_nodes(self, is_meant: Callable[[NodeSpec], object]) -> list[GraphNode]:
        """The nodes of the types that are meant, those with an id that was there before too."""
        return [node for node in self.every_node if is_meant(node.spec)]

    @property
    def starts(self) -> list[GraphNode]:
        return self.list_nodes(lambda spec: spec.place is Place.START)

    @property
    def ends(self) -> list[GraphNode]:
        return self.list_nodes(lambda spec: spec.place is Place.END)

    @property
    def every_node(self) -> Iterator[GraphNode]:
        """All nodes, also those whose id was there before."""
        return chain(self.nodes.values(), self.repeated)

    def show(self, node_id: str) -> str:
        """The node as a sentence names it."""
        return quote(self.nodes[node_id].title)

    def parents(self, node_id: str) -> list[str]:
        """Ids of the nodes with an edge to this one, each once, in the edges' order."""
        return list(dict.fromkeys(edge.source for edge in self.in_edges[node_id]))

    def children(self, node_id: str) -> list[str]:
        """Ids of the nodes to which this one has an edge, each once, in the edges' order."""
        return list(dict.fromkeys(edge.target for edge in self.out_edges[node_id]))

    @cached_property
    def loops(self) -> Loops:
        """What is played round by round; nothing in an expanded graph."""
        return find_loops(self)

    @cached_property
    def onward(self) -> Graph:
        """The graph without the edges that begin another round; itself where there are none."""
        back = self.loops.back
        if not back:
            return self
        return replace(self, edges=tuple(edge for edge in self.edges if edge.position not in back))

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Node ids so that each stands behind its parents; nodes on or behind a cycle that is no loop are left out."""
        if self.onward is not self:
            return self.onward.order
        missing = {node_id: len(edges) for node_id, edges in self.in_edges.items()}
        ready = [node_id for node_id, count in missing.items() if count == 0]
        for node_id in ready:  # grows while it is walked
            for edge in self.out_edges[node_id]:
                missing[edge.target] -= 1
                if missing[edge.target] == 0:
                    ready.append(edge.target)
        return tuple(ready)

    @property
    def _has_cycle(self) -> bool:
        return bool(self.expansion is None and any(e.max_rounds for e in self.edges)) or len(self.order) < len(
            self.nodes
        )

    @cached_property
    def components(self) -> Sequence[Sequence[str]]:
        """Every node, each behind its parents; nodes on one cycle stand together."""
        if not self._has_cycle:
            return [(node_id,) for node_id in self.order]
        return find_components({node_id: [edge.target for edge in out] for node_id, out in self.out_edges.items()})

    @cached_property
    def index(self) -> Mapping[str, int]:
        """The bit that stands for a node in `ancestor_bits` and `descendant_bits`."""
        return {node_id: place for place, node_id in enumerate(chain.from_iterable(self.components))}

    @cached_property
    def ancestor_bits(self) -> Mapping[str, int]:
        """For each node the set of its ancestors, itself too if it is on a cycle, as bits of one integer."""
        return self._collect_bits(self.components, self.parents)

    @cached_property
    def descendant_bits(self) -> Mapping[str, int]:
        """For each node the set of its descendants, itself too if it is on a cycle, as bits of one integer."""
        return self._collect_bits(list(reversed(self.components)), self.children)

    def _collect_bits(
        self, components: Sequence[Sequence[str]], neighbours: Callable[[str], list[str]]
    ) -> Mapping[str, int]:
        bits: dict[str, int] = {}
        for component in components:
            found = 0
            for neighbour in chain.from_iterable(map(neighbours, component)):
                found |= bits.get(neighbour, 0) | 1 << self.index[neighbour]
            bits.update(dict.fromkeys(component, found))
        return bits

    @cached_property
    def regions(self) -> Mapping[str, Region | None]:
        """For each `each` branch, by node id, what it repeats; see `find_regions`."""
        return self.expansion.regions if self.expansion else find_regions(self)

    @cached_property
    def scopes(self) -> Scopes:
        """What is repeated: the regions that are closed, and loops where the graph is expanded."""
        closed = (region for region in self.regions.values() if region)
        return Scopes(self.nodes, closed, self.expansion.rounds if self.expansion else _NO_ROUNDS)

    def is_ancestor(self, node_id: str, other: str) -> bool:
        """Whether a path leads from `node_id` to `other`."""
        return bool(self.ancestor_bits[other] >> self.index[node_id] & 1)

    def in_bits(self, bits: int) -> list[str]:
        """The node ids that an integer of bits stands for, each behind its parents."""
        return [node_id for node_id, place in self.index.items() if bits >> place & 1]


def has_choice(graph: Graph, node: GraphNode) -> bool:
    """Whether the node, when it has succeeded, chooses among the out-edges that are for that."""
    if node.ports is Ports.CHOICE_IF_ASKED:
        return any(edge.condition for edge in graph.ways_on(node.id, "success"))
    return node.ports is Ports.CHOICE
