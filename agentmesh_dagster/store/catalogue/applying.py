"""The one door for documents: entities are saved only when no workflow among them has faults."""

from collections.abc import Mapping, Sequence
from itertools import chain

from agentmesh_dagster.entities.called import find_called
from agentmesh_dagster.entities.models import CatalogueEntity, Kind, Workflow
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from agentmesh_dagster.graph.triggers import find_followed
from agentmesh_dagster.store.catalogue.heads import Key
from agentmesh_dagster.store.catalogue.saving import Saved, Validate, save_entities
from agentmesh_dagster.store.catalogue.view import CatalogueView
from agentmesh_dagster.store.engine import Store


class InvalidDocument(AgentMeshError):
    """The document has issues, so nothing was saved."""

    def __init__(self, by_workflow: Mapping[str, Sequence[Issue]]) -> None:
        """`by_workflow` holds the issues of each faulty workflow, warnings too, by the workflow's id."""
        self.by_workflow = by_workflow
        self.issues = tuple(chain.from_iterable(by_workflow.values()))
        errors = [
            f"- workflow `{workflow_id}`: {issue.message}"
            for workflow_id, issues in by_workflow.items()
            for issue in issues
            if issue.severity is Severity.ERROR
        ]
        super().__init__("\n" + "\n".join(errors))


def save_checked(
    store: Store,
    entities: Sequence[CatalogueEntity],
    *,
    author: str,
    expected_revision: Mapping[Key, int] | None = None,
    note: str | None = None,
    via: str = "code",
) -> list[Saved]:
    """`save_entities`, for workflows without faults only. Raises InvalidDocument, and what that one raises."""
    workflows = [entity for entity in entities if isinstance(entity, Workflow)]
    return save_entities(
        store,
        entities,
        author=author,
        expected_revision=expected_revision,
        validate=raise_for_faults(workflows),
        note=note,
        via=via,
    )


def raise_for_faults(workflows: Sequence[Workflow]) -> Validate:
    """A check for `save_entities` that raises InvalidDocument, with the faults of all the workflows at once."""

    def check(view: CatalogueView) -> None:
        found = {workflow.id: validate(read_graph(workflow), _look_up(view, workflow)) for workflow in workflows}
        faulty = {
            workflow_id: issues
            for workflow_id, issues in found.items()
            if any(issue.severity is Severity.ERROR for issue in issues)
        }
        if faulty:
            raise InvalidDocument(faulty)

    return check


def _look_up(view: CatalogueView, workflow: Workflow) -> Lookup:
    """What the workflow's nodes and triggers name, directly or through others; what there is not is left out."""
    workflows = find_called(workflow, lambda ids: [flow for one in sorted(ids) if (flow := view.get_workflow(one))])
    graphs = [flow.graph for flow in (workflow, *workflows.values())]
    agent_ids = dict.fromkeys(identity for graph in graphs for identity in graph.list_named(Kind.AGENT))
    agents = {identity: agent for identity in agent_ids if (agent := view.get_agent(identity))}
    named = [identity for graph in graphs for identity in graph.list_named(Kind.TOOL)]
    tool_ids = dict.fromkeys([*named, *(tool for agent in agents.values() for tool in agent.tools)])
    tools = {identity: tool for identity in tool_ids if (tool := view.get_tool(identity))}
    return Lookup(agents, tools, workflows, _follow_triggers(view, workflow), view.find_makers)


def _follow_triggers(view: CatalogueView, workflow: Workflow) -> dict[str, Workflow]:
    """The workflows whose end it waits for, those that these wait for, and so on."""
    found: dict[str, Workflow] = {}
    waiting = [workflow]
    for current in waiting:  # grows while it is walked
        for trigger in current.triggers:
            followed = find_followed(trigger)
            if followed is None or followed in found:
                continue
            if awaited := view.get_workflow(followed):
                found[awaited.id] = awaited
                waiting.append(awaited)
    return found
