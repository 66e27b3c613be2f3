"""Any two faults of a document are both told: none hides another."""

import copy
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from agentmesh_dagster.graph.document import check_value
from agentmesh_dagster.graph.rules import Lookup
from tests.shapes import node

Document = dict[str, Any]

BASE: Document = {
    "tools": [{"id": "say", "name": "Say", "type": "function", "config": {"functionName": "say"}}],
    "agents": [{"id": "writer", "name": "Writer", "modelProvider": "local", "modelName": "m", "tools": ["say"]}],
    "workflows": [
        {
            "id": "w",
            "name": "W",
            "graph": {
                "nodes": [
                    node("start", "start"),
                    node("write", "agent", agentId="writer", prompt="{{ context.input.topic }}"),
                    node("say", "tool", toolId="say", input={"text": "{{ context.outputs.write.text }}"}),
                    node("choose", "branch"),
                    node("ask", "human_approval"),
                    node("end", "end"),
                ],
                "edges": [
                    {"id": "e1", "fromNodeId": "start", "toNodeId": "write"},
                    {"id": "e2", "fromNodeId": "write", "toNodeId": "say"},
                    {"id": "e3", "fromNodeId": "say", "toNodeId": "choose"},
                    {"id": "e4", "fromNodeId": "choose", "toNodeId": "ask", "condition": "context.input.a > 1"},
                    {"id": "e5", "fromNodeId": "choose", "toNodeId": "end"},
                    {"id": "e6", "fromNodeId": "ask", "toNodeId": "end"},
                ],
            },
            "inputSchema": {"type": "object"},
        }
    ],
}


def workflow_of(document: Document) -> dict[str, Any]:
    return document["workflows"][0]


def node_of(document: Document, identity: str) -> dict[str, Any]:
    return next(node for node in workflow_of(document)["graph"]["nodes"] if node["id"] == identity)


def edge_of(document: Document, identity: str) -> dict[str, Any]:
    return next(edge for edge in workflow_of(document)["graph"]["edges"] if edge["id"] == identity)


def add_node(document: Document, made: dict[str, Any]) -> None:
    workflow_of(document)["graph"]["nodes"].append(made)


def add_edge(document: Document, identity: str, source: str, target: str, **more: Any) -> None:
    made = {"id": identity, "fromNodeId": source, "toNodeId": target, **more}
    workflow_of(document)["graph"]["edges"].append(made)


def drop_end(document: Document) -> None:
    node_of(document, "end").update(type="tool", toolId="say", config={})


