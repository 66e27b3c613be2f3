"""Rules about what is done when a node fails: edges `on: error` and `on: always`, and `onError`."""

from collections.abc import Iterator

from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.routing import are_alternatives
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.node_spec import Place


def edges_that_catch_leave_a_node_that_can_fail(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """An edge `on: error` or `on: always` leaves a node whose failure leads there."""
    for edge in graph.edges:
        source = graph.nodes[edge.source]
        if not edge.may_catch or source.id in graph.unknowns.vague or source.spec.place is Place.END:
            continue  # that nothing leaves an end is told already
        what = f"No edge `on: {edge.on}` leaves {graph.show(source.id)}"
        if source.spec.place is Place.START:
            reason = (
                "start only takes the input, and one that does not fit begins no run: draw it from the node behind."
            )
        elif source.is_each:
            reason = (
                "what is behind it runs once for each item: draw it from the node there that may fail, or "
                "run the list in a workflow of its own, which is caught as a whole."
            )
        elif edge.on == "error" and source.on_error is not None:
            reason = "with `onError` the node never fails: remove the edge, or `onError`."
        else:
            continue
        yield Issue("edge-never-taken", f"{what}, since {reason}", source.id, edge.id, edge.path)


def edges_that_catch_have_one_default(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Where edges `on: error`, or `on: always`, of a node are chosen among, at most one is without a condition."""
    for node in graph.nodes.values():
        for on in ("error", "always"):
            edges = graph.edges_on(node.id, on)
            defaults = [edge for edge in edges if edge.is_default] if are_alternatives(edges) else []
            # One that leads back may stand before it: it is offered up to its `maxRounds`.
            first = next((place for place, edge in enumerate(defaults) if not edge.max_rounds), len(defaults))
            for edge in defaults[first + 1 :]:
                message = (
                    f"{graph.show(node.id)} has an edge `on: {on}` without a condition already, to "
                    f"{graph.show(defaults[first].target)}: give the edge to {graph.show(edge.target)} a condition."
                )
                yield Issue("several-defaults", message, node.id, edge.id, edge.path)
