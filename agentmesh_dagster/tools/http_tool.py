"""Tools of type `http`, and the builtin `http_request`: what they send, and what they make of the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import quote

import httpx2

from agentmesh_dagster.entities.http_settings import Method
from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, as_object
from agentmesh_dagster.entities.text import join_names
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.tools.http import WITH_BODY
from agentmesh_dagster.tools.errors import (
    HttpUnauthorized,
    InvalidTool,
    InvalidToolInput,
    InvalidToolOutput,
    cut_excerpt,
)
from agentmesh_dagster.tools.http_auth import Authorization, authorize
from agentmesh_dagster.tools.http_fields import InputFields
from agentmesh_dagster.tools.http_message import (
    DEFAULT_HEADERS,
    add_query,
    check_headers,
    read_url,
    write_body,
    write_key,
)
from agentmesh_dagster.tools.http_pages import collect_pages
from agentmesh_dagster.tools.outgoing import Answer, OutgoingCall, send_call
from agentmesh_dagster.tools.placeholders import write_text
from agentmesh_dagster.tools.request import FileContent, ToolRequest
from agentmesh_dagster.tools.response_text import decode_text, is_file, name_file, read_media_type, read_response
from agentmesh_dagster.tools.secrets import SecretLookup, Secrets, refuse_secrets

_NOT_SHOWN = frozenset({"set-cookie", "set-cookie2"})  # of an answer: who has them is logged in


@dataclass(frozen=True)
class _Caller:
    """Sends what one call of a tool needs: the same to the same server, as often as there are pages."""

    request: ToolRequest
    settings: Settings
    method: Method
    headers: Mapping[str, str]
    body: bytes | None
    authorize: Callable[[], Authorization] = Authorization

    def send(self, url: httpx2.URL) -> tuple[Answer, Secrets]:
        """The answer, and what must not be seen in it."""
        by = self.authorize()
        try:
            return self._send(url, by), by.secrets
        except HttpUnauthorized:
            if by.forget is None:
                raise
        by.forget()
        by = self.authorize()
        return self._send(url, by), by.secrets

    def read(self, url: httpx2.URL) -> tuple[JsonValue, Answer]:
        """The answer as JSON, without secrets."""
        answer, secrets = self.send(url)
        return self.read_answer(answer, secrets), answer

    def read_answer(self, answer: Answer, secrets: Secrets) -> JsonValue:
        """What the server sent as JSON, a text or, kept elsewhere, a file."""
        if is_file(answer.body, answer.content_type):
            if secrets.are_in(answer.body):
                raise InvalidToolOutput("the file that the server sent holds a secret of the call")
            name = name_file(answer.headers.get("content-disposition", ""), answer.content_type)
            file = FileContent(secrets.scrub_text(name), read_media_type(answer.content_type), answer.body)
            return {"file": self.request.keep_file(file)}
        return _read_answer(answer, secrets, self.settings)

    def _send(self, url: httpx2.URL, by: Authorization) -> Answer:
        login = check_headers({"authorization": by.value} if by.value else {}, InvalidTool)
        own = {"idempotency-key": write_key(self.request.idempotency_key), "accept-encoding": "gzip"}
        headers = {**DEFAULT_HEADERS, **self.headers, **login, **own}
        call = OutgoingCall(self.method, url, headers, self.body, by.secrets, self.request.deadline)
        return send_call(call, self.settings)


def call_http_tool(request: ToolRequest, settings: Settings) -> JsonValue:
    """The answer to a call with the input in the places that the tool names, and the rest as query or as body.

    Secrets are put into headers, query and fixed fields of the body, and never into anything that the input says.
    """
    config = request.tool.config
    if not config.url:
        raise InvalidTool("config.url is missing")
    method, fields = config.method or "GET", InputFields(request.input)
    address, question, fixed_query = config.url.strip().partition("?")
    address = _fill_path(address, fields)
    url = read_url(address, InvalidTool)
    lookup = SecretLookup(settings.secrets, scheme=url.scheme, host=url.host, port=url.port)

    def fill(value: JsonValue) -> JsonValue:
        return fields.fill(value, lookup.fill)

    asked = fields.fill_query(fixed_query, lambda text: cast("str", lookup.fill(text, _quote)))
    url = read_url(address + question + asked, InvalidTool, has_secrets=True)
    url = add_query(url, fill({**(config.query or {})}))
    given = {name: write_text(value) for name, value in as_object(fill({**(config.headers or {})})).items()}
    headers = check_headers(given, InvalidToolInput if fields.has_placed else InvalidTool)
    body: bytes | None = None
    if method in WITH_BODY:
        fixed = fill(config.body)
        content_type, body = write_body(
            config.body_format or "json", fixed, fields.rest, names=as_object(config.body).keys()
        )
        headers = {"content-type": content_type, **headers}
    elif config.body:
        raise InvalidTool(f"config.body is for the methods {join_names(WITH_BODY)}")
    elif fields.rest is not None:
        url = add_query(url, fields.rest, (config.query or {}).keys())
    told: set[str] = set()

    def log_in() -> Authorization:
        by = authorize(config.auth, lookup, request, settings)
        for name in {*lookup.names} - told:
            request.record_secret(name, url.host)
        told.update(lookup.names)
        return replace(by, secrets=Secrets((*lookup.secrets.values, *by.secrets.values)))

    caller = _Caller(request, settings, method, headers, body, log_in)
    if config.paging:
        return collect_pages(config.paging, url, caller.read, settings)
    if config.response is None and method != "HEAD":
        return caller.read(url)[0]
    answer, secrets = caller.send(url)
    if config.response == "text":
        return {"text": secrets.scrub_text(decode_text(answer.body, answer.headers))}
    value = caller.read_answer(answer, secrets)
    if config.response == "body":
        return value
    shown: JsonValue = {name: text for name, text in answer.headers.items() if name not in _NOT_SHOWN}
    return {"status": answer.status, "headers": secrets.scrub_result(shown), "body": value}


def call_http_request(request: ToolRequest, settings: Settings) -> JsonValue:
    """The answer to the call that the input describes; nothing in it is replaced by secrets."""
    wanted = request.fields
    headers = check_headers(wanted.get("headers", {}), InvalidToolInput)
    refuse_secrets(headers)
    has_body = "body" in wanted
    method: Method = wanted.get("method", "POST" if has_body else "GET")
    if has_body and method not in WITH_BODY:
        raise InvalidToolInput(f"a {method} takes no body; use query, or the method POST")
    url = add_query(read_url(wanted["url"], InvalidToolInput), wanted.get("query", {}))
    body = None
    if has_body:
        content_type, body = write_body("json", None, wanted["body"])
        headers = {"content-type": content_type, **headers}
    elif method in WITH_BODY:
        body = b""
    return _Caller(request, settings, method, headers, body).read(url)[0]


def _read_answer(answer: Answer, secrets: Secrets, settings: Settings) -> JsonValue:
    try:
        value = read_response(answer.body, answer.content_type, settings.max_value_bytes)
    except InvalidJson as error:
        fault = f"the server's JSON at {error.path}: {error.reason}"
        raise InvalidToolOutput(cut_excerpt(secrets.scrub_text(fault))) from None  # a key may quote a secret
    return secrets.scrub_result(value)


def _fill_path(address: str, fields: InputFields) -> str:
    """`address` with the fields of the input in its path; its host is nobody's to choose."""
    scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    if "{" in host:
        raise InvalidTool("the host of the url holds {…}; fields of the input go into its path")
    return f"{scheme}{mark}{host}{slash}{fields.fill_path(path)}"


def _quote(secret: str) -> str:
    return quote(secret, safe="")
