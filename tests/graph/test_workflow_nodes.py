"""Nodes that run another workflow: what they may name, what they may set, and what goes in circles."""

from itertools import pairwise
from typing import Any

import pytest

from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.document import validate_document
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from tests.shapes import node, workflow

START, END = node("start", "start"), node("end", "end")
NUMBERS = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


def call(identity: str = "sub", **config: Any) -> dict[str, Any]:
    return node("call", "workflow", workflowId=identity, **config)


def calling(identity: str, *called: str, **fields: Any) -> Workflow:
    """A workflow that runs others, one after the other."""
    nodes = [node(f"to_{other}", "workflow", workflowId=other) for other in called]
    ids = ["start", *(one["id"] for one in nodes), "end"]
    edges = [f"{one} -> {other}" for one, other in pairwise(ids)]
    return workflow(identity, [START, *nodes, END], edges, **fields)


def check(node_: dict[str, Any], *known: Workflow) -> list[Issue]:
    graph = read_graph(workflow("w", [START, node_, END], ["start -> call", "call -> end"], name="Main"))
    return validate(graph, Lookup(workflows={flow.id: flow for flow in known}))


def test_a_workflow_that_exists_may_be_run():
    assert check(call(), calling("sub")) == []


def test_a_workflow_that_does_not_exist_is_told_with_what_comes_near():
    [issue] = check(call("subb"), calling("sub"))

    assert (issue.code, issue.node_id, issue.path) == ("unknown-workflow", "call", "$.graph.nodes[1].workflowId")
    assert issue.message == "There is no workflow `subb`: did you mean `sub`?"


def test_a_node_without_a_workflow_is_told_to_choose_one():
    [issue] = check(node("call", "workflow"), calling("sub"))

    assert issue.code == "missing-workflow-id"
    assert issue.message == "Choose a workflow for `call`: its `workflowId` is missing."


def test_other_nodes_name_no_workflow():
    [issue] = check(node("call", "branch", workflowId="sub"), calling("sub"))

    assert issue.code == "workflow-id-not-allowed"


@pytest.mark.parametrize(
    ("known", "ring"),
    [
        ([calling("w")], "`Main` → `Main`"),
        ([calling("sub", "w", name="Sub")], "`Main` → `Sub` → `Main`"),
        (
            [calling("sub", "a", "b", name="Sub"), calling("a"), calling("b", "w", name="B")],
            "`Main` → `Sub` → `B` → `Main`",
        ),
    ],
)
@pytest.mark.parametrize("mode", ["inline", "run"])
def test_workflows_that_contain_each_other_are_named(known: list[Workflow], ring: str, mode: str):
    [issue] = check(call(known[0].id, mode=mode), *known)

    assert issue.code == "workflow-ring"
    assert issue.message == f"The workflow would run itself without end: {ring}. Take one of these nodes away."


def test_a_ring_that_does_not_lead_back_here_is_told_there():
    assert check(call(), calling("sub", "a"), calling("a", "b"), calling("b", "a")) == []


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"n": 1}, []),
        ({"n": "one"}, ["The input does not fit the workflow `sub`: 'one' is not of type 'integer'."]),
        ({"n": "{{ context.input.n }}"}, []),
    ],
)
def test_a_fixed_input_fits_the_other_workflow(given: object, faults: list[str]):
    sub = calling("sub", inputSchema=NUMBERS)

    assert [issue.message for issue in check(call(input=given), sub)] == faults


def test_a_default_of_the_other_workflow_counts():
    schema = {**NUMBERS, "properties": {"n": {"type": "integer", "default": 3}}}

    assert check(call(input={}), calling("sub", inputSchema=schema)) == []


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (
            {"retry": {"maxAttempts": 3}},
            "`retry` has no effect with mode: inline. Set it on the other workflow's nodes.",
        ),
        (
            {"timeoutSeconds": 5},
            "`timeoutSeconds` has no effect with mode: inline. Set it on the other workflow's nodes",
        ),
        ({"pool": "few"}, "`pool` has no effect with mode: inline. Set it on"),
        ({"concurrency": 3}, "`concurrency` has no effect with mode: inline. Set mode: run."),
        ({"mode": "run", "retry": {"maxAttempts": 3}}, "`retry` has no effect with mode: run. Set it on"),
        ({"mode": "run", "pool": "few"}, "`pool` has no effect with mode: run. Set it on"),
    ],
)
def test_a_setting_without_effect_is_told_with_what_to_do(config: dict[str, Any], told: str):
    [issue] = check(call(**config), calling("sub"))

    assert issue.code == "setting-without-effect"
    assert issue.message.startswith(told)


def test_a_run_of_its_own_may_have_a_time_limit_and_a_concurrency():
    assert check(call(mode="run", timeoutSeconds=5, concurrency=3), calling("sub")) == []


def each_over(inner: dict[str, Any]) -> Workflow:
    nodes = [START, node("each", "branch", mode="each", items="context.input", join="end"), inner, END]
    return workflow("w", nodes, ["start -> each", "each -> call", "call -> end"])


LISTS = workflow(
    "lists",
    [START, node("go", "branch", mode="each", items="context.input", join="end"), node("say", "branch"), END],
    ["start -> go", "go -> say", "say -> end"],
    name="Lists",
)


def test_a_workflow_with_an_each_is_not_inlined_into_an_each():
    known = {"outer": calling("outer", "lists", name="Outer"), "lists": LISTS}

    issues = validate(read_graph(each_over(call("outer"))), Lookup(workflows=known))

    assert [(issue.code, issue.node_id) for issue in issues] == [("each-inside-each", "call")]
    assert "runs `Outer`, in it `Lists`, which goes over a list itself, for each item of `each`" in issues[0].message
    assert "set `mode: run`" in issues[0].message


def test_one_without_an_each_is():  # fmt: skip
    assert validate(read_graph(each_over(call())), Lookup(workflows={"sub": calling("sub")})) == []


def test_workflows_of_one_document_may_run_each_other():
    document = """
      workflows:
        - {id: main, name: Main, graph: {nodes: [{id: start, type: start}, {id: call, type: workflow, workflowId: sub},
           {id: end, type: end}], edges: [{id: a, fromNodeId: start, toNodeId: call},
           {id: b, fromNodeId: call, toNodeId: end}]}}
        - {id: sub, name: Sub, graph: {nodes: [{id: start, type: start}, {id: end, type: end}],
           edges: [{id: a, fromNodeId: start, toNodeId: end}]}}
    """
    assert validate_document(document, name="x.yaml") == []
