"""Small entities to save."""

from itertools import pairwise
from typing import Any

from agentmesh_dagster.entities.models import Agent, Project, Tool, Workflow

ODD_TEXTS = [
    "Zürich — 東京 🦜",
    "tab\tnewline\nquote\" back\\slash 'single'",
    "'; DROP TABLE agentmesh_entities; --",
    "100% _like_ {{ context.input }}",
    "\u202eright-to-left\u200b",
    "e\u0301 is not é",
    "  spaces around  ",
]

# A value that a careless store changes: by sorting, rounding, or taking null for nothing.
EXACT_VALUE: dict[str, Any] = {
    "zebra": 1,
    "apple": None,
    "big": 2**80,
    "bigger than a double": -(10**300),
    "tenth": 0.1,
    "tiny": 5e-324,
    "huge": 1.7976931348623157e308,
    "one as a float": 1.0,
    "minus zero": -0.0,
    "": {"nested": [[], {}, "", False, [None]]},
    "texts": ODD_TEXTS,
}


def project(identity: str = "support", **fields: Any) -> Project:
    return Project(**{"id": identity, "name": identity.title(), **fields})


def agent(identity: str = "writer", **fields: Any) -> Agent:
    known = {"id": identity, "name": identity.title(), "modelProvider": "local", "modelName": "small"}
    return Agent.model_validate(known | fields)


def tool(identity: str = "clock", **fields: Any) -> Tool:
    known = {
        "id": identity,
        "name": identity.title(),
        "type": "builtin",
        "config": {"functionName": "current_time"},
    }
    return Tool.model_validate(known | fields)


def workflow(
    identity: str = "triage",
    *,
    agents: tuple[str, ...] = (),
    tools: tuple[str, ...] = (),
    calls: tuple[str, ...] = (),
    mode: str = "inline",
    **fields: Any,
) -> Workflow:
    """start → each agent → each tool → each other workflow → end."""
    nodes: list[dict[str, Any]] = [
        {"id": "start", "type": "start"},
        *({"id": f"ask {name}", "type": "agent", "agentId": name} for name in agents),
        *({"id": f"call {name}", "type": "tool", "toolId": name} for name in tools),
        *({"id": f"run {name}", "type": "workflow", "workflowId": name, "config": {"mode": mode}} for name in calls),
        {"id": "end", "type": "end"},
    ]
    edges = [
        {"id": f"e{place}", "fromNodeId": left["id"], "toNodeId": right["id"]}
        for place, (left, right) in enumerate(pairwise(nodes))
    ]
    known = {"id": identity, "name": identity.title(), "graph": {"nodes": nodes, "edges": edges}}
    return Workflow.model_validate(known | fields)
