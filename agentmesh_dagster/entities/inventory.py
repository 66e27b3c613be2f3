"""Inventory: all that a catalogue holds, to be cut into documents."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentmesh_dagster.entities.called import find_called
from agentmesh_dagster.entities.documents import Document
from agentmesh_dagster.entities.models import DEFAULT_PROJECT, Agent, CatalogueEntity, Kind, Project, Tool, Workflow
from agentmesh_dagster.errors import AgentMeshError


@dataclass(frozen=True)
class Inventory:
    """All live entities by id."""

    projects: Mapping[str, Project]
    agents: Mapping[str, Agent]
    tools: Mapping[str, Tool]
    workflows: Mapping[str, Workflow]
    faults: Sequence[AgentMeshError]  # of what cannot be read

    @property
    def whole(self) -> Document:
        """Everything in one document."""
        projects = tuple(one for one in self.projects.values() if not _makes_itself(one))
        agents, tools, workflows = self.agents.values(), self.tools.values(), self.workflows.values()
        return Document(projects, tuple(agents), tuple(tools), tuple(workflows))

    def cut_out(self, workflow: Workflow) -> Document:
        """The workflow with the workflows, agents, tools and projects that it needs."""
        called_flows = find_called(workflow, lambda ids: _pick(self.workflows, sorted(ids)))
        workflows = ({workflow.id: workflow} | called_flows).values()
        graphs = [flow.graph for flow in workflows]
        agents = _pick(self.agents, (one for graph in graphs for one in graph.list_named(Kind.AGENT)))
        called = (tool for agent in agents for tool in agent.tools)
        tools = _pick(self.tools, [*(one for graph in graphs for one in graph.list_named(Kind.TOOL)), *called])
        projects = _pick(self.projects, (entity.project_id for entity in (*workflows, *agents, *tools)))
        return Document(tuple(one for one in projects if not _makes_itself(one)), agents, tools, tuple(workflows))

    def leave_over(self, documents: Iterable[Document]) -> Document:
        """What is in none of the documents."""
        written = {(type(entity), entity.id) for document in documents for entity in document}

        def pick_new(entities: Mapping[str, Any]) -> tuple[Any, ...]:
            return tuple(entity for entity in entities.values() if (type(entity), entity.id) not in written)

        agents, tools, projects = pick_new(self.agents), pick_new(self.tools), pick_new(self.projects)
        projects = (*projects, *(self.projects[one.project_id] for one in (*agents, *tools)))
        needed = {project.id: project for project in projects if not _makes_itself(project)}
        return Document(tuple(needed.values()), agents, tools)


def read_inventory(list_all: Callable[[Kind], tuple[Sequence[CatalogueEntity], Sequence[AgentMeshError]]]) -> Inventory:
    """All that lives now; `list_all` gives the entities of a kind, and a fault for each that cannot be read."""
    found: dict[Kind, dict[str, Any]] = {}
    faults: list[AgentMeshError] = []
    for kind in Kind:
        entities, broken = list_all(kind)
        found[kind] = {entity.id: entity for entity in entities}
        faults += broken
    return Inventory(found[Kind.PROJECT], found[Kind.AGENT], found[Kind.TOOL], found[Kind.WORKFLOW], faults)


def _pick(entities: Mapping[str, Any], ids: Iterable[str | None]) -> tuple[Any, ...]:
    return tuple(entities[identity] for identity in dict.fromkeys(ids) if identity and identity in entities)


def _makes_itself(project: Project) -> bool:
    """Whether saving anything into it gives the same project again."""
    return (project.id, project.name, project.description) == (DEFAULT_PROJECT, "Default", None)
