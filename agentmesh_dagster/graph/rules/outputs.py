"""A rule about outputs that may not be there when they are looked into."""

from collections.abc import Iterator

from agentmesh_dagster.graph.expressions import Expression, Reference
from agentmesh_dagster.graph.expressions.syntax import list_unguarded_references
from agentmesh_dagster.graph.flow import Doubt
from agentmesh_dagster.graph.graph import NO_DOUBTS, Graph, GraphNode
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup


def outputs_that_may_be_null_are_guarded(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """Nothing looks into an output that is null in the first round, or where its node was skipped, without asking."""
    if graph.unknowns != NO_DOUBTS or len(graph.order) < len(graph.nodes):
        return  # which nodes run together is not known yet
    for node in graph.nodes.values():
        for path, edge_id, expression in _list_expressions(graph, node):
            for reference in list_unguarded_references(expression.syntax):
                if edge_id is not None and reference.path[1:2] == (node.id,):
                    continue  # its own, which is there by then
                if (why := _explain(graph, lookup, node, reference)) is not None:
                    column = f" (column {reference.column})."
                    owner = None if edge_id else node.id
                    message = why.removesuffix(".") + column
                    yield Issue("unguarded-output", message, owner, edge_id, path, Severity.WARNING)


def _list_expressions(graph: Graph, node: GraphNode) -> Iterator[tuple[str, str | None, Expression]]:
    """The expressions of a node's config, and of its out-edges: where each stands, on which edge, and itself."""
    for name, expression in node.expressions.items():
        yield f"{node.path}.config.{name}", None, expression
    for name, template in node.templates.items():
        for place, expression in template.expressions:
            yield f"{node.path}.config.{name}{place}", None, expression
    for edge in graph.out_edges[node.id]:
        if edge.expression is not None:
            yield f"{edge.path}.condition", edge.id, edge.expression


def _explain(graph: Graph, lookup: Lookup, node: GraphNode, reference: Reference) -> str | None:
    if len(reference.path) < 3 or reference.path[0] != "outputs":
        return None
    named, field = str(reference.path[1]), reference.path[2]
    if named not in graph.nodes or not graph.is_ancestor(named, node.id):
        return None
    if graph.scopes.list_heads(named) != graph.scopes.list_heads(node.id)[: graph.scopes.depth(named)]:
        return None  # a list
    doubt = lookup.flow_of(graph).find_doubt(named, node.id)
    if doubt is None or _is_asked_before(graph, node.id, named, doubt):
        return None
    if not any(graph.is_ancestor(start.id, named) for start in graph.starts):
        return None  # nothing leads to it
    output = f"context.outputs{_write_step(named)}"
    reason = "has given nothing yet in the first round" if doubt is Doubt.FIRST_ROUND else "may have been skipped"
    return (
        f"{graph.show(named)} {reason}, and null has no field: write "
        f'`has({output}{_write_step(field)}) ? {output}{_write_step(field)} : ""`.'
    )


def _is_asked_before(graph: Graph, node_id: str, named: str, doubt: Doubt) -> bool:
    """Whether a condition on the way to the node, or on its own edges, asks for the output, or for the round."""
    for edge in graph.edges:
        if edge.expression is None or not (edge.source == node_id or graph.is_ancestor(edge.source, node_id)):
            continue
        asked = set(edge.expression.references)
        if edge.source == node_id:
            asked -= {one for one in list_unguarded_references(edge.expression.syntax) if len(one.path) > 2}
        if any(one.path[:2] == ("outputs", named) for one in asked):
            return True
        if doubt is Doubt.FIRST_ROUND and any(one.path[:1] == ("round",) for one in asked):
            return True
    return False


def _write_step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if key.isidentifier() and key.isascii() else f'["{key}"]'
