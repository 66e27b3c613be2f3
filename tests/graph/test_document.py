"""All faults of a document are told at once: of its text, its structure and its graphs, each cause once."""

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.entities.models import Agent, Tool
from agentmesh_dagster.entities.yaml_values import read_yaml
from agentmesh_dagster.graph.document import check_document, read_document, validate_document
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.rules import Lookup
from tests.entities.strategies import JSON

CALLS_CLOCK = {"type": "builtin", "config": {"functionName": "current_time"}}
CLOCK = "tools: [{id: clock, name: Clock, type: builtin, config: {functionName: current_time}}]\n"


def workflow(nodes: str, edges: str, more: str = "") -> str:
    return f"workflows:\n- id: w\n  name: W\n  graph:\n    nodes: [{nodes}]\n    edges: [{edges}]\n{more}"


def check(text: str, lookup: Lookup | None = None) -> list[tuple[str, str | None]]:
    """Code and path of each issue."""
    issues = validate_document(text, name="x.yaml", **({"lookup": lookup} if lookup else {}))
    return [(issue.code, issue.path) for issue in issues]


def find(text: str, code: str) -> Issue:
    (issue,) = [issue for issue in validate_document(text, name="x.yaml") if issue.code == code]
    return issue


START_END = "{id: start, type: start}, {id: end, type: end}"
EDGE = "{id: e, fromNodeId: start, toNodeId: end}"


def test_a_sound_document_has_no_issues_and_gives_its_entities() -> None:
    document, issues = check_document(CLOCK + workflow(START_END, EDGE), name="x.yaml")

    assert issues == []
    assert [entity.id for entity in document] == ["clock", "w"]


def test_faults_of_text_structure_and_graph_come_together() -> None:
    text = CLOCK + workflow(START_END + ", {id: a, type: tool, toolId: clok, labl: A}", EDGE, "name: 3\nname: 4\n")

    assert check(text) == [
        ("duplicate-key", "$"),
        ("unknown-field", "$.name"),
        ("unknown-field", "$.workflows[0].graph.nodes[2].labl"),
        ("unreachable-node", "$.workflows[0].graph.nodes[2]"),
        ("unknown-tool", "$.workflows[0].graph.nodes[2].toolId"),
    ]


def test_faults_name_the_node_or_the_edge() -> None:
    text = workflow(START_END + ", {id: a, type: toool}", EDGE + ", {id: f, fromNodeId: start, toNode: a}")
    issues = validate_document(text, name="x.yaml")

    assert [(issue.code, issue.node_id, issue.edge_id) for issue in issues] == [
        ("bad-value", "a", None),
        ("unknown-field", None, "f"),
    ]
    assert issues[0].message.endswith("did you mean `tool`?")
    assert issues[1].message == "`toNode` is no field here: did you mean `toNodeId`?"


def test_what_could_not_be_read_brings_no_other_issue() -> None:
    nodes = "{id: start, type: strat}, {id: a, type: agent, agentId: [x]}, {type: branch}, 7, {id: end, type: end}"
    edges = "{id: 1, fromNodeId: start, toNodeId: a}, {id: 2, fromNodeId: a}, {fromNodeId: fork, toNodeId: end}"

    assert check(workflow(nodes, edges)) == [
        ("bad-value", "$.workflows[0].graph.nodes[0].type"),
        ("bad-value", "$.workflows[0].graph.nodes[1].agentId"),
        ("missing-field", "$.workflows[0].graph.nodes[2].id"),
        ("bad-value", "$.workflows[0].graph.nodes[3]"),
        ("missing-field", "$.workflows[0].graph.edges[1].toNodeId"),
        ("missing-field", "$.workflows[0].graph.edges[2].id"),
    ]


