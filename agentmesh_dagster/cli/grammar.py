"""The grammar of the command line: which commands there are, and what they take.

Each command loads its code when it is called, so that `--help` need not wait for Dagster.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentmesh_dagster.cli.exit_codes import EXPLAINED, ExitCode
from agentmesh_dagster.entities.access import Role

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


_SERVERS = ("dev", "webserver")

FormatOption = Annotated[Format, typer.Option("--format", help="json: to standard output, all else to standard error.")]
WorkflowOption = Annotated[str | None, typer.Option("--workflow", "-w", metavar="W", help="Name or id of a workflow.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"agentmesh {version('agentmesh-dagster')}")
        raise typer.Exit


@app.callback()
def agentmesh(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="Ask the server there, not the store here (AGENTMESH_URL)."),
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", metavar="TOKEN", help="Who asks that server (AGENTMESH_TOKEN).")
    ] = None,
) -> None:
    """Design, run and observe multi-agent workflows as Dagster jobs."""
    if context.invoked_subcommand not in _SERVERS:
        # A run's log is in Dagster and its events in the store: on the console they would mix with the output.
        os.environ.setdefault("AGENTMESH_CONSOLE_LOG_LEVEL", "CRITICAL")
    for name, value in (("AGENTMESH_URL", url), ("AGENTMESH_TOKEN", token)):
        if value is not None:
            os.environ[name] = value


@app.command()
def demo() -> None:
    """Apply the example documents and run one of them, live, offline, without keys."""
    from agentmesh_dagster.cli.commands.demo import run_demo

    _exit(run_demo())


@app.command()
def validate(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="Documents, or folders of them.")],
    output: FormatOption = Format.TABLE,
    with_store: Annotated[bool, typer.Option("--store", help="Agents and tools of the store are known too.")] = False,
) -> None:
    """Say what is wrong with documents. Nothing is saved."""
    from agentmesh_dagster.cli.commands.documents import validate_files

    _exit(validate_files(paths, with_store=with_store, as_json=output is Format.JSON))


@app.command()
def apply(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Documents, or folders of them.")],
) -> None:
    """Save documents to the store: all of them, or none."""
    from agentmesh_dagster.cli.commands.documents import apply_paths

    _exit(apply_paths(paths))


@app.command()
def export(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.")],
    workflow: WorkflowOption = None,
    output: Annotated[FileFormat, typer.Option("--format", help="How to write the documents.")] = FileFormat.YAML,
) -> None:
    """Write the store's workflows, with all they use, as documents."""
    from agentmesh_dagster.cli.commands.documents import export_documents

    _exit(export_documents(folder, workflow, file_format=output.value))


@app.command("list")
def list_(output: FormatOption = Format.TABLE) -> None:
    """List the workflows of the store."""
    from agentmesh_dagster.cli.commands.workflows import list_workflows

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
    from agentmesh_dagster.cli.commands.workflows import run_workflow

    _exit(run_workflow(workflow, given, as_json=output is Format.JSON))


@app.command()
def runs(
    workflow: WorkflowOption = None,
    status: Annotated[
        str | None, typer.Option("--status", "-s", help="pending, running, succeeded, failed or canceled.")
    ] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only runs that wait for a person.")] = False,
    has_failed: Annotated[
        bool, typer.Option("--has-failed", help="Only runs of which a step has failed, also while they wait.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many, the newest first.")] = 20,
    output: FormatOption = Format.TABLE,
) -> None:
    """List runs, the newest first."""
    from agentmesh_dagster.cli.commands.runs import list_runs

    list_runs(workflow, status, waiting=waiting, has_failed=has_failed, limit=limit, as_json=output is Format.JSON)


