"""Servers: dev, webserver."""

from pathlib import Path
from typing import Annotated

import typer

from agentmesh_dagster.cli.grammar.options import exit_with


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
    from agentmesh_dagster.cli.commands.server import DevOptions, serve_all

    exit_with(serve_all(DevOptions(host, port, path_prefix, workspace, apply=apply, log_level=log_level)))


def webserver(context: typer.Context) -> None:
    """Start the web server alone, with all options of `dagster-webserver`."""
    from agentmesh_dagster.api.hosting import run_webserver

    run_webserver(context.args)
