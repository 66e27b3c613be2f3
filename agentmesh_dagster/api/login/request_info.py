"""How a request has come, and the cookie that belongs to it."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from agentmesh_dagster.settings import Settings

REQUEST_INFO_KEY = "agentmesh.request_info"  # in the ASGI scope, put there by the guard


@dataclass(frozen=True)
class RequestInfo:
    prefix: str  # Dagster's --path-prefix, or nothing
    is_secure: bool  # over https, for the browser
    cookie: str  # name of the session's cookie
    session: str | None  # what the cookie holds
    address: str  # of whoever asks, as far as it is known


def read_request_info(scope: Scope, settings: Settings, prefix: str) -> RequestInfo:
    """How the request of this scope has come."""
    connection = HTTPConnection(scope)
    host = connection.headers.get("host", "")
    is_secure = scope["scheme"] in ("https", "wss") or _is_public_https(host, settings.public_url)
    cookie = _name_cookie(host, prefix, is_secure=is_secure)
    return RequestInfo(
        prefix=prefix,
        is_secure=is_secure,
        cookie=cookie,
        session=connection.cookies.get(cookie),
        address=connection.client.host if connection.client else "unknown",
    )


def get_request_info(connection: HTTPConnection) -> RequestInfo:
    """What the guard has put into the scope."""
    request_info = connection.scope[REQUEST_INFO_KEY]
    assert isinstance(request_info, RequestInfo)
    return request_info


def keep_session(response: Response, request_info: RequestInfo, session: str, hours: float) -> None:
    """Gives the browser its session."""
    _set_cookie(response, request_info, request_info.cookie, session, seconds=round(hours * 3600))


def forget_session(response: Response, request_info: RequestInfo) -> None:
    """Takes the session away from the browser."""
    _set_cookie(response, request_info, request_info.cookie, "", seconds=0)


def get_form_secret(connection: HTTPConnection, request_info: RequestInfo) -> str | None:
    """What a form of ours must bring along: pages of other sites cannot read it."""
    return connection.cookies.get(_name_form_cookie(request_info))


def keep_form_secret(response: Response, request_info: RequestInfo, secret: str) -> None:
    """Gives the browser what its next form must bring along."""
    _set_cookie(response, request_info, _name_form_cookie(request_info), secret, seconds=3600)


def redirect(location: str) -> Response:
    """Sends the browser on with GET."""
    escaped = quote(location, safe=":/%#?=@[]!$&'()*+,;")
    return Response(status_code=HTTPStatus.SEE_OTHER, headers={"Location": escaped})


def _set_cookie(response: Response, request_info: RequestInfo, name: str, value: str, *, seconds: int) -> None:
    # Lax, not strict: who follows a link to a gate from a chat is to arrive logged in. Changes are refused when they
    # come from elsewhere, and pages change nothing, so strict would add no safety.
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/" if request_info.is_secure else request_info.prefix or "/",
        secure=request_info.is_secure,
        httponly=True,
        samesite="lax",
    )


def _name_form_cookie(request_info: RequestInfo) -> str:
    return f"{request_info.cookie}-form"


def _name_cookie(host: str, prefix: str, *, is_secure: bool) -> str:
    # Browsers share cookies between the ports of a host, and __Host- cookies between its paths.
    place = re.sub(r"[^A-Za-z0-9]+", "-", host.rpartition("]")[2].partition(":")[2] + prefix).strip("-")
    name = "__Host-agentmesh" if is_secure else "agentmesh"
    return f"{name}-{place}" if place else name


def _is_public_https(host: str, public_url: str | None) -> bool:
    """A proxy that ends TLS may not say so, but the setting does."""
    public = urlsplit(public_url or "")
    return public.scheme == "https" and public.netloc.lower() == host.lower()
