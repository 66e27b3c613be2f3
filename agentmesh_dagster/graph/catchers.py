"""Catchers: what around a node deals with a fault in it.

They are a sub-workflow whose node catches faults, and an `each` that goes on without the items that failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from agentmesh_dagster.graph.address import Call, Path
from agentmesh_dagster.graph.scopes import write_key
from agentmesh_dagster.specs.nodes.branch import BranchConfig

if TYPE_CHECKING:  # a graph keeps its catchers
    from agentmesh_dagster.graph.graph import Graph


class Catchers:
    """What of a graph deals with faults in what it repeats or calls."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def find(self, node_id: str) -> frozenset[str] | None:
        """All nodes that are given up together with this one when it fails and nothing of its own catches that.

        They are those inside of the nearest that catches; None: nothing around does, and the run fails.
        """
        return next(self._list(node_id), None)

    def list_inside(self, node_id: str) -> frozenset[str]:
        """All nodes of the sub-workflow that a node calls; none for any other node."""
        node = self._graph.nodes[node_id]
        place = node.copy.place if node.copy else ()
        return self._inside.get((*place, Call(node.origin)), frozenset()) if node.inlines else frozenset()

    def choose_own(self, inside: frozenset[str]) -> list[str]:
        """Of the nodes inside of what deals with faults, those of whose faults nothing nearer to them does."""
        return [node_id for node_id in inside if self.find(node_id) is inside]

    def _list(self, node_id: str) -> Iterator[frozenset[str]]:
        """From the innermost on."""
        copy = self._graph.nodes[node_id].copy
        place: Path = copy.place if copy else ()
        each = self._graph.scopes.head_of(node_id)
        depth = copy.depth if copy else 0
        for end in range(len(place), -1, -1):
            if each is not None and end == depth and self._goes_on(each):
                yield self._graph.scopes.by_head[each].body
            if end and isinstance(call := place[end - 1], Call):
                caller = write_key(call.node_id, place[: end - 1])
                if caller != node_id and self._graph.handles_faults(caller):
                    yield self._inside[place[:end]]

    def _goes_on(self, each: str) -> bool:
        config = self._graph.nodes[each].config
        return isinstance(config, BranchConfig) and config.on_item_error != "fail"

    @cached_property
    def _inside(self) -> Mapping[Path, frozenset[str]]:
        """By the place of a call, all nodes inside of it."""
        found: dict[Path, set[str]] = {}
        for node in self._graph.nodes.values():
            place = node.copy.place if node.copy else ()
            for end in range(1, len(place) + 1):
                if isinstance(place[end - 1], Call):
                    found.setdefault(place[:end], set()).add(node.id)
        return {place: frozenset(nodes) for place, nodes in found.items()}
