"""The grammar of the command line: which commands there are, and what they take.

Each command loads its code when it is called, so that `--help` need not wait for Dagster.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentmesh_dagster.cli.exit_codes import EXPLAINED, ExitCode

app = typer.Typer(
    name="agentmesh",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXPLAINED,
)


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"


class FileFormat(StrEnum):
    """How a document is written."""

    YAML = "yaml"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="json: to standard output, all else to standard error.")]
WorkflowOption = Annotated[str | None, typer.Option("--workflow", "-w", metavar="W", help="Name or id of a workflow.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"agentmesh {version('agentmesh-dagster')}")
        raise typer.Exit


@app.callback()
def agentmesh(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Design, run and observe multi-agent workflows as Dagster jobs."""


@app.command()
def demo() -> None:
    """Apply the example documents and run one of them, live, offline, without keys."""
    from agentmesh_dagster.cli.demo import run_demo

    _exit(run_demo())


@app.command()
def validate(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="Documents, or folders of them.")],
    output: FormatOption = Format.TABLE,
    with_store: Annotated[bool, typer.Option("--store", help="Agents and tools of the store are known too.")] = False,
) -> None:
    """Say what is wrong with documents. Nothing is saved."""
    from agentmesh_dagster.cli.documents import validate_files

    _exit(validate_files(paths, with_store=with_store, as_json=output is Format.JSON))


@app.command()
def apply(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Documents, or folders of them.")],
) -> None:
    """Save documents to the store: all of them, or none."""
    from agentmesh_dagster.cli.documents import apply_paths

    _exit(apply_paths(paths))


@app.command()
def export(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.")],
    workflow: WorkflowOption = None,
    output: Annotated[FileFormat, typer.Option("--format", help="How to write the documents.")] = FileFormat.YAML,
) -> None:
    """Write the store's workflows, with all they use, as documents."""
    from agentmesh_dagster.cli.exporting import export_documents

    _exit(export_documents(folder, workflow, file_format=output.value))


@app.command("list")
def list_(output: FormatOption = Format.TABLE) -> None:
    """List the workflows of the store."""
    from agentmesh_dagster.cli.listing import list_workflows

    list_workflows(as_json=output is Format.JSON)


@app.command()
def run(
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="Name or id.")],
    given: Annotated[
        str, typer.Option("--input", "-i", metavar="JSON|@FILE", help="The run's input; @- reads standard input.")
    ] = "{}",
    output: FormatOption = Format.TABLE,
) -> None:
    """Run a workflow here and now, through Dagster, without a daemon."""
    from agentmesh_dagster.cli.running import run_workflow

    _exit(run_workflow(workflow, given, as_json=output is Format.JSON))


@app.command()
def runs(
    workflow: WorkflowOption = None,
    status: Annotated[
        str | None, typer.Option("--status", "-s", help="pending, running, succeeded, failed or canceled.")
    ] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only runs that wait for a person.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many, the newest first.")] = 20,
    output: FormatOption = Format.TABLE,
) -> None:
    """List runs, the newest first."""
    from agentmesh_dagster.cli.listing import list_some_runs

    list_some_runs(workflow, status, waiting=waiting, limit=limit, as_json=output is Format.JSON)


@app.command()
def show(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its first characters.")],
    events: Annotated[bool, typer.Option("--events", help="Also what happened, in order.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show a run: its steps with their inputs and outputs."""
    from agentmesh_dagster.cli.showing import show_run

    show_run(run_id, with_events=events, as_json=output is Format.JSON)


@app.command()
def gates(output: FormatOption = Format.TABLE) -> None:
    """List what waits for a person, oldest first."""
    from agentmesh_dagster.cli.answering import list_gates

    list_gates(as_json=output is Format.JSON)


@app.command()
def answer(
    step: Annotated[str, typer.Argument(metavar="STEP", help="A gate's step id, or its first characters.")],
    approve: Annotated[bool, typer.Option("--approve", help='Answer {"approved": true}.')] = False,
    reject: Annotated[bool, typer.Option("--reject", help='Answer {"approved": false}.')] = False,
    given: Annotated[str | None, typer.Option("--output", metavar="JSON|@FILE", help="Another answer.")] = None,
    comment: Annotated[str | None, typer.Option("--comment", "-m", help="Why; with --approve or --reject.")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Answer a gate. Where no daemon runs, the run goes on here and now."""
    from agentmesh_dagster.cli.answering import Wanted
    from agentmesh_dagster.cli.answering import answer as answer_gate

    _exit(answer_gate(step, Wanted(approve, reject, given, comment), as_json=output is Format.JSON))


@app.command()
def schema() -> None:
    """Print the JSON Schema of documents, for editors."""
    from agentmesh_dagster.cli.documents import print_schema

    print_schema()


def _exit(code: ExitCode) -> None:
    if code is not ExitCode.DONE:
        raise typer.Exit(code)
