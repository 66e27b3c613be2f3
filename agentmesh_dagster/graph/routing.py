"""Routing: which of its out-edges the end of a step takes, and why. The op and the answer to a gate ask the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import EdgeOn
from agentmesh_dagster.errors import AgentMeshError, FaultCode
from agentmesh_dagster.graph.expressions import Expression
from agentmesh_dagster.graph.graph import GraphEdge

_SHOWN_CHARACTERS = 100

Context = Mapping[str, JsonValue]


class NothingMatched(AgentMeshError):
    """No out-edge of the branch matched, and there is no default edge."""

    retryable = False  # the same input would match nothing again
    code = FaultCode.NO_MATCH


class RoundsUsedUp(AgentMeshError):
    """The loop was played as often as `maxRounds` allows, and the step has no other way out."""

    retryable = False
    code = FaultCode.ROUNDS_USED_UP


@dataclass(frozen=True)
class Choice:
    """How a node chooses among its out-edges: the first whose condition is true, else one without a condition."""

    takes_all: bool = False  # every edge whose condition is true, and all without one
    may_take_none: bool = False
    subject: Expression | None = None  # evaluated once: an edge's condition is then the literal that it must equal


def choose_edges(
    edges: Sequence[GraphEdge],
    context: Context,
    choice: Choice = Choice(),
    withheld: Sequence[GraphEdge] = (),
) -> list[GraphEdge]:
    """The edges that are taken, in the order of the graph.

    `withheld` are edges back that are not offered any more, this being the last round.

    Raises NothingMatched, RoundsUsedUp, and ExpressionFault where a condition cannot be evaluated.
    """
    try:
        return _choose(edges, context, choice)
    except NothingMatched:
        if withheld and _choose(withheld, context, replace(choice, may_take_none=True)):
            raise RoundsUsedUp(describe_used_up(withheld)) from None
        raise


def describe_used_up(withheld: Sequence[GraphEdge]) -> str:
    """How many rounds were played, and what is to be done about it."""
    rounds = max(edge.max_rounds or 0 for edge in withheld)
    return f"{rounds} rounds were played: give it another way out, such as a default edge, or a higher `maxRounds`"


def _choose(edges: Sequence[GraphEdge], context: Context, choice: Choice) -> list[GraphEdge]:
    tried = [edge for edge in edges if not edge.is_default]
    value = choice.subject.evaluate(context) if choice.subject else None
    matching: list[GraphEdge] = []
    for edge in tried:
        if _matches(edge, context, value):
            matching.append(edge)
            if not choice.takes_all:
                return matching
    defaults = [edge for edge in edges if edge.is_default]
    if choice.takes_all:
        return matching + defaults
    if defaults or choice.may_take_none:
        return defaults[:1]
    raise NothingMatched(_describe_values(tried, context, choice, value))


def are_alternatives(edges: Sequence[GraphEdge]) -> bool:
    """Whether one is taken of these edges that may catch: trying once more, and what is done after that, exclude each
    other.
    """
    return any(not edge.is_default or edge.max_rounds for edge in edges)


def choose_by_end(edges: Sequence[GraphEdge], ended: EdgeOn, context: Context) -> list[GraphEdge]:
    """Of the out-edges `on: error` and `on: always` those that are taken when the step has ended so.

    Of each of the two kinds, if one has a condition or leads back, the first whose condition is true, else one without;
    else all. Raises ExpressionFault.
    """
    taken: list[GraphEdge] = []
    for kind in ("error", "always") if ended == "error" else ("always",):
        group = [edge for edge in edges if edge.on == kind]
        if are_alternatives(group):
            group = choose_edges(group, context, Choice(may_take_none=True))
        taken += group
    return taken


def explain_edge(edge: GraphEdge, edges: Sequence[GraphEdge], context: Context, choice: Choice) -> str:
    """Why an edge, one of these, was taken: for a person who looks at the run."""
    if edge.is_default:
        others = any(not one.is_default for one in edges)
        return "no other edge matched" if others and not choice.takes_all else "it has no condition"
    if edge.literal is not None and choice.subject:
        return f"`{choice.subject.source}` gave {_show(choice.subject.evaluate(context))}"
    if edge.expression is None:
        return "it has no condition"
    return f"`{edge.condition}` with {_describe_looked_at(context, edge.expression)}"


def _matches(edge: GraphEdge, context: Context, value: JsonValue) -> bool:
    if edge.literal is not None:
        # 1 == True in Python, not in JSON.
        same_kind = isinstance(value, bool) == isinstance(edge.literal.value, bool)
        return same_kind and value == edge.literal.value
    return edge.expression is not None and edge.expression.evaluate_condition(context)


def _describe_values(tried: Sequence[GraphEdge], context: Context, choice: Choice, value: JsonValue) -> str:
    if choice.subject:
        literals = ", ".join(edge.condition or "" for edge in tried)
        return f"the condition gave {_show(value)}; the edges match {literals}"
    described = [
        f"`{edge.condition}` with {_describe_looked_at(context, edge.expression)}" for edge in tried if edge.expression
    ]
    return "; ".join(described) or "it has no out-edges with conditions"


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
