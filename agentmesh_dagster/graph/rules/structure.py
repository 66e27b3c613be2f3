"""Rules about nodes and edges as such: start, ends, ways, cycles, where conditions may stand."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from agentmesh_dagster.entities.text import join_names
from agentmesh_dagster.graph.cycles import find_cycles
from agentmesh_dagster.graph.graph import Graph, GraphEdge
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.node_spec import Place
from agentmesh_dagster.specs.nodes.branch import BranchConfig

_CYCLES_REPORTED = 20
_NODES_REPORTED = 8  # of one cycle


def a_graph_has_nodes(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """A graph has at least one node."""
    if not graph.nodes:
        yield Issue("empty-graph", "The graph is empty: add a start node and an end node.", path="$.graph.nodes")


def there_is_one_start(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """A graph has exactly one start node."""
    starts = graph.starts
    if not starts and graph.nodes and not graph.unknowns.untyped:
        yield Issue("no-start", "There is no start node: add one, where runs begin.", path="$.graph.nodes")
    for node in starts[1:]:
        if node.id == starts[0].id:
            continue  # told as an id that is used twice
        message = f"{graph.show(node.id)} is a second start node beside {graph.show(starts[0].id)}: keep one of them."
        yield Issue("several-starts", message, node.id, path=node.path)


def there_is_an_end(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """A graph has at least one end node."""
    if graph.nodes and not graph.ends and not graph.unknowns.untyped:
        yield Issue("no-end", "There is no end node: add one, where the run's output comes out.", path="$.graph.nodes")


def nothing_leads_into_start(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """No edge leads into a start node."""
    for edge in graph.edges:
        if _enters_start(graph, edge):
            message = f"The edge leads back to start, where runs only begin: remove it{_or_turn(graph, edge)}."
            yield Issue("edge-into-start", message, edge.target, edge.id, edge.path)


def nothing_leads_out_of_an_end(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """No edge leads out of an end node."""
    for edge in graph.edges:
        if _leaves_end(graph, edge):
            message = (
                f"{graph.show(edge.source)} is an end, and nothing comes behind an end: "
                f"remove the edge{_or_turn(graph, edge)}."
            )
            yield Issue("edge-out-of-end", message, edge.source, edge.id, edge.path)


def nothing_goes_in_circles(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """No path leads from a node back to itself."""
    if len(graph.order) == len(graph.nodes):
        return
    onward = _list_onward_edges(graph)
    successors = {node_id: [edge.target for edge in edges] for node_id, edges in onward.items()}
    cycles = find_cycles(successors, [node.id for node in graph.starts])
    for path, place in islice(cycles, _CYCLES_REPORTED):
        edge = onward[path[-1]][place]
        message = (
            f"These edges go in a circle: {_write_circle(graph, path)}. Remove one of them, or set `maxRounds` on the "
            "edge that leads back, to make a loop of it."
        )
        yield Issue("cycle", message, edge.target, edge.id, edge.path)
    if more := sum(1 for _ in cycles):
        yield Issue("cycle", f"{more:,} more edges close a circle.", path="$.graph.edges")


def every_node_is_reachable(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Every node can be reached from start."""
    starts = {node.id for node in graph.starts} | graph.unknowns.vague
    if not starts:
        return
    lost = _without_those_behind(graph, starts | graph.unknowns.missing_sources)
    for component in graph.components:
        # Only the first of a lost chain: the others are lost because it is. A circle was told already.
        if len(component) > 1 or component[0] not in lost or graph.in_edges[component[0]]:
            continue
        node = graph.nodes[component[0]]
        behind = [other for other in graph.in_bits(graph.descendant_bits[node.id]) if other in lost]
        which = f"{graph.show(node.id)}" + (f" (and behind it {join_names(behind)})" if behind else "")
        message = f"{which} cannot be reached from start: draw an edge to it, or remove it."
        yield Issue("unreachable-node", message, node.id, path=node.path)


def every_node_leads_to_an_end(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """From every node an end can be reached."""
    if not graph.ends:
        return
    for node in graph.nodes.values():
        if node.spec.place is Place.END or node.id in graph.unknowns.vague:
            continue
        if graph.out_edges[node.id]:
            if not graph.edges_on(node.id, "success", "always") and node.id not in graph.unknowns.missing_targets:
                message = (
                    f"Nothing follows {graph.show(node.id)} when it succeeds: draw an edge from it without `on`, or "
                    "set `on: always` on one that it has."
                )
                yield Issue("no-way-to-end", message, node.id, path=node.path)
            continue
        is_lost = node.spec.place is not Place.START and not graph.in_edges[node.id]
        is_told = isinstance(node.config, BranchConfig) or is_lost
        if not is_told and node.id not in graph.unknowns.missing_targets:
            message = f"Nothing follows {graph.show(node.id)}: draw an edge from it, so that it leads to an end."
            yield Issue("no-way-to-end", message, node.id, path=node.path)


def only_choices_carry_conditions(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Conditions stand only on edges that leave a branch (not of mode each) or a gate, and on those that catch."""
    for edge in graph.edges:
        source = graph.nodes[edge.source]
        if edge.is_default or edge.may_catch or source.id in graph.unknowns.ambiguous or _leaves_end(graph, edge):
            continue
        if source.is_each:
            reason = "an `each` follows all of its edges for every item: put a branch behind it"
        elif not source.spec.may_choose:
            reason = f"all edges of a node of type {source.type} are followed: remove it, or put a branch between"
        else:
            continue
        yield Issue(
            "condition-not-allowed", f"No condition belongs here, since {reason}.", edge_id=edge.id, path=edge.path
        )


def _enters_start(graph: Graph, edge: GraphEdge) -> bool:
    return graph.nodes[edge.target].spec.place is Place.START and edge.target not in graph.unknowns.vague


def _leaves_end(graph: Graph, edge: GraphEdge) -> bool:
    return graph.nodes[edge.source].spec.place is Place.END and edge.source not in graph.unknowns.vague


def _or_turn(graph: Graph, edge: GraphEdge) -> str:
    """A second remedy where the edge looks as if it was drawn the wrong way round."""
    source, target = graph.nodes[edge.source].spec.place, graph.nodes[edge.target].spec.place
    return ", or turn it round" if source is Place.END or target is Place.START else ""


def _list_onward_edges(graph: Graph) -> Mapping[str, list[GraphEdge]]:
    """The out-edges of each node, without those of loops, and those that are wrong because of start or an end."""
    back = graph.loops.back
    return {
        node_id: [
            edge
            for edge in edges
            if edge.position not in back and not _enters_start(graph, edge) and not _leaves_end(graph, edge)
        ]
        for node_id, edges in graph.out_edges.items()
    }


def _write_circle(graph: Graph, path: list[str]) -> str:
    shown = [graph.show(node_id) for node_id in path]
    if len(shown) > _NODES_REPORTED:
        half = _NODES_REPORTED // 2
        shown[half:-half] = [f"… ({len(shown) - 2 * half:,} more) …"]
    return " → ".join((*shown, shown[0]))


def _without_those_behind(graph: Graph, first: Iterable[str]) -> Collection[str]:
    """The nodes to which no path leads from `first`."""
    found = dict.fromkeys(node_id for node_id in first if node_id in graph.nodes)
    waiting = list(found)
    while waiting:
        for target in graph.children(waiting.pop()):
            if target not in found:
                found[target] = None
                waiting.append(target)
    return graph.nodes.keys() - found.keys()
