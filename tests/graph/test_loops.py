"""What a loop is, and what an author is told of one that cannot be played."""

from typing import Any

import pytest
from pydantic import ValidationError

from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from tests.graph.test_rules import SAY
from tests.shapes import node, workflow

LOOKUP = Lookup({}, {"say": SAY})


def write(*edges: str, **config: dict[str, Any]) -> Workflow:
    """The nodes are those that the edges name: `start…`, `end…`, `each…` and `fork…` are what they are called."""
    names = dict.fromkeys(name for edge in edges for name in edge.partition(",")[0].partition(" if ")[0].split(" -> "))
    return workflow("w", [_make_node(name, config.get(name, {})) for name in names], list(edges))


def _make_node(name: str, config: dict[str, Any]) -> dict[str, Any]:
    if name.startswith(("start", "end")):
        return node(name, name.rstrip("123456789"), **config)
    if name.startswith("each"):
        return node(name, "branch", mode="each", items="context.input.parts", **config)
    if name.startswith("fork"):
        return node(name, "branch", **config)
    return node(name, "tool", toolId="say", **{"input": {"template": "x"}, **config})


def tell(*edges: str, **config: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Of each fault the code, the place, and what it says."""
    issues = validate(read_graph(write(*edges, **config)), LOOKUP)
    return [(issue.code, str(issue.path), issue.message) for issue in issues if issue.severity == "error"]


def bodies(*edges: str) -> dict[str, str]:
    """By head, the nodes of each loop."""
    graph = read_graph(write(*edges))
    assert tell(*edges) == []
    return {loop.head: " ".join(sorted(loop.body)) for loop in graph.loops.found}


NO = "context.input.no"


def test_a_loop_is_what_lies_on_the_ways_from_its_head_to_its_edges_back():
    edges = ["start -> a", "a -> b", "a -> c", "b -> d", "c -> d", "d -> fork", f"fork -> a if {NO}, 3 rounds"]
    assert bodies(*edges, "fork -> e", "e -> end") == {"a": "a b c d fork"}


def test_edges_back_to_one_head_are_one_loop():
    edges = [
        "start -> a",
        "a -> fork",
        f"fork -> a if {NO}, 3 rounds",
        "fork -> fork2",
        f"fork2 -> a if {NO}, 5 rounds",
    ]
    [loop] = read_graph(write(*edges, "fork2 -> end")).loops.found
    assert (loop.head, sorted(loop.body), loop.max_rounds) == ("a", ["a", "fork", "fork2"], 5)


def test_a_loop_whose_head_lets_it_out_stands_inside_another():
    """Its body leads back to the head alone, and the other loop goes on from the head."""
    edges = ["start -> a", "a -> fork", f"fork -> b if {NO}", "b -> fork, 3 rounds", "fork -> fork2"]
    found = bodies(*edges, f"fork2 -> a if {NO}, 2 rounds", "fork2 -> end")
    assert found == {"a": "a b fork fork2", "fork": "b fork"}


def test_one_may_go_back_to_the_outer_head_from_the_middle_of_an_inner_loop():
    """Draft, review, check, approve: the check sends back to the draft, the approval to the review."""
    edges = ["start -> draft", "draft -> review", "review -> fork", f"fork -> draft if {NO}, 3 rounds", "fork -> fork2"]
    found = bodies(*edges, f"fork2 -> review if {NO}, 3 rounds", "fork2 -> end")
    assert found == {"draft": "draft fork fork2 review", "review": "fork fork2 review"}


def test_a_loop_whose_head_lets_it_out_stands_inside_an_each():
    edges = [
        "start -> each",
        "each -> fork",
        f"fork -> a if {NO}",
        "a -> fork, 3 rounds",
        "fork -> join",
        "join -> end",
    ]
    graph = read_graph(write(*edges, each={"join": "join"}))
    assert tell(*edges, each={"join": "join"}) == []
    assert sorted(graph.scopes.by_head["each"].body) == ["a", "fork"]


def test_an_each_stands_inside_a_loop_whose_head_lets_it_out():
    edges = [
        "start -> fork",
        f"fork -> each if {NO}",
        "each -> a",
        "a -> join",
        "join -> fork, 3 rounds",
        "fork -> end",
    ]
    graph = read_graph(write(*edges, each={"join": "join"}))
    assert tell(*edges, each={"join": "join"}) == []
    assert sorted(graph.scopes.by_head["each"].body) == ["a"]


def test_a_cycle_without_rounds_says_how_to_make_a_loop_of_it():
    [(code, path, message)] = tell("start -> a", "a -> fork", f"fork -> a if {NO}", "fork -> end")
    assert (code, path) == ("cycle", "$.graph.edges[2]")
    assert message.endswith("Remove one of them, or set `maxRounds` on the edge that leads back, to make a loop of it.")


def test_rounds_on_an_edge_that_leads_on_count_nothing():
    assert tell("start -> a, 3 rounds", "a -> end") == [
        (
            "rounds-without-loop",
            "$.graph.edges[0].maxRounds",
            "`maxRounds` counts the rounds of a loop, and this edge leads on from `start` to `a`: remove it, or lead "
            "the edge back to a node before.",
        )
    ]


def test_a_loop_is_entered_by_its_head_alone():
    edges = [
        "start -> fork2",
        f"fork2 -> a if {NO}",
        "fork2 -> b",
        "a -> b",
        "b -> fork",
        f"fork -> a if {NO}, 3 rounds",
    ]
    assert tell(*edges, "fork -> end") == [
        (
            "loop-entered-elsewhere",
            "$.graph.edges[5]",
            "The edge leads back to `a`, and `b` in that loop is also entered from `fork2`, past `a`: lead that edge "
            "to `a`, or this one to a node that every way passes.",
        )
    ]


@pytest.mark.parametrize(
    "edges",
    [
        ["start -> a", "a -> each", "each -> fork", f"fork -> a if {NO}, 3 rounds", "fork -> join", "join -> end"],
        ["start -> each", "each -> a", "a -> join", "join -> fork", f"fork -> a if {NO}, 3 rounds", "fork -> end"],
    ],
    ids=["out of it", "into it"],
)
def test_no_loop_crosses_the_border_of_an_each(edges: list[str]):
    found = tell(*edges, each={"join": "join"})
    assert {"loop-crosses-each", "loop-entered-elsewhere", "bad-each-join"} & {code for code, _, _ in found}, found


def test_rounds_that_are_too_many_for_a_run_name_the_loop_that_makes_them():
    chain = [f"n{number} -> n{number + 1}" for number in range(60)]
    edges = ["start -> n0", *chain, "n60 -> fork", f"fork -> n0 if {NO}, 100 rounds", "fork -> end"]
    [(code, path, message)] = tell(*edges)
    assert (code, path) == ("too-many-rounds", f"$.graph.edges[{len(chain) + 2}]")
    assert message.startswith("The loop back to `n0` makes 6,200 steps of its 62 nodes, and a run has at most 5,000:")


def test_sub_workflows_that_multiply_are_told_before_anybody_copies_them():
    def calls(identity: str, called: str) -> Workflow:
        parts = [node(f"part{number}", "workflow", workflowId=called) for number in range(20)]
        edges = [f"start -> part{number}" for number in range(20)] + [f"part{number} -> end" for number in range(20)]
        return workflow(identity, [node("start", "start"), *parts, node("end", "end")], edges)

    flows = {f"w{depth}": calls(f"w{depth}", f"w{depth + 1}") for depth in range(8)}
    flows["w8"] = workflow("w8", [node("start", "start"), node("end", "end")], ["start -> end"])

    found = {issue.code: issue.message for issue in validate(read_graph(flows["w0"]), Lookup(workflows=flows))}

    assert found.keys() == {"too-many-steps"}
    assert found["too-many-steps"].endswith("a run has at most 5,000: put a part into a run of its own (`mode: run`).")


def test_workflows_that_contain_each_other_are_told_as_that_alone():
    flows = {
        name: workflow(
            name,
            [node("start", "start"), node("part", "workflow", workflowId=other), node("end", "end")],
            ["start -> part", "part -> end"],
        )
        for name, other in (("a", "b"), ("b", "a"))
    }

    found = validate(read_graph(flows["a"]), Lookup(workflows=flows))

    assert {issue.code for issue in found} == {"workflow-ring"}


def test_the_round_is_known_only_in_a_loop():
    edges = ["start -> a", "a -> fork", f"fork -> a if {NO}, 3 rounds", "fork -> b", "b -> end"]
    known = {"input": {"template": "no. {{ context.round }}"}}
    assert tell(*edges, a=known) == []
    [(code, path, message)] = tell(*edges, b=known)
    assert (code, path) == ("round-outside-loop", "$.graph.nodes[3].config.input.template")
    assert message.startswith("`context.round` is known only inside a loop, and `b` stands in none:")


@pytest.mark.parametrize("rounds", [1, 101])
def test_rounds_are_two_to_a_hundred(rounds: int):
    with pytest.raises(ValidationError, match=r"graph\.edges\.2\.maxRounds"):
        write("start -> a", "a -> fork", f"fork -> a if {NO}, {rounds} rounds", "fork -> end")
