"""Edges `on: error` and `on: always`, and `onError`: where they may stand, and what expressions know there."""

from typing import Any

import pytest

from agentmesh_dagster.entities.documents import write_document
from agentmesh_dagster.entities.models import Agent, Tool
from agentmesh_dagster.graph.document import check_document, validate_document
from agentmesh_dagster.graph.document_schema import document_schema
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from tests.shapes import node, workflow

SAY = Tool.model_validate(
    {"id": "say", "name": "Say", "type": "builtin", "config": {"functionName": "text_template"}, "approval": "never"}
)
PAY = Tool.model_validate(
    {"id": "pay", "name": "Pay", "type": "http", "approval": "always", "config": {"url": "https://bank.example/"}}
)
RATE = Agent.model_validate({"id": "rate", "name": "Rate", "modelProvider": "local", "modelName": "offline"})
LOOKUP = Lookup({"rate": RATE}, {"say": SAY, "pay": PAY})
START, END = node("start", "start"), node("end", "end")
FALLBACK = {"output": "{{ context.error.message }}"}


def say(identity: str, text: str = "hello", **fields: Any) -> dict[str, Any]:
    return node(identity, "tool", toolId="say", input={"template": text}, **fields)


def check(nodes: list[dict[str, Any]], edges: list[str]) -> list[Issue]:
    return validate(read_graph(workflow("w", nodes, edges)), LOOKUP)


def places(issues: list[Issue]) -> list[tuple[str, str | None]]:
    return [(issue.code, issue.edge_id or issue.node_id) for issue in issues]


WAYS = ["start -> a", "a -> end", "a -> b on error", "b -> end"]
SOUND: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "an edge for errors": ([START, say("a"), say("b"), END], WAYS),
    "one for always": ([START, say("a"), END], ["start -> a", "a -> end on always"]),
    "conditions on both, at a tool": (
        [START, say("a"), say("b"), say("c"), END],
        [
            "start -> a",
            "a -> end",
            'a -> b on error if context.error.code == "timeout" && context.error.attempts > 1',
            "a -> c on always if context.error == null",
            "b -> end",
            "c -> end",
        ],
    ),
    "several without conditions": (
        [START, say("a"), say("b"), say("c"), END],
        [*WAYS, "a -> c on error", "c -> end"],
    ),
    "one at a gate": ([START, node("a", "human_approval"), say("b", "{{ context.error.output }}"), END], WAYS),
    "one at a branch, which then need not match": (
        [START, node("a", "branch"), say("b"), END],
        ["start -> a", "a -> end if context.input.x", "a -> b on error", "b -> end"],
    ),
    "one at a branch with a condition of its own": (
        [START, node("a", "branch", condition="context.input.x"), say("b"), END],
        ["start -> a", "a -> end if 1", "a -> b on error if context.error.code == 'no_match'", "b -> end"],
    ),
    "the error far behind": (
        [START, say("a"), say("b"), say("c", "{{ context.error.code }}"), END],
        ["start -> a", "a -> end", "a -> b on error", "b -> c", "c -> end"],
    ),
    "a fallback": ([START, say("a", onError=FALLBACK), END], ["start -> a", "a -> end"]),
    "a fallback beside an edge for always": (
        [START, say("a", onError=FALLBACK), END],
        ["start -> a", "a -> end", "a -> end on always"],
    ),
    "an edge inside an each": (
        [
            START,
            node("each", "branch", mode="each", items="context.input.items"),
            say("a", "{{ context.item }}"),
            say("b", "{{ context.error.code }}"),
            END,
        ],
        ["start -> each", "each -> a", "a -> end", "a -> b on error", "b -> end"],
    ),
}


@pytest.mark.parametrize("shape", SOUND)
def test_it_may_stand_there(shape: str):
    assert check(*SOUND[shape]) == []


