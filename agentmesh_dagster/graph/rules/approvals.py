"""Rules about tools that need an approval: they are not called without one."""

from collections.abc import Iterator

from agentmesh_dagster.entities.models import Agent
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.nodes.human_approval import GateConfig


def tools_that_need_approval_stand_behind_a_gate(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """Every way from start to a tool with `approval: always` passes a gate that a person answers."""
    unasked = _list_unasked(graph)
    for node in graph.list_nodes(lambda spec: spec.names == "tool"):
        tool = lookup.tools.get(node.tool_id or "")
        if tool is not None and tool.needs_approval and node.id in unasked:
            message = (
                f"The tool {quote(tool.name)} has `approval: always`, and {graph.show(node.id)} can be reached without "
                "a human_approval gate: put one on every path from start. A gate with `onDeadline: approve` is none."
            )
            yield Issue("approval-missing", message, node.id, path=f"{node.path}.toolId")


def agents_have_no_tools_that_need_approval(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """No agent of the graph may call a tool with `approval: always` by itself."""
    for node in graph.list_nodes(lambda spec: spec.names == "agent"):
        agent = lookup.agents.get(node.agent_id or "")
        for _, message in list_unapproved_tools(agent, lookup) if agent else ():
            yield Issue("approval-missing", message, node.id, path=f"{node.path}.agentId")


def list_unapproved_tools(agent: Agent, lookup: Lookup) -> list[tuple[int, str]]:
    """The places among the agent's tools of those that need an approval, each with the sentence that says so."""
    return [
        (
            place,
            f"The agent {quote(agent.name)} may not have the tool {quote(tool.name)}, which has `approval: always`: "
            "single calls of an agent cannot be approved yet. Call it by a tool node behind a gate.",
        )
        for place, tool_id in enumerate(agent.tools)
        if (tool := lookup.tools.get(tool_id)) is not None and tool.needs_approval
    ]


def stands_behind_a_gate(graph: Graph, node: GraphNode) -> bool:
    """Whether a tool that this node calls itself was asked for on every way; an agent's calls never were."""
    return node.spec.names == "tool" and node.id not in _list_unasked(graph)


def _list_unasked(graph: Graph) -> set[str]:
    """The nodes that can be reached from start without anybody having agreed: also behind a gate that said no."""
    found = {node.id for node in graph.starts}
    ahead = list(found)
    while ahead:
        source = ahead.pop()
        for edge in graph.out_edges.get(source, ()):
            if edge.target not in found and (edge.may_catch or not asks_somebody(graph.nodes[source])):
                found.add(edge.target)
                ahead.append(edge.target)
    return found


def asks_somebody(node: GraphNode) -> bool:
    """Whether the node is a gate that a person answers: a deadline that says yes is nobody, and so is a fallback."""
    config = node.config
    return isinstance(config, GateConfig) and config.on_deadline != "approve" and config.on_error is None
