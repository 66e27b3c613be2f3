"""Used tools: what the nodes of a graph call, themselves or through their agents."""

from collections.abc import Iterator

from agentmesh_dagster.entities.models import Tool
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.rules.lookup import Lookup


def list_used_tools(graph: Graph, lookup: Lookup) -> Iterator[tuple[GraphNode, Tool]]:
    """Each known tool with the node that calls it, in the order of the nodes."""
    for node in graph.list_nodes(lambda spec: spec.names):
        agent = lookup.agents.get(node.agent_id or "") if node.spec.names == "agent" else None
        for tool_id in agent.tools if agent else [node.tool_id or ""]:
            if (tool := lookup.tools.get(tool_id)) is not None:
                yield node, tool
