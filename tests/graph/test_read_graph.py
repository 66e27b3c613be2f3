"""Reading a graph: everything is parsed once, and what does not parse is told with its place."""

from typing import Any

import pytest

from agentmesh_dagster.entities.recovery import Recovery
from agentmesh_dagster.graph.graph import Graph, Literal
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import validate
from agentmesh_dagster.specs.nodes.agent import AgentConfig
from agentmesh_dagster.specs.nodes.branch import BranchConfig
from tests.shapes import node, workflow

START, END = node("start", "start"), node("end", "end")


def read(nodes: list[dict[str, Any]], edges: list[str]) -> Graph:
    return read_graph(workflow("w", nodes, edges))


def read_one(config: dict[str, Any], node_type: str = "agent") -> Graph:
    """A graph of which one node has this config."""
    return read([START, node("a", node_type, **config), END], ["start -> a", "a -> end"])


def test_a_config_is_typed_and_its_templates_are_parsed() -> None:
    graph = read_one({"prompt": "About {{ context.input.topic }}", "maxTokens": 100})

    assert graph.faults == ()
    assert graph.nodes["a"].config == AgentConfig(prompt="About {{ context.input.topic }}", max_tokens=100)
    assert graph.nodes["a"].templates["prompt"].render({"input": {"topic": "fish"}}) == "About fish"


def test_a_field_that_is_null_is_as_good_as_left_out() -> None:
    assert read_one({"prompt": None}).nodes["a"].templates == {}


def test_items_may_be_an_expression_a_template_or_a_list() -> None:
    def read_items(items: object) -> tuple[list[str], list[str]]:
        found = read_one({"mode": "each", "items": items}, "branch").nodes["a"]
        return list(found.expressions), list(found.templates)

    assert read_items("context.input.parts") == (["items"], [])
    assert read_items("{{ context.input.parts }}") == ([], ["items"])
    assert read_items([1, "{{ context.input.part }}"]) == ([], ["items"])


