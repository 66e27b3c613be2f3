"""Scopes: what is repeated together, and how an edge steps into it and out of it.

A node inside an `each` has one step for each item. In an expanded graph each round of a loop, and each call of a
sub-workflow, has nodes of its own. All that goes from a node to its steps, and back, asks here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from agentmesh_dagster.graph.address import Address, Item, Items, Path, write_path
from agentmesh_dagster.graph.regions import Region

if TYPE_CHECKING:  # a graph keeps its scopes
    from agentmesh_dagster.graph.graph import GraphEdge, GraphNode


@dataclass(frozen=True, eq=False)  # by identity: there is one for each place, and it has many heads
class Rounds:
    """A loop of an expanded graph, at one place."""

    heads: tuple[str, ...]  # of each round, the first one first
    exits: tuple[str, ...]  # the nodes behind it, to which edges of all rounds lead


class Scopes:
    """The scopes of a graph: the region of each `each` that is closed, and the rounds of each loop."""

    def __init__(
        self,
        nodes: Mapping[str, GraphNode],
        regions: Iterable[Region],
        rounds_around: Mapping[str, Sequence[tuple[Rounds, int]]],
    ) -> None:
        self.by_head: Mapping[str, Region] = {region.each: region for region in regions}
        self._head_of = {node_id: region.each for region in self.by_head.values() for node_id in region.body}
        self._nodes = nodes
        self._rounds_around = rounds_around

    @cached_property
    def exits(self) -> Mapping[str, tuple[Region, ...]]:
        """By node id, the scopes of which it is the closing join."""
        found: dict[str, tuple[Region, ...]] = {}
        for region in self.by_head.values():
            found[region.join] = (*found.get(region.join, ()), region)
        return found

    def locate(self, node_id: str, items: Items = ()) -> Address:
        """The step of a node for these items, the outermost first; without any it stands for those of all items."""
        copy = self._nodes[node_id].copy
        if copy is None:
            return Address(node_id, items[: self.depth(node_id)])
        items = items[: self.depth(node_id)]
        return Address(copy.origin, (*copy.place[: copy.depth], *items, *copy.place[copy.depth :]))

    def find(self, address: Address) -> str | None:
        """The node of a step; None where there is no such node."""
        node_id = write_key(address.node_id, address.place)
        return node_id if node_id in self._nodes else None

    def node_of(self, address: Address) -> str:
        """The id of the step's node in this graph."""
        return write_key(address.node_id, address.place) if len(address.path) else address.node_id

    def rounds_around(self, node_id: str) -> Sequence[tuple[Rounds, int]]:
        """The loops around a node, the outermost first, with the number of the round that it stands in."""
        return self._rounds_around.get(node_id, ())

    def head_of(self, node_id: str) -> str | None:
        """The head of the innermost `each` around a node; None outside of every one."""
        return self._head_of.get(node_id)

    def list_heads(self, node_id: str) -> list[str]:
        """The heads of each `each` around a node, the outermost first."""
        head = self.head_of(node_id)
        return [] if head is None else [*self.list_heads(head), head]

    def depth(self, node_id: str) -> int:
        """How many items the path of a step of the node has."""
        head = self._head_of.get(node_id)
        return 0 if head is None else 1 + self.depth(head)

    def count_common(self, node_id: str, other: str) -> int:
        """How many `each` stand around both nodes."""
        pairs = zip(self.list_heads(node_id), self.list_heads(other), strict=False)
        return sum(head == other_head for head, other_head in pairs)

    def left_by(self, edge: GraphEdge) -> Region | None:
        """The region that an edge leaves, from its inside or straight from its head."""
        region = self.by_head.get(self._head_of.get(edge.source, edge.source))
        return region if region and edge.target == region.join else None

    def step_back(self, edge: GraphEdge, target: Address) -> Address:
        """The step that an edge comes from, seen from that at its end; not for one that leaves a region."""
        return self.locate(edge.source, target.items)

    def step_on(self, edge: GraphEdge, source: Address, item_count: int | None) -> list[Address]:
        """The steps to which an edge leads: those of every item where it leads from a head into its region.

        `item_count` is that of the source; None, as of a head that was skipped: nobody knows the items, and one
        address, without any, stands for all of them.
        """
        if item_count is not None and self.head_of(edge.target) == edge.source:
            return [self.locate(edge.target, items) for items in list_items(source.items, item_count)]
        return [self.locate(edge.target, source.items)]


def write_key(node_id: str, place: Path) -> str:
    """The id that the copy of a node at this place has in an expanded graph; ids of documents have no NUL."""
    return f"{write_path(place)}\0{node_id}" if place else node_id


@lru_cache(maxsize=8)  # a step of each item asks for those of all
def list_items(items: Items, count: int) -> Sequence[Items]:
    """The items of an `each` that stands inside of these items."""
    return tuple((*items, Item(index)) for index in range(count))
