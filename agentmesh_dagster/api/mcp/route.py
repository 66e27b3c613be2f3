"""The door: `/mcp` on the server's port, behind the same login as all else."""

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from agentmesh_dagster.api.problems import answer_problem
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.wire import Problem

MCP = "/mcp"


def build_mcp_route(api: ASGIApp, settings: Settings) -> Route:
    return Route(MCP, _Door(api, settings))


class _Door:
    """Takes messages by POST. There is no stream to listen to, so nothing has to be held open."""

    def __init__(self, api: ASGIApp, settings: Settings) -> None:
        self._api = api
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await answer_problem(_NOT_POSTED, {"Allow": "POST"})(scope, receive, send)
            return
        serve = await run_in_threadpool(_import_server)
        await serve(self._api, self._settings, scope, receive, send)


# The SDK takes a second, and 40 MB: from whoever calls a tool, not from every start.
def _import_server():
    from agentmesh_dagster.api.mcp.server import serve

    return serve


_NOT_POSTED = Problem(
    type="urn:agentmesh:problem:method-not-allowed",
    title="Method Not Allowed.",
    status=405,
    detail="This is an MCP server without sessions: send each message by POST.",
)
