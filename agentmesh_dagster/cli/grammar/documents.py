"""Documents: validate, apply, export, schema."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentmesh_dagster.cli.grammar.options import Format, FormatOption, WorkflowOption, exit_with


class FileFormat(StrEnum):
    """How a document is written."""

    YAML = "yaml"
    JSON = "json"


def validate(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="Documents, or folders of them.")],
    output: FormatOption = Format.TABLE,
    with_store: Annotated[bool, typer.Option("--store", help="Agents and tools of the store are known too.")] = False,
) -> None:
    """Say what is wrong with documents. Nothing is saved."""
    from agentmesh_dagster.cli.commands.documents import validate_files

    exit_with(validate_files(paths, with_store=with_store, as_json=output is Format.JSON))


def apply(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Documents, or folders of them.")],
) -> None:
    """Save documents to the store: all of them, or none."""
    from agentmesh_dagster.cli.commands.documents import apply_paths

    exit_with(apply_paths(paths))


def export(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.")],
    workflow: WorkflowOption = None,
    output: Annotated[FileFormat, typer.Option("--format", help="How to write the documents.")] = FileFormat.YAML,
) -> None:
    """Write the store's workflows, with all they use, as documents."""
    from agentmesh_dagster.cli.commands.documents import export_documents

    exit_with(export_documents(folder, workflow, file_format=output.value))


def schema() -> None:
    """Print the JSON Schema of documents, for editors."""
    from agentmesh_dagster.cli.commands.documents import print_schema

    print_schema()
