"""What is known of the values at each node before anything runs, as JSON Schema; what is not known is not guessed."""

from typing import Any

import pytest

from agentmesh_dagster.entities.models import JsonObject, Tool, Workflow
from agentmesh_dagster.graph.flow import Flow
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.specs.schema_writer import write_schema
from agentmesh_dagster.specs.shapes import Shape
from tests.shapes import node, workflow

START, END = node("start", "start"), node("end", "end")
NUMBER, TEXT, NULL = {"type": "number"}, {"type": "string"}, {"type": "null"}
INPUT: JsonObject = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["a", "b"]},
        "orders": {"type": "array", "items": {"$ref": "#/$defs/order"}},
    },
    "$defs": {"order": {"type": "object", "properties": {"id": TEXT, "parts": {"type": "array", "items": NUMBER}}}},
}


def gives(name: str, schema: Any = None) -> Tool:
    """A tool whose results are of this schema; unless given, `{<name>: number}`."""
    schema = schema or {"type": "object", "properties": {name: NUMBER}}
    fields = {"id": name, "name": name, "type": "function", "config": {"functionName": "f"}, "outputSchema": schema}
    return Tool.model_validate(fields)


TOOLS = {name: gives(name) for name in "abcd"}


def call(name: str, tool: str | None = None, **config: Any) -> dict[str, Any]:
    return node(name, "tool", toolId=tool or name, **config)


def flow_of(nodes: list[dict[str, Any]], edges: list[str], **fields: Any) -> Flow:
    graph = read_graph(workflow("w", nodes, edges, **{"inputSchema": INPUT, **fields}))
    assert graph.faults == ()
    return Flow(graph, TOOLS)


def show(shape: Shape | None) -> Any:
    """The schema with all references put in, so far as none leads back: `anyOf` as a list, objects by their fields."""
    schema = write_schema(shape)
    return _show(schema, schema)


def _show(schema: Any, root: Any) -> Any:
    if "$ref" in schema:
        found = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return _show(found, root)
    if "anyOf" in schema:
        return [_show(option, root) for option in schema["anyOf"]]
    if "properties" in schema:
        required = schema.get("required", ())
        names = {name: name if name in required else f"{name}?" for name in schema["properties"]}
        return {names[name]: _show(field, root) for name, field in schema["properties"].items()}
    if "items" in schema:
        return ("each", _show(schema["items"], root))
    return schema.get("type") or schema.get("enum") or schema.get("const") or "anything"


def test_the_first_node_gets_the_runs_input_and_the_next_what_it_gives():
    flow = flow_of([START, call("a"), END], ["start -> a", "a -> end"])

    assert show(flow.find_input("a")) == {
        "kind?": ["a", "b"],
        "orders?": ("each", {"id?": "string", "parts?": ("each", "number")}),
    }
    assert show(flow.find_input("end")) == {"a?": "number"}
    assert show(flow.run_output) == {"a?": "number"}


def test_what_no_schema_describes_is_anything():
    flow = flow_of([START, call("x"), END], ["start -> x", "x -> end"], inputSchema=None)

    assert write_schema(flow.find_input("x")) == write_schema(flow.find_input("end")) == {}
    assert flow.find_output("x", "end") is None


def test_arms_that_always_meet_come_as_a_mapping():
    flow = flow_of([START, call("a"), call("b"), END], ["start -> a", "start -> b", "a -> end", "b -> end"])

    assert show(flow.find_input("end")) == {"a": {"a?": "number"}, "b": {"b?": "number"}}


FORK = node("fork", "branch")


def test_of_arms_that_exclude_each_other_comes_one():
    edges = ["start -> fork", "fork -> a if context.input.kind == 'a'", "fork -> b", "a -> end", "b -> end"]
    flow = flow_of([START, FORK, call("a"), call("b"), END], edges)

    assert show(flow.find_input("end")) == [{"a?": "number"}, {"b?": "number"}]
    assert show(flow.find_output("a", "end")) == [{"a?": "number"}, "null"]
    assert show(flow.find_output("a", "a")) == {"a?": "number"}


