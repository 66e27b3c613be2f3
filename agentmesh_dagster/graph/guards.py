"""Guards: which choices lead to a node, and so which nodes run together, never together, or whenever another one does.

A guard is a set of marks, of which one at least holds when the node runs. A mark is an edge that its node chose, or
stands for a node of which no more is known. What cannot be told cheaply is not: then nodes may run together, or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from heapq import heappop, heappush
from typing import TypeAlias

from agentmesh_dagster.entities.models import EdgeOn
from agentmesh_dagster.graph.graph import ENDS, Graph, GraphEdge, GraphNode, has_choice
from agentmesh_dagster.specs.node_spec import Place
from agentmesh_dagster.specs.nodes.branch import BranchConfig

_MAX_MARKS = 8
_FURTHEST = 60  # choices behind each other that are looked at

Mark: TypeAlias = "int | str"  # position of an edge, or id of a node
Guard: TypeAlias = frozenset[Mark]

ALWAYS: Guard = frozenset({""})


class Guards:
    """The guards of a graph's nodes and edges."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph.onward  # a loop is left in the end, by an edge that does not lead back
        self._scopes = graph.scopes
        self._nodes: dict[str, Guard] = {}
        self._exclusive: dict[tuple[Mark, Mark], bool] = {}
        for node_id in graph.order:  # parents first
            self._nodes[node_id] = self._read_guard(graph.nodes[node_id])

    @cached_property
    def _edges(self) -> dict[int, GraphEdge]:
        return {edge.position: edge for edge in self._graph.edges}

    def of_node(self, node_id: str) -> Guard:
        """What leads to a step of the node; inside an `each`, for its item."""
        return self._nodes.get(node_id) or frozenset({node_id})

    def of_edge(self, edge: GraphEdge) -> Guard:
        """What leads along an edge that leaves no `each`."""
        mode = self._choosers.get(edge.source)
        if mode is None:
            return self.of_node(edge.source)
        if (together := self._together.get((edge.source, edge.on))) is not None:
            return self.of_node(edge.source) if edge.on == "always" else frozenset({together})
        is_followed = mode == "all" and edge.is_default and not self._graph.catches(edge.source)
        return self.of_node(edge.source) if is_followed else frozenset({edge.position})

    @cached_property
    def _together(self) -> dict[tuple[str, EdgeOn], int]:
        """Of a node that may be caught, by how it ended, the first of the edges that are then all followed."""
        found: dict[tuple[str, EdgeOn], int] = {}
        for node_id in self._choosers:
            if not self._graph.catches(node_id):
                continue
            for on in ENDS:
                edges = self._graph.edges_on(node_id, on)
                is_choice = on == "success" and has_choice(self._graph, self._graph.nodes[node_id])
                if edges and not is_choice and all(edge.is_default for edge in edges):
                    found[node_id, on] = edges[0].position
        return found

    @cached_property
    def _choosers(self) -> dict[str, str]:
        """The nodes whose out-edges are chosen among, and how: one of them, or all that apply."""
        found: dict[str, str] = {}
        for node in self._graph.nodes.values():
            if has_choice(self._graph, node) and self._graph.out_edges[node.id]:
                is_plain = node.spec.waits or (isinstance(node.config, BranchConfig) and node.config.mode == "first")
                found[node.id] = "first" if is_plain and node.is_complete else "all"
            elif self._graph.catches(node.id):
                found[node.id] = "first"
        return found

    def of_edges_of_one(self, edges: Sequence[GraphEdge]) -> Guard | None:
        """What leads along one at least of the edges, none of which leaves an `each` for the outside."""
        return self.of_edge(edges[0]) if len(edges) == 1 else self.join(map(self.of_edge, edges))

    def of_edges(self, edges: Iterable[GraphEdge]) -> Guard | None:
        """What leads along one at least of these edges; None where that is too much to be told."""
        if not self._scopes.by_head:
            return self.join(map(self.of_edge, edges))
        regions = ((edge, self._scopes.left_by(edge)) for edge in edges)
        return self.join(self.of_node(region.each) if region else self.of_edge(edge) for edge, region in regions)

    def join(self, guards: Iterable[Guard | None]) -> Guard | None:
        """What leads to one at least of several things; None where that is too much to be told."""
        marks: set[Mark] = set()
        for guard in guards:
            if guard is None or guard == ALWAYS:
                return guard
            marks |= guard
        return self._unite(marks)

    def implies(self, guard: Guard, other: Guard) -> bool:
        """Whether the other one holds wherever the first does."""
        return guard == other or other == ALWAYS or all(self._leads(mark, other) for mark in guard)

    def are_exclusive(self, guard: Guard, other: Guard) -> bool:
        """Whether never both hold."""
        return all(self._exclude(mark, rival, _FURTHEST) for mark in guard for rival in other)

    def _read_guard(self, node: GraphNode) -> Guard:
        unknowns = self._graph.unknowns
        if node.id in unknowns.vague | unknowns.missing_sources:
            return frozenset({node.id})
        edges = self._graph.in_edges[node.id]
        if not edges:
            return ALWAYS if node.spec.place is Place.START else frozenset({node.id})
        return self.of_edges(edges) or frozenset({node.id})

    def _unite(self, marks: set[Mark]) -> Guard | None:
        """The marks without those that others say; all edges of one that takes one of them are what leads to itself."""
        marks = self._complete(marks)
        if "" in marks:
            return ALWAYS
        if len(marks) > 4 * _MAX_MARKS:
            return None
        for mark in sorted(marks, key=str) if len(marks) > 1 else ():
            if len(marks) > 1 and self._leads(mark, frozenset(marks - {mark})):
                marks = marks - {mark}
        return frozenset(marks) if len(marks) <= _MAX_MARKS else None

    def _complete(self, marks: set[Mark]) -> set[Mark]:
        """What leads to a node in place of all of its out-edges, where it takes one of them for sure."""
        counts: dict[str, int] = {}
        waiting: list[tuple[int, str]] = []  # the last of the graph first: its own marks stand before it
        for mark in marks:
            if isinstance(mark, int):
                self._count(mark, counts, waiting)
        while waiting:
            source = heappop(waiting)[1]
            if counts[source] < len(self._ways[source]) or not self._takes_one(source):
                continue
            if not self._ways[source] <= marks:
                continue
            added = self.of_node(source) - marks
            marks = marks - self._ways[source] | added
            if "" in marks:
                return marks
            for mark in added:
                if isinstance(mark, int):
                    self._count(mark, counts, waiting)
        return marks

    @cached_property
    def _ways(self) -> dict[str, frozenset[Mark]]:
        """The marks of the edges of a chooser of which one is taken, if it may take no other."""
        return {
            node_id: frozenset().union(*map(self.of_edge, self._graph.edges_on(node_id, "success", "error")))
            for node_id in self._choosers
        }

    def _count(self, mark: int, counts: dict[str, int], waiting: list[tuple[int, str]]) -> None:
        source = self._edges[mark].source
        counts[source] = counts.get(source, 0) + 1
        if counts[source] == 1:
            heappush(waiting, (-self._graph.index[source], source))

    def _takes_one(self, node_id: str) -> bool:
        """Whether one of its out-edges is taken for sure, and no other."""
        config = self._graph.nodes[node_id].config
        may_take_none = isinstance(config, BranchConfig) and config.on_no_match == "end"
        is_known = node_id not in self._graph.unknowns.missing_targets
        return self._choosers.get(node_id) == "first" and is_known and not may_take_none

    def _leads(self, mark: Mark, guard: Guard) -> bool:
        """Whether the guard holds where the mark does: it, or all that leads to it, is among the guard's."""
        return self._climb(mark, guard, min(map(self._place, guard)), _FURTHEST)

    def _climb(self, mark: Mark, guard: Guard, first: int, further: int) -> bool:
        if mark in guard:
            return True
        # What stands before all marks of the guard has none of them before it.
        if not isinstance(mark, int) or further == 0 or self._place(mark) < first:
            return False
        return all(self._climb(one, guard, first, further - 1) for one in self.of_node(self._edges[mark].source))

    def _exclude(self, mark: Mark, rival: Mark, further: int) -> bool:
        known = self._exclusive.get((mark, rival))
        if known is None:
            known = self._exclusive[mark, rival] = self._exclusive[rival, mark] = self._compare(mark, rival, further)
        return known

    def _compare(self, mark: Mark, rival: Mark, further: int) -> bool:
        if mark == rival or further == 0:
            return False
        places = {one: self._place(one) for one in (mark, rival)}
        if isinstance(mark, int) and isinstance(rival, int) and places[mark] == places[rival]:
            return self._are_alternatives(self._edges[mark], self._edges[rival])
        # What stands further behind is chosen only if all that leads to it was.
        deeper, other = (mark, rival) if places[mark] > places[rival] else (rival, mark)
        if not isinstance(deeper, int):
            return False
        before = self.of_node(self._edges[deeper].source)
        return all(self._exclude(one, other, further - 1) for one in before)

    def _are_alternatives(self, edge: GraphEdge, other: GraphEdge) -> bool:
        """Of two edges of a node: whether never both are taken."""
        if edge.on == other.on:
            return edge.may_catch or self._choosers.get(edge.source) == "first"
        return "always" not in (edge.on, other.on)

    def _place(self, mark: Mark) -> int:
        if isinstance(mark, int):
            return self._graph.index[self._edges[mark].source]
        return self._graph.index.get(mark, -1)
