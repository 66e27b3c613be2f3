"""Called workflows: those that a workflow's nodes run, and those that the nodes of these run."""

from collections.abc import Callable, Iterable

from agentmesh_dagster.entities.models import Kind, Workflow


def find_called(workflow: Workflow, read: Callable[[set[str]], Iterable[Workflow]]) -> dict[str, Workflow]:
    """All that a workflow runs, directly or through others, by id: with itself if they run each other in a ring.

    `read` gives those of the ids that there are; it is asked for no id twice.
    """
    found: dict[str, Workflow] = {}
    asked: set[str] = set()
    level = [workflow]
    while wanted := {identity for flow in level for identity in flow.graph.list_named(Kind.WORKFLOW)} - asked:
        asked |= wanted
        level = list(read(wanted))
        found |= {flow.id: flow for flow in level}
    return found
