"""Workflows as bodies of the API, for tests in which the graph is not the point."""

from typing import Any

from tests.shapes import node, workflow

AGENT: dict[str, Any] = {"name": "Writer", "modelProvider": "local", "modelName": "offline", "systemPrompt": "Write."}
CALCULATOR: dict[str, Any] = {
    "id": "sum",
    "name": "Calculator",
    "type": "builtin",
    "config": {"functionName": "calculator"},
}


def straight(identity: str = "straight", **fields: Any) -> dict[str, Any]:
    """start → end: gives its input back."""
    return _write(identity, [node("start", "start"), node("end", "end")], ["start -> end"], **fields)


def says(identity: str, word: str) -> dict[str, Any]:
    """start → end: gives `word`."""
    return _write(identity, [node("start", "start"), node("end", "end", output=word)], ["start -> end"])


def runs(identity: str, other: str) -> dict[str, Any]:
    """Runs another workflow, in a run of its own."""
    nodes = [node("start", "start"), node("call", "workflow", workflowId=other, mode="run"), node("end", "end")]
    return _write(identity, nodes, ["start -> call", "call -> end"])


def asks(identity: str = "asks", asset: Any = None, **gate: Any) -> dict[str, Any]:
    """start → gate → end: gives what the person said."""
    nodes = [node("start", "start"), node("gate", "human_approval", label="Is it good?", **gate), node("end", "end")]
    return _write(identity, nodes, ["start -> gate", "gate -> end"], name=f"Workflow {identity}", asset=asset)


def redoes(identity: str) -> dict[str, Any]:
    """start → gate, again and again until somebody says yes, three times at most → end."""
    nodes = [node("start", "start"), node("gate", "human_approval", label="Is it good?"), node("end", "end")]
    edges = ["start -> gate", "gate -> gate if !context.last_output.approved", "gate -> end"]
    flow = _write(identity, nodes, edges)
    flow["graph"]["edges"][1]["maxRounds"] = 3
    return flow


def calls(identity: str, other: str) -> dict[str, Any]:
    """Runs another workflow as a part of itself."""
    nodes = [node("start", "start"), node("call", "workflow", workflowId=other), node("end", "end")]
    return _write(identity, nodes, ["start -> call", "call -> end"])


def asks_how_much() -> dict[str, Any]:
    """start → gate → end or other: which of them hangs on the amount that the person says."""
    nodes = [node("start", "start"), node("gate", "human_approval"), node("end", "end"), node("other", "end")]
    edges = [
        "start -> gate",
        "gate -> end if context.last_output.amount > 10",
        "gate -> other if context.last_output.amount <= 10",
    ]
    return _write("how_much", nodes, edges)


def asks_beside(identity: str, *, tool_id: str) -> dict[str, Any]:
    """start → gate → end, and beside it start → tool → done."""
    nodes = [
        node("start", "start"),
        node("gate", "human_approval"),
        node("work", "tool", toolId=tool_id),
        node("end", "end"),
        node("done", "end"),
    ]
    return _write(identity, nodes, ["start -> gate", "start -> work", "gate -> end", "work -> done"])


def counts(identity: str, items: int) -> dict[str, Any]:
    """start → each → sum → join → end: works something out for each of `items`."""
    nodes = [
        node("start", "start"),
        node("each", "branch", mode="each", items=list(range(items)), join="join"),
        node("add", "tool", toolId="sum", input={"expression": "{{ context.item }} + 1"}),
        node("join", "end"),
    ]
    return _write(identity, nodes, ["start -> each", "each -> add", "add -> join"])


def writes(identity: str, agent_id: str) -> dict[str, Any]:
    """start → agent → end."""
    nodes = [node("start", "start"), node("write", "agent", agentId=agent_id), node("end", "end")]
    return _write(identity, nodes, ["start -> write", "write -> end"])


def _write(identity: str, nodes: list[dict[str, Any]], edges: list[str], **fields: Any) -> dict[str, Any]:
    return dict(workflow(identity, nodes, edges, **fields).to_wire())