def test_the_rest_of_a_graph_with_unreadable_nodes_is_still_looked_at_where_it_stands() -> None:
    nodes = START_END + ", 7, {id: a, type: end, config: {output: '{{ context.outputs.zz }} {{ context.foo }}'}}"
    edges = EDGE + ", 8, {id: f, fromNodeId: start, toNodeId: a, condition: true}"

    assert check(workflow(nodes, edges)) == [
        ("bad-value", "$.workflows[0].graph.nodes[2]"),
        ("bad-value", "$.workflows[0].graph.edges[1]"),
        ("condition-not-allowed", "$.workflows[0].graph.edges[2]"),
        ("unknown-context-field", "$.workflows[0].graph.nodes[3].config.output"),
    ]


def test_a_graph_without_readable_lists_is_not_judged() -> None:
    assert check("workflows: [{id: w, name: W}]") == [("missing-field", "$.workflows[0].graph")]
    assert check("workflows: [{id: w, name: W, graph: {nodes: 3}}]") == [("bad-value", "$.workflows[0].graph.nodes")]


def test_while_an_agent_cannot_be_read_no_agent_is_unknown() -> None:
    text = workflow("{id: start, type: start}, {id: a, type: agent, agentId: writer}, {id: end, type: end}", "")
    edges = "{id: 1, fromNodeId: start, toNodeId: a}, {id: 2, fromNodeId: a, toNodeId: end}"
    text = text.replace("edges: []", f"edges: [{edges}]")

    assert check(text) == [("unknown-agent", "$.workflows[0].graph.nodes[1].agentId")]
    assert check(f"agents: [{{id: writer, name: W}}]\n{text}") == [
        ("missing-field", "$.agents[0].modelProvider"),
        ("missing-field", "$.agents[0].modelName"),
    ]
    assert check(f"agents: [{{name: W, modelProvider: local, modelName: m}}]\n{text}") == [
        ("missing-field", "$.agents[0].id")
    ]
    assert check(f"agents: writer\n{text}") == [("bad-value", "$.agents")]


def test_agents_and_tools_are_judged_once_however_many_graphs_use_them() -> None:
    text = """
agents: [{id: writer, name: W, modelProvider: local, modelName: m, tools: [clock, clok]}]
tools: [{id: clock, name: Clock, type: builtin, config: {functionName: current_time}, inputSchema: {type: objekt}}]
workflows:
"""
    for name in ("v", "w"):
        text += f"""
- id: {name}
  name: {name}
  graph:
    nodes: [{START_END}, {{id: a, type: agent, agentId: writer}}]
    edges: [{{id: 1, fromNodeId: start, toNodeId: a}}, {{id: 2, fromNodeId: a, toNodeId: end}}]
"""

    assert check(text) == [("unknown-agent-tool", "$.agents[0].tools[1]"), ("bad-schema", "$.tools[0].inputSchema")]


def test_what_the_store_has_may_be_named() -> None:
    writer = Agent.model_validate({"id": "writer", "name": "W", "modelProvider": "local", "modelName": "m"})
    clock = Tool.model_validate({"id": "clock", "name": "C", **CALLS_CLOCK})
    nodes = START_END + ", {id: a, type: agent, agentId: writer}, {id: b, type: tool, toolId: clock}"
    edges = "{id: 1, fromNodeId: start, toNodeId: a}, {id: 2, fromNodeId: a, toNodeId: b}"
    edges += ", {id: 3, fromNodeId: b, toNodeId: end}"

    assert check(workflow(nodes, edges), Lookup({"writer": writer}, {"clock": clock})) == []


def test_the_documents_own_tool_goes_before_the_stores() -> None:
    stored = Tool.model_validate(
        {"id": "clock", "name": "C", **CALLS_CLOCK, "inputSchema": {"required": ["zone"]}, "projectId": "other"}
    )
    nodes = START_END + ", {id: a, type: tool, toolId: clock, config: {input: {}}}"
    edges = "{id: 1, fromNodeId: start, toNodeId: a}, {id: 2, fromNodeId: a, toNodeId: end}"
    lookup = Lookup({}, {"clock": stored})

    assert check(CLOCK + workflow(nodes, edges), lookup) == []
    assert [code for code, _ in check(workflow(nodes, edges), lookup)] == ["tool-input-mismatch"]


