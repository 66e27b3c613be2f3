"""Workflows for a server to be given, as bodies of the API."""

from typing import Any


def build_echo(name: str, text: str = "hello {{ context.input.who }}", **fields: Any) -> dict[str, Any]:
    """A workflow whose output is a text made from its input, in no time."""
    nodes = [{"id": "start", "type": "start"}, {"id": "end", "type": "end", "config": {"output": text}}]
    edges = [{"id": "e", "fromNodeId": "start", "toNodeId": "end"}]
    return {"name": name, "graph": {"nodes": nodes, "edges": edges}, **fields}


def build_gated(name: str, **asked: Any) -> dict[str, Any]:
    """A workflow that waits for a person; `asked` is a node of another type instead."""
    ask = {"id": "ask", "type": "human_approval"} | asked
    nodes = [{"id": "start", "type": "start"}, ask, {"id": "end", "type": "end"}]
    edges = [
        {"id": "e1", "fromNodeId": "start", "toNodeId": "ask"},
        {"id": "e2", "fromNodeId": "ask", "toNodeId": "end"},
    ]
    return {"name": name, "graph": {"nodes": nodes, "edges": edges}}
