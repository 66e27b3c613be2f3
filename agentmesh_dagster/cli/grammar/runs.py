"""Runs: list, show, retry, fork, compare, cancel."""

from typing import Annotated

import typer

from agentmesh_dagster.cli.grammar.options import Format, FormatOption, RunArgument, WorkflowOption, exit_with


def list_runs(
    workflow: WorkflowOption = None,
    status: Annotated[
        str | None, typer.Option("--status", "-s", help="pending, running, succeeded, failed or canceled.")
    ] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only runs that wait for a person.")] = False,
    has_failed: Annotated[
        bool, typer.Option("--has-failed", help="Only runs of which a step has failed, also while they wait.")
    ] = False,
    has_caught: Annotated[
        bool, typer.Option("--has-caught", help="Only runs of which a step has failed that was caught.")
    ] = False,
    parent: Annotated[
        str | None, typer.Option("--parent", help="Only the runs that the steps of this run wait, or waited, for.")
    ] = None,
    asset: Annotated[
        str | None, typer.Option("--asset", metavar="KEY", help="Only the runs that make this asset, such as ai/brief.")
    ] = None,
    partition: Annotated[
        str | None, typer.Option("--partition", metavar="KEY", help="Only the runs that make this partition.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many, the newest first.")] = 20,
    output: FormatOption = Format.TABLE,
) -> None:
    """List runs, the newest first."""
    from agentmesh_dagster.cli.commands import runs

    runs.list_runs(
        workflow,
        status,
        waiting=waiting,
        has_failed=has_failed,
        has_caught=has_caught,
        parent=parent,
        asset=asset,
        partition=partition,
        limit=limit,
        as_json=output is Format.JSON,
    )


def show(
    run_id: RunArgument,
    events: Annotated[bool, typer.Option("--events", help="Also what happened, in order.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show a run: its steps with their inputs and outputs."""
    from agentmesh_dagster.cli.commands.runs import show_run

    show_run(run_id, with_events=events, as_json=output is Format.JSON)


def retry(run_id: RunArgument, output: FormatOption = Format.TABLE) -> None:
    """Continue a run that has failed: what succeeded is kept, its gates ask anew."""
    from agentmesh_dagster.cli.commands.runs import retry_run

    exit_with(retry_run(run_id, as_json=output is Format.JSON))


def fork(
    run_id: RunArgument,
    node: Annotated[str, typer.Option("--from", metavar="NODE", help="The node from which on all is executed anew.")],
    path: Annotated[
        str, typer.Option("--path", metavar="PATH", help="Which of its steps, such as [3]; all unless given.")
    ] = "",
    outputs: Annotated[
        list[str] | None,
        typer.Option("--output", metavar="NODE=JSON|@FILE", help="Another output of a node before it; repeatable."),
    ] = None,
    given: Annotated[
        str | None,
        typer.Option("--input", "-i", metavar="JSON|@FILE", help="Another input, with which nothing is taken over."),
    ] = None,
    newest: Annotated[bool, typer.Option("--newest", help="At the newest revision, not at that of the run.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until it has ended, or waits, where a daemon or a server executes it.")
    ] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Start a run that goes on from a step of another one: what stands before the step is taken over."""
    from agentmesh_dagster.cli.commands import runs

    wanted = runs.TypedFork(node, path, outputs or [], given, newest)
    exit_with(runs.fork_run(run_id, wanted, waits=wait, as_json=output is Format.JSON))


def compare(
    one: RunArgument,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another run's id, or its first characters.")],
    output: FormatOption = Format.TABLE,
) -> None:
    """Show in what two runs differ: what they were given, how they ended, what their steps did."""
    from agentmesh_dagster.cli.commands.comparison import print_differences

    print_differences(one, other, as_json=output is Format.JSON)


def cancel(run_id: RunArgument) -> None:
    """Cancel a run: queued, at work, or waiting for a person."""
    from agentmesh_dagster.cli.commands.runs import cancel_run

    cancel_run(run_id)