@app.command()
def show(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its first characters.")],
    events: Annotated[bool, typer.Option("--events", help="Also what happened, in order.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show a run: its steps with their inputs and outputs."""
    from agentmesh_dagster.cli.commands.runs import show_run

    show_run(run_id, with_events=events, as_json=output is Format.JSON)


@app.command()
def gates(output: FormatOption = Format.TABLE) -> None:
    """List what waits for a person, oldest first."""
    from agentmesh_dagster.cli.commands.gates import list_gates

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
    from agentmesh_dagster.cli.commands.gates import Wanted
    from agentmesh_dagster.cli.commands.gates import answer as answer_gate

    _exit(answer_gate(step, Wanted(approve, reject, given, comment), as_json=output is Format.JSON))


@app.command()
def retry(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its first characters.")],
    output: FormatOption = Format.TABLE,
) -> None:
    """Continue a run that has failed: what succeeded is kept, its gates ask anew."""
    from agentmesh_dagster.cli.commands.runs import retry_run

    _exit(retry_run(run_id, as_json=output is Format.JSON))


@app.command()
def cancel(run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its first characters.")]) -> None:
    """Cancel a run: queued, at work, or waiting for a person."""
    from agentmesh_dagster.cli.commands.runs import cancel_run

    cancel_run(run_id)


@app.command()
def prune(
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Such as 90d, 12h or 4w; else as AGENTMESH_RETENTION says."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Give the disk back at the end, where the store is SQLite: it waits then.")
    ] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Delete runs that ended long ago, here and in Dagster. What waits, and each workflow's last run, stays."""
    from agentmesh_dagster.cli.commands.store import prune_runs

    prune_runs(older_than, dry_run=dry_run, vacuum=vacuum, as_json=output is Format.JSON)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, which is a home folder then.")],
) -> None:
    """Back up store and Dagster on SQLite, as of one moment, while they work."""
    from agentmesh_dagster.cli.commands.store import back_up_to

    back_up_to(folder)


@app.command("copy-store")
def copy_store(
    source: Annotated[str, typer.Argument(metavar="FROM", help="URL of a store: sqlite:///PATH, postgresql://…")],
    target: Annotated[str, typer.Argument(metavar="TO", help="URL of an empty one, of either kind.")],
) -> None:
    """Copy a store to another database, with its runs, and what waits. Nothing may use either meanwhile."""
    from agentmesh_dagster.cli.commands.store import copy_between

    copy_between(source, target)


@app.command()
def schema() -> None:
    """Print the JSON Schema of documents, for editors."""
    from agentmesh_dagster.cli.commands.documents import print_schema

    print_schema()


@app.command()
def dev(
    port: Annotated[
        int | None, typer.Option("--port", "-p", min=1, max=65535, help="3000, or a free one when that is taken.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    path_prefix: Annotated[str, typer.Option("--path-prefix", "-l", help="Path under which all of it is served.")] = "",
    workspace: Annotated[
        Path | None, typer.Option("--workspace", "-w", exists=True, dir_okay=False, help="A workspace.yaml of Dagster.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply/--no-apply", help="Bring the documents in workflows/ into the store first.")
    ] = True,
    log_level: Annotated[str, typer.Option("--log-level", help="critical, error, warning, info or debug.")] = "warning",
) -> None:
    """Start everything on this machine: web app, API, Dagster's UI, its daemon and the code servers."""
    from agentmesh_dagster.cli.commands.dev import DevOptions, serve_all

    _exit(serve_all(DevOptions(host, port, path_prefix, workspace, apply=apply, log_level=log_level)))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def webserver(context: typer.Context) -> None:
    """Start the web server alone, with all options of `dagster-webserver`."""
    from agentmesh_dagster.api.hosting import run_webserver

    run_webserver(context.args)


token_app = typer.Typer(no_args_is_help=True, help="Tokens: how scripts come in.")
app.add_typer(token_app, name="token")
user_app = typer.Typer(no_args_is_help=True, help="Users: who may log in at the web server.")
app.add_typer(user_app, name="user")

NameArgument = Annotated[str, typer.Argument(metavar="NAME")]
RoleOption = Annotated[Role, typer.Option("--role", "-r", help="What they may do.")]


@token_app.command("create")
def create_token(name: NameArgument, role: RoleOption) -> None:
    """Make a token, and print it: it is shown this once."""
    from agentmesh_dagster.cli.commands import people

    people.create_token(name, role)


@token_app.command("list")
def list_tokens(output: FormatOption = Format.TABLE) -> None:
    """List the tokens, the revoked ones too."""
    from agentmesh_dagster.cli.commands import people

    people.list_tokens(as_json=output is Format.JSON)


@token_app.command("revoke")
def revoke_token(name: NameArgument) -> None:
    """Let a script in no more."""
    from agentmesh_dagster.cli.commands import people

    people.revoke_token(name)


@user_app.command("add")
def add_user(
    name: NameArgument,
    role: RoleOption,
    with_password: Annotated[
        bool, typer.Option("--password/--no-password", help="Ask for a password; or log in by links only.")
    ] = True,
) -> None:
    """Let somebody in. The password is asked for, or read from standard input."""
    from agentmesh_dagster.cli.commands import people

    people.add_user(name, role, with_password=with_password)


@user_app.command("list")
def list_users(output: FormatOption = Format.TABLE) -> None:
    """List those who may log in."""
    from agentmesh_dagster.cli.commands import people

    people.list_users(as_json=output is Format.JSON)


@user_app.command("set-role")
def set_role(name: NameArgument, role: Annotated[Role, typer.Argument(metavar="ROLE")]) -> None:
    """Change what somebody may do, at once."""
    from agentmesh_dagster.cli.commands import people

    people.set_role(name, role)


@user_app.command("set-password")
def set_password(name: NameArgument) -> None:
    """Give somebody a new password, and end their sessions."""
    from agentmesh_dagster.cli.commands import people

    people.set_password(name)


@user_app.command("remove")
def remove_user(name: NameArgument) -> None:
    """Let somebody in no more, and end their sessions."""
    from agentmesh_dagster.cli.commands import people

    people.remove_user(name)


@user_app.command("login-link")
def login_link(
    name: NameArgument,
    server: Annotated[
        str | None, typer.Option("--server", metavar="URL", help="Where the web server is (AGENTMESH_PUBLIC_URL).")
    ] = None,
) -> None:
    """Print a link that logs somebody in, once, within an hour."""
    from agentmesh_dagster.cli.commands import people

    people.print_login_link(name, server)


def _exit(code: ExitCode) -> None:
    if code is not ExitCode.DONE:
        raise typer.Exit(code)
