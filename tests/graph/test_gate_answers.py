"""What an answer to a gate must say before it is taken: nothing but a literal `true` is a yes."""

from typing import Any

import pytest

from agentmesh_dagster.graph.gate_answers import find_misfit, read_rejection
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import validate
from tests.shapes import node, workflow

PLAIN = ["start -> ask", "ask -> end"]
BY_APPROVAL = [
    "start -> ask",
    "ask -> end if context.last_output.approved",
    "ask -> other if !context.last_output.approved",
]
BY_AMOUNT = ["start -> ask", "ask -> end if context.last_output.amount > 10", "ask -> other"]
BY_INPUT = ["start -> ask", "ask -> end if context.input.vip", "ask -> other"]
NAMED_DEEP: Any = {
    "anyOf": [{"$ref": "#/$defs/decision"}, {"type": "null"}],
    "$defs": {"decision": {"allOf": [{"properties": {"approved": {}}}]}},
}
FORM: Any = {"type": "object", "properties": {"amount": {"type": "number"}}}


def build(edges: list[str]) -> Graph:
    nodes = [node("start", "start"), node("ask", "human_approval"), node("end", "end"), node("other", "end")]
    named = {end for edge in edges for end in edge.partition(" if ")[0].split(" -> ")}
    return read_graph(workflow("w", [one for one in nodes if one["id"] in named], edges))


def misfit(edges: list[str], output: Any, schema: Any = None) -> str | None:
    graph = build(edges)
    return find_misfit(graph, graph.nodes["ask"], schema, output)


NO_YES = [{"approved": "false"}, {"approved": "true"}, {"approved": 0}, {"approved": 1}, {"approved": None}, {}]
NO_OBJECT = [True, False, None, "yes", "no", 0, 1, [], [True], [{"approved": True}]]


@pytest.mark.parametrize("edges", [PLAIN, BY_APPROVAL, BY_INPUT], ids=["plain", "by approval", "by input"])
@pytest.mark.parametrize("output", [*NO_YES, *NO_OBJECT, {"approved": {"approved": True}}, {"Approved": True}], ids=str)
def test_without_a_schema_only_true_and_false_are_answers(edges: list[str], output: Any):
    assert "`approved`" in (misfit(edges, output) or "")


@pytest.mark.parametrize("edges", [PLAIN, BY_APPROVAL, BY_INPUT], ids=["plain", "by approval", "by input"])
def test_a_yes_and_a_no_fit_with_comment_and_payload(edges: list[str]):
    assert misfit(edges, {"approved": True}) is None
    assert misfit(edges, {"approved": False, "comment": "no", "payload": [1]}) is None
    assert misfit(edges, {"approved": True, "comment": 3}) == "`comment` must be text; here it is 3"


def test_edges_that_ask_for_another_field_alone_need_no_approval_but_no_half_one_either():
    assert misfit(BY_AMOUNT, {"amount": 3}) is None
    assert "`approved`" in (misfit(BY_AMOUNT, {"amount": 3, "approved": "yes"}) or "")


@pytest.mark.parametrize("output", NO_YES, ids=str)
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {},
        {"required": ["approved"]},
        {"properties": {"approved": {}, "note": {"type": "string"}}},
        NAMED_DEEP,
    ],
    ids=["any object", "anything", "required", "optional", "behind a $ref"],
)
def test_a_schema_that_speaks_of_approval_takes_true_and_false_alone(schema: Any, output: Any):
    assert misfit(PLAIN, output, schema)
    assert misfit(PLAIN, {"approved": False}, schema) is None


def test_a_form_goes_on_without_approval_and_a_half_one_is_refused():
    assert misfit(PLAIN, {"amount": 3}, FORM) is None
    assert "amount" in (misfit(PLAIN, {"amount": "3"}, FORM) or "")
    assert "`approved`" in (misfit(PLAIN, {"amount": 3, "approved": "no"}, FORM) or "")


def test_a_schema_may_ask_in_its_own_words_where_the_edges_route_them():
    asked = {"type": "object", "required": ["approved"], "properties": {"approved": {"enum": ["yes", "no"]}}}
    edges = ["start -> ask", 'ask -> end if context.last_output.approved == "yes"', "ask -> other"]

    assert misfit(edges, {"approved": "yes"}, asked) is None


def test_a_no_rejects_where_no_edge_asks_whether_it_was_one():
    def rejection(edges: list[str], output: Any) -> str | None:
        graph = build(edges)
        return read_rejection(graph, graph.nodes["ask"], output)

    for edges in (PLAIN, BY_INPUT, BY_AMOUNT):
        assert rejection(edges, {"approved": False, "comment": "not this"}) == "not this"
        assert rejection(edges, {"approved": False}) == "Rejected."
        assert rejection(edges, False) == "Rejected."
        assert rejection(edges, {"approved": True}) is None
        assert rejection(edges, {"amount": 3}) is None
    assert rejection(BY_APPROVAL, {"approved": False}) is None, "its edge says where a no leads to"


def deadline_issues(edges: list[str], **config: Any) -> list[str]:
    nodes = [node("start", "start"), node("ask", "human_approval", deadlineSeconds=60, **config)]
    nodes += [node("end", "end"), node("other", "end")]
    named = {end for edge in edges for end in edge.partition(" if ")[0].split(" -> ")}
    graph = read_graph(workflow("w", [one for one in nodes if one["id"] in named], edges))
    return [issue.message for issue in validate(graph) if issue.code == "unfit-deadline-answer"]


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_deadline_whose_answer_no_edge_can_use_is_an_issue(decision: str):
    by_amount = ["start -> ask", "ask -> end if context.last_output.amount > 10"]
    by_no = ["start -> ask", f"ask -> end if {'!' if decision == 'approve' else ''}context.last_output.approved"]

    assert "`onDeadline: " in deadline_issues(by_no, onDeadline=decision)[0]
    assert deadline_issues(BY_APPROVAL, onDeadline=decision) == []
    assert deadline_issues(BY_INPUT, onDeadline=decision) == [], "the run's input decides"
    assert bool(deadline_issues(by_amount, onDeadline=decision)) is (decision == "approve"), "a no ends the run"


def test_an_approval_by_deadline_that_the_schema_refuses_is_an_issue():
    closed = {"type": "object", "properties": {"approved": {"type": "boolean"}}, "additionalProperties": False}
    asks_more = {"type": "object", "required": ["approved", "amount"]}

    assert deadline_issues(PLAIN, onDeadline="approve", schema=closed) == [], "it goes without its comment"
    assert "amount" in deadline_issues(PLAIN, onDeadline="approve", schema=asks_more)[0]
    assert deadline_issues(PLAIN, onDeadline="reject", schema=asks_more) == []
    assert deadline_issues(PLAIN, onDeadline="fail", schema=asks_more) == []
