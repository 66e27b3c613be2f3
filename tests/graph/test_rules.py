"""Each fault of a graph is told once, at its place, in words that say what to do."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from agentmesh_dagster.entities.models import Agent, Tool
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.plan import plan_graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import RULES, Lookup, validate
from tests.costs import count_calls
from tests.shapes import node, workflow

START, END = node("start", "start"), node("end", "end")
WRITER = Agent.model_validate(
    {"id": "writer", "name": "Writer", "modelProvider": "local", "modelName": "offline", "tools": ["say"]}
)
SAY = Tool.model_validate(
    {
        "id": "say",
        "name": "Say",
        "type": "builtin",
        "config": {"functionName": "text_template"},
        "inputSchema": {"type": "object", "properties": {"template": {"type": "string"}}, "required": ["template"]},
    }
)
LOOKUP = Lookup({"writer": WRITER}, {"say": SAY})


def say(identity: str, text: str | None = None, **fields: Any) -> dict[str, Any]:
    """A tool node; with `text` as its input."""
    return node(identity, "tool", toolId="say", **({"input": {"template": text}} if text else {}), **fields)


def branch(identity: str, **config: Any) -> dict[str, Any]:
    return node(identity, "branch", **config)


def check(nodes: Sequence[dict[str, Any]], edges: list[str], *, lookup: Lookup = LOOKUP, **fields: Any) -> list[Issue]:
    return validate(read_graph(workflow("w", list(nodes), edges, **fields)), lookup)


def places(issues: list[Issue]) -> list[tuple[str, str | None]]:
    """Code and edge, else node, of each issue."""
    return [(issue.code, issue.edge_id or issue.node_id) for issue in issues]


def test_a_sound_graph_has_no_issues() -> None:
    assert check([START, say("a", "hello"), END], ["start -> a", "a -> end"]) == []


def test_every_rule_says_in_a_sentence_what_it_demands() -> None:
    for rule in RULES:
        sentence = (rule.__doc__ or "").strip()
        assert sentence.endswith(".")
        assert "\n" not in sentence


A, B, C, D = (say(name) for name in "abcd")
FORK = branch("fork")

SHAPES: dict[str, tuple[list[dict[str, Any]], list[str], list[tuple[str, str | None]]]] = {
    "an empty graph": ([], [], [("empty-graph", None)]),
    "no start": ([A, END], ["a -> end"], [("no-start", None)]),
    "two starts": (
        [START, node("again", "start"), END],
        ["start -> end", "again -> end"],
        [("several-starts", "again")],
    ),
    "no end": ([START, A], ["start -> a"], [("no-end", None)]),
    "only a start": ([START], [], [("no-end", None)]),
    "nothing behind start": ([START, A, END], ["a -> end"], [("unreachable-node", "a"), ("no-way-to-end", "start")]),
    "a node beside the graph": ([START, A, END], ["start -> end"], [("unreachable-node", "a")]),
    "a lost chain is told at its head": (
        [START, A, B, C, END],
        ["start -> end", "a -> b", "b -> c", "c -> end"],
        [("unreachable-node", "a")],
    ),
    "two lost heads": (
        [START, A, B, C, END],
        ["start -> end", "a -> c", "b -> c", "c -> end"],
        [("unreachable-node", "a"), ("unreachable-node", "b")],
    ),
    "a lost end": ([START, node("other", "end"), END], ["start -> end"], [("unreachable-node", "other")]),
    "a blind alley": ([START, A, B, END], ["start -> a", "a -> b", "start -> end"], [("no-way-to-end", "b")]),
    "an edge into start": ([START, A, END], ["start -> a", "a -> start", "a -> end"], [("edge-into-start", "e1")]),
    "an edge out of an end": ([START, A, END], ["start -> end", "end -> a", "a -> end"], [("edge-out-of-end", "e1")]),
    "a cycle": ([START, A, B, END], ["start -> a", "a -> b", "b -> a", "b -> end"], [("cycle", "e2")]),
    "a node behind itself": ([START, A, END], ["start -> a", "a -> a", "a -> end"], [("cycle", "e1")]),
    "two cycles through one node": (
        [START, A, B, C, END],
        ["start -> a", "a -> b", "a -> c", "b -> a", "c -> a", "a -> end"],
        [("cycle", "e3"), ("cycle", "e4")],
    ),
    "a cycle that nothing leads to": (
        [START, A, B, END],
        ["start -> end", "a -> b", "b -> a", "b -> end"],
        [("cycle", "e2")],
    ),
    "a cycle without a way out": (
        [START, A, B, END],
        ["start -> a", "a -> b", "b -> a", "start -> end"],
        [("cycle", "e2")],
    ),
    "a condition behind a tool": (
        [START, A, END],
        ["start -> a if true", "a -> end if context.input.x > 1"],
        [("condition-not-allowed", "e0"), ("condition-not-allowed", "e1")],
    ),
    "a condition behind an each": (
        [START, branch("all_of", mode="each", items="context.input"), A, END],
        ["start -> all_of", "all_of -> a if true", "a -> end"],
        [("condition-not-allowed", "e1")],
    ),
    "an agent node without its agent": (
        [START, node("a", "agent"), END],
        ["start -> a", "a -> end"],
        [("missing-agent-id", "a")],
    ),
    "a tool node without its tool": (
        [START, node("a", "tool"), END],
        ["start -> a", "a -> end"],
        [("missing-tool-id", "a")],
    ),
    "an unknown agent": (
        [START, node("a", "agent", agentId="writter"), END],
        ["start -> a", "a -> end"],
        [("unknown-agent", "a")],
    ),
    "an unknown tool": (
        [START, node("a", "tool", toolId="shout"), END],
        ["start -> a", "a -> end"],
        [("unknown-tool", "a")],
    ),
    "an agent on a tool node": (
        [START, node("a", "tool", toolId="say", agentId="writer"), node("end", "end", toolId="say")],
        ["start -> a", "a -> end"],
        [("agent-id-not-allowed", "a"), ("tool-id-not-allowed", "end")],
    ),
    "a branch that leads nowhere": (
        [START, FORK, END],
        ["start -> fork", "start -> end"],
        [("branch-without-edges", "fork")],
    ),
    "two defaults": (
        [START, FORK, A, END],
        ["start -> fork", "fork -> a", "fork -> end", "a -> end"],
        [("several-defaults", "e2")],
    ),
    "settings of each without each": (
        [START, branch("fork", items="context.input", maxItems=3, join="end"), END],
        ["start -> fork", "fork -> end"],
        [("setting-not-for-mode", "fork")] * 3,
    ),
    "a condition of its own with mode all": (
        [START, branch("fork", mode="all", condition="context.input"), END],
        ["start -> fork", "fork -> end if true"],
        [("setting-not-for-mode", "fork")],
    ),
    "no match with mode all": (
        [START, branch("fork", mode="all", onNoMatch="end"), END],
        ["start -> fork", "fork -> end if true"],
        [("setting-without-effect", "fork")],
    ),
    "the same literal twice": (
        [START, branch("fork", condition="context.input"), A, B, C, END],
        [
            *("start -> fork", "fork -> a if 1", "fork -> b if 1.0", "fork -> c if true", "fork -> end"),
            *("a -> end", "b -> end", "c -> end"),
        ],
        [("duplicate-literal", "e2")],
    ),
    "a branch that may not match": (
        [START, FORK, A, END],
        ["start -> fork", "fork -> a if context.input.x > 1", "fork -> end if context.input.x < 1", "a -> end"],
        [("branch-may-not-match", "fork")],
    ),
    "a deadline without a time": (
        [START, node("ask", "human_approval", onDeadline="reject"), END],
        ["start -> ask", "ask -> end"],
        [("setting-without-effect", "ask")],
    ),
    "a notice to nowhere": (
        [START, node("ask", "human_approval", notify={"url": "chat.example/hook"}), END],
        ["start -> ask", "ask -> end"],
        [("bad-notify-url", "ask")],
    ),
    "an agent's schema that is none": (
        [START, node("a", "agent", agentId="writer", outputSchema={"type": "objekt"}), END],
        ["start -> a", "a -> end"],
        [("bad-schema", "a")],
    ),
    "a gate's schema that is none": (
        [START, node("ask", "human_approval", schema={"required": "approved"}), END],
        ["start -> ask", "ask -> end"],
        [("bad-schema", "ask")],
    ),
    "a fixed input that does not fit": (
        [START, node("a", "tool", toolId="say", input={"template": 3}), END],
        ["start -> a", "a -> end"],
        [("tool-input-mismatch", "a")],
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_one_cause_is_one_issue(name: str) -> None:
    nodes, edges, expected = SHAPES[name]

    issues = check(nodes, edges)

    assert places(issues) == expected
    assert all(issue.path and issue.message.endswith((".", "?")) for issue in issues)


def message_of(code: str, nodes: Sequence[dict[str, Any]], edges: list[str], **fields: Any) -> str:
    """The message of the one issue with this code."""
    (found,) = [issue for issue in check(nodes, edges, **fields) if issue.code == code]
    return found.message


def test_a_cycle_is_told_with_its_path() -> None:
    message = message_of("cycle", [START, A, B, C, END], ["start -> a", "a -> b", "b -> c", "c -> a", "c -> end"])

    assert "`a` → `b` → `c` → `a`" in message


def test_many_cycles_are_counted_not_listed() -> None:
    names = [f"n{number}" for number in range(12)]
    edges = [f"{source} -> {target}" for source in names for target in names if source != target]

    issues = check([START, *map(say, names), END], ["start -> n0", "n0 -> end", *edges])

    assert [issue.code for issue in issues] == ["cycle"] * 21
    assert issues[-1].message == "46 more edges close a circle."


def test_a_lost_node_names_what_is_lost_with_it() -> None:
    message = message_of("unreachable-node", [START, A, B, END], ["start -> end", "a -> b", "b -> end"])

    assert message == "`a` (and behind it `b`) cannot be reached from start: draw an edge to it, or remove it."


def test_nodes_are_named_by_their_label() -> None:
    message = message_of("unreachable-node", [START, say("n17", label="Greet"), END], ["start -> end"])

    assert message.startswith("`Greet` cannot be reached")


def test_the_nearest_agent_and_tool_are_named() -> None:
    nodes = [START, node("a", "agent", agentId="Writter"), node("b", "tool", toolId="sai"), END]
    messages = [issue.message for issue in check(nodes, ["start -> a", "a -> b", "b -> end"])]

    assert messages == [
        "There is no agent `Writter`: did you mean `writer`?",
        "There is no tool `sai`: did you mean `say`?",
    ]


def test_an_agents_unknown_tool_is_told_once_for_all_its_nodes() -> None:
    lookup = Lookup({"writer": WRITER.model_copy(update={"tools": ["say", "sing"]})}, {"say": SAY})
    nodes = [START, node("a", "agent", agentId="writer"), node("b", "agent", agentId="writer"), END]

    issues = check(nodes, ["start -> a", "a -> b", "b -> end"], lookup=lookup)

    assert places(issues) == [("unknown-agent-tool", "a")]


@pytest.mark.parametrize(
    "conditions",
    [
        ["context.input.x", None],
        ["context.input.x", "!context.input.x"],
        ["context.input.x", "not context.input.x"],
        ["(context.input.x && true)", "!(context.input.x && true)"],
        ["context.input.x > 0.7", "context.input.x <= 0.7"],
        ['context.input.x == "a b"', 'context.input.x != "a b"'],
        ["context.input.x", "true"],
    ],
)
def test_a_branch_that_can_be_seen_to_be_complete_needs_no_default(conditions: list[str | None]) -> None:
    ways = [f"fork -> {name}" + (f" if {text}" if text else "") for name, text in zip("ab", conditions, strict=True)]

    assert check([START, FORK, A, B, END], ["start -> fork", *ways, "a -> end", "b -> end"]) == []


@pytest.mark.parametrize(
    "conditions",
    [
        ["context.input.a && context.input.b", "!context.input.a && context.input.b"],
        ["context.input.x > 1 or context.input.y", "context.input.x <= 1 or context.input.y"],
        ["context.input.x > 1", "context.input.x < 1"],
        ["context.input.x in [true]", "!context.input.x in [true]"],
    ],
)
def test_a_branch_that_only_looks_complete_gets_a_warning(conditions: list[str]) -> None:
    ways = [f"fork -> {name} if {text}" for name, text in zip("ab", conditions, strict=True)]

    issues = check([START, FORK, A, B, END], ["start -> fork", *ways, "a -> end", "b -> end"])

    assert [(issue.code, issue.severity) for issue in issues] == [("branch-may-not-match", Severity.WARNING)]


def test_both_boolean_literals_are_complete_but_one_and_zero_are_not() -> None:
    def check_literals(*literals: str) -> list[Issue]:
        ways = [f"fork -> {name} if {text}" for name, text in zip("ab", literals, strict=True)]
        nodes = [START, branch("fork", condition="context.input.ok"), A, B, END]
        return check(nodes, ["start -> fork", *ways, "a -> end", "b -> end"])

    assert check_literals("true", "false") == []
    assert [issue.code for issue in check_literals("1", "0")] == ["branch-may-not-match"]


def test_no_match_that_ends_needs_no_default() -> None:
    nodes = [START, branch("fork", onNoMatch="end"), END]

    assert check(nodes, ["start -> fork", "fork -> end if context.input.x"]) == []


def test_a_gate_whose_conditions_leave_a_gap_gets_a_warning() -> None:
    nodes = [START, node("ask", "human_approval"), END]

    issues = check(nodes, ["start -> ask", "ask -> end if context.last_output.approved"])

    assert [(issue.code, issue.severity) for issue in issues] == [("branch-may-not-match", Severity.WARNING)]


SCHEMA_FAULTS = {
    "a reference to nowhere": ({"$ref": "#/$defs/order"}, "leads nowhere"),
    "a reference to itself": ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "leads back to itself"),
    "a reference to all of itself": ({"$ref": "#"}, "leads back to itself"),
    "a reference outside": ({"$ref": "https://example.com/order.json"}, "leads outside"),
    "a broken pattern": ({"properties": {"code": {"pattern": "("}}}, "at $.properties.code.pattern"),
    "a wrong keyword value": ({"properties": {"a": {"minLength": "x"}}}, "at $.properties.a.minLength"),
}


@pytest.mark.parametrize("name", SCHEMA_FAULTS)
def test_a_schema_that_a_run_would_trip_over_is_told_when_it_is_saved(name: str) -> None:
    schema, words = SCHEMA_FAULTS[name]

    assert words in message_of("bad-schema", [START, END], ["start -> end"], inputSchema=schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"$ref": {"type": "string"}, "pattern": {"type": "string"}}},
        {"enum": [{"$ref": "#/nowhere"}, {"pattern": "("}]},
        {"$defs": {"a b/c": {"type": "string"}}, "$ref": "#/$defs/a%20b~1c"},
        {"$defs": {"tree": {"properties": {"left": {"$ref": "#/$defs/tree"}}}}, "$ref": "#/$defs/tree"},
        {"items": {"$ref": "#"}},
    ],
)
def test_schemas_with_unusual_but_sound_parts_pass(schema: dict[str, Any]) -> None:
    assert check([START, END], ["start -> end"], inputSchema=schema) == []


def test_the_schemas_of_a_tool_are_looked_at_where_it_is_used() -> None:
    bad = SAY.model_copy(update={"output_schema": {"type": "txt"}})

    issues = check([START, A, B, END], ["start -> a", "a -> b", "b -> end"], lookup=Lookup({}, {"say": bad}))

    assert places(issues) == [("bad-schema", "a")]
    assert "outputSchema of the tool `say`" in issues[0].message


def test_an_input_with_placeholders_is_left_to_the_run() -> None:
    nodes = [START, node("a", "tool", toolId="say", input={"template": "{{ context.input.number }}"}), END]

    assert check(nodes, ["start -> a", "a -> end"]) == []


def test_the_condition_of_an_event_trigger_looks_at_the_event() -> None:
    triggers = [
        {"type": "event", "name": "paid", "condition": "context.event.amount > 100"},
        {"type": "event", "name": "paid", "condition": "context.input.amount > 100"},
        {"type": "event", "name": "paid", "condition": "context.event.amount >"},
    ]

    issues = check([START, END], ["start -> end"], triggers=triggers)

    assert [(issue.code, issue.path) for issue in issues] == [
        ("unknown-context-field", "$.triggers[1].condition"),
        ("bad-expression", "$.triggers[2].condition"),
    ]


def test_faults_of_every_kind_are_told_together() -> None:
    nodes = [
        START,
        node("a", "agent", agentId="nobody", prompt="{{ context.input. }}"),
        branch("fork"),
        branch("other", retries=3),
        say("b", "{{ context.outputs.c.text }}"),
        say("c"),
        END,
    ]
    edges = [
        "start -> a",
        "a -> fork",
        "fork -> b",
        "fork -> c if context.input.x >",
        "a -> other",
        "other -> end",
        "b -> end",
        "c -> end",
        "b -> zz",
    ]

    codes = {issue.code for issue in check(nodes, edges)}

    assert codes == {
        "bad-template",
        "unknown-config-key",
        "bad-expression",
        "dangling-edge",
        "unknown-agent",
        "not-an-ancestor",
    }


def chain(count: int) -> tuple[list[dict[str, Any]], list[str]]:
    names = ["start", *(f"n{number}" for number in range(count - 2)), "end"]
    middle = [say(name, "{{ context.outputs.start.x }} {{ context.last_output.text }}") for name in names[1:-1]]
    return [START, *middle, END], [f"{a} -> {b}" for a, b in pairwise(names)]


def fan(count: int) -> tuple[list[dict[str, Any]], list[str]]:
    names = [f"n{number}" for number in range(count - 2)]
    return [START, *map(say, names), END], [edge for name in names for edge in (f"start -> {name}", f"{name} -> end")]


def layers(depth: int, width: int) -> tuple[list[dict[str, Any]], list[str]]:
    rows = [[f"n{row}_{place}" for place in range(width)] for row in range(depth)]
    edges = [f"start -> {name}" for name in rows[0]] + [f"{name} -> end" for name in rows[-1]]
    edges += [f"{a} -> {b}" for row, below in pairwise(rows) for a in row for b in below]
    return [START, *(say(name, "hello") for row in rows for name in row), END], edges


def repeated(count: int) -> tuple[list[dict[str, Any]], list[str]]:
    nodes, edges, last = [START], list[str](), "start"
    for number in range(count):
        each = branch(f"each{number}", mode="each", items="context.input", join=f"join{number}")
        nodes += [each, say(f"work{number}", "{{ context.item }}"), say(f"join{number}", "done")]
        edges += [f"{last} -> each{number}", f"each{number} -> work{number}", f"work{number} -> join{number}"]
        last = f"join{number}"
    return [*nodes, END], [*edges, f"{last} -> end"]


Shape = tuple[list[dict[str, Any]], list[str]]


def plan_without_issues(shape: Shape) -> None:
    graph = read_graph(workflow("w", *shape))
    assert validate(graph, LOOKUP) == []
    plan_graph(graph, LOOKUP.agents, LOOKUP.tools)


@pytest.mark.parametrize(
    ("quarter", "whole"),
    [
        (chain(250), chain(1_000)),
        (fan(250), fan(1_000)),
        (layers(8, 32), layers(32, 32)),
        (repeated(83), repeated(332)),
    ],
    ids=["chain", "fan", "layers", "repeated"],
)
def test_a_thousand_nodes_cost_four_times_what_a_quarter_of_them_cost(quarter: Shape, whole: Shape) -> None:
    small = count_calls(lambda: plan_without_issues(quarter))

    assert count_calls(lambda: plan_without_issues(whole)) < 5 * small


def test_a_thousand_nodes_in_a_circle_are_no_recursion_error() -> None:
    nodes, edges = chain(1_000)

    issues = check(nodes, [*edges, "n997 -> n0"])

    assert [issue.code for issue in issues] == ["cycle"]
    assert len(issues[0].message) < 300
