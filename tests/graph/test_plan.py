"""The plan: which ops there are, how they hang together, and what they are called."""

from typing import Any

from agentmesh_dagster.graph.plan import ITEM, RESULT, Plan, PlannedOp, Port, Wiring, plan_graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from tests.graph.test_rules import LOOKUP, SAY
from tests.shapes import node, workflow

START, END = node("start", "start"), node("end", "end")


def say(identity: str, text: str = "x") -> dict[str, Any]:
    return node(identity, "tool", toolId="say", input={"template": text})


def plan(nodes: list[dict[str, Any]], edges: list[str]) -> Plan:
    graph = read_graph(workflow("w", nodes, edges))
    assert [issue.message for issue in validate(graph, Lookup({}, {"say": SAY}))] == []
    return plan_graph(graph, LOOKUP.agents, LOOKUP.tools, revision=7)


def op(found: Plan, node_id: str) -> PlannedOp:
    return found.by_node[node_id]


def test_each_node_is_an_op_behind_the_ops_of_its_parents() -> None:
    found = plan([END, say("a"), START], ["start -> a", "a -> end"])

    assert [(op.name, op.wiring, op.inputs) for op in found.ops] == [
        ("start", Wiring.SINGLE, ()),
        ("a", Wiring.SINGLE, (Port("start", RESULT),)),
        ("end", Wiring.SINGLE, (Port("a", RESULT),)),
    ]
    assert found.start.node.id == "start"
    assert found.revision == 7


def test_a_join_has_a_port_for_each_parent() -> None:
    found = plan([START, say("a"), say("b"), END], ["start -> a", "start -> b", "a -> end", "b -> end"])

    assert op(found, "end").inputs == (Port("a", RESULT), Port("b", RESULT))


def test_two_edges_between_the_same_nodes_are_one_port() -> None:
    assert op(plan([START, END], ["start -> end", "start -> end"]), "end").inputs == (Port("start", RESULT),)


def test_a_branch_has_an_output_for_each_edge() -> None:
    fork = node("fork", "branch")
    found = plan(
        [START, fork, say("a"), END], ["start -> fork", "fork -> a if context.input.x", "fork -> end", "a -> end"]
    )

    assert op(found, "fork").wiring is Wiring.CONDITIONAL
    assert op(found, "fork").outputs == {"e1": "to_a", "e2": "to_end"}
    assert op(found, "a").inputs == (Port("fork", "to_a"),)
    assert op(found, "end").inputs == (Port("fork", "to_end"), Port("a", RESULT))


def test_both_arms_of_a_branch_to_one_node_are_two_outputs() -> None:
    fork = node("fork", "branch")
    found = plan([START, fork, END], ["start -> fork", "fork -> end if context.input.x", "fork -> end"])

    assert op(found, "fork").outputs == {"e1": "to_end", "e2": "to_end_2"}
    assert op(found, "end").inputs == (Port("fork", "to_end"), Port("fork", "to_end_2"))


def test_a_gate_chooses_only_if_its_edges_carry_conditions() -> None:
    gate = node("gate", "human_approval")
    plain = plan([START, gate, END], ["start -> gate", "gate -> end"])
    choosing = plan([START, gate, END], ["start -> gate", "gate -> end if context.last_output.approved", "gate -> end"])

    assert op(plain, "gate").wiring is Wiring.SINGLE
    assert op(choosing, "gate").wiring is Wiring.CONDITIONAL


def test_what_an_each_repeats_hangs_below_it_and_is_collected_before_the_join() -> None:
    each = node("each", "branch", mode="each", items="context.input.parts")
    nodes = [START, each, say("a", "{{ context.item }}"), say("b"), say("join"), END]
    found = plan(nodes, ["start -> each", "each -> a", "each -> b", "a -> join", "b -> join", "join -> end"])

    assert [(op.name, op.wiring, op.inputs, op.each) for op in found.ops] == [
        ("start", Wiring.SINGLE, (), None),
        ("each", Wiring.FAN_OUT, (Port("start", RESULT),), None),
        ("a", Wiring.REPEATED, (Port("each", ITEM),), "each"),
        ("b", Wiring.REPEATED, (Port("each", ITEM),), "each"),
        ("each_collect", Wiring.COLLECT, (Port("a", RESULT), Port("b", RESULT)), None),
        ("join", Wiring.SINGLE, (Port("each_collect", RESULT),), None),
        ("end", Wiring.SINGLE, (Port("join", RESULT),), None),
    ]
    assert [found.scopes.list_heads(node_id) for node_id in ("a", "b", "each")] == [["each"], ["each"], []]


def test_an_op_that_collects_never_takes_the_name_of_a_node() -> None:
    each = node("each", "branch", mode="each", items="context.input.parts")
    nodes = [START, each, say("each_collect", "{{ context.item }}"), END]
    found = plan(nodes, ["start -> each", "each -> each_collect", "each_collect -> end"])

    assert op(found, "each_collect").wiring is Wiring.REPEATED
    assert [op.name for op in found.ops if op.wiring is Wiring.COLLECT] == ["each_collect_2"]


def test_a_branch_inside_an_each_is_repeated_and_has_no_outputs_of_its_own() -> None:
    each, fork = node("each", "branch", mode="each", items="context.input.parts"), node("fork", "branch")
    nodes = [START, each, fork, say("a"), END]
    edges = ["start -> each", "each -> fork", "fork -> a if context.item.ok", "fork -> end", "a -> end"]
    found = plan(nodes, edges)

    assert op(found, "fork").wiring is Wiring.REPEATED
    assert op(found, "fork").outputs == {}


def test_ids_that_collide_once_cleaned_are_different_ops() -> None:
    ids = ["a b", "a-b", "a_b", "评分", "🎯", "class", "input"]
    nodes = [START, *map(say, ids), END]
    found = plan(nodes, [edge for name in ids for edge in (f"start -> {name}", f"{name} -> end")])

    assert len(found.by_name) == len(nodes)
    assert {planned.node.id for planned in found.ops} == {"start", "end", *ids}


def test_the_same_graph_gives_the_same_plan() -> None:
    nodes = [START, node("fork", "branch"), say("a"), END]
    edges = ["start -> fork", "fork -> a if context.input.x", "fork -> end", "a -> end"]

    assert plan(nodes, edges).ops == plan(nodes, edges).ops
