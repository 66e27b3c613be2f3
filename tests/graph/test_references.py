"""What conditions and templates may look up in `context` is settled when the graph is saved."""

from typing import Any

import pytest

from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from tests.graph.test_rules import LOOKUP
from tests.shapes import node, workflow

START, END = node("start", "start"), node("end", "end")


def say(identity: str, text: str = "hello") -> dict[str, Any]:
    return node(identity, "tool", toolId="say", input={"template": text})


def check(nodes: list[dict[str, Any]], edges: list[str], lookup: Lookup = LOOKUP) -> list[Issue]:
    return validate(read_graph(workflow("w", nodes, edges)), lookup)


def check_text(text: str) -> list[Issue]:
    """The issues of a graph start → a → b → end with a second arm c, in which b says `text`, as text."""
    nodes = [START, say("a"), say("b", f"{text} "), say("c"), END]
    return check(nodes, ["start -> a", "a -> b", "b -> end", "start -> c", "c -> end"])


@pytest.mark.parametrize(
    "text",
    [
        "{{ context.input }}",
        "{{ context.input.anything.at[0].all }}",
        "{{ context.last_output }}",
        "{{ context.outputs.a.text }}",
        '{{ context.outputs["a"]["text"] }}',
        "{{ context.outputs.start }}",
        "{{ has(context.outputs.a.text) ? context.outputs.a.text : 'none' }}",
        "{{ context.run }}",
        "{{ context.run.workflowName }} {{ context.run.startedAt }}",
    ],
)
def test_what_is_there_may_be_looked_up(text: str) -> None:
    assert check_text(text) == []


FAULTS = {
    "{{ context.outptus.a }}": (
        "unknown-context-field",
        "There is no `context.outptus`: did you mean `outputs`? (column 12)",
    ),
    "{{ context.foo }}": (
        "unknown-context-field",
        "known are `input`, `last_output`, `outputs`, `item`, `index`, `round`, `run`, `error` and 3 more",
    ),
    "{{ context.a.text }}": ("unknown-context-field", "The output of a node is `context.outputs.a`"),
    "{{ context.event.amount }}": ("unknown-context-field", "use context.input"),
    "{{ context.run.workflowname }}": ("unknown-context-field", "did you mean `workflowName`?"),
    "{{ context }}": ("bare-context", "cannot be used as a whole"),
    "{{ context[context.input.name] }}": ("bare-context", "cannot be used as a whole"),
    "{{ context.outputs }}": ("computed-output", "context.outputs.<nodeId>"),
    "{{ context.outputs[context.input.name] }}": ("computed-output", "context.outputs.<nodeId>"),
    "{{ size(context.outputs) }}": ("computed-output", "context.outputs.<nodeId>"),
    "{{ context.outputs.aa.text }}": ("unknown-output", "There is no node `aa`: did you mean `a`?"),
    "{{ context.outputs.b.text }}": ("not-an-ancestor", "`b` has no output yet when this is evaluated"),
    "{{ context.outputs.end }}": ("not-an-ancestor", "`end` comes behind `b`"),
    "{{ context.outputs.c.text }}": ("not-an-ancestor", "No path leads from `c` to `b`"),
    "{{ context.item }}": ("item-outside-each", "known only behind a branch of `mode: each`, and here is none"),
    "{{ context.index }}": ("item-outside-each", "known only behind a branch of `mode: each`, and here is none"),
}


@pytest.mark.parametrize("text", FAULTS)
def test_what_is_not_there_is_told_with_its_column(text: str) -> None:
    code, words = FAULTS[text]

    (issue,) = check_text(text)

    assert issue.code == code
    assert words in issue.message
    assert "(column " in issue.message
    assert (issue.node_id, issue.path) == ("b", "$.graph.nodes[2].config.input.template")


def test_the_place_inside_a_long_template_is_told() -> None:
    (issue,) = check_text("Dear {{ context.input.name }},\nyou wrote {{ context.outputs.zz.text }}")

    assert "(column 61)" in issue.message


