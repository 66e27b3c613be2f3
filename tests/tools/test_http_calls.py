"""What http tools can say: methods, places for the input, bodies, who calls, pages, what comes back of the answer."""

import base64
import json
import re
import time
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from pydantic import ValidationError

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import ToolConfig
from agentmesh_dagster.graph.document import check_document
from agentmesh_dagster.settings import Settings, get_settings
from agentmesh_dagster.tools import ToolRequest, call_tool
from agentmesh_dagster.tools.errors import (
    HttpRedirected,
    HttpUnauthorized,
    InvalidTool,
    InvalidToolInput,
    InvalidToolOutput,
    ResponseTooLong,
)
from agentmesh_dagster.tools.request import FileContent
from tests.tools.servers import LOCAL, Recorder, call, make_tool, run_recorder, send

SECRET = "s3cr3t-of-the-shop"


def pairs(path: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(path).query, keep_blank_values=True)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
def test_a_method_with_a_body_sends_the_input_as_body(method: str, recorder: Recorder):
    call(make_tool("http", url=recorder.url, method=method), {"a": 1})

    assert (recorder.received[0].method, recorder.received[0].json) == (method, {"a": 1})


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "GET"])
def test_any_other_method_sends_it_as_query(method: str, recorder: Recorder):
    call(make_tool("http", url=recorder.url, method=method), {"a": 1})

    assert (recorder.received[0].method, recorder.received[0].path, recorder.received[0].body) == (method, "/?a=1", b"")


def test_a_head_gives_status_and_headers(recorder: Recorder):
    recorder.answers(200, b"", "text/plain", X_Total="7")

    result = call(make_tool("http", url=recorder.url, method="HEAD"))

    assert (result["status"], result["headers"]["x-total"], result["body"]) == (200, "7", {"text": ""})


# Places


def test_fields_go_to_their_places_and_the_rest_as_before(recorder: Recorder):
    tool = make_tool(
        "http",
        url=recorder.url + '/shops/{shop}/orders/{order.id}.json?fixed={shop}&j={"a":1}',
        method="POST",
        query={"lang": "{{ lang }}", "unset": "{{ unset }}", "note": "for {{ shop }}"},
        headers={"X-Tenant": "t-{{ tenant }}", "X-Trace": "{{ trace }}"},
        body={
            "lines": "{{ lines }}",
            "about": {"who": ["{{ tenant }}", "{{ nobody }}"]},
            "text": "{{lines}} of {{shop}}",
        },
    )

    call(
        tool,
        {"shop": "a/b ü?", "order": {"id": 7}, "lang": ["de", "en"], "tenant": 3, "lines": [1, {"x": 2}], "more": 1},
    )

    [sent] = recorder.received
    assert sent.path.startswith("/shops/a%2Fb%20%C3%BC%3F/orders/7.json?")
    assert pairs(sent.path) == [
        ("fixed", "a/b ü?"),
        ("j", '{"a":1}'),
        ("lang", "de"),
        ("lang", "en"),
        ("note", "for a/b ü?"),
    ]
    assert (sent.headers["x-tenant"], "x-trace" in sent.headers) == ("t-3", False)
    assert sent.json == {
        "more": 1,
        "lines": [1, {"x": 2}],
        "about": {"who": [3]},
        "text": '[1,{"x":2}] of a/b ü?',
    }


@pytest.mark.parametrize("value", ["..", ".", "../x", "a/../../b", "a\\..\\b", "", None, [1], {"a": 1}])
def test_a_field_of_the_path_never_leaves_its_segment(value: Any, recorder: Recorder):
    with pytest.raises(InvalidToolInput, match=r"`id` goes into the (path|url)"):
        call(make_tool("http", url=recorder.url + "/orders/{id}/lines"), {"id": value})

    assert not recorder.received


def test_what_looks_like_an_escape_stays_text(recorder: Recorder):
    call(make_tool("http", url=recorder.url + "/{id}"), {"id": "%2e%2e?#"})

    assert recorder.received[0].path == "/%252e%252e%3F%23"


def test_the_host_is_nobodys_to_choose(recorder: Recorder):
    with pytest.raises(InvalidTool, match="fields of the input go into its path"):
        call(make_tool("http", url="http://{host}/x"), {"host": "127.0.0.1"})


