"""Rules about what conditions and templates look up in `context`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentmesh_dagster.entities.assets import Asset
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote, shorten
from agentmesh_dagster.graph.expressions import Reference
from agentmesh_dagster.graph.graph import Graph, GraphEdge, GraphNode
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.graph.templates import TemplateReference
from agentmesh_dagster.specs.context import RUN
from agentmesh_dagster.specs.nodes.branch import BranchConfig

OF_ASSETS = ("partition", "upstream")
CONTEXT_FIELDS = ("input", "last_output", "outputs", "item", "index", "round", "run", "error", "callbacks", *OF_ASSETS)
RUN_FIELDS = tuple(RUN["properties"])
_EVENT = "event"  # only triggers have it
_OUTPUT = "output"  # only checks have it


@dataclass(frozen=True)
class _Use:
    """One reference and where it stands."""

    reference: Reference
    node: GraphNode  # whose step evaluates it
    edge: GraphEdge | None  # where it stands in a condition
    path: str
    field: str | None = None  # of the node's config, where it stands there

    def issue(self, code: str, message: str, step: int = 0) -> Issue:
        """The issue for the step of the reference's path with this number."""
        columns = self.reference.columns
        column = columns[step] if step < len(columns) else self.reference.column
        sentence = f"{message.removesuffix('.')} (column {column})" + ("." if message.endswith(".") else "")
        if self.edge is None:
            return Issue(code, sentence, self.node.id, path=self.path)
        return Issue(code, sentence, edge_id=self.edge.id, path=self.path)


