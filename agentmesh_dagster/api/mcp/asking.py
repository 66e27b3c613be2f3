"""The API as a tool asks it: within this process, as whoever called, by the same routes as all others."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote, urlencode

import anyio
from anyio.abc import TaskGroup
from starlette.types import ASGIApp, Message, Scope

from agentmesh_dagster.api.access import IDENTITY_KEY
from agentmesh_dagster.api.ending import ENDING_KEY
from agentmesh_dagster.entities.access import Identity
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import JsonObject


class Refused(Exception):
    """The API answered with a problem."""

    def __init__(self, problem: JsonObject) -> None:
        self.problem = problem
        super().__init__(problem.get("detail", ""))


def write_path(*parts: str) -> str:
    """The path of an address of the API, whatever is in its parts."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


@dataclass(frozen=True)
class Api:
    """The API for one caller."""

    app: ASGIApp
    scope: Scope  # of the request that asks for the call
    tasks: TaskGroup  # does what a route leaves to be done after its answer
    public_url: str | None = None

    @property
    def identity(self) -> Identity:
        identity = self.scope[IDENTITY_KEY]
        assert isinstance(identity, Identity)
        return identity

    async def sleep(self, seconds: float) -> bool:
        """Whether the server goes on; False, at once, when it ends."""
        ending: asyncio.Event = self.scope.get(ENDING_KEY) or asyncio.Event()
        with anyio.move_on_after(seconds):
            await ending.wait()
        return not ending.is_set()

    def link(self, page: str, identity: str) -> str:
        """The address of a page of the web app."""
        scope = self.scope
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        base = self.public_url or f"{scope['scheme']}://{host}{scope.get('root_path', '')}"
        return f"{base.rstrip('/')}/agentmesh{write_path(page, identity)}"

    async def ask(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, body: JsonValue = None
    ) -> JsonObject:
        """The object that the API answers with. Raises Refused."""
        answer = _Answer(b"" if body is None else json.dumps(body).encode())
        self.tasks.start_soon(answer.await_app, self.app, self._build_scope(method, path, query or {}))
        await answer.is_complete.wait()
        value: JsonObject = json.loads(answer.body or b"{}")
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise Refused(value)
        return value

    def _build_scope(self, method: str, path: str, query: Mapping[str, Any]) -> Scope:
        mount = f"{self.scope.get('root_path', '')}/api"
        asked = {name: value for name, value in query.items() if value is not None}
        host = [(name, value) for name, value in self.scope["headers"] if name == b"host"]
        return {
            **self.scope,
            "method": method,
            "root_path": mount,
            "path": mount + unquote(path),
            "raw_path": f"{mount}{path}".encode(),
            "query_string": urlencode(asked, doseq=True).encode(),
            "headers": [*host, (b"content-type", b"application/json")],
        }


@dataclass
class _Answer:
    """What the API says to one request."""

    request_body: bytes
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    body: bytes = b""
    is_complete: anyio.Event = field(default_factory=anyio.Event)
    is_asked: bool = False

    async def await_app(self, app: ASGIApp, scope: Scope) -> None:
        # What goes wrong in it the API has answered and logged, and raises once more for a server to see.
        with suppress(Exception):
            await app(scope, self._receive, self._send)
        self.is_complete.set()

    async def _receive(self) -> Message:
        if self.is_asked:
            await anyio.sleep_forever()
        self.is_asked = True
        return {"type": "http.request", "body": self.request_body, "more_body": False}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.body += message.get("body", b"")
        if not message.get("more_body", False):
            self.is_complete.set()