@pytest.mark.parametrize(
    ("config", "fields", "fault"),
    [
        ({"url": "/{id}"}, {"other": 1}, "`id` goes into the url"),
        ({"url": "/?q={id}"}, {"id": [1]}, "`id` goes into the url"),
        ({"query": {"q": "for {{ who }}"}}, {}, "`who` is missing: the tool puts it into a text"),
        ({"query": {"q": "{{ who }}"}}, {"q": "mine"}, "`q` is fixed by the url"),
        ({"headers": {"X-A": "{{ who }}"}}, {"who": "a\r\nX-B: c"}, "header `x-a`|header `X-A`"),
        ({"method": "POST", "body": {"a": "{{ who }}"}}, {"a": 2}, "`a` is fixed by the tool"),
        ({"url": "/{a.b}"}, {"a": {"c": 1}}, "no value for `a.b`: names here are c"),
    ],
)
def test_a_field_that_has_no_place_or_no_value_is_told(
    config: dict[str, Any], fields: dict[str, Any], fault: str, recorder: Recorder
):
    config |= {"url": recorder.url + config.get("url", "")}

    with pytest.raises(InvalidToolInput, match=fault):
        call(make_tool("http", **config), fields)

    assert not recorder.received


def test_what_the_input_says_names_no_secret_whatever_place_it_gets(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    settings = open_secret(monkeypatch)
    tool = make_tool("http", url=recorder.url, method="PUT", headers={"X-A": "{{ a }}"}, body={"b": "${SHOP} {{ a }}"})
    tool = tool.model_copy(update={"config": tool.config.model_copy(update={"url": recorder.url + "/{a}?q={a}"})})

    call(tool, {"a": "${SHOP}"}, settings)

    assert recorder.received[0].path == "/%24%7BSHOP%7D?q=%24%7BSHOP%7D"
    assert recorder.received[0].headers["x-a"] == "${SHOP}"
    assert recorder.received[0].json == {"b": SECRET + " ${SHOP}"}


# Queries and bodies


def test_a_list_is_sent_as_repeated_keys(recorder: Recorder):
    call(make_tool("http", url=recorder.url), {"tag": ["a", "b & c"], "n": [1, None, {"x": [2]}], "none": []})

    assert pairs(recorder.received[0].path) == [("tag", "a"), ("tag", "b & c"), ("n", "1"), ("n", '{"x":[2]}')]


def test_a_form_is_sent_as_a_form(recorder: Recorder):
    tool = make_tool(
        "http", url=recorder.url, method="POST", body_format="form", body={"grant": "x", "who": "{{ who }}"}
    )

    call(tool, {"who": "Ä & b", "tag": [1, 2], "deep": {"a": 1}})

    [sent] = recorder.received
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(sent.body.decode()) == [
        ("tag", "1"), ("tag", "2"), ("deep", '{"a":1}'), ("grant", "x"), ("who", "Ä & b")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "value", "sent"),
    [(None, "hello", "hello"), (None, {"text": "ü"}, "ü"), ("<id>{{ id }}</id>", {"id": 7}, "<id>7</id>")],
)
def test_a_text_is_sent_as_text(body: Any, value: Any, sent: str, recorder: Recorder):
    tool = make_tool(
        "http", url=recorder.url, method="POST", body_format="text", body=body, headers={"Content-Type": "a/b"}
    )

    call(tool, value)

    assert recorder.received[0].body.decode() == sent
    assert recorder.received[0].headers["content-type"] == "a/b"


@pytest.mark.parametrize(
    ("config", "value", "fault"),
    [
        ({"body_format": "text"}, {"a": 1}, "it must be a text"),
        ({"body_format": "text", "body": "x"}, {"a": 1}, "no place for `a`"),
        ({"body_format": "form"}, [1], "it must be an object"),
    ],
)
def test_an_input_that_is_no_such_body_is_told(config: dict[str, Any], value: Any, fault: str, recorder: Recorder):
    with pytest.raises(InvalidToolInput, match=fault):
        call(make_tool("http", url=recorder.url, method="POST", **config), value)

    assert not recorder.received


# Answers


def test_a_full_answer_has_status_headers_and_body(recorder: Recorder):
    recorder.answers(202, b'{"a": 1}', "application/json", Location="/jobs/7", Set_Cookie="sid=1")

    result = call(make_tool("http", url=recorder.url, response="full"))

    assert (result["status"], result["headers"]["location"], result["body"]) == (202, "/jobs/7", {"a": 1})
    assert "set-cookie" not in result["headers"]


def test_json_can_be_had_as_text(recorder: Recorder):
    recorder.answers(200, b'{"a": 1, "a": NaN}', "application/json")

    assert call(make_tool("http", url=recorder.url, response="text")) == {"text": '{"a": 1, "a": NaN}'}


