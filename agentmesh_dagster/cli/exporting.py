"""From the store to files: what is written, applied to an empty store, gives the same."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.opening import open_backend
from agentmesh_dagster.cli.output.console import open_console, say
from agentmesh_dagster.entities.documents import Document, write_document
from agentmesh_dagster.entities.inventory import read_inventory
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.private_files import as_the_shell_says

_UNUSED = "not-in-a-workflow"  # the file of what no workflow uses; no safe name has a hyphen


def export_documents(folder: Path, workflow: str | None, *, file_format: Literal["yaml", "json"]) -> ExitCode:
    """Writes a file for each workflow, or for one, with all it uses; without `workflow` nothing is left out.

    What cannot be read is told on standard error, and in the exit code.
    """
    with open_backend() as backend:
        catalogue = read_inventory(backend.list_entities)
        named = backend.find_workflow(workflow) if workflow else None
    chosen = [named] if named else list(catalogue.workflows.values())
    documents = {name: catalogue.cut_out(one) for name, one in _name_files(chosen).items()}
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
