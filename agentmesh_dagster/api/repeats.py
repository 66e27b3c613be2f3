"""What of a workflow's graph is repeated, as it goes over the wire: no page finds that out itself."""

from agentmesh_dagster import wire
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.read import read_graph


def list_repeats(workflow: Workflow) -> wire.Repeats:
    """The regions of each `each`, and the loops, of a workflow's own graph; also where that has faults."""
    graph = read_graph(workflow)
    order = list(graph.nodes)
    regions = [
        wire.Region(each=region.each, join=region.join, body=[node_id for node_id in order if node_id in region.body])
        for region in graph.scopes.by_head.values()
    ]
    loops = [
        wire.Loop(
            head=loop.head,
            body=[node_id for node_id in order if node_id in loop.body],
            back=[edge.id for edge in loop.back],
            max_rounds=loop.max_rounds,
        )
        for loop in graph.loops.found
    ]
    return wire.Repeats(workflow_id=workflow.id, regions=regions, loops=loops)