def redirects(recorder: Recorder, status: int, to: str = "/new?x=1") -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/new"):
            send(handler, 200, b'{"moved": true}')
        else:
            send(handler, status, b"", Location=to)

    recorder.reply = reply


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [("GET", 301, "GET"), ("GET", 302, "GET"), ("POST", 303, "GET"), ("POST", 307, "POST"), ("PUT", 308, "PUT")],
)
def test_a_redirect_inside_the_server_is_followed(method: str, status: int, then: str, recorder: Recorder):
    redirects(recorder, status)

    assert call(make_tool("http", url=recorder.url + "/old", method=method), {"a": 1}) == {"moved": True}

    second = recorder.received[1]
    assert (second.method, second.path) == (then, "/new?x=1")
    assert (second.body == b"") == (then == "GET")
    assert second.headers["idempotency-key"] == recorder.received[0].headers["idempotency-key"]


@pytest.mark.parametrize(
    ("method", "status", "to"), [("POST", 302, "/new"), ("GET", 302, "/old"), ("GET", 302, "http://a@127.0.0.1/")]
)
def test_a_redirect_that_would_change_the_call_or_has_no_end_is_told(
    method: str, status: int, to: str, recorder: Recorder
):
    redirects(recorder, status, to)

    with pytest.raises(HttpRedirected):
        call(make_tool("http", url=recorder.url + "/old", method=method), {})

    assert len(recorder.received) <= 6


# Pages


def serve_pages(recorder: Recorder, last: int, by: str = "link") -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        number = int(dict(pairs(handler.path)).get("page", 1))
        more = number < last
        if by == "link":
            link = f'<{recorder.url}/?page={number + 1}>; rel="next", </?page=1>; rel="first"' if more else ""
            send(handler, 200, json.dumps([number]).encode(), Link=link)
        else:
            following = {"cursor": number + 1, "address": f"/?page={number + 1}"}[by] if more else None
            send(handler, 200, json.dumps({"data": {"rows": [number]}, "meta": {"next": following}}).encode())

    recorder.reply = reply


@pytest.mark.parametrize(
    ("by", "paging"),
    [
        ("link", {}),
        ("cursor", {"next": "meta.next", "parameter": "page", "items": "data.rows"}),
        ("address", {"next": "meta.next", "items": "data.rows"}),
    ],
)
def test_pages_are_followed_up_to_a_bound(by: str, paging: dict[str, Any], recorder: Recorder):
    serve_pages(recorder, 3, by)

    everything = call(make_tool("http", url=recorder.url, paging=paging))
    some = call(make_tool("http", url=recorder.url, paging={**paging, "max_pages": 2}))

    assert everything == {"items": [1, 2, 3], "pages": 3, "hasMore": False}
    assert some == {"items": [1, 2], "pages": 2, "hasMore": True}


@pytest.mark.parametrize(
    ("link", "body", "paging", "fault"),
    [
        ("<http://127.0.0.1:1/>; rel=next", b"[]", {}, "at another server"),
        ("<http://x@{host}/>; rel=next", b"[]", {}, "at another server"),
        ("</>; rel=next", b"[]", {}, "that was there before"),
        ("", b'{"a": 1}', {}, "the page is no list"),
        ("", b'{"a": 1}', {"items": "rows"}, "`rows` of the page is no list"),
    ],
)
def test_pages_that_lead_astray_are_told(
    link: str, body: bytes, paging: dict[str, Any], fault: str, recorder: Recorder
):
    recorder.answers(200, body, "application/json", Link=link.format(host=f"127.0.0.1:{recorder.port}"))

    with pytest.raises(InvalidToolOutput, match=fault):
        call(make_tool("http", url=recorder.url + "/", paging=paging))

    assert len(recorder.received) == 1


def test_all_pages_together_are_bounded(recorder: Recorder):
    serve_pages(recorder, 100)
    settings = LOCAL.model_copy(update={"http_max_response_bytes": 10})

    with pytest.raises(ResponseTooLong, match=r"paging\.maxPages"):
        call(make_tool("http", url=recorder.url, paging={"max_pages": 100}), settings=settings)


# Who calls


def open_secret(monkeypatch: pytest.MonkeyPatch, hosts: str = "http://127.0.0.1") -> Settings:
    monkeypatch.setenv("AGENTMESH_SECRET_SHOP", SECRET)
    monkeypatch.setenv("AGENTMESH_SECRET_SHOP_HOSTS", hosts)
    get_settings.cache_clear()
    return Settings(http_allow_hosts="127.0.0.1", http_timeout_seconds=5)


