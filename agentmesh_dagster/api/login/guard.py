"""The guard: outermost around everything on the port, http and websocket; what no rule lets pass is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from agentmesh_dagster.api.access import IDENTITY_KEY
from agentmesh_dagster.api.login.bodies import (
    BEFORE_LOGIN_BYTES,
    Bodies,
    TooManyBodies,
    read_body,
    read_size,
    replay,
    stop_behind,
)
from agentmesh_dagster.api.login.hosts import Hosts, read_hosts
from agentmesh_dagster.api.login.identity import find_identity
from agentmesh_dagster.api.login.mutations import find_graphql_refusal
from agentmesh_dagster.api.login.rules import (
    RULES,
    RULES_BEFORE_LOGIN,
    WEBSOCKET,
    Ask,
    Refusal,
    find_refusal,
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
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
}


def protect(app: ASGIApp, *, store: Store, settings: Settings, host: str, path_prefix: str = "") -> ASGIApp:
    """`app` behind the login; `host` is the address that the server is bound to."""
    bodies = Bodies(settings.max_bodies_bytes)
    threads = CapacityLimiter(_LOOKED_UP_AT_ONCE)
    return _Guard(app, store, settings, read_hosts(settings, host), path_prefix, threads, bodies)


@dataclass(frozen=True)
class _Guard:
    app: ASGIApp
    store: Store
    settings: Settings
    hosts: Hosts
    path_prefix: str
    threads: CapacityLimiter
    bodies: Bodies

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
        elif ask.is_change:
            await self._serve_change(ask, scope, receive, send)
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
            are_metrics_open=self.settings.open_metrics,
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

    async def _serve_change(self, ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:
        """A request with a body: of a bounded size, and held as long as it is looked at."""
        limit = BEFORE_LOGIN_BYTES if ask.identity is None else self.settings.max_value_bytes
        size = read_size(ask.headers)
        refusal = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {limit:,} bytes are allowed.")
        if size is not None and size > limit:
            await _refuse(refusal, ask, scope, receive, send)
            return
        try:
            with self.bodies.hold(limit if size is None else size):
                if ask.identity is not None and not ask.is_graphql:
                    await self.app(scope, stop_behind(receive, limit), send)
                elif (body := await read_body(receive, limit)) is None:
                    await _refuse(refusal, ask, scope, receive, send)
                else:
                    await self._serve_body(body, ask, scope, receive, send)
        except TooManyBodies:
            refusal = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Too much is being sent at once. Try again in a moment.")
            await _refuse(refusal, ask, scope, receive, send)

    async def _serve_body(self, body: bytes, ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None
        if ask.is_graphql:
            refusal = await to_thread.run_sync(find_graphql_refusal, body, ask.identity, limiter=self.threads)
        if refusal is None:
            await self.app(scope, replay(body, receive), send)
            return
        # In GraphQL's words, so that Dagster's pages show the sentence.
        answer = JSONResponse({"data": None, "errors": [{"message": refusal.detail}]}, refusal.status)
        await answer(scope, receive, send)


def _read_path(path: str, prefix: str) -> str:
    """The path below the prefix. What is not below it is nothing of ours: the app has no page there."""
    return path[len(prefix) :] or "/" if path == prefix or path.startswith(f"{prefix}/") else path


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
