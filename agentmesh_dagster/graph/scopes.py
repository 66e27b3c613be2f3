"""Scopes: what is repeated together, and how an edge steps into it and out of it.

A node inside a scope has one step for each repetition: the path of its address has one frame more than that of the
scope's head. All that knows how deep a node stands asks here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from agentmesh_dagster.graph.address import Address, Item, Path
from agentmesh_dagster.graph.regions import Region

if TYPE_CHECKING:  # a graph keeps its scopes
    from agentmesh_dagster.graph.graph import GraphEdge


class Scopes:
    """The scopes of a graph: the region of each `each` that is closed."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self.by_head: Mapping[str, Region] = {region.each: region for region in regions}
        self._head_of = {node_id: region.each for region in self.by_head.values() for node_id in region.body}

    @cached_property
    def exits(self) -> Mapping[str, tuple[Region, ...]]:
        """By node id, the scopes of which it is the closing join."""
        found: dict[str, tuple[Region, ...]] = {}
        for region in self.by_head.values():
            found[region.join] = (*found.get(region.join, ()), region)
        return found

    def head_of(self, node_id: str) -> str | None:
        """The head of the innermost scope around a node; None outside of every scope."""
        return self._head_of.get(node_id)

    def list_heads(self, node_id: str) -> list[str]:
        """The heads of all scopes around a node, the outermost first."""
        head = self.head_of(node_id)
        return [] if head is None else [*self.list_heads(head), head]

    def depth(self, node_id: str) -> int:
        """How many frames the path of a step of the node has."""
        head = self._head_of.get(node_id)
        return 0 if head is None else 1 + self.depth(head)

    def count_common(self, node_id: str, other: str) -> int:
        """How many scopes stand around both nodes."""
        pairs = zip(self.list_heads(node_id), self.list_heads(other), strict=False)
        return sum(head == other_head for head, other_head in pairs)

    def left_by(self, edge: GraphEdge) -> Region | None:
        """The scope that an edge leaves, from its inside or straight from its head."""
        region = self.by_head.get(self._head_of.get(edge.source, edge.source))
        return region if region and edge.target == region.join else None

    def step_back(self, edge: GraphEdge, target: Address) -> Address:
        """The step that an edge comes from, seen from that at its end; not for one that leaves a scope."""
        return Address(edge.source, target.path[: self.depth(edge.source)])

    def step_on(self, edge: GraphEdge, source: Address, item_count: int | None) -> list[Address]:
        """The steps to which an edge leads: those of every item where it leads from a head into its scope.

        `item_count` is that of the source; None, as of a head that was skipped: nobody knows the items, and one
        address, without any, stands for all of them.
        """
        if item_count is not None and self.head_of(edge.target) == edge.source:
            return [Address(edge.target, path) for path in list_items(source.path, item_count)]
        return [Address(edge.target, source.path[: self.depth(edge.target)])]


@lru_cache(maxsize=8)  # a step of each item asks for those of all
def list_items(path: Path, count: int) -> Sequence[Path]:
    """The paths of all items of an `each` that stands at `path`."""
    return tuple((*path, Item(index)) for index in range(count))