def test_of_arms_that_may_be_taken_or_not_come_one_or_several():
    fork = node("fork", "branch", mode="all")
    when = "if context.input.kind =="
    edges = ["start -> fork", f"fork -> a {when} 'a'", f"fork -> b {when} 'b'", "a -> end", "b -> end"]
    flow = flow_of([START, fork, call("a"), call("b"), END], edges)

    a, b = {"a?": "number"}, {"b?": "number"}
    assert show(flow.find_input("end")) == [a, b, {"a?": a, "b?": b}]


def test_an_arm_that_may_be_missing_beside_one_that_is_always_there():
    edges = ["start -> fork", "fork -> a if context.input.kind == 'a'", "fork -> b"]
    edges += ["start -> c", "a -> end", "c -> end", "b -> other"]
    flow = flow_of([START, FORK, *map(call, "abc"), END, node("other", "end")], edges)

    a, c = {"a?": "number"}, {"c?": "number"}
    assert show(flow.find_input("end")) == [c, {"a?": a, "c": c}]


def test_whoever_runs_behind_all_ways_of_a_branch_runs_always():
    edges = ["start -> fork", "fork -> a if context.input.kind == 'a'", "fork -> b", "a -> c", "b -> c"]
    edges += ["start -> d", "c -> end", "d -> end"]
    flow = flow_of([START, FORK, *map(call, "abcd"), END], edges)

    assert show(flow.find_input("end")) == {"c": {"c?": "number"}, "d": {"d?": "number"}}
    assert show(flow.find_output("c", "end")) == {"c?": "number"}


def test_a_branch_that_may_take_nothing_leaves_what_is_behind_it_open():
    fork = node("fork", "branch", onNoMatch="end")
    edges = ["start -> fork", "fork -> a if context.input.kind == 'a'", "start -> b", "a -> c", "b -> c", "c -> end"]
    flow = flow_of([START, fork, *map(call, "abc"), END], edges)

    assert show(flow.find_output("a", "c")) == [{"a?": "number"}, "null"]
    assert show(flow.find_output("c", "end")) == {"c?": "number"}


def test_branches_behind_branches_exclude_what_their_ways_exclude():
    inner = node("inner", "branch")
    is_a, is_b = "if context.input.kind == 'a'", "if context.input.kind == 'b'"
    edges = ["start -> fork", f"fork -> inner {is_a}", "fork -> c", f"inner -> a {is_b}", "inner -> b"]
    edges += ["a -> end", "b -> end", "c -> end"]
    flow = flow_of([START, FORK, inner, *map(call, "abc"), END], edges)

    assert show(flow.find_input("end")) == [{"a?": "number"}, {"b?": "number"}, {"c?": "number"}]
    assert show(flow.find_input("b")) == show(flow.find_input("start"))


EACH = node("each", "branch", mode="each", items="context.input.orders", join="end")
ORDER = {"id?": "string", "parts?": ("each", "number")}


def test_inside_an_each_there_is_its_item_and_the_closing_join_gets_the_list_of_results():
    flow = flow_of([START, EACH, call("a"), END], ["start -> each", "each -> a", "a -> end"])

    context = show(flow.find_context("a"))
    assert context["item"] == context["last_output"] == ORDER
    assert context["index"] == "integer"
    assert "item" not in show(flow.find_context("end"))
    assert show(flow.find_input("end")) == ("each", {"a?": "number"})
    assert show(flow.find_output("a", "end")) == ("each", {"a?": "number"})
    assert show(flow.find_output("a", "a")) == {"a?": "number"}
    assert show(flow.find_output("each", "end")) == ("each", ORDER)


def test_an_item_that_took_no_arm_to_the_join_has_null_there():
    fork = node("fork", "branch", onNoMatch="end")
    edges = ["start -> each", "each -> fork", "fork -> a if context.item.id == 'x'", "a -> end"]
    flow = flow_of([START, EACH, fork, call("a"), END], edges)

    assert show(flow.find_input("end")) == ("each", [{"a?": "number"}, "null"])
    assert show(flow.find_output("a", "end")) == ("each", [{"a?": "number"}, "null"])


