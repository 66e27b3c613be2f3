"""Expansion: the rounds of loops, and the inlined sub-workflows, as copies of their nodes in one graph without a cycle.

All that follows (plan, progress, settling) sees that graph, and knows loops only where it must not look at a hundred
rounds that nobody will play.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.address import Call, Path, Round
from agentmesh_dagster.graph.graph import Copy, Expansion, Graph, GraphEdge, GraphNode
from agentmesh_dagster.graph.loops import Loop
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.regions import Region
from agentmesh_dagster.graph.scopes import Rounds, write_key

MAX_NODES = 5_000
_RESULT = "\0result"  # the id of the edges by which the result of a call comes out

_Turns = Mapping[str, int]  # head of a loop → number of its round


def expand(graph: Graph, workflows: Mapping[str, Workflow]) -> Graph:
    """The graph without loops and calls; itself where it has none. Only for graphs in which no fault was found.

    `workflows` are those that are inlined, by id.
    """
    if not graph.loops.found and not any(node.inlines for node in graph.nodes.values()):
        return graph
    expander = _Expander({identity: read_graph(workflow) for identity, workflow in workflows.items()})
    expander.add(_Level(graph))
    return expander.build(graph)


def count_expanded(graph: Graph, workflows: Mapping[str, Graph]) -> Mapping[str, int]:
    """How many nodes each node of the graph becomes. Workflows that contain each other are counted once around."""
    return _Counter(workflows).count(graph)


class _Counter:
    def __init__(self, workflows: Mapping[str, Graph]) -> None:
        self._workflows = workflows
        self._sizes: dict[str, int] = {}  # of what is called, by workflow id: each is counted once

    def count(self, graph: Graph) -> Mapping[str, int]:
        return {node.id: self._count_node(graph, node) for node in graph.nodes.values()}

    def _count_node(self, graph: Graph, node: GraphNode) -> int:
        called = _find_called(node, self._workflows)
        size = 1 if called is None else 1 + self._size_of(called)
        return size * prod(loop.max_rounds for loop in graph.loops.around(node.id))

    def _size_of(self, called: Graph) -> int:
        identity = called.workflow.id
        if identity not in self._sizes:
            self._sizes[identity] = 0  # should it contain itself, a rule says so
            self._sizes[identity] = sum(self.count(called).values())
        return self._sizes[identity]


def _find_called(node: GraphNode, workflows: Mapping[str, Graph]) -> Graph | None:
    return workflows.get(node.workflow_id or "") if node.inlines else None


@dataclass(frozen=True)
class _Level:
    """A graph that is copied into the whole, and where."""

    graph: Graph
    place: Path = ()  # of the call that copies it
    boxes: tuple[str, ...] = ()
    rounds: tuple[tuple[Rounds, int], ...] = ()
    depth: int | None = None  # of the frames around the `each` in which the call stands, if it does
    regions: tuple[str, ...] = ()  # heads of the `each` around


@dataclass
class _Expander:
    workflows: Mapping[str, Graph]
    nodes: dict[str, GraphNode] = field(default_factory=dict[str, GraphNode])
    edges: list[GraphEdge] = field(default_factory=list[GraphEdge])
    results: list[GraphEdge] = field(default_factory=list[GraphEdge])  # from inside a call to the node that called
    joins: dict[str, str] = field(default_factory=dict[str, str])  # head of an `each` → its closing join
    bodies: dict[str, set[str]] = field(default_factory=dict[str, set[str]])  # head of an `each` → what it repeats
    rounds: dict[str, tuple[tuple[Rounds, int], ...]] = field(default_factory=dict[str, tuple[tuple[Rounds, int], ...]])
    withheld: dict[str, tuple[GraphEdge, ...]] = field(default_factory=dict[str, tuple[GraphEdge, ...]])
    entries: dict[str, str] = field(default_factory=dict[str, str])  # calling node → the start of what it calls
    _entered: dict[Rounds, Rounds] = field(default_factory=dict[Rounds, Rounds])

    def build(self, graph: Graph) -> Graph:
        edges = (
            replace(edge, target=self.entries[edge.target]) if edge.target in self.entries else edge
            for edge in self.edges
        )
        regions = {
            each: Region(each, self.entries.get(join, join), frozenset(self.bodies.get(each, ())), False)
            for each, join in self.joins.items()
        }
        rounds = {
            key: tuple((self._enter_heads(found), number) for found, number in around)
            for key, around in self.rounds.items()
            if around
        }
        expansion = Expansion(regions, rounds, self.withheld)
        return replace(graph, nodes=self.nodes, edges=(*edges, *self.results), expansion=expansion)

    def _enter_heads(self, rounds: Rounds) -> Rounds:
        """The same where a call that begins a round, or follows a loop, is entered by its start."""
        if rounds not in self._entered:
            heads = tuple(self.entries.get(key, key) for key in rounds.heads)
            exits = tuple(self.entries.get(key, key) for key in rounds.exits)
            self._entered[rounds] = Rounds(heads, exits)
        return self._entered[rounds]

    def add(self, level: _Level) -> None:
        copier = _Copier(self, level)
        for node in level.graph.nodes.values():
            for turns in copier.list_turns(node.id):
                copier.copy_node(node, turns)
        for edge in level.graph.edges:
            for turns in copier.list_turns(edge.source):
                copier.copy_edge(edge, turns)
        copier.add_regions()


class _Copier:
    """Copies the nodes and edges of one level."""

    def __init__(self, whole: _Expander, level: _Level) -> None:
        self.whole = whole
        self.level = level
        self.graph = level.graph
        self.loops = level.graph.loops
        self._rounds: dict[tuple[str, tuple[int, ...]], Rounds] = {}

    def list_turns(self, node_id: str) -> Iterator[_Turns]:
        """Every combination of rounds in which a node stands."""
        loops = self.loops.around(node_id)
        for numbers in product(*(range(1, loop.max_rounds + 1) for loop in loops)):
            yield dict(zip((loop.head for loop in loops), numbers, strict=True))

    def key(self, node_id: str, turns: _Turns) -> str:
        """The id of the copy of a node in these rounds."""
        return write_key(node_id, self._place(node_id, turns))

    def _place(self, node_id: str, turns: _Turns) -> Path:
        return (*self.level.place, *(Round(turns[loop.head]) for loop in self.loops.around(node_id)))

    def copy_node(self, node: GraphNode, turns: _Turns) -> None:
        place, loops = self._place(node.id, turns), self.loops.around(node.id)
        key = write_key(node.id, place)
        around = self._regions_around(node.id, turns)
        copy = Copy(
            origin=node.id,
            place=place,
            depth=self._depth(node.id),
            boxes=(*self.level.boxes, *(loop.head for loop in loops)),
            names=self.level.place,
        )
        self.whole.rounds[key] = (
            *self.level.rounds,
            *((self._name_rounds(loop, turns), turns[loop.head]) for loop in loops),
        )
        for each in around:
            self.whole.bodies.setdefault(each, set()).add(key)
        if called := _find_called(node, self.whole.workflows):
            node = self._call(node, key, copy, called, around)
        self.whole.nodes[key] = replace(node, id=key, copy=copy if place else None)

    def _depth(self, node_id: str) -> int:
        """How many frames stand around the `each` around the node."""
        if self.level.depth is not None:
            return self.level.depth
        head = self.graph.scopes.head_of(node_id)
        return len(self.level.place) + (len(self.loops.around(head)) if head is not None else 0)

    def _regions_around(self, node_id: str, turns: _Turns) -> tuple[str, ...]:
        heads = self.graph.scopes.list_heads(node_id)
        return (*self.level.regions, *(self.key(head, turns) for head in heads))

    def _name_rounds(self, loop: Loop, turns: _Turns) -> Rounds:
        outer = [other.head for other in self.loops.around(loop.head) if other is not loop]
        identity = (loop.head, tuple(turns[head] for head in outer))
        if identity not in self._rounds:
            heads = [self.key(loop.head, {**turns, loop.head: n}) for n in range(1, loop.max_rounds + 1)]
            left = [e for e in self.graph.edges if e.source in loop.body and e.target not in loop.body]
            exits = dict.fromkeys(target for edge in left if (target := self._find_target(edge, turns)))
            self._rounds[identity] = Rounds(tuple(heads), tuple(exits))
        return self._rounds[identity]

    def _enter(self, node_id: str) -> _Turns:
        return {loop.head: 1 for loop in self.loops.around(node_id)}

    def _find_target(self, edge: GraphEdge, turns: _Turns) -> str | None:
        """The copy to which an edge leads; None in the last round of an edge that leads back."""
        if edge.position not in self.loops.back:
            return self.key(edge.target, {**self._enter(edge.target), **turns})
        number = turns[edge.target] + 1
        return self.key(edge.target, {**turns, edge.target: number}) if number <= (edge.max_rounds or 1) else None

    def copy_edge(self, edge: GraphEdge, turns: _Turns) -> None:
        source, target = self.key(edge.source, turns), self._find_target(edge, turns)
        if target is None:
            self.whole.withheld[source] = (*self.whole.withheld.get(source, ()), replace(edge, source=source))
        else:
            self.whole.edges.append(replace(edge, source=source, target=target))

    def add_regions(self) -> None:
        for region in self.graph.scopes.by_head.values():
            for turns in self.list_turns(region.each):
                each = self.key(region.each, turns)
                self.whole.joins[each] = self.key(region.join, turns)
                self.whole.bodies.setdefault(each, set())

    def _call(self, node: GraphNode, key: str, copy: Copy, called: Graph, around: tuple[str, ...]) -> GraphNode:
        """Copies what a node calls; the node itself stays as what its result comes from."""
        inside = _Level(
            called,
            (*copy.place, Call(node.id)),
            (*copy.boxes, node.id),
            self.whole.rounds[key],
            copy.depth if around else None,
            around,
        )
        self.whole.add(inside)
        start = write_key(called.starts[0].id, inside.place)
        begun = self.whole.nodes[start]
        begin = replace(
            copy,
            origin=begun.origin,
            place=inside.place,
            boxes=inside.boxes,
            call=inside.place,
            caller=node,
        )
        templates = {name: template for name, template in node.templates.items() if name == "input"}
        self.whole.nodes[start] = replace(begun, templates=templates, copy=begin)
        self.whole.entries[key] = start
        ends = [write_key(end.id, inside.place) for end in called.ends]
        for source, is_silent in ((start, True), *((end, False) for end in ends)):
            position = len(self.whole.results)
            self.whole.results.append(GraphEdge(_RESULT, position, source, key, None, is_silent=is_silent))
        rest = {name: template for name, template in node.templates.items() if name != "input"}
        return replace(node, templates=rest)
