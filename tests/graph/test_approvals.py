"""Tools that need an approval: which documents may use them."""

from typing import Any

import pytest

from agentmesh_dagster.graph.document import check_value
from tests.shapes import node, workflow

PAY: dict[str, Any] = {
    "id": "pay",
    "name": "Pay",
    "type": "http",
    "approval": "always",
    "config": {"method": "POST", "url": "https://bank.example/"},
}
AGENT: dict[str, Any] = {"id": "a", "name": "Buyer", "modelProvider": "local", "modelName": "offline"}
START, GATE, PAID = node("start", "start"), node("gate", "human_approval"), node("paid", "tool", toolId="pay")


def list_issues(nodes: list[dict[str, Any]], edges: list[str], **sections: Any) -> list[tuple[str, str]]:
    flow = workflow("w", [*nodes, node("end", "end")], edges).to_wire()
    _, issues = check_value({"tools": [PAY], "workflows": [flow], **sections})
    return [(issue.code, issue.path or "") for issue in issues if issue.severity == "error"]


def test_a_tool_behind_a_gate_is_fine():
    assert list_issues([START, GATE, PAID], ["start -> gate", "gate -> paid", "paid -> end"]) == []


NO_GATE = [("approval-missing", "$.workflows[0].graph.nodes[2].toolId")]


@pytest.mark.parametrize(
    ("gate", "edges"),
    [
        (GATE, ["start -> paid", "start -> gate", "gate -> end", "paid -> end"]),  # beside it
        (GATE, ["start -> paid", "paid -> gate", "gate -> end"]),  # before it
        (GATE, ["start -> gate", "start -> paid", "gate -> paid", "paid -> end"]),  # another way past it
        (
            node("gate", "human_approval", deadlineSeconds=60, onDeadline="approve"),  # nobody need say yes
            ["start -> gate", "gate -> paid", "paid -> end"],
        ),
    ],
)
def test_a_tool_that_can_be_reached_without_a_gate_is_an_issue(gate: dict[str, Any], edges: list[str]):
    assert list_issues([START, gate, PAID], edges) == NO_GATE


def test_an_agent_may_not_have_one():
    nodes, edges = [START, node("ask", "agent", agentId="a")], ["start -> ask", "ask -> end"]

    assert list_issues(nodes, edges, agents=[AGENT | {"tools": ["pay"]}]) == [
        ("approval-missing", "$.agents[0].tools[0]")
    ]
    assert list_issues(nodes, edges, agents=[AGENT]) == []


def test_a_condition_is_refused_in_a_sentence():
    _, [issue] = check_value({"tools": [PAY | {"approval": "context.arguments.usd > 10"}]})

    assert issue.path == "$.tools[0].approval"
    assert "`never` or `always`" in issue.message
    assert "yet" in issue.message