FAULTS: dict[str, tuple[list[dict[str, Any]], list[str], str, str | None, str]] = {
    "behind start": (
        [START, say("a"), END],
        ["start -> a", "start -> end on error", "a -> end"],
        "edge-never-taken",
        "e1",
        "draw it from the node behind",
    ),
    "behind an each": (
        [START, node("each", "branch", mode="each", items="context.input.items"), say("a"), say("b"), END],
        ["start -> each", "each -> a", "a -> b", "b -> end", "each -> b on error"],
        "edge-never-taken",
        "e4",
        "draw it from the node there that may fail",
    ),
    "behind a node with a fallback": (
        [START, say("a", onError=FALLBACK), say("b"), END],
        WAYS,
        "edge-never-taken",
        "e2",
        "with `onError` the node never fails",
    ),
    "nothing behind a success": (
        [START, say("a"), END],
        ["start -> a", "a -> end on error"],
        "no-way-to-end",
        "a",
        "Nothing follows `a` when it succeeds",
    ),
    "two defaults among conditions": (
        [START, say("a"), say("b"), END],
        [*WAYS, "a -> end on error", "a -> b on error if context.error.attempts > 1"],
        "several-defaults",
        "e4",
        "has an edge `on: error` without a condition already, to `b`",
    ),
    "an edge back behind what is done instead": (
        [START, say("a"), say("b"), END],
        [*WAYS, "a -> a on error, 3 rounds"],
        "several-defaults",
        "e4",
        "has an edge `on: error` without a condition already, to `b`",
    ),
    "the same condition twice": (
        [START, say("a"), say("b"), END],
        ["start -> a", "a -> end", "a -> b on error if true", "a -> end on error if true", "b -> end"],
        "duplicate-condition",
        "e3",
        "is never taken",
    ),
    "a condition on a plain edge": (
        [START, say("a"), say("b"), END],
        ["start -> a", "a -> end if true", "a -> b on error", "b -> end"],
        "condition-not-allowed",
        "e1",
        "all edges of a node of type tool are followed",
    ),
    "the error where nothing was caught": (
        [START, say("a", "{{ context.error.code }}"), say("b"), END],
        WAYS,
        "error-not-caught",
        "a",
        "known only behind an edge `on: error` or `on: always`, and in `onError`",
    ),
    "the error on a way past it": (
        [START, say("a"), say("b"), say("c", "{{ context.error.code }}"), END],
        [*WAYS, "a -> c", "c -> end"],
        "error-not-caught",
        "c",
        "known only behind",
    ),
    "the error of single items": (
        [
            START,
            node("each", "branch", mode="each", items="context.input.items"),
            say("a", "{{ context.item }}"),
            say("b"),
            node("end", "end", output="{{ context.error }}"),
        ],
        ["start -> each", "each -> a", "a -> end", "a -> b on error", "b -> end"],
        "error-not-caught",
        "end",
        "caught for single items",
    ),
    "a code that there is not": (
        [START, say("a"), say("b"), END],
        ["start -> a", "a -> end", 'a -> b on error if context.error.code == "time_out"', "b -> end"],
        "never-equal",
        "e2",
        "did you mean `timeout`?",
    ),
    "a field that an error does not have": (
        [START, say("a"), say("b", "{{ context.error.text }}"), END],
        WAYS,
        "unknown-field-in-expression",
        "b",
        "has no field `text`",
    ),
}


@pytest.mark.parametrize("shape", FAULTS)
def test_it_may_not_stand_there_and_the_issue_says_what_to_do(shape: str):
    nodes, edges, code, place, words = FAULTS[shape]

    issues = check(nodes, edges)

    assert places(issues) == [(code, place)]
    assert words in issues[0].message


@pytest.mark.parametrize("node_type", ["start", "end", "branch"])
def test_what_gives_no_output_of_its_own_has_no_fallback(node_type: str):
    nodes = {"start": START, "branch": node("a", "branch"), "end": END}
    nodes[node_type] = {**nodes[node_type], "config": {"onError": FALLBACK}}

    issues = check(list(nodes.values()), ["start -> a", "a -> end"])

    assert [issue.code for issue in issues] == ["unknown-config-key"]


@pytest.mark.parametrize(
    "nodes",
    [
        [node("gate", "human_approval"), "gate -> paid on error"],
        [node("gate", "human_approval"), "gate -> paid on always"],
        [node("gate", "human_approval", onError={"output": {"approved": True}}), "gate -> paid"],
    ],
)
def test_behind_a_gate_that_said_no_nobody_has_agreed(nodes: Any):
    gate, edge = nodes
    paid = node("paid", "tool", toolId="pay")

    issues = check([START, gate, paid, END], ["start -> gate", "gate -> end", edge, "paid -> end"])

    assert [issue.code for issue in issues] == ["approval-missing"]


DOCUMENT = """
tools:
  - {id: say, name: Say, type: builtin, config: {functionName: text_template}}
workflows:
  - id: w
    name: W
    graph:
      nodes:
        - {id: start, type: start}
        - {id: a, type: tool, toolId: say, config: {input: {template: hello}}}
        - {id: b, type: tool, toolId: say, config: {input: {template: hello}, onError: {output: "{{ context.error }}"}}}
        - {id: end, type: end}
      edges:
        - {id: e1, fromNodeId: start, toNodeId: a}
        - {id: e2, fromNodeId: a, toNodeId: b, on: error, condition: context.error.attempts > 1}
        - {id: e3, fromNodeId: a, toNodeId: end, on: always}
        - {id: e4, fromNodeId: b, toNodeId: end, on: success}
"""


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_document_says_it_and_comes_back_as_it_was(kind: Any):
    document, issues = check_document(DOCUMENT, name="a.yaml")

    assert issues == []
    assert [edge.on for edge in document.workflows[0].graph.edges] == [None, "error", "always", None]
    written = write_document(document, format=kind)
    again, issues = check_document(written, name=f"a.{kind}")
    assert issues == []
    assert list(again) == list(document)
    assert written.count("always") == 1
    assert "success" not in written, "what holds anyway is not written"


def test_a_document_that_says_it_wrongly_is_told_where():
    issues = validate_document(DOCUMENT.replace("on: always", "on: failure"), name="a.yaml")

    assert [(issue.path, issue.severity) for issue in issues] == [("$.workflows[0].graph.edges[2].on", "error")]
    assert "`on` must be `success`, `error` or `always`" in issues[0].message


def test_the_schema_of_documents_knows_it():
    edge = document_schema()["$defs"]["Edge"]["properties"]["on"]

    assert edge["enum"] == ["success", "error", "always"]
    assert edge["default"] == "success"
    assert "for which the run does not fail" in edge["description"]