def test_arms_of_an_item_come_as_they_would_outside():
    edges = ["start -> each", "each -> a", "each -> b", "a -> end", "b -> end"]
    flow = flow_of([START, EACH, call("a"), call("b"), END], edges)

    assert show(flow.find_input("end")) == ("each", {"a": {"a?": "number"}, "b": {"b?": "number"}})


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        (None, {"text": "string", "raw": {"id?": "anything", "model?": "anything", "usage?": "object"}}),
        (
            {"type": "object", "properties": {"score": NUMBER}, "required": ["score"]},
            {"score": "number", "text": "string", "raw": {"id?": "anything", "model?": "anything", "usage?": "object"}},
        ),
    ],
)
def test_an_agents_reply_has_its_own_fields_beside_text_and_raw(schema: Any, shown: Any):
    agent = node("ask", "agent", agentId="x", **({"outputSchema": schema} if schema else {}))
    flow = flow_of([START, agent, END], ["start -> ask", "ask -> end"])

    given = show(flow.find_input("end"))
    given["raw"] = {name: given["raw"][name] for name in shown["raw"]}
    assert given == shown


def test_conditions_behind_a_gate_see_its_answer():
    gate = node("ask", "human_approval", schema={"type": "object", "properties": {"grade": NUMBER}})
    edges = ["start -> a", "a -> ask", "ask -> end if context.last_output.grade > 3", "ask -> other"]
    flow = flow_of([START, call("a"), gate, END, node("other", "end")], edges)

    assert show(flow.find_context("ask"))["last_output"] == {"a?": "number"}
    behind = show(flow.find_context_behind("ask"))
    assert behind["last_output"] == behind["outputs"]["ask"] == {"grade?": "number"}
    assert list(show(flow.find_context("ask"))["outputs"]) == ["start", "a"]


def test_the_answer_of_a_deadline_need_not_fit_the_gates_schema():
    schema = {"type": "object", "properties": {"grade": NUMBER}}
    gate = node("ask", "human_approval", schema=schema, deadlineSeconds=60, onDeadline="reject")
    flow = flow_of([START, gate, END], ["start -> ask", "ask -> end"])

    assert show(flow.find_input("end")) == [{"grade?": "number"}, {"approved": "boolean", "comment?": "string"}]


def test_an_end_gives_what_its_template_gives():
    output = {"n": "{{ context.last_output.a }}", "said": "Got {{ context.last_output.a }}", "all": ["{{ 1 < 2 }}"]}
    flow = flow_of([START, call("a"), node("end", "end", output=output)], ["start -> a", "a -> end"])

    assert show(flow.run_output) == {"n": "number", "said": "string", "all": ("each", "boolean")}


def test_a_run_gives_what_the_end_gave_that_ran():
    edges = ["start -> fork", "fork -> a if context.input.kind == 'a'", "fork -> b", "a -> end", "b -> other"]
    flow = flow_of([START, FORK, call("a"), call("b"), END, node("other", "end")], edges)

    assert show(flow.run_output) == [{"a?": "number"}, {"b?": "number"}]


def looped(nodes: list[dict[str, Any]], edges: list[str], back: str) -> Flow:
    """With one edge more, that leads back."""
    document = workflow("w", nodes, [*edges, back], inputSchema=INPUT).to_wire()
    document["graph"]["edges"][-1]["maxRounds"] = 3
    graph = read_graph(Workflow.model_validate(document))
    assert graph.faults == ()
    return Flow(graph, TOOLS)


def test_to_the_head_of_a_loop_comes_what_enters_it_or_what_the_round_before_gave():
    nodes = [START, call("a"), call("b"), FORK, call("c"), END]
    edges = ["start -> a", "a -> b", "b -> fork", "fork -> c", "c -> end"]
    flow = looped(nodes, edges, "fork -> b if context.last_output.b < 3")

    a, b = {"a?": "number"}, {"b?": "number"}
    assert show(flow.find_input("b")) == [a, b]
    assert show(flow.find_input("fork")) == show(flow.find_input("c")) == b
    inside, behind = show(flow.find_context("b")), show(flow.find_context("c"))
    assert inside["round"] == "integer"
    assert inside["outputs"]["a"] == a
    assert inside["outputs"]["b"] == [b, "null"]  # of the round before
    assert inside["outputs"]["fork"] == [b, "null"]
    assert "round" not in behind
    assert behind["outputs"]["b"] == b


