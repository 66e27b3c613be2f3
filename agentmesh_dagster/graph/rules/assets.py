"""Rules about the asset that a workflow makes."""

from collections import Counter
from collections.abc import Iterator

from agentmesh_dagster.entities.assets import Asset
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.asset_faults import list_asset_issues
from agentmesh_dagster.specs.node_spec import Place


def assets_are_what_dagster_takes(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """The fields of an asset have no faults by themselves."""
    asset = graph.workflow.asset
    for fault in list_asset_issues(asset) if asset else ():
        severity = Severity.WARNING if fault.is_warning else Severity.ERROR
        yield Issue(fault.code, fault.message, path=f"$.asset.{fault.field}", severity=severity)


def parts_of_an_asset_are_outputs_of_nodes(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Each part of an asset names a node between start and end."""
    asset = graph.workflow.asset
    for node_id in asset.parts if asset else ():
        path = f"$.asset.parts.{node_id}"
        node = graph.nodes.get(node_id)
        if node is None and not graph.unknowns.missing_nodes:
            yield Issue(
                "unknown-part", with_hint(f"There is no node {quote(node_id)}", node_id, graph.nodes), path=path
            )
        elif node is not None and node.spec.place is Place.START:
            message = f"{graph.show(node_id)} makes nothing, what it gives is the run's input: name a node behind it."
            yield Issue("part-not-made", message, node_id, path=path)
        elif node is not None and node.spec.place is Place.END:
            message = f"What {graph.show(node_id)} gives is the asset itself: name a node before it."
            yield Issue("part-not-made", message, node_id, path=path)


def no_asset_is_made_twice(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """The keys of an asset and its parts are no other asset's."""
    asset = graph.workflow.asset
    if asset is None:
        return
    makers = lookup.find_makers(asset.keys)
    counts = Counter(asset.keys)
    for key, path in _list_keys(asset):
        others = sorted({*makers.get(key, ())} - {graph.workflow.id})
        if counts[key] > 1:
            message = f"The key {quote(key)} stands at several places of this asset: give each part one of its own."
            yield Issue("duplicate-asset-key", message, path=path)
        elif others:
            message = (
                f"The asset {quote(key)} is made by the workflow {join_names(others)} already: choose another key."
            )
            yield Issue("asset-made-elsewhere", message, path=path)


def assets_are_not_made_from_themselves(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """No asset depends on itself, or on a part of its own."""
    asset = graph.workflow.asset
    for place, key in enumerate(asset.deps) if asset else ():
        if asset is not None and key in asset.keys:
            message = f"{quote(key)} is made by this workflow itself: remove it from `deps`."
            yield Issue("asset-made-from-itself", message, path=f"$.asset.deps[{place}]")


def _list_keys(asset: Asset) -> Iterator[tuple[str, str]]:
    yield asset.key, "$.asset.key"
    for node_id, part in asset.parts.items():
        yield part.key, f"$.asset.parts.{node_id}.key"
