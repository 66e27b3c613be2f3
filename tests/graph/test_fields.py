"""Schemas are used when a workflow is saved: a field that cannot be there is an issue, what is not known is none."""

from typing import Any

import pytest

from agentmesh_dagster.entities.models import Agent, Tool
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from tests.shapes import node, workflow

CLOSED: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "topic": {"type": "string"},
        "count": {"type": "integer"},
        "who": {"$ref": "#/$defs/person"},
        "any": {},
        "kind": {"enum": ["refund", "praise"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "ok": {"type": "boolean"},
    },
    "$defs": {"person": {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}},
}
OPEN = CLOSED | {"additionalProperties": True}
AGENT = Agent.model_validate({"id": "a", "name": "A", "modelProvider": "local", "modelName": "m"})


def tool(**schemas: Any) -> Tool:
    fields = {"id": "t", "name": "T", "type": "function", "config": {"functionName": "f"}}
    return Tool.model_validate(fields | schemas)


def check(
    condition: str, schema: Any = CLOSED, *, plan: Any = None, made: Tool | None = None, answer: Any = None
) -> list[Issue]:
    """What is said of a condition behind start, agent `plan`, tool `call` and a gate `ask`."""
    nodes = [
        node("start", "start"),
        node("plan", "agent", agentId="a", **({"outputSchema": plan} if plan else {})),
        node("call", "tool", toolId="t", input={}),
        node("ask", "human_approval", **({"schema": answer} if answer else {})),
        node("choose", "branch"),
        node("end", "end"),
        node("other", "end"),
    ]
    edges = ["start -> plan", "plan -> call", "call -> ask", "ask -> choose", "choose -> other"]
    edges.append(f"choose -> end if {condition}")
    graph = read_graph(workflow("w", nodes, edges, inputSchema=schema))
    assert graph.faults == ()
    return validate(graph, Lookup({"a": AGENT}, {"t": made or tool()}))


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (
            "context.input.tpoic == 'a'",
            "The workflow's inputSchema has no field `tpoic`: did you mean `topic`? (column 15)",
        ),
        (
            "context['input']['zzz'] == 1",
            "has no field `zzz`: known are `topic`, `count`, `who`, `any`, `kind`, `tags` and `ok` (column 18)",
        ),
        ("context.input.who.nam == 'x'", "has no field `nam`: did you mean `name`? (column 19)"),
        ("context.outputs.plan.scoer > 1", "The outputSchema of `plan` has no field `scoer`: did you mean `score`?"),
        ("context.outputs.call.ys > 1", "The outputSchema of the tool `T` has no field `ys`: did you mean `y`?"),
        ("context.outputs.ask.approvd", "The schema of `ask` has no field `approvd`: did you mean `approved`?"),
        ("context.last_output.approvd", "The schema of `ask` has no field `approvd`: did you mean `approved`?"),
        ("context.input.topic > 3", "cannot compare text > number (column 21)"),
        ("context.input.count <= 'a'", "cannot compare number <= text"),
        ("context.outputs.plan.text > 3", "cannot compare text > number"),
        ("context.input.topic.size > 3", "`context.input.topic` is text, which has no field `size` (column 21)"),
        ("context.input.tags.first == 'a'", "`context.input.tags` is a list, which has no field `first`: name an item"),
        ("context.input.who[0] == 'a'", "`context.input.who` is an object, which has no item [0] (column 19)"),
        ("context.input.tags[0].x == 'a'", "`context.input.tags[…]` is text, which has no field `x`"),
        ("context.input.topic + 1 > 3", "cannot calculate text + number: a template joins text (column 21)"),
        ("-context.input.topic > 3", "- needs a number, not text"),
        ("!context.input.topic", "! needs true or false, not text"),
        ("context.input.topic && true", "&& needs true or false, not text"),
        ("'a' in context.input.topic", "cannot look for text in text: use .contains(…)"),
        ("context.input.tags.contains('a')", ".contains() needs text before the dot, not list: use in"),
        ("size(context.input.count) > 3", "size() needs text, a list or an object, not number"),
        ("context.input.topic", "a condition must give true or false, not text (column 1)"),
        ("context.input.count + 1", "a condition must give true or false, not number (column 1)"),
    ],
)
def test_what_must_fail_is_an_error(condition: str, said: str) -> None:
    closed: dict[str, Any] = {"type": "object", "additionalProperties": False}
    [issue] = check(
        condition,
        plan=closed | {"properties": {"score": {"type": "number"}}},
        made=tool(outputSchema=closed | {"properties": {"y": {"type": "number"}}}),
        answer=closed | {"properties": {"approved": {"type": "boolean"}}},
    )

    assert said in issue.message
    assert (issue.severity, issue.edge_id, issue.path) == ("error", "e5", "$.graph.edges[5].condition")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("has(context.input.topic) && context.input.tpoic == 'a'", "has no field `tpoic`"),
        ("has(context.input.any) ? context.input.nope : true", "has no field `nope`"),
        ("context.input.count == 'a'", "number and text are never equal"),
        ("context.input.kind == 'refnud'", "The value is never `refnud`: did you mean `refund`? (column 20)"),
        ("context.input.kind != 'other'", "The value is never `other`: known are `refund` and `praise`"),
        ("context.input.kind in ['a', 'b']", "is never equal to"),
        ("context.input.any && context.input.topic", "&& needs true or false, not text"),
    ],
)
def test_what_may_not_be_reached_or_only_never_holds_is_a_warning(condition: str, said: str) -> None:
    [issue] = check(condition)

    assert said in issue.message
    assert issue.severity == "warning"


