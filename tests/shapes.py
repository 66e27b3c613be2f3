"""Small workflows written as code, for tests in which the graph is not the point."""

import re
from typing import Any

from agentmesh_dagster.entities.models import Tool, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import save_entities


def node(identity: str, node_type: str, **fields: Any) -> dict[str, Any]:
    """A node; what is not a field of nodes goes into its config."""
    outside = {name: fields.pop(name) for name in ("agentId", "toolId", "workflowId", "label") if name in fields}
    return {"id": identity, "type": node_type, "config": fields, **outside}


def workflow(identity: str, nodes: list[dict[str, Any]], edges: list[str], **fields: Any) -> Workflow:
    """A workflow; an edge is written `a -> b`, `a -> b if condition`, `a -> b on error if condition`, and one that
    leads back `b -> a, 3 rounds`.
    """
    return Workflow.model_validate(
        {
            "id": identity,
            "name": fields.pop("name", identity),
            "graph": {"nodes": nodes, "edges": [_edge(f"e{number}", edge) for number, edge in enumerate(edges)]},
            **fields,
        }
    )


def _edge(identity: str, text: str) -> dict[str, Any]:
    text, _, rounds = re.sub(r", (\d+) rounds$", "\0\\1", text).partition("\0")
    ways, _, condition = text.partition(" if ")
    ends, _, on = ways.partition(" on ")
    source, target = ends.split(" -> ")
    edge: dict[str, Any] = {"id": identity, "fromNodeId": source, "toNodeId": target, "on": on or "success"}
    return edge | ({"condition": condition} if condition else {}) | ({"maxRounds": int(rounds)} if rounds else {})


def function_tool(name: str) -> Tool:
    return Tool.model_validate({"id": name, "name": name, "type": "function", "config": {"functionName": name}})


def save(services: Services, *entities: Any) -> None:
    save_entities(services.store, entities, author="test")
