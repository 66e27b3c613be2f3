"""The worst case of a workflow: the model calls that its loops, items, retries and tools allow."""

from agentmesh_dagster.entities.models import Agent
from agentmesh_dagster.graph.worst_case import find_worst_cases
from tests.shapes import node, workflow

AGENTS = {
    identity: Agent.model_validate(
        {"id": identity, "name": identity, "modelProvider": "local", "modelName": "small", "tools": tools}
    )
    for identity, tools in (("plain", []), ("tooled", ["t"]))
}


def test_rounds_items_attempts_and_tool_rounds_are_multiplied():
    items = node("items", "branch", mode="each", items="context.input", maxItems=20)
    ask = node("ask", "agent", agentId="tooled", retry={"maxAttempts": 2}, outputSchema={}, maxToolRounds=3)
    flow = workflow(
        "w",
        [node("start", "start"), items, ask, node("more", "branch"), node("end", "end")],
        ["start -> items", "items -> ask", "ask -> more", "more -> ask if true, 3 rounds", "more -> end"],
    )

    [case] = find_worst_cases(flow, AGENTS, {})

    assert case.model_calls == 3 * 20 * 2 * (1 + 3 + 1)
    assert case.describe() == "`ask` 600 (3 rounds * 20 items * 2 attempts * 5 calls)"


def test_what_is_called_is_counted_where_it_is_called():
    asks = [node("start", "start"), node("ask", "agent", agentId="plain"), node("end", "end")]
    inner = workflow("inner", asks, ["start -> ask", "ask -> end"])
    call = node("call", "workflow", workflowId="inner", mode="run")
    flow = workflow(
        "w",
        [node("start", "start"), call, node("more", "branch"), node("end", "end")],
        ["start -> call", "call -> more", "more -> call if true, 4 rounds", "more -> end"],
    )

    [case] = find_worst_cases(flow, AGENTS, {"inner": inner})

    assert case.describe() == "`call` 4"


def test_workflows_that_contain_each_other_have_an_end():
    calling = [node("start", "start"), node("call", "workflow", workflowId="w"), node("end", "end")]
    ring = workflow("w", calling, ["start -> call", "call -> end"])

    assert find_worst_cases(ring, AGENTS, {"w": ring}) == []
