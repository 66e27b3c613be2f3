"""Differences: which nodes of a plan consist of something else than in another plan of the same workflow."""

from collections.abc import Collection

from agentmesh_dagster.entities.models import Stored
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.plan import Plan

_SAYS_NOTHING = {"created_at", "updated_at", "description", "layout", "revision"}  # of what an entity does


def list_changed(before: Plan, after: Plan, steps: Collection[Address]) -> list[Address]:
    """The steps whose node is in both plans, and does, or is reached or left by, something else.

    A label says nothing about runs. The description of a tool does: models read it.
    """
    keys = {step: key for step in steps if (key := after.scopes.find(step)) and key in before.graph.nodes}
    changed = {key for key in set(keys.values()) if _list_parts(before, key) != _list_parts(after, key)}
    return [step for step, key in keys.items() if key in changed]


def _list_parts(plan: Plan, node_id: str) -> list[object]:
    """What a node consists of."""
    graph, node = plan.graph, plan.graph.nodes[node_id]
    edges = [*graph.in_edges[node_id], *graph.ways_of(node_id)]
    agent = plan.agents.get(node.agent_id or "")
    tools = [*(agent.tools if agent else ()), *([node.tool_id] if node.tool_id else ())]
    return [
        node.type,
        node.config,
        agent and _describe(agent) | {"tools": sorted(agent.tools)},
        [_describe(plan.tools[tool]) | {"words": plan.tools[tool].description} for tool in sorted(tools)],
        sorted((edge.id, edge.source, edge.target, edge.on, edge.condition or "") for edge in edges),
        None if node.workflow_id is None else _list_all(plan),
        node.copy and node.copy.caller and (node.copy.caller.config, node.copy.caller.workflow_id),
        plan.scopes.list_heads(node_id),
        [scope.join for scope in plan.scopes.by_head.values() if scope.each == node_id],
    ]


def _list_all(plan: Plan) -> list[object]:
    """What a node that runs another workflow may consist of: this knows the workflows that are run, not by which."""
    return [
        [_describe(flow) for flow in plan.workflows.values()],
        [_describe(agent) for agent in plan.agents.values()],
        [_describe(tool) | {"words": tool.description} for tool in plan.tools.values()],
    ]


def _describe(entity: Stored) -> dict[str, object]:
    return entity.model_dump(exclude=_SAYS_NOTHING)
