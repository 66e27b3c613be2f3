"""The guard: outermost around everything on the port, http and websocket; what no rule lets pass is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentmesh_dagster.api.access import IDENTITY_KEY
from agentmesh_dagster.api.login.hosts import Hosts, read_hosts
from agentmesh_dagster.api.login.identity import find_identity
from agentmesh_dagster.api.login.mutations import body_may_mutate
from agentmesh_dagster.api.login.rules import (
    RULES,
    RULES_BEFORE_LOGIN,
    WEBSOCKET,
    Ask,
    Refusal,
    find_refusal,
    may_edit,
    refuse_editing,
)
from agentmesh_dagster.api.login.visit import VISIT_KEY, Visit, read_visit, redirect
from agentmesh_dagster.api.login.websockets import POLICY_VIOLATION, OpenSocket
from agentmesh_dagster.api.problems import answer_problem
from agentmesh_dagster.entities.access import Identity
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store, StoreUnavailable
from agentmesh_dagster.wire import Problem

_LOOKED_UP_AT_ONCE = 16  # in threads of the guard's own: slow queries must not keep people from being known
_HEADERS = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": "POST"},
}


def protect(app: ASGIApp, *, store: Store, settings: Settings, host: str, path_prefix: str = "") -> ASGIApp:
    """`app` behind the login; `host` is the address that the server is bound to."""
    return _Guard(app, store, settings, read_hosts(settings, host), path_prefix, CapacityLimiter(_LOOKED_UP_AT_ONCE))


@dataclass(frozen=True)
class _Guard:
    app: ASGIApp
    store: Store
    settings: Settings
    hosts: Hosts
    path_prefix: str
    threads: CapacityLimiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        ask, refusal = await self._judge(self._read(scope), scope)
        if refusal is not None:
            await _refuse(refusal, ask, scope, receive, send)
            return
        scope = {**scope, VISIT_KEY: ask.visit, IDENTITY_KEY: ask.identity}
        if ask.method == WEBSOCKET:
            socket = OpenSocket(receive, send, self._asker(scope, ask.visit))
            await self.app(scope, socket.receive, socket.send)
        elif ask.is_graphql and ask.is_change and not may_edit(ask.identity):
            await self._serve_reader(ask, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _read(self, scope: Scope) -> Ask:
        return Ask(
            method=WEBSOCKET if scope["type"] == "websocket" else scope["method"],
            path=_read_path(scope["path"], self.path_prefix),
            query=scope["query_string"].decode("latin-1"),
            headers=Headers(scope=scope),
            visit=read_visit(scope, self.settings, self.path_prefix),
            hosts=self.hosts,
        )

    async def _judge(self, ask: Ask, scope: Scope) -> tuple[Ask, Refusal | None]:
        """The request with who asks, and why it is refused, if it is."""
        if (refusal := find_refusal(RULES_BEFORE_LOGIN, ask)) is not None:
            return ask, refusal
        try:
            ask = replace(ask, identity=await self._asker(scope, ask.visit)())
        except StoreUnavailable:
            return ask, Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "The store cannot be read, so nobody is known.")
        return ask, find_refusal(RULES, ask)

    def _asker(self, scope: Scope, visit: Visit) -> Callable[[], Awaitable[Identity | None]]:
        async def find() -> Identity | None:
            connection = HTTPConnection(scope)
            return await to_thread.run_sync(
                find_identity, self.store, self.settings, connection, visit, limiter=self.threads
            )

        return find

    async def _serve_reader(self, ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:
        """GraphQL for somebody who may not change anything."""
        limit = self.settings.max_value_bytes
        body = await _read_body(receive, limit)
        if body is None:
            refusal = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {limit:,} bytes are allowed.")
        elif await to_thread.run_sync(body_may_mutate, body, limiter=self.threads):
            refusal = refuse_editing(ask.identity)
        else:
            await self.app(scope, _replay(body, receive), send)
            return
        # In GraphQL's words, so that Dagster's pages show the sentence.
        answer = JSONResponse({"data": None, "errors": [{"message": refusal.detail}]}, refusal.status)
        await answer(scope, receive, send)


def _read_path(path: str, prefix: str) -> str:
    """The path below the prefix. What is not below it is nothing of ours: the app has no page there."""
    return path[len(prefix) :] or "/" if path == prefix or path.startswith(f"{prefix}/") else path


async def _read_body(receive: Receive, limit: int) -> bytes | None:
    """None when there are more bytes than that. What was cut off in the middle is read as far as it came."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return first.pop() if first else await receive()

    return receive_again


async def _refuse(refusal: Refusal, ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:
    if ask.method == WEBSOCKET:
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": refusal.status.phrase})
        return
    is_nobody = refusal.status is HTTPStatus.UNAUTHORIZED
    wants_page = ask.method == "GET" and "text/html" in ask.headers.get("accept", "")
    answer = _send_to_login(ask, scope) if is_nobody and wants_page else _answer(refusal)
    await answer(scope, receive, send)


def _send_to_login(ask: Ask, scope: Scope) -> Response:
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    wanted = path.decode("latin-1") + (f"?{ask.query}" if ask.query else "")
    return redirect(f"{ask.visit.prefix}/login?next={quote(wanted, safe='')}")


def _answer(refusal: Refusal) -> Response:
    name = refusal.status.phrase.lower().replace(" ", "-")
    problem = Problem(
        type=f"urn:agentmesh:problem:{name}",
        title=f"{refusal.status.phrase}.",
        status=refusal.status,
        detail=refusal.detail,
    )
    return answer_problem(problem, _HEADERS.get(refusal.status))