def test_a_loop_that_passes_its_input_on_settles():
    flow = looped(
        [START, call("a"), FORK, node("on", "branch"), END],
        ["start -> a", "a -> fork", "fork -> on", "on -> end"],
        "on -> fork if context.round < 2",
    )

    assert show(flow.find_input("fork")) == show(flow.find_input("end")) == {"a?": "number"}


def test_a_callback_is_known_before_its_wait():
    wait = node("wait", "wait", callback=True)
    flow = flow_of([START, call("a"), wait, END], ["start -> a", "a -> wait", "wait -> end"])

    assert show(flow.find_context("a"))["callbacks"] == {"wait": "string"}
    assert "callbacks" not in show(flow.find_context("end"))


def test_a_workflow_node_gives_what_the_other_workflow_gives():
    other = workflow("other", [START, call("a"), END], ["start -> a", "a -> end"])
    failed = node("bad", "end", outcome="failed", output="no")
    edges = ["start -> fork", "fork -> call if context.input.kind == 'a'", "fork -> bad", "call -> end"]
    around = workflow("w", [START, FORK, node("call", "workflow", workflowId="other"), failed, END], edges)
    ring = workflow(
        "ring", [START, node("again", "workflow", workflowId="ring"), END], ["start -> again", "again -> end"]
    )

    assert show(Flow(read_graph(around), TOOLS, {"other": other}).run_output) == {"a?": "number"}
    assert Flow(read_graph(around), TOOLS).run_output is None
    assert Flow(read_graph(ring), TOOLS, {"ring": ring}).run_output is None


def test_schemas_keep_their_references_and_stand_once():
    root = {
        "$ref": "#/$defs/tree",
        "$defs": {"tree": {"type": "object", "properties": {"down": {"$ref": "#/$defs/tree"}}}},
    }
    flow = flow_of([START, FORK, call("a"), END], ["start -> fork", "fork -> a", "a -> end"], inputSchema=root)

    written = write_schema(flow.find_context("a"))
    shape = flow.find_input("a")
    for _ in range(50):  # it leads back to itself, so it goes on for ever
        shape = shape and shape.find_field("down")
    assert shape is not None
    assert str(written).count("'down'") == 1


def test_layers_of_joins_are_written_in_linear_size():
    nodes, edges = [START], ["start -> l0", "start -> r0"]
    for row in range(40):
        nodes += [node(f"l{row}", "branch"), node(f"r{row}", "branch")]
        if row:
            edges += [f"{a}{row - 1} -> {b}{row}" for a in "lr" for b in "lr"]
    flow = flow_of([*nodes, END], [*edges, "l39 -> end", "r39 -> end"])

    assert len(str(write_schema(flow.find_context("end")))) < 40_000


def test_what_may_have_failed_may_be_null_behind_it_and_the_error_is_known_there():
    edges = ["start -> a", "a -> b", "a -> c on error", "b -> end", "c -> end"]
    flow = flow_of([START, call("a"), call("b"), call("c"), END], edges)

    assert show(flow.find_input("b")) == {"a?": "number"}
    assert "error" not in show(flow.find_context("b"))
    behind = flow.find_context("c")
    assert behind.find_field("error") is not None
    found = flow.find_output("a", "c")
    assert found is not None
    assert found.kinds == {"object", "null"}


def test_of_what_a_node_takes_after_a_success_and_after_an_error_only_one_comes_to_a_join():
    edges = ["start -> a", "a -> b", "a -> c", "a -> d on error", "b -> end", "c -> end", "d -> end"]
    calls = [call(name) for name in "abcd"]
    flow = flow_of([START, *calls, END], edges)

    arrives = flow.find_input("end")
    assert arrives is not None
    given = show(arrives)
    assert given == show(flow.find_context("end"))["last_output"]
    assert flow.find_output("d", "end") is not None
    assert flow.find_output("b", "end").kinds == {"object", "null"}  # pyright: ignore[reportOptionalMemberAccess]


def test_a_node_that_is_always_followed_has_run_where_what_is_behind_it_runs():
    edges = ["start -> a", "a -> b on always", "b -> end"]
    flow = flow_of([START, call("a"), call("b"), END], edges)

    assert flow.find_output("b", "end").kinds == {"object"}  # pyright: ignore[reportOptionalMemberAccess]
    assert flow.find_output("a", "end").kinds == {"object", "null"}  # pyright: ignore[reportOptionalMemberAccess]