# One fault each, and the code that tells it.
FAULTS: dict[str, tuple[str, Callable[[Document], object]]] = {
    "duplicate node id": ("duplicate-node-id", lambda d: add_node(d, node("say", "tool", toolId="say"))),
    "duplicate edge id": ("duplicate-edge-id", lambda d: add_edge(d, "e1", "start", "write")),
    "unknown agent": ("unknown-agent", lambda d: node_of(d, "write").update(agentId="nobody")),
    "unknown agent in a node that is there twice": (
        "unknown-agent",
        lambda d: add_node(d, node("write", "agent", agentId="nobody")),
    ),
    "unknown tool": ("unknown-tool", lambda d: node_of(d, "say").update(toolId="nothing")),
    "no tool": ("missing-tool-id", lambda d: node_of(d, "say").pop("toolId")),
    "unknown tool of an agent": ("unknown-agent-tool", lambda d: d["agents"][0].update(tools=["nothing"])),
    "no end": ("no-end", drop_end),
    "second start": ("several-starts", lambda d: add_node(d, node("again", "start"))),
    "lost node": ("unreachable-node", lambda d: add_node(d, node("lost", "agent", agentId="writer"))),
    "dangling edge": ("dangling-edge", lambda d: add_edge(d, "e9", "start", "nowhere")),
    "circle": ("cycle", lambda d: add_edge(d, "e8", "say", "write")),
    "unknown setting": ("unknown-config-key", lambda d: node_of(d, "say")["config"].update(colour="red")),
    "number too large": ("bad-config", lambda d: node_of(d, "write")["config"].update(maxTokens=10**12)),
    "bad template": ("bad-template", lambda d: node_of(d, "write")["config"].update(prompt="{{ context.input. }}")),
    "bad condition": ("bad-expression", lambda d: edge_of(d, "e4").update(condition="context.input.a = 1")),
    "same condition twice": (
        "duplicate-condition",
        lambda d: add_edge(d, "e7", "choose", "end", condition="(context.input['a']>1)"),
    ),
    "two defaults": ("several-defaults", lambda d: add_edge(d, "e10", "choose", "ask")),
    "condition where none belongs": (
        "condition-not-allowed",
        lambda d: edge_of(d, "e2").update(condition="context.input.a > 1"),
    ),
    "limit on a gate": ("setting-not-for-gates", lambda d: node_of(d, "ask")["config"].update(timeoutSeconds=5)),
    "bad schema": ("bad-schema", lambda d: workflow_of(d).update(inputSchema={"pattern": "(?=a)"})),
    "unknown format": ("unknown-format", lambda d: d["tools"][0].update(inputSchema={"format": "emial"})),
    "unknown field": ("unknown-field", lambda d: node_of(d, "ask").update(colour="red")),
    "bad trigger": ("bad-cron", lambda d: workflow_of(d).update(triggers=[{"type": "cron", "cron": "every day"}])),
    "bad layout": ("bad-value", lambda d: workflow_of(d).update(layout={"start": [1]})),
}
# Pairs of which one takes the place of the other, so that there is one fault only.
ONE_PLACE = [
    {"unknown tool", "no tool"},
    {"bad condition", "same condition twice"},
    {"no end", "lost node"},
    {"duplicate node id", "no tool"},
]


def list_codes(document: Document) -> set[str]:
    return {issue.code for issue in check_value(document, lookup=Lookup({}, {}))[1]}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_told(name: str) -> None:
    code, break_it = FAULTS[name]
    document = copy.deepcopy(BASE)
    break_it(document)

    assert not list_codes(BASE) - {"branch-may-not-match"}
    assert code in list_codes(document)


def test_of_two_faults_both_are_told() -> None:
    hidden: list[str] = []
    for one, other in combinations(FAULTS, 2):
        if {one, other} in ONE_PLACE:
            continue
        document = copy.deepcopy(BASE)
        for name in (one, other):
            FAULTS[name][1](document)
        told = list_codes(document)
        hidden += [f"{one} + {other}: {FAULTS[name][0]}" for name in (one, other) if FAULTS[name][0] not in told]

    assert hidden == []


def test_a_setting_without_effect_says_what_to_do() -> None:
    document = copy.deepcopy(BASE)
    node_of(document, "ask")["config"] = {"timeoutSeconds": 5, "retry": {"maxAttempts": 3}}
    issues = [issue for issue in check_value(document)[1] if issue.code == "setting-not-for-gates"]

    assert [issue.path for issue in issues] == [
        "$.workflows[0].graph.nodes[4].config.timeoutSeconds",
        "$.workflows[0].graph.nodes[4].config.retry",
    ]
    assert "set `deadlineSeconds`" in issues[0].message


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("context.input.n > 1", "context.input.n > 1", True),
        ("context.input.a and context.input.b", "context.input.a&&context.input.b", True),
        ("context.input.n > 1", "context.input.n > 2", False),
        ("context.input.t == 'a b'", 'context.input.t == "a b"', True),
        ("context.input.t == 'a b'", "context.input.t == 'ab'", False),
    ],
)
def test_a_condition_that_is_there_twice_is_a_warning(first: str, second: str, is_same: bool) -> None:
    document = copy.deepcopy(BASE)
    edge_of(document, "e4")["condition"] = first
    add_edge(document, "e7", "choose", "end", condition=second)
    issues = [issue for issue in check_value(document)[1] if issue.code == "duplicate-condition"]

    assert [(issue.edge_id, issue.severity) for issue in issues] == ([("e7", "warning")] if is_same else [])
    if is_same:
        assert issues[0].message.startswith("The edge from `choose` to `end` is never taken: the one to `ask` has")
