"""Documents on the command line: validate, apply, schema."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from agentmesh_dagster.cli.backend import Backend
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.opening import open_backend
from agentmesh_dagster.cli.printing import build_table, open_console, plain, print_json, say
from agentmesh_dagster.entities.documents import Document
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Agent, CatalogueEntity, Kind, Tool, Workflow
from agentmesh_dagster.errors import NotFound
from agentmesh_dagster.graph.document import check_document, read_document
from agentmesh_dagster.graph.document_schema import document_schema
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules import Lookup
from agentmesh_dagster.store.catalogue import kind_of

_SUFFIXES = (".yaml", ".yml", ".json")
_STYLES = {Severity.ERROR: ("✗", "red"), Severity.WARNING: ("!", "yellow")}


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


def validate_files(paths: Sequence[Path], *, with_store: bool, as_json: bool) -> ExitCode:
    """Prints what is wrong with documents. Raises NoDocuments, OSError."""
    known = _look_up_all() if with_store else Lookup()
    checked = check_files(list_files(paths), known)
    if as_json:
        for one in checked:
            issues: JsonValue = [issue.to_wire() for issue in one.issues]
            print_json({"file": str(one.path), "valid": one.is_valid, "issues": issues}, indent=None)
    else:
        print_issues(open_console(), checked)
    return ExitCode.DONE if all(one.is_valid for one in checked) else ExitCode.FAILED


def apply_paths(paths: Sequence[Path]) -> ExitCode:
    """Saves documents, if none of them has errors, and prints what came of it. Raises as `save_checked` does."""
    with open_backend() as backend:
        checked = check_files(list_files(paths), _look_into(backend))
        notes = open_console(as_json=True)
        print_issues(notes, [one for one in checked if one.issues])
        if not all(one.is_valid for one in checked):
            say(notes, "Nothing was saved. Mend the documents, then type the command again.", "red")
            return ExitCode.FAILED
        saved = backend.save(merge(checked))
    table = build_table("change", "kind", "id", "name", "revision")
    for one in saved:
        style = "dim" if one.change == "unchanged" else "green"
        table.add_row(plain(one.change, style), one.kind.value, plain(one.id), plain(one.name), str(one.revision))
    open_console().print(table)
    return ExitCode.DONE


def print_schema() -> None:
    """Prints the JSON Schema of documents."""
    print_json(document_schema())


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
    shared = Lookup(
        {**known.agents, **{agent.id: agent for document in documents for agent in document.agents}},
        {**known.tools, **{tool.id: tool for document in documents for tool in document.tools}},
        {**(known.workflows or {}), **{flow.id: flow for document in documents for flow in document.workflows}},
    )
    checked = [CheckedFile(file, *check_document(text, name=file.name, lookup=shared)) for file, text in texts.items()]
    contradictions = _find_contradictions(checked)
    return [replace(one, issues=[*one.issues, *contradictions[one.path]]) for one in checked]


def _find_contradictions(checked: Sequence[CheckedFile]) -> Mapping[Path, list[Issue]]:
    """For each file the entities that stand otherwise in a file before it."""
    first: dict[tuple[type, str], tuple[Path, CatalogueEntity]] = {}
    found: dict[Path, list[Issue]] = {one.path: [] for one in checked}
    for one in checked:
        for entity in one.document:
            path, twin = first.setdefault((type(entity), entity.id), (one.path, entity))
            if entity != twin:
                message = f"The {kind_of(entity)} `{entity.id}` stands otherwise in {path}: keep one of the two."
                found[one.path].append(Issue("contradiction", message))
    return found


def merge(checked: Sequence[CheckedFile]) -> list[CatalogueEntity]:
    """The entities of all files, each once."""
    entities = {(type(entity), entity.id): entity for one in checked for entity in one.document}
    return list(entities.values())


def print_issues(console: Console, checked: Sequence[CheckedFile]) -> None:
    """A line for each file, and below it a table of its issues."""
    for one in checked:
        counted = Counter(issue.severity for issue in one.issues)
        told = ", ".join(f"{count} {severity}{'s' * (count > 1)}" for severity, count in sorted(counted.items()))
        sign, style = ("✓", "green") if one.is_valid else ("✗", "bold red")
        say(console, f"{sign} {one.path}: {told or 'no issues'}", style)
        if one.issues:
            table = build_table("", "code", "where", "what to do")
            for issue in one.issues:
                sign, style = _STYLES[issue.severity]
                table.add_row(plain(sign, style), issue.code, plain(_format_place(issue)), plain(issue.message))
            console.print(table)


def _format_place(issue: Issue) -> str:
    if issue.node_id is not None:
        return f"node {issue.node_id}"
    return f"edge {issue.edge_id}" if issue.edge_id is not None else issue.path or ""


def _look_up_all() -> Lookup:
    with open_backend() as backend:
        return _look_into(backend)


def _look_into(backend: Backend) -> Lookup:
    agents = [entity for entity in backend.list_entities(Kind.AGENT)[0] if isinstance(entity, Agent)]
    tools = [entity for entity in backend.list_entities(Kind.TOOL)[0] if isinstance(entity, Tool)]
    workflows = [entity for entity in backend.list_entities(Kind.WORKFLOW)[0] if isinstance(entity, Workflow)]
    return Lookup(
        {agent.id: agent for agent in agents},
        {tool.id: tool for tool in tools},
        {workflow.id: workflow for workflow in workflows},
    )
