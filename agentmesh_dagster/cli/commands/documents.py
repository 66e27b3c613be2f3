"""Documents: validate, apply, export, and their schema."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from agentmesh_dagster.cli.backend import Backend
from agentmesh_dagster.cli.backend.factory import open_backend
from agentmesh_dagster.cli.documents.files import check_files, list_files, list_worst_cases, merge
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.output.console import build_table, open_console, plain, print_json, say
from agentmesh_dagster.cli.output.documents import print_issues
from agentmesh_dagster.entities.documents import Document, write_document
from agentmesh_dagster.entities.inventory import read_inventory
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Agent, Kind, Tool, Workflow
from agentmesh_dagster.graph.document_schema import document_schema
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.graph.rules import Lookup
from agentmesh_dagster.private_files import as_the_shell_says

_UNUSED = "not-in-a-workflow"  # the file of what no workflow uses; no safe name has a hyphen


def validate_files(paths: Sequence[Path], *, with_store: bool, as_json: bool) -> ExitCode:
    """Prints what is wrong with documents. Raises NoDocuments, OSError."""
    known = _look_up_all() if with_store else Lookup()
    checked = check_files(list_files(paths), known)
    if as_json:
        for file in checked:
            issues: JsonValue = [issue.to_wire() for issue in file.issues]
            worst: JsonValue = {case.workflow.id: case.model_calls for case in list_worst_cases([file], known)}
            about: JsonValue = {"file": str(file.path), "valid": file.is_valid, "issues": issues, "modelCalls": worst}
            print_json(about, indent=None)
    else:
        console = open_console()
        print_issues(console, checked)
        for case in list_worst_cases(checked, known):
            say(console, case.describe(), "dim")
    return ExitCode.DONE if all(file.is_valid for file in checked) else ExitCode.FAILED


def apply_paths(paths: Sequence[Path]) -> ExitCode:
    """Saves documents, if none of them has errors, and prints what came of it. Raises as `save_checked` does."""
    with open_backend() as backend:
        checked = check_files(list_files(paths), _look_into(backend))
        notes = open_console(as_json=True)
        print_issues(notes, [file for file in checked if file.issues])
        if not all(file.is_valid for file in checked):
            say(notes, "Nothing was saved. Mend the documents, then type the command again.", "red")
            return ExitCode.FAILED
        saved = backend.save(merge(checked))
    table = build_table("change", "kind", "id", "name", "revision")
    for line in saved:
        style = "dim" if line.change == "unchanged" else "green"
        table.add_row(plain(line.change, style), line.kind.value, plain(line.id), plain(line.name), str(line.revision))
    open_console().print(table)
    return ExitCode.DONE


def export_documents(folder: Path, workflow: str | None, *, file_format: Literal["yaml", "json"]) -> ExitCode:
    """Writes a file for each workflow, or for one, with all it uses; without `workflow` nothing is left out.

    What cannot be read is told on standard error, and in the exit code.
    """
    with open_backend() as backend:
        catalogue = read_inventory(backend.list_entities)
        named = backend.find_workflow(workflow) if workflow else None
    chosen = [named] if named else list(catalogue.workflows.values())
    documents = {name: catalogue.cut_out(flow) for name, flow in _name_files(chosen).items()}
    unused = Document() if workflow else catalogue.leave_over(documents.values())
    if any(unused):
        documents[_UNUSED] = unused
    folder.mkdir(parents=True, exist_ok=True)
    console, notes = open_console(), open_console(as_json=True)
    for name, document in documents.items():
        path = folder / f"{name}.{file_format}"
        text = write_document(document, format=file_format)
        with as_the_shell_says():
            path.write_text(text, encoding="utf-8")
        say(console, str(path))
    for fault in catalogue.faults:
        say(notes, f"Not exported: {fault}", "red")
    return ExitCode.FAILED if catalogue.faults else ExitCode.DONE


def _name_files(workflows: Iterable[Workflow]) -> dict[str, Workflow]:
    """File name → workflow; in small letters, since some file systems take `A` for `a`."""
    named: dict[str, Workflow] = {}
    for workflow in workflows:
        named[safe_name(workflow.name.lower(), named)] = workflow
    return named


def print_schema() -> None:
    """Prints the JSON Schema of documents."""
    print_json(document_schema())


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
