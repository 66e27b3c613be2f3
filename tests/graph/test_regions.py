"""What an `each` repeats, and which node closes it."""

from typing import Any

import pytest

from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.regions import Region
from agentmesh_dagster.graph.rules import Lookup, validate
from tests.graph.test_rules import SAY
from tests.shapes import node, workflow


def find(*edges: str, items_in: str = "work", **config: Any) -> tuple[Region | None, list[str]]:
    """The region of the node `each`, and the codes of all issues.

    The nodes are those that the edges name: `each…` and `gate…` are what they are called, `fork…` is a branch, the
    others are tools; those in `items_in` look at the item.
    """
    names = dict.fromkeys(name for edge in edges for name in edge.partition(" if ")[0].split(" -> "))
    nodes = [_make_node(name, items_in.split(), config) for name in names]
    graph = read_graph(workflow("w", nodes, list(edges)))
    return graph.regions.get("each"), [issue.code for issue in validate(graph, Lookup({}, {"say": SAY}))]


def _make_node(name: str, items_in: list[str], config: dict[str, Any]) -> dict[str, Any]:
    if name.startswith(("start", "end")):
        return node(name, name.rstrip("123456789"))
    if name.startswith("gate"):
        return node(name, "human_approval")
    if name.startswith("fork"):
        return node(name, "branch")
    if name.startswith("each"):
        return node(name, "branch", mode="each", items="context.input.parts", **(config if name == "each" else {}))
    return node(name, "tool", toolId="say", input={"template": "{{ context.item }}" if name in items_in else "x"})


def region(join: str, *body: str, inferred: bool = False) -> Region:
    return Region("each", join, frozenset(body), inferred)


def test_arms_that_meet_close_an_each() -> None:
    found, codes = find("start -> each", "each -> work", "each -> b", "work -> join", "b -> join", "join -> end")

    assert found == region("join", "work", "b")
    assert codes == []


def test_without_a_join_the_first_node_behind_the_last_use_of_the_item_closes_it_with_a_warning() -> None:
    found, codes = find("start -> each", "each -> work", "work -> list", "list -> end")

    assert found == region("list", "work", inferred=True)
    assert codes == ["each-join-inferred"]


def test_a_node_that_looks_at_the_item_is_inside() -> None:
    found, _ = find("start -> each", "each -> a", "a -> b", "b -> list", "list -> end", items_in="a b")

    assert found == region("list", "a", "b", inferred=True)


def test_a_condition_that_looks_at_the_item_is_inside() -> None:
    edges = ["start -> each", "each -> a", "a -> fork", "fork -> b if context.item.ok", "fork -> list"]
    found, codes = find(*edges, "b -> list", "list -> end", items_in="")

    assert found == region("list", "a", "fork", "b")
    assert codes == []


def test_an_each_may_be_closed_by_the_end() -> None:
    found, codes = find("start -> each", "each -> work", "work -> end")

    assert found == region("end", "work")
    assert codes == []


def test_an_each_may_lead_straight_to_its_join() -> None:
    found, codes = find("start -> each", "each -> end")

    assert found == region("end")
    assert codes == []


def test_config_join_settles_it_without_a_warning() -> None:
    edges = ("start -> each", "each -> work", "work -> b", "b -> list", "list -> end")

    assert find(*edges, join="list") == (region("list", "work", "b"), [])
    assert find(*edges, join="b") == (region("b", "work"), [])


def test_a_node_that_is_also_reached_from_outside_closes_it_without_a_warning() -> None:
    found, codes = find("start -> each", "start -> b", "each -> work", "work -> join", "b -> join", "join -> end")

    assert found == region("join", "work")
    assert codes == []


def test_two_in_a_row_are_closed_before_the_next_begins() -> None:
    edges = ["start -> each", "each -> work", "work -> list", "list -> each2", "each2 -> b", "b -> end"]
    found, codes = find(*edges, items_in="work b")

    assert found == region("list", "work", inferred=True)
    assert codes == ["each-join-inferred"]


def test_a_second_each_may_close_the_first_when_the_author_says_so() -> None:
    edges = ["start -> each", "each -> work", "work -> each2", "each2 -> b", "b -> end"]
    found, codes = find(*edges, items_in="work b", join="each2")

    assert found == region("each2", "work")
    assert codes == []


def test_two_beside_each_other_may_share_a_join() -> None:
    edges = ["start -> each", "start -> each2", "each -> work", "each2 -> b", "work -> join", "b -> join"]
    found, codes = find(*edges, "join -> end", items_in="work b")

    assert found == region("join", "work")
    assert codes == []


