"""What several commands take, and how they end."""

from enum import StrEnum
from typing import Annotated

import typer

from agentmesh_dagster.cli.exit_codes import ExitCode


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="json: to standard output, all else to standard error.")]
WorkflowOption = Annotated[str | None, typer.Option("--workflow", "-w", metavar="W", help="Name or id of a workflow.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its first characters.")]


def exit_with(code: ExitCode) -> None:
    """Ends the command with this code."""
    if code is not ExitCode.DONE:
        raise typer.Exit(code)
