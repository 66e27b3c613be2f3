"""`agentmesh webserver`: Dagster's own command, serving our web server instead of its own."""

import asyncio
import copy
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
import uvicorn

from agentmesh_dagster.api.addresses import bind, check_path_prefix, choose_port, show_address
from agentmesh_dagster.api.compression import CompressedAnswers
from agentmesh_dagster.api.connections import OpenConnections, build_protocol, raise_open_files_limit
from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.dagster_internals import (
    WorkspaceOpts,
    WorkspaceProcessContext,
    webserver_cli,
)
from agentmesh_dagster.api.due_waits import ending_due_waits
from agentmesh_dagster.api.ending import EndsWithServer
from agentmesh_dagster.api.forwarding import FollowsProxies, read_proxies
from agentmesh_dagster.api.headers import SafeHeaders
from agentmesh_dagster.api.login.first_login import make_first_login
from agentmesh_dagster.api.login.guard import protect
from agentmesh_dagster.api.login.hosts import check_auth_setting
from agentmesh_dagster.api.queued_runs import beginning_queued_runs
from agentmesh_dagster.api.webserver import AgentMeshWebserver
from agentmesh_dagster.api.workspace import LoadedWorkspace
from agentmesh_dagster.control.instance import enter_home
from agentmesh_dagster.control.workspace_file import find_workspace_file
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.speedups import fetch_jobs_on_demand

_GRACE_SECONDS = 3  # for what is being answered when the server ends


class UnfitDriver(AgentMeshError):
    """Dagster's web server needs the driver psycopg2 for its own storage in PostgreSQL."""


def run_webserver(arguments: Sequence[str]) -> None:
    """Runs `dagster-webserver` with these arguments, all of its options included, and exits.

    Raises PortInUse, LoginOffInPublic, InvalidPathPrefix, UnfitDriver, and what opening store and instance raises.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # So a shell starts what stands before a `&`; Dagster would take over that for SIGTERM, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    webserver_cli.host_dagster_ui_with_workspace_process_context = serve
    fetch_jobs_on_demand()
    command = copy.copy(webserver_cli.dagster_webserver)
    run = command.callback
    assert run is not None

    def run_prepared(**options: Any) -> None:
        run(**_prepare(options))

    command.callback = run_prepared
    command.main(list(arguments), prog_name="agentmesh webserver", auto_envvar_prefix="DAGSTER_WEBSERVER")


def _prepare(options: dict[str, Any]) -> dict[str, Any]:
    """The options, checked and completed before Dagster's command spends seconds on them."""
    settings = open_services().settings
    check_auth_setting(settings, options["host"])
    read_proxies(settings)
    check_path_prefix(options["path_prefix"])
    if options["port"]:
        bind(options["host"], options["port"]).close()
    if not options["instance_ref"]:
        enter_home(settings, check=_check_driver)
    if options["empty_workspace"] or WorkspaceOpts.extract_from_cli_options(dict(options)).specifies_target():
        return options
    ours = find_workspace_file()
    return options | {"workspace": (str(ours),)} if ours else options


def _check_driver(instance: dg.DagsterInstance) -> None:
    # dagster-postgres sets a timeout for its web server in a way that closes each new connection of psycopg 3, which
    # SQLAlchemy takes when no driver is named.
    url = getattr(instance.run_storage, "postgres_url", "")
    if url.partition(":")[0] in ("postgresql", "postgres", "postgresql+psycopg"):
        raise UnfitDriver("write `postgresql+psycopg2://…` in dagster.yaml, or in the variable that is named there")


def _try_connections_first(instance: dg.DagsterInstance) -> None:
    # In its web server dagster-postgres keeps connections open, and after a restart of the database each of them would
    # fail the request that gets it. SQLAlchemy's option `pool_pre_ping`, for engines that Dagster has made:
    storages: tuple[Any, ...] = (instance.run_storage, instance.event_log_storage, instance.schedule_storage)
    for storage in storages:
        if hasattr(storage, "postgres_url"):
            storage._engine.pool._pre_ping = True


def serve(
    workspace_process_context: WorkspaceProcessContext,
    host: str,
    port: int | None,
    path_prefix: str,
    log_level: str,
    live_data_poll_rate: int | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM, and then takes at most a few seconds to end. Raises PortInUse."""
    services = open_services()
    _try_connections_first(workspace_process_context.instance)
    workspace = LoadedWorkspace(workspace_process_context, services.store)
    context = ApiContext(services, workspace_process_context.instance, workspace)
    webserver = AgentMeshWebserver(workspace_process_context, path_prefix, live_data_poll_rate, context=context)
    app = protect(
        webserver.build_app(), store=services.store, settings=services.settings, host=host, path_prefix=path_prefix
    )
    listening = bind(host, port or choose_port(host))
    url = show_address(host, listening.getsockname()[1]) + path_prefix
    app = SafeHeaders(CompressedAnswers(app, path_prefix), path_prefix)
    proxies = read_proxies(services.settings)
    ends_with_server = EndsWithServer(FollowsProxies(app, proxies))
    config = uvicorn.Config(
        ends_with_server,
        http=build_protocol(OpenConnections(raise_open_files_limit(), proxies)),
        log_level=log_level,
        server_header=False,
        proxy_headers=False,  # it would believe whoever is on this machine; see FollowsProxies
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, started=lambda: _announce(services, url), ending=ends_with_server.end)
    with workspace.following(), ending_due_waits(context), beginning_queued_runs(context):
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:  # the server has ended in good order, and only then passes the signal on
            return


class _Server(uvicorn.Server):
    """A server that says when it can be reached and when it is about to end."""

    def __init__(self, config: uvicorn.Config, *, started: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = started
        self._on_ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            await asyncio.to_thread(self._on_started)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_ending()
        await super().shutdown(sockets)


def _announce(services: Services, url: str) -> None:
    """Says where the server is and how to log in, all at once."""
    settings = services.settings
    base = (settings.public_url or url).rstrip("/")
    first = make_first_login(services.store, settings, base)
    lines = [f"AgentMesh: {base}/agentmesh/", f"Dagster:   {base}/", f"API:       {base}/api/openapi.json"]
    if first.token_file is not None:
        lines.append(f"The admin token for scripts is in {first.token_file}")
    if first.link is not None:
        lines.append(f"Log in, once, within an hour: {first.link}")
    sys.stdout.write("\n".join(["", *lines, "", ""]))
    sys.stdout.flush()
