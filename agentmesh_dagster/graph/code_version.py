"""Code version: a digest of all that decides what a workflow gives, and of nothing else.

Names, labels, descriptions, places on the canvas, triggers and limits of runs are left out; a tool's name and
description are not, since a model is shown them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Protocol

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Agent, Kind, Node, Tool, Workflow

_OF_STORE = {"created_at", "updated_at", "project_id"}
_OF_AGENT = {"id", "name", "description", "metadata", *_OF_STORE}
_LIMITS = {"budget"}  # of a node's config
_OF_TOOL = {"id", "secrets", *_OF_STORE}


class Parts(Protocol):
    """A workflow and all that it uses, also through workflows that it runs: a plan, or what one is made from."""

    @property
    def workflow(self) -> Workflow: ...
    @property
    def agents(self) -> Mapping[str, Agent]: ...
    @property
    def tools(self) -> Mapping[str, Tool]: ...
    @property
    def workflows(self) -> Mapping[str, Workflow]: ...


def digest_code(parts: Parts, node_id: str | None = None) -> str:
    """What the workflow gives hangs on this; with `node_id`, what that node gives."""
    workflow = parts.workflow
    asset = workflow.asset
    kept = _list_before(workflow, node_id)
    called = _list_called(parts, _list_named(workflow, Kind.WORKFLOW, kept))
    agent_ids = {*_list_named(workflow, Kind.AGENT, kept)}
    tool_ids = {*_list_named(workflow, Kind.TOOL, kept)}
    for inner in called:
        agent_ids.update(inner.graph.list_named(Kind.AGENT))
        tool_ids.update(inner.graph.list_named(Kind.TOOL))
    agents = [parts.agents[identity] for identity in sorted(agent_ids) if identity in parts.agents]
    tool_ids.update(identity for agent in agents for identity in agent.tools)
    tools = [parts.tools[identity] for identity in sorted(tool_ids) if identity in parts.tools]
    checks = asset.checks if asset is not None and node_id is None else []
    return _digest(
        [
            _describe_workflow(workflow, kept, node_id),
            [[inner.id, _describe_workflow(inner)] for inner in called],
            [[agent.id, _describe_agent(agent)] for agent in agents],
            [[tool.id, _describe_tool(tool)] for tool in tools],
            [[check.name, check.condition, check.ask] for check in checks],
        ]
    )


def _digest(described: JsonValue) -> str:
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:16]


def _list_before(workflow: Workflow, node_id: str | None) -> set[str]:
    """The node and all from which a path leads to it; all nodes without one."""
    if node_id is None:
        return {node.id for node in workflow.graph.nodes}
    found = {node_id: None}
    for current in (ahead := list(found)):  # grows while it is walked
        for edge in workflow.graph.edges:
            if edge.to_node_id == current and edge.from_node_id not in found:
                found[edge.from_node_id] = None
                ahead.append(edge.from_node_id)
    return set(found)


def _list_named(workflow: Workflow, kind: Kind, kept: set[str]) -> list[str]:
    nodes = [node for node in workflow.graph.nodes if node.id in kept]
    return workflow.graph.model_copy(update={"nodes": nodes}).list_named(kind)


def _list_called(parts: Parts, ids: Iterable[str]) -> list[Workflow]:
    """These workflows, and those that they run, by id."""
    found = dict.fromkeys(ids)
    for identity in (ahead := list(found)):  # grows while it is walked
        inner = parts.workflows[identity].graph.list_named(Kind.WORKFLOW) if identity in parts.workflows else []
        ahead += [other for other in inner if other not in found]
        found |= dict.fromkeys(inner)
    return [parts.workflows[identity] for identity in sorted(found) if identity in parts.workflows]


def _describe_workflow(workflow: Workflow, kept: set[str] | None = None, last: str | None = None) -> JsonValue:
    """Its nodes, and the edges that leave them; what follows the last one does not count."""
    nodes = sorted((node for node in workflow.graph.nodes if kept is None or node.id in kept), key=lambda node: node.id)
    edges = [edge for edge in workflow.graph.edges if kept is None or edge.from_node_id in kept - {last}]
    return [
        workflow.input_schema,
        [_describe_node(node) for node in nodes],
        # Among the edges of one node the order counts.
        [edge.model_dump(mode="json", exclude={"id"}) for edge in sorted(edges, key=lambda edge: edge.from_node_id)],
    ]


def _describe_node(node: Node) -> JsonValue:
    described = node.model_dump(mode="json", exclude={"label"})
    return described | {"config": {name: value for name, value in node.config.items() if name not in _LIMITS}}


# What is not set is left out, so that a field which a later version knows makes nothing stale.
def _describe_agent(agent: Agent) -> JsonValue:
    return agent.model_dump(mode="json", exclude=_OF_AGENT, exclude_none=True)


def _describe_tool(tool: Tool) -> JsonValue:
    return tool.model_dump(mode="json", exclude=_OF_TOOL, exclude_none=True)