def test_conditions_of_a_branch_see_its_ancestors_but_not_the_branch() -> None:
    nodes = [START, say("a"), node("fork", "branch"), say("b"), END]
    ways = ["start -> a", "a -> fork", "fork -> end", "b -> end"]

    assert check(nodes, [*ways, "fork -> b if context.outputs.a.text == 'x'"]) == []
    (issue,) = check(nodes, [*ways, "fork -> b if context.outputs.fork.text == 'x'"])
    assert (issue.code, issue.edge_id, issue.path) == ("not-an-ancestor", "e4", "$.graph.edges[4].condition")
    assert "use context.last_output" in issue.message


def test_conditions_of_a_gate_see_its_answer() -> None:
    nodes = [START, node("ask", "human_approval"), say("a"), END]
    edges = ["start -> ask", "ask -> a if context.outputs.ask.approved", "ask -> end", "a -> end"]

    assert check(nodes, edges) == []


def test_what_a_gate_shows_does_not_see_its_answer() -> None:
    nodes = [START, node("ask", "human_approval", instructions="{{ context.outputs.ask }}"), END]

    assert [issue.code for issue in check(nodes, ["start -> ask", "ask -> end"])] == ["not-an-ancestor"]


def test_ids_of_any_script_can_be_referred_to() -> None:
    nodes = [START, say("评分 🎯"), say("b", '{{ context.outputs["评分 🎯"].text }}'), END]

    assert check(nodes, ["start -> 评分 🎯", "评分 🎯 -> b", "b -> end"]) == []


EACH = node("each", "branch", mode="each", items="context.input.parts", join="join")
LOOP = ["start -> each", "each -> work", "work -> join", "join -> end"]


def check_loop(
    *, each: dict[str, Any] = EACH, before: str = "x", work: str = "x", join: str = "x", end: str = "x"
) -> list[tuple[str, str | None]]:
    nodes = [
        START,
        say("before", before),
        each,
        say("work", work),
        say("join", join),
        node("end", "end", output=end),
    ]
    issues = check(nodes, ["start -> before", "before -> each", *LOOP[1:]])
    return [(issue.code, issue.node_id) for issue in issues]


def test_the_item_is_known_between_an_each_and_its_join() -> None:
    assert check_loop(work="{{ context.item.name }} {{ context.index }}") == []


def test_the_item_is_known_nowhere_else() -> None:
    of_items = node("each", "branch", mode="each", items="context.item", join="join")

    assert check_loop(before="{{ context.item }}") == [("item-outside-each", "before")]
    assert check_loop(join="{{ context.item }}") == [("item-outside-each", "join")]
    assert check_loop(end="{{ context.item }}") == [("item-outside-each", "end")]
    assert check_loop(each=of_items) == [("item-outside-each", "each")]


def test_the_join_and_what_is_behind_see_the_outputs_of_what_was_repeated() -> None:
    assert check_loop(join="All: {{ context.outputs.work }}", end="{{ context.outputs.work }}") == []


def test_conditions_inside_an_each_see_the_item() -> None:
    fork = node("fork", "branch")
    nodes = [START, EACH, fork, say("work"), say("join"), END]
    edges = ["start -> each", "each -> fork", "fork -> work if context.item.ok", "fork -> join", *LOOP[2:]]

    assert check(nodes, edges) == []


def test_in_an_each_that_is_not_closed_the_item_is_not_complained_of() -> None:
    each = node("each", "branch", mode="each", items="context.input.parts")
    nodes = [START, each, say("work", "{{ context.item }}"), node("other", "end"), END]

    issues = check(nodes, ["start -> each", "each -> work", "each -> other", "work -> end"])

    assert [issue.code for issue in issues] == ["each-not-closed"]


def test_references_behind_a_cycle_are_still_looked_at() -> None:
    nodes = [START, say("a"), say("b", "{{ context.outputs.c.text }}"), say("c"), END]
    edges = ["start -> a", "a -> b", "b -> a", "b -> end", "start -> c", "c -> end"]

    assert [issue.code for issue in check(nodes, edges)] == ["cycle", "not-an-ancestor"]


def test_inside_a_cycle_each_node_counts_as_before_the_other() -> None:
    nodes = [START, say("a", "{{ context.outputs.b.text }}"), say("b"), END]

    assert [issue.code for issue in check(nodes, ["start -> a", "a -> b", "b -> a", "b -> end"])] == ["cycle"]
