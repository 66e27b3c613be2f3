"""Who calls: the header `Authorization` of an http tool, and the tokens that OAuth servers give for it."""

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode

import httpx2

from agentmesh_dagster.entities.http_settings import HttpAuth
from agentmesh_dagster.entities.json_values import InvalidJson, as_object, read_json
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.errors import HttpRefused, InvalidTool, InvalidToolOutput
from agentmesh_dagster.tools.outgoing import OutgoingCall, send_call
from agentmesh_dagster.tools.request import ToolRequest
from agentmesh_dagster.tools.secrets import NO_SECRETS, SecretLookup, Secrets

_UNSAID_SECONDS = 300.0  # how long a token is good whose server does not say it
_EARLY_SECONDS = 30.0  # a token is not sent any more so shortly before its end
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class _Token:
    value: str = field(repr=False)
    ends_at: float  # time.monotonic() value


_tokens: dict[str, _Token] = {}  # by a digest of who asked whom for what
_asking: dict[str, threading.Lock] = {}  # threads that want the same token do not ask twice


@dataclass(frozen=True)
class Authorization:
    """What is sent, what of it nobody may see again, and how it is forgotten if the server refuses it."""

    value: str | None = field(default=None, repr=False)
    secrets: Secrets = NO_SECRETS
    forget: Callable[[], None] | None = None  # of a token, which may have been revoked


def authorize(auth: HttpAuth | None, lookup: SecretLookup, request: ToolRequest, settings: Settings) -> Authorization:
    """The header for a call; `lookup` gives secrets for its host. Raises the ToolError family."""
    if auth is None:
        return Authorization()
    if auth.type == "oauth":
        return _ask_for_token(auth, request, settings)
    if auth.type == "bearer":
        return Authorization(f"Bearer {lookup.fill(auth.token)}")
    login = f"{lookup.fill(auth.username)}:{lookup.fill(auth.password)}"
    return Authorization(f"Basic {base64.b64encode(login.encode()).decode()}")


def _ask_for_token(auth: HttpAuth, request: ToolRequest, settings: Settings) -> Authorization:
    """By client credentials (RFC 6749, 4.4); a token is kept until shortly before its end."""
    url = httpx2.URL(auth.token_url or "")
    lookup = SecretLookup(settings.secrets, scheme=url.scheme, host=url.host, port=url.port)
    login = (str(lookup.fill(auth.client_id)), str(lookup.fill(auth.client_secret)))
    key = hashlib.sha256("\x1f".join([str(url), *login, auth.scope or ""]).encode()).hexdigest()
    with _asking.setdefault(key, threading.Lock()):
        token = _tokens.get(key)
        if token is None or token.ends_at < time.monotonic():
            for name in lookup.names:
                request.record_secret(name, url.host)
            token = _tokens[key] = _fetch_token(url, login, auth.scope, lookup.secrets, request.deadline, settings)
    secrets = Secrets((*lookup.secrets.values, token.value))
    return Authorization(f"Bearer {token.value}", secrets, lambda: _forget(key, token))


def _forget(key: str, token: _Token) -> None:
    with _asking[key]:
        if _tokens.get(key) == token:  # another call may have asked anew
            del _tokens[key]


def _fetch_token(
    url: httpx2.URL, login: tuple[str, str], scope: str | None, secrets: Secrets, deadline: float, settings: Settings
) -> _Token:
    fields = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    encoded = ":".join(map(quote_plus, login)).encode()
    basic = f"Basic {base64.b64encode(encoded).decode()}"

    def send(fields: dict[str, str], **headers: str) -> bytes:
        headers |= {"content-type": _FORM, "accept": "application/json"}
        return send_call(
            OutgoingCall("POST", url, headers, urlencode(fields).encode(), secrets, deadline), settings
        ).body

    try:
        body = send(fields, authorization=basic)
    except HttpRefused:  # many servers want the client in the body, and know no other way
        body = send({**fields, "client_id": login[0], "client_secret": login[1]})
    try:
        reply = as_object(read_json(body))
    except InvalidJson as error:
        raise InvalidToolOutput(f"the token of {url.host} is no JSON: {error.reason}") from None
    value, seconds = reply.get("access_token"), reply.get("expires_in")
    if not isinstance(value, str) or not value:
        raise InvalidTool(f"{url.host} answered without an `access_token`")
    good_for = float(seconds) if isinstance(seconds, int | float) else _UNSAID_SECONDS
    return _Token(value, time.monotonic() + max(0.0, good_for - _EARLY_SECONDS))