def references_name_something(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Every look-up in `context` starts with a name that `context` has."""
    for use in _list_uses(graph):
        path = use.reference.path
        if not path:
            message = (
                f"`context` cannot be used as a whole: name what you need of it: {join_names(CONTEXT_FIELDS, 'or')}."
            )
            yield use.issue("bare-context", message)
        elif use.field is not None and path[0] in use.node.spec.own_context.get(use.field, ()):
            continue
        elif path[0] == _EVENT:
            message = "`context.event` is known only to triggers, and to `event.match` of a wait: use context.input."
            yield use.issue("unknown-context-field", message)
        elif path[0] == _OUTPUT:
            message = "`context.output` is known only to checks of the asset: use context.last_output."
            yield use.issue("unknown-context-field", message)
        elif path[0] not in CONTEXT_FIELDS:
            hint = with_hint(f"There is no `context.{shorten(str(path[0]))}`", str(path[0]), CONTEXT_FIELDS)
            if str(path[0]) in graph.nodes:
                hint = f"The output of a node is `context.outputs{_write_key(str(path[0]))}`."
            yield use.issue("unknown-context-field", hint)
        elif path[0] == "run" and len(path) > 1 and path[1] not in RUN_FIELDS:
            yield use.issue("unknown-context-field", explain_no_run_field(str(path[1])), 1)
        elif why := explain_not_of_asset(graph.workflow.asset, path):
            yield use.issue("not-of-the-asset", why, len(path) - 1)


def explain_no_run_field(name: str) -> str:
    """That `context.run` does not have it."""
    return with_hint(f"There is no `context.run.{shorten(name)}`", name, RUN_FIELDS)


def explain_not_of_asset(asset: Asset | None, path: Sequence[str | int]) -> str | None:
    """Why `context.partition` or `context.upstream` cannot be looked up like that; None where it can."""
    if path[0] == "partition":
        if asset is None or asset.partitions is None:
            return "`context.partition` is known only to a workflow whose `asset` has `partitions`."
        return None
    if path[0] != "upstream":
        return None
    if asset is None or not asset.deps:
        return "`context.upstream` is known only to a workflow whose `asset` has `deps`."
    if len(path) == 1:
        return '`context.upstream` needs the key of an asset that stands there: context.upstream["raw/tickets"].'
    key = str(path[1])
    if key in asset.deps:
        return None
    return with_hint(f"{quote(key)} is not among the `deps` of the asset", key, asset.deps)


def references_to_outputs_name_a_node(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Every look-up in `context.outputs` names a node that exists, by an id that stands in the expression."""
    for use in _list_uses(graph):
        path = use.reference.path
        if path == ("outputs",):
            message = "`context.outputs` needs the id of a node that stands there as it is: context.outputs.<nodeId>."
            yield use.issue("computed-output", message)
        elif path[:1] == ("outputs",) and str(path[1]) not in graph.nodes and not graph.unknowns.missing_nodes:
            named = str(path[1])
            yield use.issue("unknown-output", with_hint(f"There is no node {quote(named)}", named, graph.nodes), 1)


def references_to_outputs_name_an_ancestor(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Every node named in `context.outputs` has ended, or was skipped, when the look-up is made."""
    for use in _list_uses(graph):
        path = use.reference.path
        if len(path) < 2 or path[0] != "outputs" or str(path[1]) not in graph.nodes:
            continue
        named = str(path[1])
        # The conditions behind a gate are evaluated when it was answered.
        # Those of edges that catch are, when the node has ended.
        is_answer = named == use.node.id and use.edge is not None and (use.node.spec.waits or use.edge.may_catch)
        if not (is_answer or graph.is_ancestor(named, use.node.id) or _may_be_ancestor(graph, use.node.id)):
            yield use.issue("not-an-ancestor", _explain_no_ancestor(graph, named, use.node.id), 1)


def _explain_no_ancestor(graph: Graph, named: str, node_id: str) -> str:
    what, where = graph.show(named), graph.show(node_id)
    if named == node_id:
        return f"{where} has no output yet when this is evaluated: use context.last_output, its input."
    if graph.is_ancestor(node_id, named):
        return f"{what} comes behind {where}, so it has no output yet: name a node before {where}."
    return (
        f"No path leads from {what} to {where}, so its output may not be there: draw an edge, or name a node before it."
    )


def callbacks_are_of_waits_behind(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Every look-up in `context.callbacks` names a wait for a callback behind the node, by an id that stands there."""
    for use in _list_uses(graph):
        path = use.reference.path
        if path[:1] != ("callbacks",):
            continue
        if use.edge is not None:
            yield use.issue(
                "callback-in-condition", "`context.callbacks` stands in the config of a node, not on edges."
            )
        elif len(path) == 1:
            message = "`context.callbacks` needs the id of a node that stands there: context.callbacks.<nodeId>."
            yield use.issue("computed-callback", message)
        elif (why := _explain_no_callback(graph, str(path[1]), use.node.id)) is not None:
            yield use.issue("unknown-callback", why, 1)


def _explain_no_callback(graph: Graph, named: str, node_id: str) -> str | None:
    waits = [node.id for node in graph.nodes.values() if node.spec.takes_callback(node.config)]
    if named not in graph.nodes:
        return None if graph.unknowns.missing_nodes else with_hint(f"There is no node {quote(named)}", named, waits)
    what, where = graph.show(named), graph.show(node_id)
    if named not in waits:
        unknown = not graph.nodes[named].is_complete or named in graph.unknowns.vague
        return None if unknown else f"{what} waits for no callback: name a node of type wait with `callback: true`."
    heads = graph.scopes.list_heads(named)
    if not (graph.is_ancestor(node_id, named) or _may_be_ancestor(graph, named)):
        return f"{what} does not stand behind {where}: only a node before it can hand out its address."
    if heads != graph.scopes.list_heads(node_id)[: len(heads)]:
        return (
            f"{what} waits once for each item of {graph.show(heads[-1])}, and {where} stands before it: move it inside."
        )
    return None


def items_are_used_inside_an_each(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """`context.item` and `context.index` stand only between a branch of mode each and its closing join."""
    for use in _list_uses(graph):
        is_item = use.reference.path[:1] in (("item",), ("index",))
        if is_item and graph.scopes.head_of(use.node.id) is None and not _may_be_inside(graph, use.node):
            name = f"`context.{use.reference.path[0]}`"
            yield use.issue("item-outside-each", _explain_no_item(graph, name, use.node.id))


def rounds_are_used_inside_a_loop(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """`context.round` stands only in a loop."""
    for use in _list_uses(graph):
        if use.reference.path[:1] == ("round",) and not graph.loops.around(use.node.id):
            message = (
                f"`context.round` is known only inside a loop, and {graph.show(use.node.id)} stands in none: an edge "
                "that leads back, with `maxRounds`, makes one."
            )
            yield use.issue("round-outside-loop", message)


def _explain_no_item(graph: Graph, name: str, node_id: str) -> str:
    closed = [region.each for region in graph.scopes.exits.get(node_id, ())]
    behind = [each for each in graph.regions if graph.is_ancestor(each, node_id)]
    if graph.nodes[node_id].is_each:
        return f"{name} is known only behind {graph.show(node_id)}, for each of its items."
    if closed:
        return (
            f"{graph.show(node_id)} closes {graph.show(closed[0])} and runs once: {name} is known only before it; "
            "context.last_output is the list of results."
        )
    if behind:
        return f"{name} is known only between {graph.show(behind[-1])} and the node that closes it."
    return f"{name} is known only behind a branch of `mode: each`, and here is none."


def errors_are_used_where_one_was_caught(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """`context.error` stands behind an edge `on: error` or `on: always`, on such an edge, or in an `onError`."""
    for use in _list_uses(graph):
        if use.reference.path[:1] != ("error",) or use.node.id in graph.behind_faults or use.field == "onError":
            continue
        if (use.edge is None or not use.edge.may_catch) and not _may_be_ancestor(graph, use.node.id):
            yield use.issue("error-not-caught", _explain_no_error(graph, use.node.id))


def _explain_no_error(graph: Graph, node_id: str) -> str:
    if any(graph.catches(inside) for region in graph.scopes.exits.get(node_id, ()) for inside in region.body):
        return (
            f"{graph.show(node_id)} runs once, and what was caught before it was caught for single items: "
            "`context.error` is known only before it."
        )
    return "`context.error` is known only behind an edge `on: error` or `on: always`, and in `onError`."


def _list_uses(graph: Graph) -> Iterator[_Use]:
    """Every look-up of the graph, in the document's order."""
    for node in graph.nodes.values():
        for field, reference in node.references:
            place = reference.place if isinstance(reference, TemplateReference) else ""
            yield _Use(reference, node, None, f"{node.path}.config.{field}{place}", field)
    for edge in graph.edges:
        for reference in edge.expression.references if edge.expression else ():
            yield _Use(reference, graph.nodes[edge.source], edge, f"{edge.path}.condition")


def _may_be_ancestor(graph: Graph, node_id: str) -> bool:
    """Whether edges that could not be read may lead to the node from anywhere."""
    doubtful = graph.unknowns.missing_sources | graph.unknowns.vague
    return node_id in doubtful or any(other in graph.nodes and graph.is_ancestor(other, node_id) for other in doubtful)


def _may_be_inside(graph: Graph, node: GraphNode) -> bool:
    """Whether the node stands behind an `each` of which it is not known, or was told, that it is not closed."""
    for other in graph.every_node:
        if not isinstance(other.config, BranchConfig):
            continue
        is_open = not other.is_complete or other.id in graph.unknowns.vague
        is_open = is_open or (other.is_each and graph.regions.get(other.id) is None)
        if is_open and graph.is_ancestor(other.id, node.id):
            return True
    return _may_be_ancestor(graph, node.id)


def _write_key(node_id: str) -> str:
    return f".{node_id}" if node_id.isidentifier() and node_id.isascii() else f'["{node_id}"]'
