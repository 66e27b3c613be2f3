"""From the store to files: what is written, applied to an empty store, gives the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.finding import find_workflow, list_all
from agentmesh_dagster.cli.printing import open_console, say
from agentmesh_dagster.entities.documents import Document, write_document
from agentmesh_dagster.entities.models import DEFAULT_PROJECT, Agent, Kind, Project, Tool, Workflow
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.store import Store

_UNUSED = "not-in-a-workflow"  # the file of what no workflow uses; no safe name has a hyphen


def export_documents(folder: Path, workflow: str | None, *, file_format: Literal["yaml", "json"]) -> ExitCode:
    """Writes a file for each workflow, or for one, with all it uses; without `workflow` nothing is left out.

    What cannot be read is told on standard error, and in the exit code.
    """
    store = open_services().store
    catalogue = _read_catalogue(store)
    chosen = [find_workflow(store, workflow)] if workflow else list(catalogue.workflows.values())
    documents = {name: catalogue.cut_out(one) for name, one in _name_files(chosen).items()}
    unused = Document() if workflow else catalogue.leave_over(documents.values())
    if any(unused):
        documents[_UNUSED] = unused
    folder.mkdir(parents=True, exist_ok=True)
    console, notes = open_console(), open_console(as_json=True)
    for name, document in documents.items():
        path = folder / f"{name}.{file_format}"
        path.write_text(write_document(document, format=file_format), encoding="utf-8")
        say(console, str(path))
    for fault in catalogue.faults:
        say(notes, f"Not exported: {fault}", "red")
    return ExitCode.FAILED if catalogue.faults else ExitCode.DONE


@dataclass(frozen=True)
class _Catalogue:
    """All that the store holds, by id."""

    projects: Mapping[str, Project]
    agents: Mapping[str, Agent]
    tools: Mapping[str, Tool]
    workflows: Mapping[str, Workflow]
    faults: Sequence[AgentMeshError]  # of what cannot be read

    def cut_out(self, workflow: Workflow) -> Document:
        """The workflow with the agents, tools and projects that it needs."""
        nodes = workflow.graph.nodes
        agents = _pick(self.agents, (node.agent_id for node in nodes))
        called = (tool for agent in agents for tool in agent.tools)
        tools = _pick(self.tools, [*(node.tool_id for node in nodes), *called])
        projects = _pick(self.projects, (entity.project_id for entity in (workflow, *agents, *tools)))
        return Document(tuple(one for one in projects if not _makes_itself(one)), agents, tools, (workflow,))

    def leave_over(self, documents: Iterable[Document]) -> Document:
        """What is in none of the documents."""
        written = {(type(entity), entity.id) for document in documents for entity in document}

        def pick_new(entities: Mapping[str, Any]) -> tuple[Any, ...]:
            return tuple(entity for entity in entities.values() if (type(entity), entity.id) not in written)

        agents, tools, projects = pick_new(self.agents), pick_new(self.tools), pick_new(self.projects)
        projects = (*projects, *(self.projects[one.project_id] for one in (*agents, *tools)))
        needed = {project.id: project for project in projects if not _makes_itself(project)}
        return Document(tuple(needed.values()), agents, tools)


def _pick(entities: Mapping[str, Any], ids: Iterable[str | None]) -> tuple[Any, ...]:
    return tuple(entities[identity] for identity in dict.fromkeys(ids) if identity and identity in entities)


def _makes_itself(project: Project) -> bool:
    """Whether saving anything into it gives the same project again."""
    return (project.id, project.name, project.description) == (DEFAULT_PROJECT, "Default", None)


def _read_catalogue(store: Store) -> _Catalogue:
    found: dict[Kind, dict[str, Any]] = {}
    faults: list[AgentMeshError] = []
    for kind in Kind:
        entities, broken = list_all(store, kind)
        found[kind] = {entity.id: entity for entity in entities}
        faults += broken
    return _Catalogue(found[Kind.PROJECT], found[Kind.AGENT], found[Kind.TOOL], found[Kind.WORKFLOW], faults)


def _name_files(workflows: Iterable[Workflow]) -> dict[str, Workflow]:
    """File name → workflow; in small letters, since some file systems take `A` for `a`."""
    named: dict[str, Workflow] = {}
    for workflow in workflows:
        named[safe_name(workflow.name.lower(), named)] = workflow
    return named