@pytest.mark.parametrize(
    ("condition", "said", "severity"),
    [
        (
            "context.outputs.ask.aproved",
            "has usually no field `aproved`: did you mean `approved`? (column 21)",
            "warning",
        ),
        ("context.last_output.Approved", "has usually no field `Approved`: did you mean `approved`?", "warning"),
        ("context.last_output.comments != ''", "has usually no field `comments`: did you mean `comment`?", "warning"),
        ("context.last_output.approved > 1", "cannot compare boolean > number", "error"),
        ("context.last_output.approved == 'true'", "boolean and text are never equal", "warning"),
    ],
)
def test_behind_a_gate_without_a_schema_a_field_that_is_nearly_a_usual_one_is_told(
    condition: str, said: str, severity: str
) -> None:
    [issue] = check(condition)

    assert said in issue.message
    assert (issue.severity, issue.edge_id) == (severity, "e5")


def test_the_edges_of_a_gate_without_a_schema_may_ask_for_fields_of_their_own() -> None:
    def list_issues(condition: str) -> list[str]:
        nodes = [node("start", "start"), node("ask", "human_approval"), node("end", "end"), node("other", "end")]
        edges = ["start -> ask", f"ask -> end if {condition}", "ask -> other"]
        return [issue.message for issue in validate(read_graph(workflow("w", nodes, edges)), Lookup({}, {}))]

    for condition in (
        "context.last_output.choice == 'left'",
        "context.last_output == 'left'",
        "context.last_output.payload.x",
    ):
        assert list_issues(condition) == []
    [told] = list_issues("context.last_output.aproved")
    assert "did you mean `approved`?" in told


@pytest.mark.parametrize(
    "condition",
    [
        "context.input.topic == 'a' && context.input.count > 1 && context.input.who.name < 'b'",
        "has(context.input.tpoic)",
        "context.input.any.thing > 1",
        "context.outputs.plan.anything > 1",  # a reply that is an object has fields of its own
        "context.outputs.plan.raw.model == 'm'",
        "context.outputs.call == null",
        "context.input.topic != null",
        "context.outputs.call.whatever > 1",
        "context.last_output.whatever",
        "context.run.id == 'x'",
        "context.input.count == 1.5 || context.input.count != 2",
        "size(context.input.topic) > 3",
        "context.input.kind == 'refund' || context.input.kind in ['praise', 'other']",
        "'a' in context.input.tags && context.input.tags[0].startsWith('a')",
        "has(context.input.count) && context.input.ok",
        "(context.input.ok ? context.input.any : context.input.count) > 3",
    ],
)
def test_what_is_not_known_is_no_issue(condition: str) -> None:
    assert check(condition) == []