def test_a_gate_asks_about_each_item_where_arms_meet_behind_it() -> None:
    edges = ["start -> each", "each -> work", "work -> gate", "gate -> keep if true", "gate -> join", "keep -> join"]
    found, codes = find(*edges, "join -> end", items_in="work")

    assert found == region("join", "work", "gate", "keep")
    assert codes == []


def test_a_gate_in_a_chain_asks_about_each_item_and_the_next_node_closes() -> None:
    found, codes = find("start -> each", "each -> work", "work -> gate", "gate -> join", "join -> end", items_in="work")

    assert found == region("join", "work", "gate", inferred=True)
    assert codes == ["each-join-inferred"]


def test_a_gate_beside_a_node_inside_an_each_asks_about_each_item() -> None:
    edges = ["start -> each", "each -> work", "each -> gate", "work -> join", "gate -> join", "join -> end"]
    found, codes = find(*edges, items_in="work")

    assert found == region("join", "work", "gate")
    assert codes == []


def test_a_node_before_a_gate_closes_where_nobody_looks_at_the_item_behind_it() -> None:
    edges = ["start -> each", "each -> work", "work -> join", "join -> gate", "gate -> end"]
    found, _ = find(*edges, items_in="work")

    assert found == region("join", "work", inferred=True)


REFUSED = {
    "an each inside an each": (
        ["each -> each2", "each2 -> work", "work -> j2", "each2 -> b", "b -> j2", "j2 -> join", "join -> end"],
        ["each-inside-each"],
    ),
    "an each behind a node inside an each": (
        ["each -> work", "work -> each2", "each2 -> b", "b -> join", "join -> end"],
        ["each-join-inferred", "each-inside-each"],
    ),
    "an end inside an each": (
        ["each -> fork", "fork -> work if context.item.ok", "fork -> end2", "work -> end"],
        ["each-not-closed"],
    ),
    "an edge from outside": (
        ["start -> a", "each -> work", "each -> b", "a -> b", "work -> join", "b -> join", "join -> end"],
        ["edge-into-each"],
    ),
    "nothing left to close it": (["each -> work", "work -> end"], ["each-not-closed"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_repeated_is_refused(name: str) -> None:
    edges, expected = REFUSED[name]
    at_the_end = {"nothing left to close it": "work end"}

    _, codes = _find_with_end(edges, at_the_end.get(name, "work"))

    assert codes == expected


def _find_with_end(edges: list[str], items_in: str) -> tuple[Region | None, list[str]]:
    if "end" not in items_in:
        return find("start -> each", *edges, items_in=items_in)
    nodes = [
        node("start", "start"),
        node("each", "branch", mode="each", items="context.input.parts"),
        node("work", "tool", toolId="say", input={"template": "{{ context.item }}"}),
        node("end", "end", output="{{ context.item }}"),
    ]
    graph = read_graph(workflow("w", nodes, ["start -> each", *edges]))
    return graph.regions["each"], [issue.code for issue in validate(graph, Lookup({}, {"say": SAY}))]


@pytest.mark.parametrize("join", ["nowhere", "work", "start", "each"])
def test_a_join_that_not_all_paths_pass_is_refused(join: str) -> None:
    edges = ["start -> each", "each -> work", "each -> b", "work -> list", "b -> list", "list -> end"]
    found, codes = find(*edges, join=join)

    assert found is None
    assert codes == ["bad-each-join"]


def test_an_each_before_a_cycle_is_left_alone() -> None:
    found, codes = find("start -> each", "each -> work", "work -> a", "a -> b", "b -> a", "b -> end")

    assert found is None
    assert codes == ["cycle"]


@pytest.mark.parametrize("config", [{}, {"items": 3}, {"items": {"a": 1}}])
def test_an_each_needs_a_list(config: dict[str, Any]) -> None:
    nodes = [node("start", "start"), node("each", "branch", mode="each", **config), node("end", "end")]

    issues = validate(read_graph(workflow("w", nodes, ["start -> each", "each -> end"])))

    assert [issue.code for issue in issues] == ["items-no-list" if config else "each-without-items"]


def test_an_each_may_go_over_a_list_in_the_document() -> None:
    found, codes = find("start -> each", "each -> work", "work -> end", items_in="")
    nodes = [
        node("start", "start"),
        node("each", "branch", mode="each", items=[1, "{{ context.input.x }}"]),
        node("end", "end"),
    ]

    assert found is not None
    assert codes == []
    assert validate(read_graph(workflow("w", nodes, ["start -> each", "each -> end"]))) == []
