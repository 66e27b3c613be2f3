"""Tools of type `http`, and the builtin `http_request`: what they send, and what they make of the answer."""

import re
from collections.abc import Mapping
from typing import Literal, cast
from urllib.parse import quote

import httpx2

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, as_object, write_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput, InvalidToolOutput, cut_excerpt
from agentmesh_dagster.tools.outgoing import OutgoingCall, send_call
from agentmesh_dagster.tools.request import ToolRequest
from agentmesh_dagster.tools.response_text import read_response
from agentmesh_dagster.tools.secrets import SecretLookup, Secrets, refuse_secrets

Method = Literal["GET", "POST"]
_Fault = type[InvalidTool] | type[InvalidToolInput]  # whose fault it is: the author's, or the model's

_DEFAULT_HEADERS = {
    "accept": "application/json, text/plain;q=0.9, */*;q=0.8",
    "user-agent": "agentmesh-dagster",
}
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "idempotency-key",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")
_PLAIN_IN_KEY = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")


def call_http_tool(request: ToolRequest, settings: Settings) -> JsonValue:
    """The answer to a GET with the input as query, or a POST with the input as JSON body.

    Secrets are put into headers, query and fixed fields of the body, and never into anything that the input says.
    """
    config = request.tool.config
    if not config.url:
        raise InvalidTool("config.url is missing")
    address, question, fixed_query = config.url.strip().partition("?")
    url = _read_url(address, InvalidTool)
    lookup = SecretLookup(settings.secrets, scheme=url.scheme, host=url.host, port=url.port)
    url = _read_url(address + question + cast("str", lookup.fill(fixed_query, _quote)), InvalidTool, has_secrets=True)
    url = _add_query(url, lookup.fill({**(config.query or {})}))
    headers = _check_headers(cast("dict[str, str]", lookup.fill({**(config.headers or {})})), InvalidTool)
    body: bytes | None = None
    if config.method == "POST":
        body = write_json(_add_fields(as_object(lookup.fill(config.body)), request.input)).encode()
    elif config.body:
        raise InvalidTool("config.body is for the method POST")
    elif request.input is not None:
        url = _add_query(url, request.input)
    for name in lookup.names:
        request.record_secret(name, url.host)
    return _exchange(request, settings, config.method or "GET", url, headers, lookup.secrets, body)


def call_http_request(request: ToolRequest, settings: Settings) -> JsonValue:
    """The answer to the call that the input describes; nothing in it is replaced by secrets."""
    wanted = request.fields
    headers = _check_headers(wanted.get("headers", {}), InvalidToolInput)
    refuse_secrets(headers)
    has_body = "body" in wanted
    method: Method = wanted.get("method", "POST" if has_body else "GET")
    if has_body and method == "GET":
        raise InvalidToolInput("a GET takes no body; use query, or the method POST")
    url = _add_query(_read_url(wanted["url"], InvalidToolInput), wanted.get("query", {}))
    body = write_json(wanted["body"]).encode() if has_body else b"" if method == "POST" else None
    return _exchange(request, settings, method, url, headers, Secrets(), body)


def _exchange(
    request: ToolRequest,
    settings: Settings,
    method: Method,
    url: httpx2.URL,
    headers: dict[str, str],
    secrets: Secrets,
    body: bytes | None,
) -> JsonValue:
    own = {"idempotency-key": _write_key(request.idempotency_key), "accept-encoding": "gzip"}
    defaults = _DEFAULT_HEADERS | ({"content-type": "application/json"} if body else {})
    call = OutgoingCall(method, url, defaults | headers | own, body, secrets, request.deadline)
    answer = send_call(call, settings)
    try:
        value = read_response(answer.body, answer.content_type, settings.max_value_bytes)
    except InvalidJson as error:
        fault = f"the server's JSON at {error.path}: {error.reason}"
        raise InvalidToolOutput(cut_excerpt(secrets.scrub_text(fault))) from None  # a key may quote a secret
    return secrets.scrub_result(value)


def _quote(secret: str) -> str:
    return quote(secret, safe="")


def _add_fields(fixed: JsonObject, value: JsonValue) -> JsonValue:
    """The input with the fields of the body that the tool fixes."""
    if not fixed:
        return value
    if not isinstance(value, dict | None):
        raise InvalidToolInput("the tool has fields of its own in the body, so the input must be an object")
    fields = value or {}
    for name in fixed:
        if name in fields:
            raise InvalidToolInput(f"`{name}` is fixed by the tool")
    return {**fields, **fixed}


def _read_url(text: str, fault: _Fault, *, has_secrets: bool = False) -> httpx2.URL:
    """The URL in `text`; no fault quotes it, since it may hold what nobody should see."""
    if "${" in text and not has_secrets:
        raise fault("the url holds ${…}; secrets are for headers, the query and the body")
    try:
        url = httpx2.URL(text.strip())
    except httpx2.InvalidURL:
        raise fault("the url cannot be read; write it as https://host/path") from None
    if url.scheme not in ("http", "https"):
        raise fault("the url must begin with http:// or https://")
    if not url.host:
        raise fault("the url names no host")
    if url.port is not None and not 0 < url.port < 65536:
        raise fault("the url names a port that does not exist")
    if url.userinfo:
        raise fault("the url holds credentials; put them into a header, as a secret ${NAME}")
    return url


def _add_query(url: httpx2.URL, query: JsonValue) -> httpx2.URL:
    """`url` with the fields of `query`: texts as they stand, other values as JSON text, null left out."""
    if not isinstance(query, dict):
        raise InvalidToolInput("a GET sends its input as query, so it must be an object")
    for name in query:
        if name in url.params:
            raise InvalidToolInput(f"`{name}` is fixed by the url")
    added = {
        name: value if isinstance(value, str) else write_json(value)
        for name, value in query.items()
        if value is not None
    }
    try:
        return url.copy_merge_params(added) if added else url
    except httpx2.InvalidURL:
        raise InvalidToolInput("the query is too long for a url; use the method POST") from None


def _check_headers(headers: Mapping[str, str], fault: _Fault) -> dict[str, str]:
    """`headers` with lower-case names; a fault names the header and never quotes its value."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise fault(f"`{name}` is no header name")
        if name.lower() in _OWN_HEADERS:
            raise fault(f"the header `{name}` is set by AgentMesh itself")
        if not _HEADER_VALUE.fullmatch(value):
            raise fault(f"the value of header `{name}` holds a line end or a character beyond ASCII")
    return {name.lower(): value.strip() for name, value in headers.items()}


def _write_key(key: str) -> str:
    """The idempotency key with what a header cannot hold percent-encoded, so that any node id will do."""
    return quote(key, safe=_PLAIN_IN_KEY)
