"""Flow: the shape of what each node gives and gets, as far as schemas say it for sure."""

from collections.abc import Mapping
from functools import cached_property

from agentmesh_dagster.entities.models import Tool
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.specs.node_spec import NodeFacts
from agentmesh_dagster.specs.shapes import Shape, describe

_LIST = describe({"type": ["array", "null"]}, "the list of results")


class Flow:
    """What stands in `context` at each node of a graph. None is a value of which nothing is known."""

    def __init__(self, graph: Graph, tools: Mapping[str, Tool]) -> None:
        self._graph = graph
        self._tools = tools
        self._outputs: dict[str, Shape | None] = {}
        for node_id in graph.order:  # parents first
            self._outputs[node_id] = self._read_output(graph.nodes[node_id])

    @cached_property
    def run_input(self) -> Shape | None:
        """`context.input`."""
        return describe(self._graph.workflow.input_schema, "the workflow's inputSchema")

    def find_input(self, node_id: str) -> Shape | None:
        """`context.last_output` of the node: what its one parent gives; None where there are several."""
        parents = self._graph.parents(node_id)
        if len(parents) != 1 or node_id in self._graph.scopes.exits or self._graph.nodes[parents[0]].is_each:
            return None
        if node_id in self._graph.unknowns.missing_sources:
            return None
        return self._outputs.get(parents[0])

    def find_output(self, node_id: str, seen_from: str) -> Shape | None:
        """`context.outputs.<node_id>` as the other node sees it: a list where an `each` was closed between."""
        scopes = self._graph.scopes
        if scopes.count_common(node_id, seen_from) < scopes.depth(node_id):
            return _LIST
        return self._outputs.get(node_id)

    def _read_output(self, node: GraphNode) -> Shape | None:
        if node.id in self._graph.unknowns.vague | self._graph.unknowns.missing_sources or not node.is_complete:
            return None
        facts = NodeFacts(
            node.title,
            node.config,
            tool=self._tools.get(node.tool_id or ""),
            run_input=self.run_input,
            input=self.find_input(node.id),
        )
        return node.spec.output(facts)
