"""Rules about what expressions look at: it is there, and can be compared, as far as schemas say it."""

from collections.abc import Iterator

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.text import shorten
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.inference import ExpressionIssue, explain_never_equal, list_condition_issues
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.shapes import Shape, name_kind


def fields_are_there(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """No expression looks for a field that a closed schema does not have, or does what its values do not allow."""
    flow = lookup.flow_of(graph)
    for node in graph.nodes.values():
        if node.id not in graph.index or node.id in graph.unknowns.vague:
            continue
        for name in (*node.expressions, *node.templates):
            for found in flow.read_field(node, name).found:
                yield _write(found, node.id, None, f"{node.path}.config.{name}{found.place}")
        behind, if_failed = flow.find_context_behind(node.id), flow.find_context_if_failed(node.id)
        for edge in graph.out_edges[node.id]:
            if edge.expression is not None:
                for found in list_condition_issues(edge.expression, if_failed if edge.may_catch else behind):
                    yield _write(found, None, edge.id, f"{edge.path}.condition")


def literals_can_be_given(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """What a branch switches on may give the literals that its edges match."""
    for node in graph.nodes.values():
        edges = [edge for edge in graph.out_edges[node.id] if edge.literal is not None]
        subject = node.spec.subject
        if not edges or subject is None or node.id not in graph.index or node.id in graph.unknowns.vague:
            continue
        given = lookup.flow_of(graph).read_field(node, subject).shape
        for edge in edges:
            assert edge.literal is not None
            if given is not None and (reason := _explain_never_given(given, edge.literal.value)):
                message = f"The edge from {graph.show(node.id)} to {graph.show(edge.target)} is never taken: {reason}"
                yield Issue("never-equal", message, node.id, edge.id, f"{edge.path}.condition", Severity.WARNING)


def _explain_never_given(given: Shape, literal: JsonValue) -> str | None:
    if given.kinds and name_kind(literal) not in given.kinds:
        kinds = " or ".join(sorted(given.kinds))
        return f"the condition gives {kinds}, and {shorten(write_json(literal))} is {name_kind(literal)}."
    reason = explain_never_equal(given.values, [literal])
    return f"{reason[0].lower()}{reason[1:]}{'' if reason.endswith('?') else '.'}" if reason else None


def _write(found: ExpressionIssue, node_id: str | None, edge_id: str | None, path: str) -> Issue:
    severity = Severity.ERROR if found.is_sure else Severity.WARNING
    return Issue(found.code, f"{found.reason} (column {found.column})", node_id, edge_id, path, severity)
