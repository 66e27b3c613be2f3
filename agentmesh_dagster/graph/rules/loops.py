"""Rules about loops: what is played round by round, how it is entered, and how large it becomes."""

from collections.abc import Iterator

from agentmesh_dagster.graph.expand import MAX_NODES, count_expanded
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules.lookup import Lookup


def rounds_are_counted_on_edges_back(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """`maxRounds` stands on an edge that leads back."""
    for edge in graph.edges:
        if edge.max_rounds is not None and edge.position not in graph.loops.back:
            message = (
                f"`maxRounds` counts the rounds of a loop, and this edge leads on from {graph.show(edge.source)} to "
                f"{graph.show(edge.target)}: remove it, or lead the edge back to a node before."
            )
            yield Issue("rounds-without-loop", message, edge_id=edge.id, path=f"{edge.path}.maxRounds")


def loops_are_entered_by_their_head(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Every way into a loop passes the node to which its edge back leads."""
    for back, way_in in graph.loops.entered:
        head = graph.show(back.target)
        message = (
            f"The edge leads back to {head}, and {graph.show(way_in.target)} in that loop is also entered from "
            f"{graph.show(way_in.source)}, past {head}: lead that edge to {head}, or this one to a node that "
            "every way passes."
        )
        yield Issue("loop-entered-elsewhere", message, edge_id=back.id, path=back.path)


def no_loop_crosses_an_each(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """A loop stands inside an `each`, or around all of it, its branch and its closing join."""
    for loop in graph.loops.found:
        for region in graph.scopes.by_head.values():
            whole = {region.each, region.join, *region.body}
            if not loop.body & (region.body | {region.each}) or loop.body <= region.body or whole <= loop.body:
                continue
            message = (
                f"The edge back to {graph.show(loop.head)} crosses the border of {graph.show(region.each)}, which is "
                f"repeated for each item up to {graph.show(region.join)}: put the loop wholly between the two, or "
                "around both."
            )
            edge = loop.back[0]
            yield Issue("loop-crosses-each", message, edge_id=edge.id, path=edge.path)


def a_run_has_not_too_many_steps(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """All rounds of all loops, and all that is inlined, stay within what a run can hold."""
    counts = count_expanded(graph, {identity: read_graph(flow) for identity, flow in lookup.workflows.items()})
    if sum(counts.values()) <= MAX_NODES:
        return
    inlined = [node for node in graph.nodes.values() if node.inlines]
    call = max(inlined, key=lambda node: counts[node.id], default=None)
    loop = max(graph.loops.found, key=lambda loop: sum(counts[node_id] for node_id in loop.body), default=None)
    remedy = f"a run has at most {MAX_NODES:,}: put a part into a run of its own (`mode: run`)"
    if loop is not None:
        nodes, edge = sum(counts[node_id] for node_id in loop.body), loop.back[0]
        message = (
            f"The loop back to {graph.show(loop.head)} makes {nodes:,} steps of its {len(loop.body)} nodes, and "
            f"{remedy}, or lower `maxRounds`, here or of the loops inside."
        )
        yield Issue("too-many-rounds", message, edge_id=edge.id, path=edge.path)
    elif call is not None:
        message = f"{graph.show(call.id)} makes {counts[call.id]:,} steps of the workflow that it runs, and {remedy}."
        yield Issue("too-many-steps", message, call.id, path=call.path)
