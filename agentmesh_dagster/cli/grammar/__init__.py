"""The grammar of the command line: which commands there are, and what they take.

Each command loads its code when it is called, so that `--help` need not wait for Dagster.
"""

import os
from typing import Annotated

import typer

from agentmesh_dagster.cli.exit_codes import EXPLAINED
from agentmesh_dagster.cli.grammar import (
    decisions,
    demo,
    documents,
    gates,
    hooks,
    people,
    runs,
    server,
    store,
    workflows,
)

app = typer.Typer(
    name="agentmesh",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXPLAINED,
)

_SERVERS = ("dev", "webserver")


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


# As `--help` lists them.
app.command("demo")(demo.demo)
app.command("validate")(documents.validate)
app.command("apply")(documents.apply)
app.command("export")(documents.export)
app.command("list")(workflows.list_workflows)
app.command("run")(workflows.run)
app.command("runs")(runs.list_runs)
app.command("show")(runs.show)
app.command("gates")(gates.list_gates)
app.command("answer")(gates.answer_gate)
app.command("decisions")(decisions.list_decisions)
app.command("retry")(runs.retry)
app.command("fork")(runs.fork)
app.command("compare")(runs.compare)
app.command("cancel")(runs.cancel)
app.command("prune")(store.prune)
app.command("backup")(store.backup)
app.command("copy-store")(store.copy_store)
app.command("schema")(documents.schema)
app.command("dev")(server.dev)
app.command(
    "webserver",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)(server.webserver)
app.add_typer(people.token_app, name="token")
app.add_typer(people.user_app, name="user")
app.add_typer(hooks.hooks_app, name="hooks")