def test_an_open_schema_says_nothing_of_other_fields() -> None:
    assert check("context.input.tpoic == 'a'", OPEN) == []
    assert check("context.input.x1 == 'a'", CLOSED | {"patternProperties": {"^x": {}}}) == []


def each_of(condition: str) -> list[Issue]:
    nodes = [
        node("start", "start"),
        node("each", "branch", mode="each", items="context.input.any", join="end"),
        node("call", "tool", toolId="t", input={"v": "{{ context.item }}"}),
        node("then", "tool", toolId="t", input={"v": condition}),
        node("end", "end", output="{{ context.outputs.call[0].y }}"),
    ]
    edges = ["start -> each", "each -> call", "call -> then", "then -> end"]
    made = tool(outputSchema={"type": "object", "additionalProperties": False, "properties": {"y": {"type": "number"}}})
    return validate(read_graph(workflow("w", nodes, edges, inputSchema=CLOSED)), Lookup({}, {"t": made}))


def test_inside_an_each_an_output_is_the_items_and_behind_it_a_list() -> None:
    assert each_of("{{ context.outputs.call.y }}") == []
    [issue] = each_of("{{ context.last_output.z }}")

    assert "has no field `z`" in issue.message
    assert issue.path == "$.graph.nodes[3].config.input.v"


@pytest.mark.parametrize(
    ("schema", "given", "is_told"),
    [
        ({"type": "object", "properties": {"q": {}}, "additionalProperties": False}, {}, True),
        ({"type": "object", "properties": {"q": {}}, "additionalProperties": False}, {"input": {"q": 1}}, False),
        ({"type": "object", "properties": {"q": {}}}, {}, False),
        ({"properties": {"text": {}, "raw": {}}, "additionalProperties": False}, {}, False),
        ({}, {}, False),
    ],
)
def test_a_closed_tool_does_not_take_an_agents_output_as_it_is(schema: Any, given: Any, is_told: bool) -> None:
    nodes = [node("start", "start"), node("plan", "agent", agentId="a"), node("call", "tool", toolId="t", **given)]
    graph = read_graph(workflow("w", [*nodes, node("end", "end")], ["start -> plan", "plan -> call", "call -> end"]))
    issues = validate(graph, Lookup({"a": AGENT}, {"t": tool(inputSchema=schema)}))

    assert [issue.code for issue in issues] == (["tool-input-mismatch"] if is_told else [])
    if is_told:
        assert issues[0].message == (
            "`call` gets the whole output of `plan`, with `text` and `raw`, which the inputSchema of the tool `T` does "
            "not take: set `input`."
        )


def test_a_literal_that_a_branch_never_switches_to_is_told() -> None:
    nodes = [node("start", "start"), node("choose", "branch", condition="context.input.kind"), node("end", "end")]
    nodes += [node("a", "end"), node("b", "end")]
    edges = ["start -> choose", "choose -> a if 'refnud'", "choose -> b if 3", "choose -> end"]
    issues = validate(read_graph(workflow("w", nodes, edges, inputSchema=CLOSED)), Lookup({}, {}))

    assert [(issue.code, issue.severity, issue.edge_id) for issue in issues] == [
        ("never-equal", "warning", "e1"),
        ("never-equal", "warning", "e2"),
    ]
    assert issues[0].message.endswith("is never taken: the value is never `refnud`: did you mean `refund`?")
    assert "the condition gives text, and 3 is number" in issues[1].message


WANTED: dict[str, Any] = {
    "type": "object",
    "required": ["topic"],
    "properties": {
        "topic": {"type": "string"},
        "count": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "number"}},
        "kind": {"enum": ["praise", "blame"]},
    },
    "additionalProperties": False,
}


