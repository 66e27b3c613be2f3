"""The names of Dagster and of its web server that this floor uses although they are not exported."""

from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster_shared.cli import WorkspaceOpts
from dagster_webserver import cli as webserver_cli
from dagster_webserver.webserver import DagsterWebserver

__all__ = [
    "DagsterWebserver",
    "WorkspaceOpts",
    "WorkspaceProcessContext",
    "WorkspaceRequestContext",
    "webserver_cli",
]
