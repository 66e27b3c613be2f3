"""Rules about branches of mode each: what is repeated, what may stand there, what closes it."""

from collections.abc import Iterator

from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote, shorten
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.regions import Region
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.node_spec import Place
from agentmesh_dagster.specs.nodes.branch import BranchConfig


def an_each_has_items(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """A branch of mode each says over which list it goes."""
    for node, config in _list_each(graph):
        template = node.templates.get("items")
        if config.items is None:
            message = (
                f"{graph.show(node.id)} does not say over what it goes: set `items`, for example context.input.items."
            )
            yield Issue("each-without-items", message, node.id, path=f"{node.path}.config")
        elif template is not None and template.is_constant and not isinstance(config.items, list | str):
            message = "`items` must give a list: write an expression such as context.input.items, or a list."
            yield Issue("items-no-list", message, node.id, path=f"{node.path}.config.items")


def an_each_is_closed(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """A node that all paths pass closes every branch of mode each."""
    for node, config in _list_each(graph):
        # One from which a cycle can be reached has no entry.
        if node.id not in graph.regions or graph.regions[node.id] or _is_doubtful(graph, node):
            continue
        if config.join is not None and config.join not in graph.nodes and graph.unknowns.missing_nodes:
            continue
        place = f"{node.path}.config"
        if config.join is None:
            yield Issue("each-not-closed", _explain_open(graph, node), node.id, path=place)
        elif config.join not in graph.nodes:
            message = with_hint(f"There is no node {quote(config.join)}", config.join, graph.nodes)
            yield Issue("bad-each-join", message, node.id, path=f"{place}.join")
        else:
            message = (
                f"{quote(config.join)} cannot close {graph.show(node.id)}, since not all paths from there pass it: "
                "choose a node that they pass, or lead them to it."
            )
            yield Issue("bad-each-join", message, node.id, path=f"{place}.join")


def _explain_open(graph: Graph, node: GraphNode) -> str:
    behind = graph.in_bits(graph.descendant_bits[node.id])
    ends = [other for other in behind if graph.nodes[other].spec.place is Place.END]
    if len(ends) > 1:
        return (
            f"The paths behind {graph.show(node.id)} lead to several ends ({join_names(ends)}): "
            "let them meet in one node, which gets the list of results."
        )
    return (
        f"Everything behind {graph.show(node.id)} uses context.item, so no node is left that gets the list of "
        "results: lead the paths to a node that does not use it."
    )


def the_join_of_an_each_is_plain(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Where more than one node could close a branch of mode each, `config.join` names it."""
    refused = {region.each for node, region in _list_inside(graph) if not node.may_repeat}
    for region in graph.scopes.by_head.values():
        if region.is_inferred and region.each not in refused:
            message = (
                f"{graph.show(region.join)} is taken to close {graph.show(region.each)} and gets the list of results: "
                f"set `join: {shorten(region.join)}`, or name the node that you mean."
            )
            node = graph.nodes[region.each]
            place = f"{node.path}.config"
            yield Issue("each-join-inferred", message, node.id, path=place, severity=Severity.WARNING)


def no_each_stands_inside_an_each(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """A branch of mode each does not stand between another one and its closing join."""
    for node, region in _list_inside(graph):
        if node.is_each:
            message = (
                f"{graph.show(node.id)} goes over a list inside {graph.show(region.each)}, which is closed only by "
                f"{graph.show(region.join)}: close that one before (`join: {shorten(node.id)}` hands over its list), "
                "or run the inner list by a node of type `workflow` with `mode: run`."
            )
            yield Issue("each-inside-each", message, node.id, path=node.path)


def nothing_leads_into_an_each(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """No edge leads from outside to a node between a branch of mode each and its closing join."""
    for node, region in _list_inside(graph):
        for edge in graph.in_edges[node.id]:
            if edge.source in region.body or edge.source == region.each:
                continue
            message = (
                f"{graph.show(node.id)} runs once per item of {graph.show(region.each)}, and {graph.show(edge.source)} "
                f"runs once: lead the edge to {graph.show(region.join)} or to {graph.show(region.each)}."
            )
            yield Issue("edge-into-each", message, node.id, edge.id, edge.path)


def _list_each(graph: Graph) -> Iterator[tuple[GraphNode, BranchConfig]]:
    for node in graph.every_node:
        is_known = node.is_complete and node.id not in graph.unknowns.vague
        if node.is_each and is_known and isinstance(node.config, BranchConfig):
            yield node, node.config


def _is_doubtful(graph: Graph, node: GraphNode) -> bool:
    """Whether something behind the node is not known, so that what closes it is not known either."""
    behind = {node.id, *graph.in_bits(graph.descendant_bits[node.id])}
    if behind & (graph.unknowns.vague | graph.unknowns.missing_targets):
        return True
    dead = [other for other in behind if not graph.out_edges[other] and graph.nodes[other].spec.place is not Place.END]
    return bool(dead)  # told already: nothing follows there


def _list_inside(graph: Graph) -> Iterator[tuple[GraphNode, Region]]:
    """The nodes of each region, in the document's order."""
    for region in graph.scopes.by_head.values():
        for node in sorted((graph.nodes[inside] for inside in region.body), key=lambda node: node.position):
            yield node, region
