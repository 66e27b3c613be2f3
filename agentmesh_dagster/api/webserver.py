"""Dagster's web server, with the API, login and the web app on the same port."""

from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from agentmesh_dagster.api.access import IDENTITY_KEY
from agentmesh_dagster.api.app import build_api
from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.dagster_internals import DagsterWebserver, WorkspaceProcessContext, WorkspaceRequestContext
from agentmesh_dagster.api.login.routes import build_login_routes
from agentmesh_dagster.api.mcp.route import build_mcp_route
from agentmesh_dagster.api.signed_launches import sign_launches
from agentmesh_dagster.api.termination import let_suspended_runs_be_terminated
from agentmesh_dagster.api.watching import build_watching_routes
from agentmesh_dagster.api.web_app import build_web_app
from agentmesh_dagster.entities.access import Identity, Permission


class AgentMeshWebserver(DagsterWebserver[WorkspaceProcessContext, Any]):
    """Dagster's web server with our routes before its own, which stay as they are, `/` included."""

    def __init__(
        self,
        process_context: WorkspaceProcessContext,
        app_path_prefix: str = "",
        live_data_poll_rate: int | None = None,
        *,
        context: ApiContext,
    ) -> None:
        self._services = context.services
        self._watching = build_watching_routes(context)
        self._api = build_api(context)
        let_suspended_runs_be_terminated()  # before Dagster builds its schema
        super().__init__(process_context, app_path_prefix, live_data_poll_rate)

    def build_routes(self) -> list[BaseRoute]:
        ours: list[BaseRoute] = [
            Mount("/api", self._api),
            build_mcp_route(self._api, self._services.settings),
            *self._watching,
            *build_web_app(),
            *build_login_routes(self._services.store, self._services.settings),
        ]
        theirs = cast("list[BaseRoute]", super().build_routes())
        if not self._app_path_prefix:
            return [*ours, *theirs]
        prefixed, *rest = theirs  # all of Dagster's; the last of them takes whatever comes
        assert isinstance(prefixed, Mount)
        return [Mount(self._app_path_prefix, routes=[*ours, *prefixed.routes]), *rest]

    def _make_request_context(self, conn: HTTPConnection) -> WorkspaceRequestContext:
        """What it launches bears the name of whoever asks.

        For who may not edit it is read-only: so Dagster's UI shows its buttons as not for them.
        """
        context: WorkspaceRequestContext = super()._make_request_context(conn)
        identity: Identity = conn.scope[IDENTITY_KEY]
        return WorkspaceRequestContext(
            instance=sign_launches(context.instance, identity),
            current_workspace=context.get_current_workspace(),
            process_context=self._process_context,
            version=self._process_context.version,
            source=conn,
            read_only=context.read_only or not identity.may(Permission.EDIT),
        )

    async def download_captured_logs_endpoint(self, request: Request) -> Any:
        try:
            return await super().download_captured_logs_endpoint(request)
        except ValueError:  # no path of a log, or one that leads out of their folder
            raise HTTPException(404, detail="No log files available for download") from None

    async def download_debug_file_endpoint(self, request: Request) -> Any:
        run_id = request.path_params["run_id"]
        if not await run_in_threadpool(self._process_context.instance.has_run, run_id):
            raise HTTPException(404, detail=f"No run {run_id}")
        return await super().download_debug_file_endpoint(request)

    def build_app(self) -> ASGIApp:
        """All of it as one application, behind no login yet."""
        return cast("ASGIApp", self.create_asgi_app())  # pyright: ignore[reportUnknownMemberType]
