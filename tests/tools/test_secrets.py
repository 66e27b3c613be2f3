"""Secrets of tools: which ones are open, where they go, and that nobody sees them again."""

import base64
import json
import logging
import re
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from agentmesh_dagster.settings import InvalidSettings, Settings, get_settings
from agentmesh_dagster.tools import ToolError
from agentmesh_dagster.tools.errors import HttpRedirected, HttpRefused, InvalidTool, InvalidToolInput
from tests.tools.servers import Recorder, call, make_tool, run_recorder, send

SECRET = 'k3y "quoted"/+=&-value'


def open_secret(monkeypatch: pytest.MonkeyPatch, name: str, value: str = SECRET, hosts: str = "http://127.0.0.1"):
    monkeypatch.setenv(f"AGENTMESH_SECRET_{name}", value)
    monkeypatch.setenv(f"AGENTMESH_SECRET_{name}_HOSTS", hosts)


def local() -> Settings:
    """Settings that read the environment as it is now."""
    return Settings(http_allow_hosts="127.0.0.1,localhost", http_timeout_seconds=5)


def secret_tool(recorder: Recorder, **config: Any) -> Any:
    return make_tool("http", **{"url": recorder.url, "headers": {"Authorization": "Bearer ${SHOP}"}} | config)


def test_an_opened_secret_is_put_into_headers_query_and_body(recorder: Recorder, monkeypatch: pytest.MonkeyPatch):
    open_secret(monkeypatch, "SHOP", f" {SECRET}\n")
    tool = secret_tool(
        recorder,
        method="POST",
        url=recorder.url + "/orders?limit=5&key=${SHOP}",
        query={"again": "x-${SHOP}"},
        body={"auth": {"keys": ["${SHOP}"]}, "fixed": 1},
    )

    call(tool, {"name": "Ann ${SHOP}"}, local())

    [sent] = recorder.received
    assert sent.headers["authorization"] == f"Bearer {SECRET}"
    asked = dict(httpx2.URL(sent.path).params)
    assert asked == {"limit": "5", "key": SECRET, "again": f"x-{SECRET}"}
    assert sent.json == {"name": "Ann ${SHOP}", "auth": {"keys": [SECRET]}, "fixed": 1}, "the input stays text"
    assert SECRET not in repr(tool)