def test_ids_used_twice_under_one_heading_are_told() -> None:
    assert check(
        CLOCK.replace("}]\n", "}, {id: clock, name: Other, type: function, config: {functionName: f}}]\n")
    ) == [("duplicate-id", "$.tools[1].id")]


def test_an_id_may_be_long_but_not_without_end() -> None:
    longest, longer = "漢" * 255, "漢" * 256
    nodes, edges = START_END.replace("end,", f"{longest},"), EDGE.replace("end}", f"{longest}}}")

    assert check(workflow(nodes, edges)) == []
    issue = find(workflow(nodes.replace(longest, longer), EDGE), "bad-value")
    assert issue.message == "`id` has 256 characters; at most 255 are allowed."


def test_unknown_parts_and_wrong_kinds_say_what_belongs_there() -> None:
    assert (
        find("workflow: []", "unknown-field").message
        == "`workflow` is no part of a document: did you mean `workflows`?"
    )
    assert (
        find("projects: []", "unknown-field").message == "`projects` is no part of a document: did you mean `project`?"
    )
    assert find("tools: {id: a}", "bad-value").message == (
        "`tools` must be a list (lines that begin with `- `), not an object."
    )
    assert find("tools: [clock]", "bad-value").message == "Here stands an object (lines of `name: value`), not text."


def test_reading_alone_does_not_look_at_graphs() -> None:
    document, issues = read_document("workflows: [{id: w, name: W, graph: {}}, {id: v, name: 3, graph: {}}]", name="x")

    assert [issue.code for issue in issues] == ["bad-value"]
    assert [workflow.id for workflow in document.workflows] == ["w"]


SOUND = """
project: {id: shop, name: Shop}
agents: [{id: writer, name: Writer, modelProvider: local, modelName: offline, tools: [clock]}]
tools: [{id: clock, name: Clock, type: builtin, config: {functionName: current_time}}]
workflows:
  - id: w
    name: W
    triggers: [{type: event, name: paid, condition: context.event.ok}]
    graph:
      nodes:
        - {id: start, type: start}
        - {id: each, type: branch, config: {mode: each, items: context.input.parts}}
        - {id: work, type: agent, agentId: writer, config: {prompt: '{{ context.item }}', retry: {maxAttempts: 3}}}
        - {id: fork, type: branch, config: {condition: context.input.kind}}
        - {id: ask, type: human_approval, config: {schema: {type: object}}}
        - {id: end, type: end, config: {output: '{{ context.outputs.work }}'}}
      edges:
        - {id: 1, fromNodeId: start, toNodeId: each}
        - {id: 2, fromNodeId: each, toNodeId: work}
        - {id: 3, fromNodeId: work, toNodeId: fork}
        - {id: 4, fromNodeId: fork, toNodeId: ask, condition: true}
        - {id: 5, fromNodeId: fork, toNodeId: end}
        - {id: 6, fromNodeId: ask, toNodeId: end}
"""


