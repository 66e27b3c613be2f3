"""Decisions: every answer to a gate, to read or to take along."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from agentmesh_dagster.cli.grammar.options import WorkflowOption

_DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]


class TableFormat(StrEnum):
    """How a table is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def list_decisions(
    workflow: WorkflowOption = None,
    asset: Annotated[str | None, typer.Option("--asset", metavar="KEY", help="Of the asset that was made.")] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who answered.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=_DATES, help="Answered then or later; UTC unless it says so.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--until", formats=_DATES, help="Answered before.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="How many; 20 in a table for people, else all.")
    ] = None,
    output: Annotated[
        TableFormat, typer.Option("--format", help="json, csv: to standard output, all else to standard error.")
    ] = TableFormat.TABLE,
) -> None:
    """List what people decided, the newest first."""
    from agentmesh_dagster.cli.commands import decisions

    wanted = decisions.WantedDecisions(workflow, asset, by, since, until)
    decisions.list_decisions(wanted, limit, output.value)