def test_basic_and_bearer_come_from_secrets_and_do_not_come_back(recorder: Recorder, monkeypatch: pytest.MonkeyPatch):
    settings = open_secret(monkeypatch)
    expected = "Basic " + base64.b64encode(f"shop:{SECRET}".encode()).decode()
    recorder.reply = lambda handler: send(handler, 200, json.dumps({"got": handler.headers["authorization"]}).encode())
    basic = {"type": "basic", "username": "shop", "password": "${SHOP}"}

    shown = call(make_tool("http", url=recorder.url, auth=basic), settings=settings)
    call(make_tool("http", url=recorder.url, auth={"type": "bearer", "token": "${SHOP}"}), settings=settings)

    assert [sent.headers["authorization"] for sent in recorder.received] == [expected, f"Bearer {SECRET}"]
    assert "***" in shown["got"]
    assert SECRET not in json.dumps(shown)
    assert expected[10:] not in json.dumps(shown)


class TokenServer:
    """Gives a new token at each call, and takes only the newest."""

    def __init__(self, recorder: Recorder, *, takes: str = "basic", expires_in: float | None = 3600) -> None:
        self.given = 0
        self.takes, self.expires_in = takes, expires_in
        recorder.reply = self.reply

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        is_basic = "basic" in (handler.headers["authorization"] or "").lower()
        if (self.takes == "basic" and not is_basic) or (self.takes == "body" and is_basic):
            return send(handler, 401, b'{"error": "invalid_client"}')
        self.given += 1
        return send(handler, 200, json.dumps({"access_token": self.token, "expires_in": self.expires_in}).encode())

    @property
    def token(self) -> str:
        return f"token-number-{self.given}"


@pytest.mark.parametrize("takes", ["basic", "body"])
def test_a_token_is_asked_for_once_kept_and_asked_for_again_when_it_was_revoked(
    takes: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    settings = open_secret(monkeypatch)
    with run_recorder() as login:
        server = TokenServer(login, takes=takes)

        def reply(handler: BaseHTTPRequestHandler) -> None:
            is_known = handler.headers["authorization"] == f"Bearer {server.token}"
            send(handler, 200 if is_known else 401, json.dumps({"said": handler.headers["authorization"]}).encode())

        recorder.reply = reply
        auth = {
            "type": "oauth",
            "token_url": login.url + "/token",
            "client_id": f"me-{takes}",
            "client_secret": "${SHOP}",
            "scope": "read",
        }
        tool = make_tool("http", url=recorder.url, auth=auth)

        first, second = call(tool, settings=settings), call(tool, settings=settings)
        assert (first, second, server.given) == ({"said": "Bearer ***"}, {"said": "Bearer ***"}, 1)
        assert dict(parse_qsl(login.received[-1].body.decode()))["grant_type"] == "client_credentials"
        assert dict(parse_qsl(login.received[-1].body.decode()))["scope"] == "read"

        server.given = 7  # all tokens so far are revoked
        assert call(tool, settings=settings) == {"said": "Bearer ***"}
        assert server.given == 8

        recorder.answers(401, b"never")
        with pytest.raises(HttpUnauthorized):
            call(tool, settings=settings)
        assert server.given == 9, "once more, and not for ever"


def test_a_token_is_not_sent_after_its_end(recorder: Recorder, monkeypatch: pytest.MonkeyPatch):
    settings = open_secret(monkeypatch)
    with run_recorder() as login:
        server = TokenServer(login, expires_in=31)
        auth = {"type": "oauth", "token_url": login.url, "client_id": "short", "client_secret": "${SHOP}"}
        tool = make_tool("http", url=recorder.url, auth=auth)

        call(tool, settings=settings)
        time.sleep(1.1)
        call(tool, settings=settings)

    assert server.given == 2


def test_the_secret_of_a_client_goes_to_the_token_server_alone(recorder: Recorder, monkeypatch: pytest.MonkeyPatch):
    with run_recorder() as login:
        settings = open_secret(monkeypatch, f"http://127.0.0.1:{recorder.port}")
        auth = {"type": "oauth", "token_url": login.url, "client_id": "other", "client_secret": "${SHOP}"}

        with pytest.raises(InvalidTool, match="the secret SHOP is not for the host"):
            call(make_tool("http", url=recorder.url, auth=auth), settings=settings)

        assert not login.received
    assert not recorder.received


@pytest.mark.parametrize(
    ("auth", "fault"),
    [
        ({"type": "basic", "username": "x"}, "of type basic needs `password`"),
        ({"type": "bearer", "token": "x", "scope": "y"}, "of type bearer has no `scope`"),
        ({"type": "oauth", "clientId": "x"}, "of type oauth needs `tokenUrl` and `clientSecret`"),
        ({"type": "magic"}, "'basic', 'bearer' or 'oauth'"),
    ],
)
def test_an_authentication_that_lacks_something_is_told_when_it_is_read(auth: dict[str, Any], fault: str):
    with pytest.raises(ValidationError, match=fault):
        ToolConfig.model_validate({"auth": auth})


DOCUMENT = """
tools:
  - id: orders
    name: Orders
    type: http
    config:
      method: PATCH
      url: https://shop.example/orders/{id}
      auth: {type: oauth, tokenUrl: "https://login.example/token", clientId: me, clientSecret: "${CLIENT}"}
      headers: {X-Tenant: "{{ tenant }}", X-Key: "${CLIENT}"}
      bodyFormat: text
      body: "<order>{{ id }}</order>"
      response: full
  - id: all
    name: All
    type: http
    config: {url: "https://shop.example/orders", paging: {next: meta.next, parameter: cursor, items: data, maxPages: 5}}
"""


def test_a_document_keeps_what_it_says_and_warns_of_each_secret_for_its_own_host():
    document, issues = check_document(DOCUMENT.encode(), name="tools.yaml")

    written = [tool.to_wire()["config"] for tool in document.tools]
    assert written == [tool["config"] for tool in yaml.safe_load(DOCUMENT)["tools"]]
    hosts = {issue.path: re.findall(r"such as ([\w.]+)", issue.message) for issue in issues}
    assert hosts == {
        "$.tools[0].config.auth.clientSecret": ["login.example"],
        '$.tools[0].config.headers["X-Key"]': ["shop.example"],
    }


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        (
            "{url: 'https://a.example', body: x, method: PUT}",
            "a text as `body`, which goes with `bodyFormat: text`",
        ),
        ("{url: 'https://a.example', method: POST, paging: {}}", "has `paging`, which is for GET, not for POST"),
        ("{url: 'https://a.example', paging: {maxPages: 0}}", "at least 1"),
        ("{url: 'https://a.example', paging: {next: 'a b'}}", "paging.next"),
        ("{url: 'https://a.example', auth: {type: basic}}", "of type basic needs `username` and `password`"),
    ],
)
def test_what_does_not_go_together_is_an_issue_in_words(config: str, fault: str):
    written = f"tools: [{{id: t, name: T, type: http, config: {config}}}]"

    _, issues = check_document(written.encode(), name="tools.yaml")

    assert fault in " ".join(f"{issue.path} {issue.message}" for issue in issues)


