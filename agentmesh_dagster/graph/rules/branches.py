"""Rules about branches of mode first and all, and about what conditions must cover."""

import re
from collections.abc import Iterator, Sequence

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.text import shorten
from agentmesh_dagster.graph.expressions.syntax import write_plainly
from agentmesh_dagster.graph.graph import Graph, GraphEdge, GraphNode
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.nodes.branch import BranchConfig

_COMPARISON = re.compile(r"([^<>=!&|?]+)(==|!=|<=|>=|<|>)([^<>=!&|?]+)")
_WEAK = r"&&|\|\||\?|\b(?:and|or)\b"
_BINDS_WEAKER_THAN = {"!": re.compile(_WEAK + r"|[=<>+*/%-]|\bin\b"), "not": re.compile(_WEAK)}
_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def branches_lead_somewhere(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Every branch has at least one out-edge."""
    for node, _config in _list_branches(graph):
        if not graph.out_edges[node.id] and node.id not in graph.unknowns.missing_targets:
            message = f"The branch {graph.show(node.id)} leads nowhere: draw an edge for each case."
            yield Issue("branch-without-edges", message, node.id, path=node.path)


def a_branch_has_one_default(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Of the out-edges of a branch of mode first, at most one is without a condition."""
    for node, config in _list_branches(graph):
        defaults = [edge for edge in graph.edges_on(node.id, "success") if edge.is_default]
        for edge in defaults[1:] if config.mode == "first" else ():
            message = (
                f"{graph.show(node.id)} has a default already, the edge to {graph.show(defaults[0].target)}: "
                f"give the edge to {graph.show(edge.target)} a condition, or set `mode: all` to follow both."
            )
            yield Issue("several-defaults", message, node.id, edge.id, edge.path)


def literals_differ(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Where `config.condition` is set, no two edges match the same literal."""
    for node, _config in _list_branches(graph):
        seen: dict[str, GraphEdge] = {}
        for edge in graph.out_edges[node.id]:
            if edge.literal is None:
                continue
            first = seen.setdefault(_write_comparable(edge.literal.value), edge)
            if first is not edge:
                message = (
                    f"The edge from {graph.show(node.id)} to {graph.show(edge.target)} is never taken: the one to "
                    f"{graph.show(first.target)} matches {shorten(write_json(edge.literal.value))} already. "
                    "Change its condition or remove it."
                )
                yield Issue("duplicate-literal", message, node.id, edge.id, edge.path)


def conditions_differ(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Of the conditions that are tried in order, none stands there twice: the second edge would never be taken."""
    for node, edges in _list_tried(graph):
        seen: dict[str, GraphEdge] = {}
        for edge in edges:
            if edge.expression is None:
                continue
            first = seen.setdefault(write_plainly(edge.expression.syntax), edge)
            if first is not edge:
                message = (
                    f"The edge from {graph.show(node.id)} to {graph.show(edge.target)} is never taken: the one to "
                    f"{graph.show(first.target)} has the same condition, and is tried first. Change one of them."
                )
                yield Issue("duplicate-condition", message, node.id, edge.id, edge.path, Severity.WARNING)


def _list_tried(graph: Graph) -> Iterator[tuple[GraphNode, Sequence[GraphEdge]]]:
    """The out-edges that are tried one after the other, of each node."""
    for node in graph.every_node:
        if node.id in graph.unknowns.vague:
            continue
        if node.spec.may_choose and not (isinstance(node.config, BranchConfig) and node.config.mode != "first"):
            yield node, graph.edges_on(node.id, "success")
        yield node, graph.edges_on(node.id, "error")
        yield node, graph.edges_on(node.id, "always")


def branches_are_exhaustive(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """One can see that a branch of mode first, or a gate with conditions, finds an edge to take, or is caught."""
    for node in graph.list_nodes(lambda spec: spec.may_choose):
        edges = graph.edges_on(node.id, "success")
        if (
            not edges
            or graph.catches(node.id)
            or not node.is_complete
            or node.id in graph.unknowns.vague | graph.unknowns.missing_targets
        ):
            continue
        config = node.config
        if isinstance(config, BranchConfig) and (config.mode != "first" or config.on_no_match == "end"):
            continue
        if not _is_complete(edges):
            remedy = "add an edge without a condition"
            remedy += " or set `onNoMatch: end`." if isinstance(config, BranchConfig) else "."
            message = f"If no condition on the edges of {graph.show(node.id)} is true, the step fails: {remedy}"
            yield Issue("branch-may-not-match", message, node.id, path=node.path, severity=Severity.WARNING)


def _list_branches(graph: Graph) -> Iterator[tuple[GraphNode, BranchConfig]]:
    """The branches of which all is known."""
    for node in graph.every_node:
        if node.is_complete and node.id not in graph.unknowns.vague and isinstance(node.config, BranchConfig):
            yield node, node.config


def _write_comparable(value: JsonValue) -> str:
    """Equal texts for equal JSON values: 1 and 1.0, but not 1 and true."""
    return write_json(int(value) if isinstance(value, float) and value.is_integer() else value)


def _is_complete(edges: Sequence[GraphEdge]) -> bool:
    literals = [edge.literal.value for edge in edges if edge.literal]
    if any(edge.is_default for edge in edges) or all(_has(literals, value) for value in (True, False)):
        return True
    conditions = {_strip(edge.condition) for edge in edges if edge.condition and not edge.literal}
    if conditions & {"true", "True"} or conditions & {_turn(condition) for condition in conditions}:
        return True
    compared = {_split_comparison(condition) for condition in conditions}
    return any(found and (found[0], _OPPOSITES[found[1]], found[2]) in compared for found in compared)


def _has(literals: Sequence[JsonValue], wanted: bool) -> bool:
    return any(value is wanted for value in literals)  # 1 == True in Python, not in JSON


def _turn(condition: str) -> str | None:
    """What stands behind the `!` or `not` that the whole condition hangs on."""
    match = re.fullmatch(r"(!|not\b)(.*)", condition, re.DOTALL)
    if match is None:
        return None
    turned = match[2].strip()
    is_one = _strip(turned) != turned or not (_BINDS_WEAKER_THAN[match[1]].search(turned))
    return _strip(turned) if is_one else None


def _split_comparison(condition: str) -> tuple[str, str, str] | None:
    found = _COMPARISON.fullmatch(condition)
    if found is None or re.search(r"\b(and|or|not)\b", condition):
        return None
    return found[1].strip(), found[2], found[3].strip()


def _strip(text: str | None) -> str:
    """The condition without blanks and the brackets around all of it."""
    text = (text or "").strip()
    while text.startswith("(") and text.endswith(")") and _closes_last(text):
        text = text[1:-1].strip()
    return text


def _closes_last(text: str) -> bool:
    """Whether the first bracket is closed by the last; brackets inside of quotes count too, which errs to no."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1
    return False
