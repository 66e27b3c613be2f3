"""The API: a FastAPI application that can be mounted at any path."""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel
from starlette.types import Receive, Scope, Send

from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.openapi import build_openapi
from agentmesh_dagster.api.paths import keep_slashes
from agentmesh_dagster.api.problems import answer_faults
from agentmesh_dagster.api.routes import (
    about,
    agents,
    assets,
    callbacks,
    decisions,
    documents,
    drafts,
    events,
    files,
    gates,
    hooks,
    people,
    projects,
    runs,
    steps,
    tools,
    usage,
    workflows,
)
from agentmesh_dagster.api.stream import EventStreams

_ROUTES = (
    about,
    projects,
    agents,
    tools,
    workflows,
    drafts,
    documents,
    assets,
    runs,
    steps,
    gates,
    decisions,
    events,
    files,
    hooks,
    callbacks,
    people,
    usage,
)


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            self.openapi_schema = build_openapi(self)
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(keep_slashes(scope), receive, send)


def build_api(context: ApiContext) -> FastAPI:
    """The API over these services; whoever mounts it puts an Identity into the scope of each request."""
    app = _Api(
        title="AgentMesh",
        version=version("agentmesh-dagster"),
        docs_url=None,  # its scripts come from elsewhere, which the Content-Security-Policy forbids
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_name_operation,
    )
    app.state.context = context
    app.state.streams = EventStreams(context.services.store)
    answer_faults(app)
    for routes in _ROUTES:
        app.include_router(routes.router)
    return app


def _name_operation(route: APIRoute) -> str:
    return to_camel(route.name)
