"""Branches: which of the out-edges are taken, or the items over which an `each` repeats what is behind it."""

from collections.abc import Sequence

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.graph.graph import GraphEdge
from agentmesh_dagster.graph.routing import Choice, choose_edges, explain_edge
from agentmesh_dagster.runtime.work import NodeError, Result, Work
from agentmesh_dagster.specs.nodes.branch import BranchConfig


class NotAList(NodeError):
    """`items` of an `each` must give a list."""

    code = FaultCode.INVALID_INPUT


class TooManyItems(NodeError):
    """An `each` got more items than `maxItems` allows."""

    code = FaultCode.INVALID_INPUT


def run(work: Work) -> Result:
    """Chooses the out-edges; the input goes on unchanged. An `each` gives its items instead."""
    config = work.node.config
    assert isinstance(config, BranchConfig)
    if work.node.is_each:
        return _run_each(work, config)
    edges = work.plan.graph.edges_on(work.node.id, "success")
    choice = Choice(config.mode == "all", config.on_no_match == "end", work.node.expressions.get("condition"))
    taken = choose_edges(edges, work.context, choice, work.plan.list_withheld(work.node.id))
    because = [explain_edge(edge, edges, work.context, choice) for edge in taken]
    notes: dict[str, JsonValue] = {
        "taken": _describe_targets(work, taken),
        "because": "; ".join(because) or "no edge matched",
    }
    return Result(work.input, taken=[edge.id for edge in taken], notes=notes)


def _run_each(work: Work, config: BranchConfig) -> Result:
    expression = work.node.expressions.get("items")
    items = expression.evaluate(work.context) if expression else work.render("items")
    if not isinstance(items, list):
        raise NotAList(f"here it gave {_type_name(items)}")
    if len(items) > config.max_items:
        raise TooManyItems(f"{len(items):,} items, maxItems is {config.max_items:,}")
    return Result(items, item_count=len(items), notes={"items": len(items)})


def _type_name(value: JsonValue) -> str:
    names = {"dict": "an object", "str": "text", "bool": "a boolean", "int": "a number", "float": "a number"}
    return names.get(type(value).__name__, "null")


def _describe_targets(work: Work, taken: Sequence[GraphEdge]) -> str:
    return ", ".join(work.plan.graph.nodes[edge.target].title for edge in taken) or "nothing"