def check_input(given: Any, schema: Any = CLOSED, *, made: Any = None) -> list[Issue]:
    """What is said of a tool behind start, with such an input; without any it gets the run's."""
    config = {} if given is None else {"input": given}
    nodes = [node("start", "start"), node("call", "tool", toolId="t", **config), node("end", "end")]
    graph = read_graph(workflow("w", nodes, ["start -> call", "call -> end"], inputSchema=schema))
    return validate(graph, Lookup({}, {"t": made or tool(inputSchema=WANTED)}))


@pytest.mark.parametrize(
    ("given", "said", "place", "severity"),
    [
        ({"topic": "{{ context.input.count }}"}, "with `topic` as a number, which", ".topic", "error"),
        ({"topic": "{{ context.input.topic }}", "count": "a"}, "with `count` as text, which", ".count", "error"),
        ({"topic": "a", "count": "about {{ context.input.count }}"}, "with `count` as text", ".count", "error"),
        ({"topic": "a", "tags": ["{{ context.input.topic }}"]}, "with `tags[0]` as text", ".tags[0]", "warning"),
        ({"topic": "a", "tags": "{{ context.input.tags }}"}, "with `tags[0]` as text", ".tags[0]", "warning"),
        (
            {"count": "{{ context.input.count }}"},
            "without `topic`, which the inputSchema of the tool `T` requires",
            "",
            "error",
        ),
        ({"topic": "a", "more": "{{ context.input.any }}"}, "with `more`, which", "", "error"),
        ("{{ context.input.topic }}", "comes as text, which", "", "error"),
        ({"topic": "{{ context.input.any }}", "kind": "other"}, 'with `kind` as `"other"`, which', ".kind", "error"),
    ],
)
def test_an_input_that_cannot_fit_its_tool_is_told_where_it_is_written(
    given: Any, said: str, place: str, severity: str
) -> None:
    [issue] = check_input(given)

    assert said in issue.message
    assert (issue.code, issue.severity) == ("tool-input-mismatch", severity)
    assert issue.path == f"$.graph.nodes[1].config.input{place}"


@pytest.mark.parametrize(
    "given",
    [
        {
            "topic": "{{ context.input.topic }}",
            "count": "{{ context.input.count }}",
            "kind": "{{ context.input.kind }}",
        },
        {"topic": "{{ context.input.any }}", "tags": "{{ context.input.any }}"},
        "{{ context.input.any }}",
        {"topic": "{{ context.input.ok ? 'a' : context.input.topic }}"},
    ],
)
def test_an_input_that_may_fit_its_tool_is_no_issue(given: Any) -> None:
    assert check_input(given) == []


def test_what_is_passed_on_must_fit_the_tool_as_far_as_it_is_known() -> None:
    closed = {"type": "object", "additionalProperties": False}
    assert check_input(None, closed | {"properties": {"topic": {"type": "string"}}, "required": ["topic"]}) == []
    assert check_input(None, {"type": "object", "properties": {"count": {"type": "number"}}}) == []  # it is open
    [missing] = check_input(None, closed | {"properties": {"count": {"type": "number"}}})
    assert missing.message == (
        "`call` gets what comes in, without `topic`, which the inputSchema of the tool `T` requires: set `input`."
    )
    [wrong] = check_input(None, closed | {"properties": {"topic": {"type": "number"}}, "required": ["topic"]})
    assert "with `topic` as a number, which the inputSchema of the tool `T` does not take" in wrong.message
    [kind] = check_input(None, {"type": "array"})
    assert "gets what comes in, as a list" in kind.message


def test_a_join_hands_on_a_mapping_which_a_tool_may_not_take() -> None:
    nodes = [node("start", "start"), *(node(name, "agent", agentId="a") for name in "ab")]
    nodes += [node("call", "tool", toolId="t"), node("end", "end")]
    edges = ["start -> a", "start -> b", "a -> call", "b -> call", "call -> end"]
    issues = validate(read_graph(workflow("w", nodes, edges)), Lookup({"a": AGENT}, {"t": tool(inputSchema=WANTED)}))

    assert [issue.message.partition(", which")[0] for issue in issues] == [
        "`call` gets what comes in, without `topic`",
        "`call` gets what comes in, with `a` and `b`",
    ]
