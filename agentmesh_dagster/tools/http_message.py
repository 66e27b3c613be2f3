"""The parts of an http call: its address, query, headers and body, each checked before anything is sent."""

import re
from collections.abc import Collection, Mapping
from urllib.parse import quote, urlencode

import httpx2

from agentmesh_dagster.entities.http_settings import BodyFormat
from agentmesh_dagster.entities.json_values import JsonValue, as_object, write_json
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput
from agentmesh_dagster.tools.http_fields import list_pairs

Fault = type[InvalidTool] | type[InvalidToolInput]  # whose fault it is: the author's, or the model's
FORM = "application/x-www-form-urlencoded"

DEFAULT_HEADERS = {
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


def read_url(text: str, fault: Fault, *, has_secrets: bool = False) -> httpx2.URL:
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


def add_query(url: httpx2.URL, query: JsonValue, fixed: Collection[str] = ()) -> httpx2.URL:
    """`url` with the fields of `query`: a list as one for each item, what is no text as JSON, null left out.

    `fixed` are names that the tool keeps to itself, beside those of the url.
    """
    if not isinstance(query, dict):
        raise InvalidToolInput("the input is sent as query, so it must be an object")
    for name in query:
        if name in url.params or name in fixed:
            raise InvalidToolInput(f"`{name}` is fixed by the url")
    added: dict[str, list[str]] = {}
    for name, value in list_pairs(query):
        added.setdefault(name, []).append(value)
    try:
        return url.copy_merge_params(added) if added else url
    except httpx2.InvalidURL:
        raise InvalidToolInput("the query is too long for a url; use the method POST") from None


def write_body(
    body_format: BodyFormat, fixed: JsonValue, rest: JsonValue, *, names: Collection[str] = ()
) -> tuple[str, bytes]:
    """Content type and bytes of a body: what the tool fixes, and the rest of the input.

    `names` are the fields that the tool fixes, also those that it left out of this call.
    """
    if body_format == "text":
        return "text/plain; charset=utf-8", _write_text(fixed, rest).encode()
    if isinstance(fixed, str):
        raise InvalidTool("config.body is a text, which goes with `bodyFormat: text`")
    value = _add_fields(as_object(fixed), rest, names)
    if body_format == "json":
        return "application/json", write_json(value).encode()
    if not isinstance(value, dict | None):
        raise InvalidToolInput("the input is sent as a form, so it must be an object")
    return FORM, urlencode(list_pairs(value)).encode()


def _write_text(fixed: JsonValue, rest: JsonValue) -> str:
    if fixed is not None:
        if as_object(rest):
            raise InvalidToolInput(f"the tool's body has no place for `{next(iter(as_object(rest)))}`")
        return fixed if isinstance(fixed, str) else write_json(fixed)
    text = rest.get("text") if isinstance(rest, dict) and set(rest) == {"text"} else rest
    if not isinstance(text, str):
        raise InvalidToolInput('the input is sent as text: it must be a text, or {"text": …}')
    return text


def _add_fields(fixed: JsonValue, value: JsonValue, names: Collection[str]) -> JsonValue:
    """The input with the fields of the body that the tool fixes."""
    if not names:
        return value
    if not isinstance(value, dict | None):
        raise InvalidToolInput("the tool has fields of its own in the body, so the input must be an object")
    fields = value or {}
    for name in names:
        if name in fields:
            raise InvalidToolInput(f"`{name}` is fixed by the tool")
    return {**fields, **as_object(fixed)}


def check_headers(headers: Mapping[str, str], fault: Fault) -> dict[str, str]:
    """`headers` with lower-case names; a fault names the header and never quotes its value."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise fault(f"`{name}` is no header name")
        if name.lower() in _OWN_HEADERS:
            raise fault(f"the header `{name}` is set by AgentMesh itself")
        if not _HEADER_VALUE.fullmatch(value):
            raise fault(f"the value of header `{name}` holds a line end or a character beyond ASCII")
    return {name.lower(): value.strip() for name, value in headers.items()}


def write_key(key: str) -> str:
    """The idempotency key with what a header cannot hold percent-encoded, so that any node id will do."""
    return quote(key, safe=_PLAIN_IN_KEY)