def _list_places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value: the object or list, and the key or index in it."""
    keys: Iterable[Any] = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _list_places(value[key])


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_document_it_is_judged_and_nothing_crashes(data: st.DataObject) -> None:
    document, _ = read_yaml(SOUND)
    for _ in range(data.draw(st.integers(1, 4))):
        places = list(_list_places(document))
        around, key = places[data.draw(st.integers(0, len(places) - 1))]
        change = data.draw(st.sampled_from(["remove", "replace", "rename"]))
        if change == "replace" or isinstance(around, list):
            around[key] = data.draw(JSON)
        else:
            value = around.pop(key)
            if change == "rename":
                around[f"{key}s"] = value

    issues = validate_document(write_json(document), name="x.json")

    assert all(issue.code and issue.message and issue.path for issue in issues)


def test_a_document_of_a_thousand_nodes_is_checked() -> None:
    nodes = "".join(f"      - {{id: n{n}, type: branch}}\n" for n in range(1_000))
    edges = "".join(f"      - {{id: e{n}, fromNodeId: n{n}, toNodeId: n{n + 1}}}\n" for n in range(999))
    text = f"workflows:\n- id: w\n  name: W\n  graph:\n    nodes:\n{nodes}    edges:\n{edges}"

    assert [code for code, _ in check(text)] == ["no-start", "no-end", "branch-without-edges"]


def test_an_unknown_format_is_a_warning() -> None:
    schema = "inputSchema: {properties: {a: {format: emial}, b: {format: int64}, c: {format: email}}}"
    text = CLOCK[:-3] + f", {schema}}}]\n" + workflow(START_END, EDGE, f"  {schema}\n")

    issues = validate_document(text, name="x.yaml")

    assert [(issue.code, issue.severity, issue.path) for issue in issues] == [
        ("unknown-format", "warning", "$.tools[0].inputSchema.properties.a.format"),
        ("unknown-format", "warning", "$.workflows[0].inputSchema.properties.a.format"),
    ]
    assert issues[0].message == "Nothing checks the format `emial`: did you mean `email`?"


def test_a_tool_has_what_its_type_needs_and_says_what_counts_for_others() -> None:
    tools = "tools: [{id: a, name: A, type: http}, {id: b, name: B, type: builtin, config: {url: x, functionName: ''}}]"

    issues = validate_document(tools, name="x.yaml")

    assert [(issue.code, issue.severity, issue.path) for issue in issues] == [
        ("missing-tool-setting", "error", "$.tools[0].config"),
        ("missing-tool-setting", "error", "$.tools[1].config"),
        ("setting-without-effect", "warning", "$.tools[1].config.url"),
    ]
    assert issues[0].message == "`url` is missing: a tool of type http has nothing to call without it."
    assert issues[2].message == "`url` has no effect on a tool of type builtin, which takes `functionName`."


def test_a_fixed_statement_is_read_when_it_is_saved_and_an_undeclared_database_is_told_once() -> None:
    tools = """tools:
- {id: a, name: A, type: sql, config: {statement: "delete from t"}}
- {id: b, name: B, type: sql, config: {statement: "select $a from t where b = $b"}}
- {id: c, name: C, type: sql, config: {connection: shop, statement: "whatever"}}
"""
    uses = ", ".join(f"{{id: n{name}, type: tool, toolId: {name}}}" for name in "abc")

    issues = validate_document(tools + workflow(uses, ""), name="x.yaml")

    assert [(issue.code, issue.severity, issue.path) for issue in issues if "$.tools" in (issue.path or "")] == [
        ("bad-statement", "error", "$.tools[0].config.statement"),
        ("not-declared", "warning", "$.tools[2].config.connection"),
    ]
    assert not [issue for issue in issues if issue.code in ("bad-statement", "not-declared") and issue.node_id]
    assert issues[0].message == ("`statement` is not executed: DELETE is no query; the tool may only read (readOnly).")
    assert issues[1].message == "agentmesh.toml declares no database `shop` here."


def test_a_stored_tool_that_lacks_a_setting_is_told_where_a_workflow_uses_it() -> None:
    bare = Tool.model_validate({"id": "bare", "name": "Bare", "type": "http"})
    agent = Agent.model_validate(
        {"id": "writer", "name": "W", "modelProvider": "local", "modelName": "m", "tools": ["bare"]}
    )
    nodes = START_END + ", {id: a, type: agent, agentId: writer}, {id: b, type: tool, toolId: bare}"
    edges = "{id: 1, fromNodeId: start, toNodeId: a}, {id: 2, fromNodeId: a, toNodeId: b}"
    edges += ", {id: 3, fromNodeId: b, toNodeId: end}"

    issues = validate_document(workflow(nodes, edges), name="x.yaml", lookup=Lookup({"writer": agent}, {"bare": bare}))

    assert [(issue.code, issue.severity, issue.path) for issue in issues] == [
        ("missing-tool-setting", "warning", "$.workflows[0].graph.nodes[2].agentId"),
        ("missing-tool-setting", "warning", "$.workflows[0].graph.nodes[3].toolId"),
    ]
