"""Documents in files: found, read, and checked together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agentmesh_dagster.entities.documents import Document
from agentmesh_dagster.entities.models import CatalogueEntity, Workflow
from agentmesh_dagster.errors import NotFound
from agentmesh_dagster.graph.document import check_document, read_document
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules import Lookup
from agentmesh_dagster.graph.rules.lookup import find_makers_among
from agentmesh_dagster.graph.worst_case import WorstCase, find_worst_cases
from agentmesh_dagster.store.catalogue import kind_of

_SUFFIXES = (".yaml", ".yml", ".json")


class NoDocuments(NotFound):
    """There are no documents (.yaml, .yml, .json) in this folder."""


@dataclass(frozen=True)
class CheckedFile:
    """A document in a file, and what is wrong with it."""

    path: Path
    document: Document  # not complete if there are errors
    issues: list[Issue]

    @property
    def is_valid(self) -> bool:
        return not any(issue.severity is Severity.ERROR for issue in self.issues)


def list_files(paths: Sequence[Path]) -> list[Path]:
    """The files themselves, and the documents in folders and below, hidden ones left out. Raises NoDocuments."""
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(file for file in path.rglob("*") if _is_document(file, file.relative_to(path)))
        if not found:
            raise NoDocuments(str(path))
        files += found
    return list(dict.fromkeys(files))


def _is_document(file: Path, place: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in place.parts)
    return file.suffix in _SUFFIXES and not is_hidden and file.is_file()


def check_files(files: Sequence[Path], known: Lookup) -> list[CheckedFile]:
    """Checks documents together: what one of them, or `known`, has may be used in all. Raises OSError."""
    texts = {file: file.read_bytes() for file in files}
    documents = [read_document(text, name=file.name)[0] for file, text in texts.items()]
    workflows = {**known.workflows, **{flow.id: flow for document in documents for flow in document.workflows}}
    shared = Lookup(
        {**known.agents, **{agent.id: agent for document in documents for agent in document.agents}},
        {**known.tools, **{tool.id: tool for document in documents for tool in document.tools}},
        workflows,
        workflows,
        find_makers_among(workflows, known.find_makers),
    )
    checked = [CheckedFile(file, *check_document(text, name=file.name, lookup=shared)) for file, text in texts.items()]
    contradictions = _find_contradictions(checked)
    return [replace(file, issues=[*file.issues, *contradictions[file.path]]) for file in checked]


def _find_contradictions(checked: Sequence[CheckedFile]) -> Mapping[Path, list[Issue]]:
    """For each file the entities that stand otherwise in a file before it."""
    first: dict[tuple[type, str], tuple[Path, CatalogueEntity]] = {}
    found: dict[Path, list[Issue]] = {file.path: [] for file in checked}
    for file in checked:
        for entity in file.document:
            path, twin = first.setdefault((type(entity), entity.id), (file.path, entity))
            if entity != twin:
                message = f"The {kind_of(entity)} `{entity.id}` stands otherwise in {path}: keep one of the two."
                found[file.path].append(Issue("contradiction", message))
    return found


@dataclass(frozen=True)
class WorkflowCase:
    """What a run of a workflow may need at most."""

    workflow: Workflow
    nodes: list[WorstCase]

    @property
    def model_calls(self) -> int:
        return sum(node.model_calls for node in self.nodes)

    def describe(self) -> str:
        count = f"{self.model_calls:,} model call{'s' * (self.model_calls > 1)}"
        return f"{self.workflow.name}: a run makes at most {count}: {', '.join(n.describe() for n in self.nodes)}"


def list_worst_cases(checked: Sequence[CheckedFile], known: Lookup) -> list[WorkflowCase]:
    """Of each workflow in files without errors that asks models."""
    documents = [file.document for file in checked if file.is_valid]
    agents = {**known.agents, **{agent.id: agent for document in documents for agent in document.agents}}
    flows = [flow for document in documents for flow in document.workflows]
    others = {**known.workflows, **{flow.id: flow for flow in flows}}
    cases = [WorkflowCase(flow, find_worst_cases(flow, agents, others)) for flow in flows]
    return [case for case in cases if case.nodes]


def merge(checked: Sequence[CheckedFile]) -> list[CatalogueEntity]:
    """The entities of all files, each once."""
    entities = {(type(entity), entity.id): entity for file in checked for entity in file.document}
    return list(entities.values())
