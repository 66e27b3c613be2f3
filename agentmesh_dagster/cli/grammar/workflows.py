"""Workflows: list, run."""

from typing import Annotated

import typer

from agentmesh_dagster.cli.grammar.options import Format, FormatOption, exit_with


def list_workflows(output: FormatOption = Format.TABLE) -> None:
    """List the workflows of the store."""
    from agentmesh_dagster.cli.commands import workflows

    workflows.list_workflows(as_json=output is Format.JSON)


def run(
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="Name or id.")],
    given: Annotated[
        str, typer.Option("--input", "-i", metavar="JSON|@FILE", help="The run's input; @- reads standard input.")
    ] = "",
    materialize: Annotated[bool, typer.Option("--materialize", help="Make a version of its asset.")] = False,
    partition: Annotated[
        str, typer.Option(metavar="KEY", help="With --materialize: of this partition of the asset.")
    ] = "",
    output: FormatOption = Format.TABLE,
) -> None:
    """Run a workflow here and now, through Dagster, without a daemon."""
    from agentmesh_dagster.cli.commands.workflows import run_workflow

    is_json = output is Format.JSON
    exit_with(run_workflow(workflow, given, materialize=materialize, partition=partition or None, as_json=is_json))
