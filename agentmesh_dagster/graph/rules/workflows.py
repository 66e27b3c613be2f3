"""Rules about workflows that run other workflows."""

from collections.abc import Iterator, Mapping

from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.nodes.workflow import WorkflowNodeConfig


def workflows_do_not_contain_themselves(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """No workflow runs itself, be it through others."""
    for node in graph.list_nodes(lambda spec: spec.names == "workflow"):
        ring = _find_ring(graph.workflow, node.workflow_id, lookup.workflows) if node.workflow_id else None
        if ring is not None:
            names = " → ".join(quote(flow.name) for flow in (graph.workflow, *ring, graph.workflow))
            message = f"The workflow would run itself without end: {names}. Take one of these nodes away."
            yield Issue("workflow-ring", message, node.id, path=f"{node.path}.workflowId")


def _find_ring(workflow: Workflow, first: str, known: Mapping[str, Workflow]) -> list[Workflow] | None:
    """The workflows on a way from `first`, that included, back to the workflow; None where there is no ring."""
    if first == workflow.id:
        return []
    ways = {first: [known[first]] if first in known else []}
    waiting = [first]
    for current in waiting:  # grows while it is walked
        for called in known[current].graph.list_named(Kind.WORKFLOW) if current in known else ():
            if called == workflow.id:
                return ways[current]
            if called in known and called not in ways:
                ways[called] = [*ways[current], known[called]]
                waiting.append(called)
    return None


def no_each_is_inlined_into_an_each(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """A workflow that goes over a list is not made a part of what another one repeats for each item."""
    repeating: dict[str, list[str] | None] = {}
    for region in graph.scopes.by_head.values():
        for node in (graph.nodes[node_id] for node_id in graph.nodes if node_id in region.body):
            called = find_inlined(node)
            if called is None:
                continue
            way = _find_each(called, lookup.workflows, repeating)
            if way is not None:
                message = (
                    f"{graph.show(node.id)} runs {way}, which goes over a list itself, for each item of "
                    f"{graph.show(region.each)}: set `mode: run`, so that each item gets a run of its own."
                )
                yield Issue("each-inside-each", message, node.id, path=f"{node.path}.config")


def find_inlined(node: GraphNode) -> str | None:
    """The id of the workflow that becomes a part of the run, where the node runs one so."""
    is_inline = isinstance(node.config, WorkflowNodeConfig) and not node.config.is_run
    return node.workflow_id if is_inline else None


def _find_each(called: str, known: Mapping[str, Workflow], repeating: dict[str, list[str] | None]) -> str | None:
    """The names of the workflows down to one that has an `each`, in a sentence; None where none has."""
    names = _search(called, known, repeating)
    return None if names is None else ", in it ".join(map(quote, names))


def _search(called: str, known: Mapping[str, Workflow], found: dict[str, list[str] | None]) -> list[str] | None:
    if called in found:
        return found[called]
    found[called] = None  # should it contain itself, another rule says so
    workflow = known.get(called)
    if workflow is None:
        return None
    inner = read_graph(workflow)
    if any(node.is_each for node in inner.nodes.values()):
        found[called] = [workflow.name]
        return found[called]
    for node in inner.nodes.values():
        inlined = find_inlined(node)
        names = _search(inlined, known, found) if inlined else None
        if names is not None:
            found[called] = [workflow.name, *names]
            break
    return found[called]
