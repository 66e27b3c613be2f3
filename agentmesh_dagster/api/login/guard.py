"""The guard: outermost around everything on the port, http and websocket; what no rule lets pass is refused."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
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
    BEFORE_LOGIN_ADDRESS_BYTES,
    BEFORE_LOGIN_BYTES,
    BEFORE_LOGIN_TOGETHER_BYTES,
    Bodies,
    Body,
    TooManyBodies,
    read_size,
    replay,
    share_bodies,
)
from agentmesh_dagster.api.login.hosts import Hosts, read_hosts
from agentmesh_dagster.api.login.identity import find_identity
from agentmesh_dagster.api.login.login import name_address
from agentmesh_dagster.api.login.mutations import find_graphql_refusal
from agentmesh_dagster.api.login.request_info import REQUEST_INFO_KEY, RequestInfo, read_request_info, redirect
from agentmesh_dagster.api.login.rules import (
    RULES,
    RULES_BEFORE_LOGIN,
    WEBSOCKET,
    AuthRequest,
    Denial,
    find_denial,
)
from agentmesh_dagster.api.login.websockets import POLICY_VIOLATION, OpenSocket
from agentmesh_dagster.api.problems import answer_problem
from agentmesh_dagster.entities.access import Identity
from agentmesh_dagster.entities.patterns import bound_patterns
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store, StoreFull, StoreUnavailable
from agentmesh_dagster.wire import Problem

_LOOKED_UP_AT_ONCE = 16  # in threads of the guard's own: slow queries must not keep people from being known
_CHECKED_AT_ONCE = 4  # in others again, for the same reason
_HEADERS = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": "POST"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
}


def protect(app: ASGIApp, *, store: Store, settings: Settings, host: str, path_prefix: str = "") -> ASGIApp:
    """`app` behind the login; `host` is the address that the server is bound to."""
    before_login = Bodies(BEFORE_LOGIN_TOGETHER_BYTES, BEFORE_LOGIN_ADDRESS_BYTES)
    bodies = share_bodies(settings.max_bodies_bytes, settings.max_value_bytes)
    look_ups, checks = CapacityLimiter(_LOOKED_UP_AT_ONCE), CapacityLimiter(_CHECKED_AT_ONCE)
    return _Guard(app, store, settings, read_hosts(settings, host), path_prefix, look_ups, checks, before_login, bodies)


@dataclass(frozen=True)
class _Guard:
    app: ASGIApp
    store: Store
    settings: Settings
    hosts: Hosts
    path_prefix: str
    look_ups: CapacityLimiter
    checks: CapacityLimiter
    before_login: Bodies
    bodies: Bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        request, denial = await self._authorize(self._read(scope), scope)
        if denial is not None:
            await _deny(denial, request, scope, receive, send)
            return
        scope = {**scope, REQUEST_INFO_KEY: request.request_info, IDENTITY_KEY: request.identity}
        if request.method == WEBSOCKET:
            socket = OpenSocket(receive, send, self._make_identify(scope, request.request_info), self.checks)
            await self.app(scope, socket.receive, socket.send)
        elif request.is_change:
            with bound_patterns():
                await self._serve_change(request, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _read(self, scope: Scope) -> AuthRequest:
        return AuthRequest(
            method=WEBSOCKET if scope["type"] == "websocket" else scope["method"],
            path=_read_path(scope["path"], self.path_prefix),
            query=scope["query_string"].decode("latin-1"),
            headers=Headers(scope=scope),
            request_info=read_request_info(scope, self.settings, self.path_prefix),
            hosts=self.hosts,
            are_metrics_open=self.settings.open_metrics,
        )

    async def _authorize(self, request: AuthRequest, scope: Scope) -> tuple[AuthRequest, Denial | None]:
        """The request with who asks, and why it is refused, if it is."""
        if (denial := find_denial(RULES_BEFORE_LOGIN, request)) is not None:
            return request, denial
        try:
            request = replace(request, identity=await self._make_identify(scope, request.request_info)())
        except StoreFull:
            message = "There is no room left where the store is, and it cannot be read, so nobody is known."
            return request, Denial(HTTPStatus.INSUFFICIENT_STORAGE, message)
        except StoreUnavailable:
            return request, Denial(HTTPStatus.SERVICE_UNAVAILABLE, "The store cannot be read, so nobody is known.")
        return request, find_denial(RULES, request)

    def _make_identify(self, scope: Scope, request_info: RequestInfo) -> Callable[[], Awaitable[Identity | None]]:
        async def find() -> Identity | None:
            connection = HTTPConnection(scope)
            return await to_thread.run_sync(
                find_identity, self.store, self.settings, connection, request_info, limiter=self.look_ups
            )

        return find

    async def _serve_change(self, request: AuthRequest, scope: Scope, receive: Receive, send: Send) -> None:
        """A request with a body: of a bounded size, and held as long as it is looked at."""
        limit = self._find_limit(request)
        size = read_size(request.headers)
        denial = Denial(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {limit:,} bytes are allowed.")
        if size is not None and size > limit:
            await _deny(denial, request, scope, receive, send)
            return
        try:
            with self._hold_body(request) as held:
                if (body := await held.read(receive, limit)) is None:
                    await _deny(denial, request, scope, receive, send)
                else:
                    await self._serve_body(body, request, scope, receive, send)
        except TooManyBodies:
            denial = Denial(HTTPStatus.SERVICE_UNAVAILABLE, "Too much is being sent at once. Try again in a moment.")
            await _deny(denial, request, scope, receive, send)

    def _find_limit(self, request: AuthRequest) -> int:
        if request.is_for_third_party:  # what it has to say is longer than a password
            return min(self.settings.max_value_bytes, BEFORE_LOGIN_ADDRESS_BYTES)
        return BEFORE_LOGIN_BYTES if request.identity is None else self.settings.max_value_bytes

    def _hold_body(self, request: AuthRequest) -> AbstractContextManager[Body]:
        if request.identity is None:
            return self.before_login.hold(name_address(request.request_info.address))
        return self.bodies.hold(f"{request.identity.via} {request.identity.name}")

    async def _serve_body(self, body: bytes, request: AuthRequest, scope: Scope, receive: Receive, send: Send) -> None:
        denial = None
        if request.is_graphql:
            denial = await to_thread.run_sync(find_graphql_refusal, body, request.identity, limiter=self.checks)
        if denial is None:
            await self.app(scope, replay(body, receive), send)
            return
        # In GraphQL's words, so that Dagster's pages show the sentence.
        answer = JSONResponse({"data": None, "errors": [{"message": denial.detail}]}, denial.status)
        await answer(scope, receive, send)


def _read_path(path: str, prefix: str) -> str:
    """The path below the prefix. What is not below it is nothing of ours: the app has no page there."""
    return path[len(prefix) :] or "/" if path == prefix or path.startswith(f"{prefix}/") else path


async def _deny(denial: Denial, request: AuthRequest, scope: Scope, receive: Receive, send: Send) -> None:
    if request.method == WEBSOCKET:
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": denial.status.phrase})
        return
    is_nobody = denial.status is HTTPStatus.UNAUTHORIZED
    wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    answer = _send_to_login(request, scope) if is_nobody and wants_page else _answer(denial)
    await answer(scope, receive, send)


def _send_to_login(request: AuthRequest, scope: Scope) -> Response:
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    wanted = path.decode("latin-1") + (f"?{request.query}" if request.query else "")
    return redirect(f"{request.request_info.prefix}/login?next={quote(wanted, safe='')}")


def _answer(denial: Denial) -> Response:
    name = denial.status.phrase.lower().replace(" ", "-")
    problem = Problem(
        type=f"urn:agentmesh:problem:{name}",
        title=f"{denial.status.phrase}.",
        status=denial.status,
        detail=denial.detail,
    )
    return answer_problem(problem, _HEADERS.get(denial.status))