# Files


PDF = b"%PDF-1.7 \xe2\xe3 and the rest"


@pytest.mark.parametrize(
    ("body", "content_type", "disposition", "name"),
    [
        (PDF, "application/pdf", "", "file.pdf"),
        (b"\x89PNG", "image/png; a=b", "inline; filename=x.png", "x.png"),
        (b"\xff\xfe\x00", "", "", "file.bin"),
        (b"a\x00b", "application/octet-stream", "attachment; filename*=UTF-8''%C3%BC.dat", "ü.dat"),
        (b"plain", "application/zip", "attachment; filename=..", "file.zip"),
    ],
)
def test_what_is_no_text_is_a_file(body: bytes, content_type: str, disposition: str, name: str, recorder: Recorder):
    recorder.answers(200, body, content_type or "x", Content_Disposition=disposition)
    kept: list[FileContent] = []

    def keep(file: FileContent) -> JsonValue:
        kept.append(file)
        return file.describe()

    request = ToolRequest(make_tool("http", url=recorder.url), {}, "key", time.monotonic() + 5, keep_file=keep)
    result = call_tool(request, LOCAL)

    assert [(file.name, file.content) for file in kept] == [(name, body)]
    assert result["file"]["size"] == len(body)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"<svg/>", "image/svg+xml"), (b"a,b", "application/octet-stream"), ("ü".encode(), ""), (b"\xff", "text/csv")],
)
def test_what_is_text_stays_text(body: bytes, content_type: str, recorder: Recorder):
    recorder.answers(200, body, content_type or "x")

    assert call(make_tool("http", url=recorder.url)) == {"text": body.decode(errors="replace")}


def test_a_file_with_a_secret_in_it_is_kept_nowhere(recorder: Recorder, monkeypatch: pytest.MonkeyPatch):
    settings = open_secret(monkeypatch)
    recorder.answers(200, b"\x00" + SECRET.encode(), "image/png")

    with pytest.raises(InvalidToolOutput, match="holds a secret of the call"):
        call(make_tool("http", url=recorder.url, auth={"type": "bearer", "token": "${SHOP}"}), settings=settings)