def test_what_a_tool_fixes_cannot_be_replaced_by_its_input(recorder: Recorder):
    with pytest.raises(InvalidToolInput, match="`tenant` is fixed by the tool"):
        call(make_tool("http", url=recorder.url, method="POST", body={"tenant": 1}), {"tenant": 2})
    with pytest.raises(InvalidToolInput, match="`tenant` is fixed by the url"):
        call(make_tool("http", url=recorder.url, query={"tenant": "1"}), {"tenant": "2"})

    assert not recorder.received


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("SHOP_TOKEN", "AGENTMESH_SECRET_SHOP_TOKEN_HOSTS"),  # a variable as they were resolved once
        ("PATH", "no other variable of the environment is read"),
        ("OPENAI_API_KEY", "never resolved"),
        ("ANTHROPIC_API_KEY", "never resolved"),
        ("AGENTMESH_WEBHOOK_SECRET", "never resolved"),
        ("AGENTMESH_SECRET_SHOP", "never resolved"),
        ("agentmesh_secret_shop", "never resolved"),
    ],
)
def test_nothing_else_of_the_environment_resolves(
    name: str, fault: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    open_secret(monkeypatch, "SHOP")
    open_secret(monkeypatch, "OPENAI_API_KEY")  # not even when it is opened by that name
    for variable in ("SHOP_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AGENTMESH_WEBHOOK_SECRET"):
        monkeypatch.setenv(variable, "of-the-environment")
    places: list[dict[str, Any]] = [
        {"headers": {"X-Key": f"a ${{{name}}}"}},
        {"headers": {}, "url": f"{recorder.url}/?key=${{{name}}}"},
        {"headers": {}, "query": {"key": f"${{{name}}}"}},
        {"headers": {}, "method": "POST", "body": {"key": f"${{{name}}}"}},
    ]

    for place in places:
        with pytest.raises(InvalidTool, match=fault) as raised:
            call(secret_tool(recorder, **place), settings=local())
        assert "of-the-environment" not in str(raised.value)

    assert not recorder.received


@pytest.mark.parametrize(
    ("hosts", "fault"),
    [
        ("http://127.0.0.1", None),
        ("shop.example, http://127.0.0.1:{port}", None),
        ("shop.example", "not for the host `127.0.0.1`"),
        ("http://127.0.0.1:1", "not for the host"),
        ("127.0.0.1", "over https only"),
        ("*.0.0.1", "over https only"),
        ("http://*.0.0.1", None),
        ("http://*.27.0.0.1", "not for the host"),
        ("http://localhost", "not for the host"),
    ],
)
def test_a_secret_goes_to_its_hosts_alone(
    hosts: str, fault: str | None, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    open_secret(monkeypatch, "SHOP", hosts=hosts.format(port=recorder.port))

    if fault is None:
        call(secret_tool(recorder), settings=local())
    else:
        with pytest.raises(InvalidTool, match=fault):
            call(secret_tool(recorder), settings=local())

    assert len(recorder.received) == (0 if fault else 1)


def test_a_secret_does_not_go_along_with_a_redirect(recorder: Recorder, monkeypatch: pytest.MonkeyPatch):
    open_secret(monkeypatch, "SHOP")
    with run_recorder() as elsewhere:
        recorder.answers(302, Location=f"http://localhost:{elsewhere.port}/")

        with pytest.raises(HttpRedirected):
            call(secret_tool(recorder), settings=local())

        assert not elsewhere.received


@pytest.mark.parametrize("text", ["${}", "${A B}", "${OPEN", "${A-B}"])
def test_a_secret_that_cannot_be_read_is_a_clear_error(text: str, recorder: Recorder):
    with pytest.raises(InvalidTool, match=re.escape("${NAME}")):
        call(make_tool("http", url=recorder.url, headers={"X-Key": text}))


@pytest.mark.parametrize(
    ("value", "hosts", "fault"),
    [
        (SECRET, "", "must name the hosts"),
        (SECRET, "https://a b", "is no host"),
        (SECRET, "api.example/path", "is no host"),
        (SECRET, "*", "is no host"),
        ("tiny-1", "api.example", "8 characters"),
    ],
)
def test_a_secret_that_is_opened_badly_is_told_at_the_start(
    value: str, hosts: str, fault: str, monkeypatch: pytest.MonkeyPatch
):
    open_secret(monkeypatch, "SHOP", value, hosts)
    get_settings.cache_clear()

    with pytest.raises(InvalidSettings, match=fault) as raised:
        get_settings()

    assert "AGENTMESH_SECRET_SHOP" in str(raised.value)
    assert value not in str(raised.value)


def echo(status: int) -> Any:
    """Sends the headers back as JSON, in a body and in the reason of a redirect; and what somebody may make of them."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        raw = handler.headers["Authorization"].removeprefix("Bearer ")
        made = [
            quote(raw, safe=""),
            quote(raw, safe="").lower(),
            raw.encode().hex(),
            *(base64.b64encode(f"{user}:{raw}:x".encode()).decode() for user in ("", "a", "ab", "abc")),
            base64.urlsafe_b64encode(raw.encode()).decode(),
        ]
        number = int(handler.headers["X-Number"])
        fields = {"headers": dict(handler.headers.items()), raw: 1, "made": made, "number": number}
        send(handler, status, json.dumps(fields).encode(), Location=f"http://{handler.headers['X-Plain']}.example/")

    return reply


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_a_secret_that_the_server_sends_back_is_scrubbed(
    status: int, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    open_secret(monkeypatch, "SHOP")
    open_secret(monkeypatch, "PLAIN", "plain-secret-value")
    open_secret(monkeypatch, "NUMBER", "8315702264")
    recorder.reply = echo(status)
    headers = {"Authorization": "Bearer ${SHOP}", "X-Plain": "${PLAIN}", "X-Number": "${NUMBER}"}
    tool = secret_tool(recorder, headers=headers)

    if status == 200:
        seen = json.dumps(call(tool, settings=local()))
        assert "Bearer ***" in seen
    else:
        with pytest.raises(ToolError) as raised:
            call(tool, settings=local())
        seen = str(raised.value) + repr(raised.value)
        assert raised.value.__cause__ is None

    middle = [base64.b64encode(bytes(pad) + SECRET.encode()).decode()[8:20] for pad in range(3)]
    for part in ("k3y", "plain-secret", "8315702264", SECRET.encode().hex(), *middle):
        assert part not in seen
        assert part not in caplog.text


def test_a_secret_at_the_cut_of_a_long_error_is_scrubbed(recorder: Recorder, monkeypatch: pytest.MonkeyPatch):
    open_secret(monkeypatch, "SHOP", "t0ken-" * 20)
    recorder.answers(400, (b"." * 450) + b"t0ken-" * 20 + b"." * 1_000, "text/plain")

    with pytest.raises(HttpRefused) as raised:
        call(secret_tool(recorder), settings=local())

    assert "t0ken" not in str(raised.value)
