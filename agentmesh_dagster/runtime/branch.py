"""Branches: which of the out-edges are taken."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.graph.config import BranchConfig
from agentmesh_dagster.graph.expressions import Expression
from agentmesh_dagster.graph.graph import GraphEdge, GraphNode
from agentmesh_dagster.runtime.work import NodeError, Result, Work

_SHOWN_CHARACTERS = 100

Context = Mapping[str, JsonValue]


class NothingMatched(NodeError):
    """No out-edge of the branch matched, and there is no default edge."""


class NotAList(NodeError):
    """`items` of an `each` must give a list."""


class TooManyItems(NodeError):
    """An `each` got more items than `maxItems` allows."""


def run_branch(work: Work) -> Result:
    """Chooses the out-edges; the input goes on unchanged. An `each` gives its items instead."""
    assert isinstance(work.node.config, BranchConfig)
    if work.node.is_each:
        return _run_each(work, work.node.config)
    taken = choose_edges(work.node, work.node.config, work.plan.graph.out_edges[work.node.id], work.context)
    notes: dict[str, JsonValue] = {
        "taken": _describe_targets(work, taken),
        "because": "; ".join(_describe_reason(work, work.node.config, edge) for edge in taken) or "no edge matched",
    }
    return Result(work.input, taken=[edge.id for edge in taken], notes=notes)


def _run_each(work: Work, config: BranchConfig) -> Result:
    expression = work.node.expressions.get("items")
    given = expression.evaluate(work.context) if expression else work.render("items")
    if not isinstance(given, list):
        raise NotAList(f"here it gave {_type_name(given)}")
    items = cast("list[JsonValue]", given)
    if len(items) > config.max_items:
        raise TooManyItems(f"{len(items):,} items, maxItems is {config.max_items:,}")
    return Result(items, item_count=len(items), notes={"items": len(items)})


def choose_edges(
    node: GraphNode, config: BranchConfig, edges: Sequence[GraphEdge], context: Context
) -> list[GraphEdge]:
    """The edges that are taken: the first that matches, or with mode `all` each that does.

    Raises NothingMatched, and ExpressionFault where a condition cannot be evaluated.
    """
    tried = [edge for edge in edges if not edge.is_default]
    value = node.expressions["condition"].evaluate(context) if config.condition is not None else None
    matching: list[GraphEdge] = []
    for edge in tried:
        if _matches(edge, context, value):
            matching.append(edge)
            if config.mode == "first":
                return matching
    defaults = [edge for edge in edges if edge.is_default]
    if config.mode == "all":
        return matching + defaults
    if defaults or config.on_no_match == "end":
        return defaults[:1]
    raise NothingMatched(_describe_values(node, tried, value, context))


def _matches(edge: GraphEdge, context: Context, value: JsonValue) -> bool:
    if edge.literal is not None:
        # 1 == True in Python, not in JSON.
        same_kind = isinstance(value, bool) == isinstance(edge.literal.value, bool)
        return same_kind and value == edge.literal.value
    return edge.expression is not None and edge.expression.evaluate_condition(context)


def _describe_values(node: GraphNode, tried: Sequence[GraphEdge], value: JsonValue, context: Context) -> str:
    if node.expressions.get("condition"):
        literals = ", ".join(edge.condition or "" for edge in tried)
        return f"the condition gave {_show(value)}; the edges match {literals}"
    told = [
        f"`{edge.condition}` with {_describe_looked_at(context, edge.expression)}" for edge in tried if edge.expression
    ]
    return "; ".join(told) or "it has no out-edges with conditions"


def _describe_reason(work: Work, config: BranchConfig, edge: GraphEdge) -> str:
    """Why an edge was taken."""
    if edge.is_default:
        others = any(not one.is_default for one in work.plan.graph.out_edges[work.node.id])
        return "no other edge matched" if others and config.mode == "first" else "it has no condition"
    if edge.literal is not None:
        value = work.node.expressions["condition"].evaluate(work.context)
        return f"`{config.condition}` gave {_show(value)}"
    if edge.expression is None:
        return "it has no condition"
    return f"`{edge.condition}` with {_describe_looked_at(work.context, edge.expression)}"


def _describe_looked_at(context: Context, expression: Expression) -> str:
    looked_at: dict[str, str] = {}
    for reference in expression.references:
        name = ".".join(("context", *map(str, reference.path)))
        looked_at[name] = _show(_look_up(context, reference.path))
    return ", ".join(f"{name} = {shown}" for name, shown in looked_at.items()) or "no values"


def _look_up(context: Context, path: Sequence[str | int]) -> JsonValue:
    found: Any = context
    for step in path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def _show(value: JsonValue) -> str:
    text = write_json(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _type_name(value: JsonValue) -> str:
    names = {"dict": "an object", "str": "text", "bool": "a boolean", "int": "a number", "float": "a number"}
    return names.get(type(value).__name__, "null")


def _describe_targets(work: Work, taken: Sequence[GraphEdge]) -> str:
    return ", ".join(work.plan.graph.nodes[edge.target].title for edge in taken) or "nothing"