FAULTS: dict[str, tuple[str, dict[str, Any], list[tuple[str, str, str]]]] = {
    "an unknown key": (
        "agent",
        {"promt": "hello"},
        [("unknown-config-key", ".promt", "`promt` is no setting of a node of type agent: did you mean `prompt`?")],
    ),
    "an unknown key like no other": (
        "start",
        {"colour": "red"},
        [("unknown-config-key", ".colour", "known are `retry`, `timeoutSeconds` and `pool`.")],
    ),
    "an unknown key inside": (
        "agent",
        {"retry": {"attempts": 3}},
        [("unknown-config-key", ".retry.attempts", "did you mean `maxAttempts`?")],
    ),
    "snake case": ("agent", {"max_tokens": 5}, [("unknown-config-key", ".max_tokens", "did you mean `maxTokens`?")]),
    "values out of bounds": (
        "agent",
        {"retry": {"maxAttempts": 0}, "temperature": 3, "timeoutSeconds": "soon"},
        [
            ("bad-config", ".retry.maxAttempts", "must be at least 1."),
            ("bad-config", ".timeoutSeconds", "must be a number."),
            ("bad-config", ".temperature", "must be at most 2."),
        ],
    ),
    "a word that is not allowed": (
        "branch",
        {"mode": "eech"},
        [("bad-config", ".mode", "must be `first`, `all` or `each`: did you mean `each`?")],
    ),
    "text where a number belongs": ("agent", {"prompt": 5}, [("bad-config", ".prompt", "write it in quotes")]),
    "each bad placeholder of a template": (
        "agent",
        {"prompt": "{{ context.input. }} and {{ 1 + }}"},
        [
            ("bad-template", ".prompt", "the expression ends too early"),
            ("bad-template", ".prompt", "the expression ends too early (column 33)"),
        ],
    ),
    "a bad placeholder deep inside": (
        "tool",
        {"input": {"lines": ["fine", {"text": "{{ contxt.input }}"}]}},
        [("bad-template", ".input.lines[1].text", "unknown name 'contxt'")],
    ),
    "a bad condition": (
        "branch",
        {"condition": "context.input.kind = 3"},
        [("bad-expression", ".condition", "unexpected '=': use == to compare (column 20)")],
    ),
    "a condition written as a template": (
        "branch",
        {"condition": "{{ context.input.kind }}"},
        [("bad-expression", ".condition", "write it without {{ }}")],
    ),
    "a placeholder where nothing is filled in": (
        "agent",
        {"pool": "{{context.input.pool}}"},
        [("template-not-allowed", ".pool", "`pool` is fixed when the workflow is saved")],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_does_not_parse_is_told_with_its_path(name: str) -> None:
    node_type, config, expected = FAULTS[name]

    faults = read_one(config, node_type).faults

    assert [(fault.code, fault.path) for fault in faults] == [
        (code, f"$.graph.nodes[1].config{place}") for code, place, _ in expected
    ]
    for fault, (_, _, words) in zip(faults, expected, strict=True):
        assert words in fault.message
        assert fault.node_id == "a"


def test_the_rest_of_a_faulty_config_is_still_read() -> None:
    graph = read_one({"temperature": "hot", "prompt": "{{ context.inputs. }}", "maxTokens": 5})

    assert [fault.code for fault in graph.faults] == ["bad-config", "bad-template"]
    assert graph.nodes["a"].config == AgentConfig(prompt="{{ context.inputs. }}", max_tokens=5)


def test_a_schema_may_hold_braces() -> None:
    assert read_one({"outputSchema": {"const": "{{ name }}"}}).faults == ()


def test_a_misspelt_setting_does_not_count_as_missing() -> None:
    graph = read(
        [START, node("each", "branch", mode="each", itms="context.input"), END], ["start -> each", "each -> end"]
    )

    assert [issue.code for issue in validate(graph)] == ["unknown-config-key"]


def test_a_misspelt_mode_brings_no_complaint_about_the_rest() -> None:
    fork = node("fork", "branch", mode="eahc", items="context.input")
    graph = read([START, fork, END], ["start -> fork", "fork -> end"])

    assert [issue.code for issue in validate(graph)] == ["bad-config"]


@pytest.mark.parametrize(
    ("written", "value"),
    [("true", True), ("3", 3), ('"refund"', "refund"), ("'refund'", "refund"), ("refund", "refund"), ("null", None)],
)
def test_behind_a_branch_with_a_condition_edges_carry_literals(written: str, value: object) -> None:
    fork = node("fork", "branch", condition="context.input.kind")
    graph = read([START, fork, END], ["start -> fork", f"fork -> end if {written}"])

    assert graph.edges[1].literal == Literal(value)
    assert graph.edges[1].expression is None


def test_an_empty_condition_is_none() -> None:
    graph = read([START, node("fork", "branch"), END], ["start -> fork", "fork -> end if  "])

    assert graph.edges[1].is_default


def test_a_bad_condition_of_an_edge_is_told_with_the_edge() -> None:
    graph = read([START, node("fork", "branch"), END], ["start -> fork", "fork -> end if context.input.x >"])

    (fault,) = graph.faults
    assert (fault.code, fault.edge_id, fault.path) == ("bad-expression", "e1", "$.graph.edges[1].condition")


def test_ids_used_twice_are_told_and_bring_nothing_else() -> None:
    document = workflow("w", [START, node("a", "branch"), node("a", "end")], ["start -> a", "start -> a"])
    edges = [edge.model_copy(update={"id": "same"}) for edge in document.graph.edges]
    graph = read_graph(document.model_copy(update={"graph": document.graph.model_copy(update={"edges": edges})}))

    assert [(fault.code, fault.node_id, fault.edge_id, fault.path) for fault in validate(graph)] == [
        ("duplicate-node-id", "a", None, "$.graph.nodes[2].id"),
        ("duplicate-edge-id", None, "same", "$.graph.edges[1].id"),
    ]


def test_an_edge_to_a_node_that_is_not_there_names_the_nearest_and_brings_nothing_else() -> None:
    graph = read([START, node("answer", "branch"), END], ["start -> answer", "answr -> end", "answer -> ende"])

    issues = validate(graph)

    assert [(issue.code, issue.edge_id, issue.path) for issue in issues] == [
        ("dangling-edge", "e1", "$.graph.edges[1].fromNodeId"),
        ("dangling-edge", "e2", "$.graph.edges[2].toNodeId"),
    ]
    assert issues[0].message == "There is no node `answr`: did you mean `answer`?"


def test_of_what_the_document_did_not_say_readably_the_best_is_expected() -> None:
    nodes = [START, node("vague", "agent"), node("�", "agent"), END]
    damage = Recovery(frozenset({"vague", "�"}), frozenset({"vague", "�"}), frozenset({"�"}))

    graph = read_graph(workflow("w", nodes, ["start -> vague", "zz -> end"]), damage)

    assert validate(graph) == []


def test_a_graph_is_ordered_so_that_each_node_stands_behind_its_parents() -> None:
    names = [node(name, "branch") for name in "dcba"]
    graph = read([END, *names, START], ["start -> a", "a -> b", "a -> c", "b -> d", "c -> d", "d -> end"])

    assert graph.order == ("start", "a", "b", "c", "d", "end")
    assert graph.is_ancestor("a", "end")
    assert not graph.is_ancestor("b", "c")
    assert isinstance(graph.nodes["a"].config, BranchConfig)
