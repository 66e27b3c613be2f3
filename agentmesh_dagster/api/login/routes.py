"""The pages /login and /logout: small, rendered here, without a script."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from agentmesh_dagster.api.access import IDENTITY_KEY
from agentmesh_dagster.api.login.login import DeadLink, WrongLogin, knock, log_in, log_out, use_link
from agentmesh_dagster.api.login.request_info import (
    RequestInfo,
    forget_session,
    get_form_secret,
    get_request_info,
    keep_form_secret,
    keep_session,
    redirect,
)
from agentmesh_dagster.api.login.secrets import make_secret
from agentmesh_dagster.api.login.templates import (
    FORM_FIELD,
    LINK_FIELD,
    PAGE_HEADERS,
    render_link,
    render_login,
    render_logout,
)
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.login_failures import TooManyFailures

_LONGEST_FORM = 16_384  # bytes
_HOME = "/agentmesh"
_NOT_OURS = "That form was too old. Please try again."


def build_login_routes(store: Store, settings: Settings) -> list[BaseRoute]:
    """The routes, to be mounted at the root of the path prefix."""
    pages = _Pages(store, settings)
    return [
        Route("/login", pages.login, methods=["GET", "POST"]),
        Route("/logout", pages.logout, methods=["GET", "POST"]),
    ]


@dataclass(frozen=True)
class _Pages:
    store: Store
    settings: Settings

    async def login(self, request: Request) -> Response:
        request_info = get_request_info(request)
        goal = read_goal(request.query_params.get("next", ""), request_info.prefix)
        if request.method == "POST":
            return await self._take_form(request, request_info, goal)
        if link := request.query_params.get("token"):
            # A page with a button: what only looks at links, as chats and mail filters do, must not use one up.
            return _show_link(request, request_info, goal, link)
        if request.scope[IDENTITY_KEY] is not None:
            return redirect(goal)
        return _show_login(request, request_info, goal)

    async def logout(self, request: Request) -> Response:
        request_info = get_request_info(request)
        if request.method != "POST":
            return _show_logout(request, request_info)
        if not _is_ours(request, request_info, await _read_form(request)):
            return _show_logout(request, request_info, HTTPStatus.FORBIDDEN, _NOT_OURS)
        if request_info.session:
            await run_in_threadpool(log_out, self.store, request_info.session)
        answer = redirect(f"{request_info.prefix}/login")
        forget_session(answer, request_info)
        return answer

    async def _take_form(self, request: Request, request_info: RequestInfo, goal: str) -> Response:
        try:
            await run_in_threadpool(knock, self.store, request_info.address)
        except TooManyFailures as refused:
            return _ask_to_wait(request, request_info, goal, refused)
        form = await _read_form(request)
        name, password, link = form.get("name", ""), form.get("password", ""), form.get(LINK_FIELD)
        if not _is_ours(request, request_info, form):
            return _show_login(request, request_info, goal, HTTPStatus.FORBIDDEN, _NOT_OURS, name)
        if link is not None:
            enter = _Entrance(lambda: use_link(self.store, self.settings, secret=link, address=request_info.address))
        else:
            enter = _Entrance(
                lambda: log_in(self.store, self.settings, name=name, password=password, address=request_info.address),
                name,
            )
        return await self._enter(request, request_info, goal, enter)

    async def _enter(self, request: Request, request_info: RequestInfo, goal: str, entrance: "_Entrance") -> Response:
        try:
            session = await run_in_threadpool(entrance.open)
        except (WrongLogin, DeadLink) as refused:
            return _show_login(request, request_info, goal, HTTPStatus.UNAUTHORIZED, str(refused), entrance.name)
        except TooManyFailures as refused:
            return _ask_to_wait(request, request_info, goal, refused, entrance.name)
        answer = redirect(goal)
        keep_session(answer, request_info, session, self.settings.session_hours)
        return answer


@dataclass(frozen=True)
class _Entrance:
    open: Callable[[], str]  # returns the session's secret
    name: str = ""  # as it was typed


def read_goal(text: str, prefix: str) -> str:
    """Where to go after the login: a path of this server; anything else that `next` may say is not followed."""
    # Browsers take a backslash for a slash and leave out tabs and line breaks: `/\\t/evil.example` would lead away.
    is_odd = any(character <= " " or character in "\\\x7f" for character in text)
    is_own = text.startswith(f"{prefix}/") and not text.startswith("//")
    return text if is_own and not is_odd else prefix + _HOME


def _ask_to_wait(
    request: Request, request_info: RequestInfo, goal: str, refused: TooManyFailures, name: str = ""
) -> Response:
    page = _show_login(request, request_info, goal, HTTPStatus.TOO_MANY_REQUESTS, f"{refused}.", name)
    page.headers["Retry-After"] = str(refused.seconds)
    return page


def _show_link(request: Request, request_info: RequestInfo, goal: str, link: str) -> Response:
    secret = get_form_secret(request, request_info) or make_secret()
    action = f"{request_info.prefix}/login?{urlencode({'next': goal})}"
    return _show(request_info, HTTPStatus.OK, secret, render_link(action=action, form_secret=secret, link=link))


def _show_login(
    request: Request,
    request_info: RequestInfo,
    goal: str,
    status: HTTPStatus = HTTPStatus.OK,
    alert: str = "",
    name: str = "",
) -> Response:
    secret = get_form_secret(request, request_info) or make_secret()
    action = f"{request_info.prefix}/login?{urlencode({'next': goal})}"
    return _show(request_info, status, secret, render_login(action=action, form_secret=secret, name=name, alert=alert))


def _show_logout(
    request: Request, request_info: RequestInfo, status: HTTPStatus = HTTPStatus.OK, alert: str = ""
) -> Response:
    secret = get_form_secret(request, request_info) or make_secret()
    name = request.scope[IDENTITY_KEY].name
    page = render_logout(action=f"{request_info.prefix}/logout", form_secret=secret, name=name, alert=alert)
    return _show(request_info, status, secret, page)


def _show(request_info: RequestInfo, status: HTTPStatus, secret: str, page: str) -> Response:
    response = HTMLResponse(page, status, PAGE_HEADERS)
    keep_form_secret(response, request_info, secret)
    return response


async def _read_form(request: Request) -> dict[str, str]:
    """The fields of a form; nothing of one that is far too long."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_FORM:
            return {}
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _is_ours(request: Request, request_info: RequestInfo, form: dict[str, str]) -> bool:
    secret = get_form_secret(request, request_info)
    return bool(secret) and hmac.compare_digest(secret.encode(), form.get(FORM_FIELD, "").encode())
