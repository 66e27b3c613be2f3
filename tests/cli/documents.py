"""Documents to type commands about."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

GREETER = {"id": "greeter", "name": "Greeter", "modelProvider": "local", "modelName": "small"}
CLOCK = {"id": "clock", "name": "Clock", "type": "builtin", "config": {"functionName": "current_time"}}


def chain(identity: str, *between: dict[str, Any], end: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """start → each of `between` → end."""
    nodes = [{"id": "start", "type": "start"}, *between, {"id": "end", "type": "end", "config": end or {}}]
    edges = [
        {"id": f"e{place}", "fromNodeId": left["id"], "toNodeId": right["id"]}
        for place, (left, right) in enumerate(pairwise(nodes))
    ]
    return {"id": identity, "name": identity.title(), "graph": {"nodes": nodes, "edges": edges}, **fields}


HELLO = chain(
    "hello",
    {"id": "greet", "type": "agent", "agentId": "greeter", "config": {"prompt": "Greet {{ context.input.who }}."}},
    end={"output": "{{ context.last_output.text }}"},
    inputSchema={
        "type": "object",
        "properties": {"who": {"type": "string"}, "polite": {"type": "boolean", "default": True}},
        "required": ["who"],
    },
)
FAILS = chain("fails", end={"outcome": "failed", "output": "Not today."})
WAITS = chain("waits", {"id": "ask", "type": "human_approval", "config": {"instructions": "May it go on?"}})
EACH = chain(
    "each",
    {"id": "each", "type": "branch", "config": {"mode": "each", "items": "context.input.names"}},
    {"id": "greet", "type": "agent", "agentId": "greeter", "config": {"prompt": "{{ context.item }}"}},
)
WORKFLOWS = {"agents": [GREETER], "workflows": [HELLO, FAILS, WAITS, EACH]}


def write_yaml(path: Path, value: object) -> Path:
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return path
