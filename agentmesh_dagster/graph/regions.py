"""Regions: what an `each` branch repeats for every item, from the branch to its closing join."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentmesh_dagster.specs.nodes.branch import BranchConfig

if TYPE_CHECKING:  # a graph keeps its regions
    from agentmesh_dagster.graph.graph import Graph, GraphNode

_ITEM_NAMES = ("item", "index")
_ALL = -1  # every bit


@dataclass(frozen=True)
class Region:
    each: str  # node id of the branch
    join: str  # node id that gets the list of results
    body: frozenset[str]  # node ids that run once per item
    is_inferred: bool  # the graph left a choice that config.join would settle


def find_regions(graph: Graph) -> Mapping[str, Region | None]:
    """For each `each` branch, by node id, its region; None where no node closes it.

    The closing join is `config.join`; else, of the nodes that all paths from the branch pass and behind which
    nobody looks at the item, the nearest that joins several arms of the region; else the nearest of them. A gate, and
    whatever else waits, counts only if it joins arms: without a word of the author's it asks about each item.
    An `each` from which a cycle can be reached is left out.
    """
    branches = [node for node in graph.nodes.values() if node.is_each]
    if not branches:
        return {}
    users = [node_id for node_id in graph.nodes if _uses_item(graph, node_id)]
    loops = {node_id: frozenset(loop.head for loop in graph.loops.around(node_id)) for node_id in graph.nodes}
    back: dict[str, set[str]] = {}
    for edge in graph.edges:
        if edge.position in graph.loops.back:
            back.setdefault(edge.source, set()).add(edge.target)
    graph = graph.onward
    finder = _Finder(graph, users, loops, back)
    cyclic = ~_to_bits(graph, graph.order)
    return {
        node.id: finder.find(node)
        for node in branches
        if not (graph.descendant_bits[node.id] | 1 << graph.index[node.id]) & cyclic
    }


class _Finder:
    def __init__(
        self,
        graph: Graph,
        users: Iterable[str],
        loops: Mapping[str, frozenset[str]],  # by node id, the heads of those around it
        back: Mapping[str, Collection[str]],  # by node id, the heads to which its edges lead back
    ) -> None:
        self.graph = graph
        self.loops = loops
        self.passed_by_all = {
            around: _find_passed_by_all(graph, around, back)
            for around in {loops[node.id] for node in graph.nodes.values() if node.is_each}
        }
        self.each_bits = _to_bits(graph, (node.id for node in graph.nodes.values() if node.is_each))
        self.user_bits = _to_bits(graph, users)

    def find(self, each: GraphNode) -> Region | None:
        assert isinstance(each.config, BranchConfig)
        # What a loop inside of it repeats cannot close it.
        passed = self.graph.in_bits(self.passed_by_all[self.loops[each.id]][each.id])
        candidates = [node_id for node_id in passed if self.loops[node_id] <= self.loops[each.id]]
        if each.config.join is not None:
            return self._region(each.id, each.config.join) if each.config.join in candidates else None
        if not candidates:
            return None
        if len(self.graph.children(each.id)) == 1 and not self._is_entered(each.id, candidates[0]):
            candidates = candidates[1:] or candidates  # a lone first node is the body, not the join
        possible = candidates[self._count_before_last_user(each.id, candidates) :]
        if not possible:
            return None
        allowed = self._cut_at_unrepeatable(each.id, possible)
        for join in allowed:
            if self._is_join(join) and not self._is_entered(each.id, join):
                return self._region(each.id, join)
        if not allowed:  # a gate stands inside, which is asked about each item; or an `each`, of which the rules tell
            for join in self._cut_at_each(each.id, possible):
                if self._is_join(join) and not self._is_entered(each.id, join):
                    return self._region(each.id, join)
        join = (allowed or possible[1:] or possible)[0]
        is_inferred = len(possible) > 1 and not self._is_entered(each.id, possible[0])
        return self._region(each.id, join, is_inferred=is_inferred)

    def _region(self, each: str, join: str, *, is_inferred: bool = False) -> Region:
        return Region(each, join, frozenset(self.graph.in_bits(self._body_bits(each, join))), is_inferred)

    def _body_bits(self, each: str, join: str) -> int:
        behind = self.graph.descendant_bits[join] | 1 << self.graph.index[join]
        return self.graph.descendant_bits[each] & ~behind

    def _count_before_last_user(self, each: str, candidates: Sequence[str]) -> int:
        """How many stand before, or are, the last node that looks at the item of this `each`."""
        below = self.graph.descendant_bits[each]
        hidden = 0  # what stands behind another `each` looks at that one's item
        for other in self.graph.in_bits(below & self.each_bits):
            hidden |= self.graph.descendant_bits[other]
        users = self.user_bits & below & ~hidden
        for count, node_id in enumerate(candidates):
            if not users & (self.graph.descendant_bits[node_id] | 1 << self.graph.index[node_id]):
                return count
        return len(candidates)

    def _cut_at_unrepeatable(self, each: str, candidates: Sequence[str]) -> Sequence[str]:
        """Without those that would put a gate, another `each` or a node that outside leads to into the region."""
        for place, node_id in enumerate(candidates):
            node = self.graph.nodes[node_id]
            if self._is_entered(each, node_id):
                return candidates[: place + 1]
            if node.spec.waits or not node.may_repeat:
                return candidates[: place + self._is_join(node_id)]
        return candidates

    def _cut_at_each(self, each: str, candidates: Sequence[str]) -> Sequence[str]:
        """Without those that would put another `each`, or a node that outside leads to, into the region."""
        for place, node_id in enumerate(candidates):
            if self._is_entered(each, node_id) or not self.graph.nodes[node_id].may_repeat:
                return candidates[: place + 1]
        return candidates

    def _is_join(self, node_id: str) -> bool:
        return len(self.graph.parents(node_id)) > 1

    def _is_entered(self, each: str, join: str) -> bool:
        """Whether an edge leads to `join` from somewhere else than the nodes between it and `each`."""
        inside = self._body_bits(each, join) | 1 << self.graph.index[each]
        return bool(_to_bits(self.graph, self.graph.parents(join)) & ~inside)


def _find_passed_by_all(
    graph: Graph, around: Collection[str], back: Mapping[str, Collection[str]]
) -> Mapping[str, int]:
    """For each node in `order`, as bits, those that every path passes from it to the end, of the graph or of a round.

    The rounds are those of the loops whose heads are `around`. Where another loop begins its next round, the path
    goes on as it did from its head: that says nothing.
    """
    always: dict[str, int] = {}
    for node_id in reversed(graph.order):
        below = [target for target in graph.children(node_id) if target in always]
        heads = back.get(node_id, ())
        common = _ALL if (below or heads) and not any(head in around for head in heads) else 0
        for target in below:
            common &= always[target] | 1 << graph.index[target]
        always[node_id] = common
    return {node_id: 0 if common == _ALL else common for node_id, common in always.items()}


def _to_bits(graph: Graph, node_ids: Iterable[str]) -> int:
    bits = 0
    for node_id in node_ids:
        bits |= 1 << graph.index[node_id]
    return bits


def _uses_item(graph: Graph, node_id: str) -> bool:
    own = [reference.path for _, reference in graph.nodes[node_id].references]
    expressions = [edge.expression for edge in graph.out_edges[node_id] if edge.expression]
    paths = own + [reference.path for expression in expressions for reference in expression.references]
    return any(path and path[0] in _ITEM_NAMES for path in paths)
