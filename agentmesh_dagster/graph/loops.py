"""Loops: what is played round by round, found by the edges that lead back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from agentmesh_dagster.graph.cycles import find_components

if TYPE_CHECKING:  # a graph keeps its loops
    from agentmesh_dagster.graph.graph import Graph, GraphEdge

    _Onward = Mapping[str, Sequence[GraphEdge]]  # node id → its out-edges, without those that lead back


@dataclass(frozen=True)
class Loop:
    """The nodes on the ways from a head to the sources of the edges that lead back to it.

    Of two loops that share nodes one stands inside of the other: whoever comes to the head of the one on the way to the
    edge back of the other may play it.
    """

    head: str  # node id: every way into the loop passes it
    body: frozenset[str]  # node ids, the head's too
    back: tuple[GraphEdge, ...]  # the edges that begin the next round

    @property
    def max_rounds(self) -> int:
        """How often it is played at most, the first round included."""
        return max(edge.max_rounds or 1 for edge in self.back)


@dataclass(frozen=True)
class Loops:
    """The loops of a graph; its edges back are set apart, whether or not they make a loop as it should be."""

    found: tuple[Loop, ...] = ()  # a loop stands behind those around it
    back: frozenset[int] = frozenset()  # positions of the edges that lead back and say how often
    entered: tuple[
        tuple[GraphEdge, GraphEdge], ...
    ] = ()  # an edge back, and one by which its loop is entered otherwise

    def around(self, node_id: str) -> Sequence[Loop]:
        """The loops in which a node stands, the outermost first."""
        return self._around.get(node_id, ())

    @cached_property
    def _around(self) -> Mapping[str, Sequence[Loop]]:
        bodies = (node_id for loop in self.found for node_id in loop.body)
        return {node_id: [loop for loop in self.found if node_id in loop.body] for node_id in dict.fromkeys(bodies)}


def find_loops(graph: Graph) -> Loops:
    """The loops of a graph: of edges with `maxRounds` whose target leads to their source."""
    if all(edge.max_rounds is None for edge in graph.edges):
        return Loops()
    components = find_components({key: [edge.target for edge in out] for key, out in graph.out_edges.items()})
    number = {node_id: place for place, component in enumerate(components) for node_id in component}
    back = [e for e in graph.edges if e.max_rounds is not None and number[e.source] == number[e.target]]
    positions = frozenset(edge.position for edge in back)
    onward = {
        node_id: [edge for edge in edges if edge.position not in positions]
        for node_id, edges in graph.out_edges.items()
    }
    heads: dict[str, list[GraphEdge]] = {}
    entered: list[tuple[GraphEdge, GraphEdge]] = []
    for edge in back:
        way_in = _find_way_past(graph, onward, edge)
        if way_in is None:
            heads.setdefault(edge.target, []).append(edge)
        else:
            entered.append((edge, way_in))
    loops = [Loop(head, _find_body(graph, onward, head, edges), tuple(edges)) for head, edges in heads.items()]
    return Loops(tuple(sorted(loops, key=lambda loop: -len(loop.body))), positions, tuple(entered))


def _find_way_past(graph: Graph, onward: _Onward, back: GraphEdge) -> GraphEdge | None:
    """An edge by which the loop of an edge back is entered past its head; None where the head is the only way in."""
    first = [node.id for node in graph.starts if node.id != back.target]
    past = _walk(first, lambda node_id: (e.target for e in onward[node_id] if e.target != back.target))
    if back.source not in past:
        return None
    body = _find_body(graph, onward, back.target, [back])
    ways = (edge for node_id in past for edge in onward[node_id] if node_id not in body)
    return next((edge for edge in ways if edge.target in body and edge.target != back.target), None)


def _find_body(graph: Graph, onward: _Onward, head: str, back: Iterable[GraphEdge]) -> frozenset[str]:
    """What lies on the ways from the head to the edges back, those through loops inside of it too."""
    ahead = _walk([head], lambda node_id: (edge.target for edge in onward[node_id]))

    def list_before(node_id: str) -> Iterator[str]:
        return iter(()) if node_id == head else (edge.source for edge in graph.in_edges[node_id])

    return frozenset(_walk([edge.source for edge in back], list_before) & ahead | {head})


def _walk(first: Sequence[str], follow: Callable[[str], Iterable[str]]) -> set[str]:
    found = set(first)
    waiting = list(found)
    while waiting:
        for other in follow(waiting.pop()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
