"""What http tools send, and what they make of the answer."""

import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools import ToolError
from agentmesh_dagster.tools.errors import (
    HttpFailed,
    HttpRedirected,
    HttpRefused,
    HttpTimedOut,
    HttpUnreachable,
    InvalidTool,
    InvalidToolInput,
    InvalidToolOutput,
    ResponseTooLong,
)
from agentmesh_dagster.tools.outgoing import OutgoingCall, send_call
from agentmesh_dagster.tools.secrets import Secrets
from tests.costs import FAR_TOO_LONG_SECONDS
from tests.tools.servers import LOCAL, Recorder, call, make_tool, run_recorder, send


def test_get_sends_the_input_as_query(recorder: Recorder):
    tool = make_tool("http", url=recorder.url + "/orders?limit=5")

    call(tool, {"name": "Ärger & Söhne", "open": True, "count": 3, "filter": {"a": [1, None]}, "unset": None})

    sent = httpx2.URL(recorder.received[0].path)
    assert recorder.received[0].method == "GET"
    assert dict(sent.params) == {
        "limit": "5",
        "name": "Ärger & Söhne",
        "open": "true",
        "count": "3",
        "filter": '{"a":[1,null]}',
    }


def test_a_query_field_of_the_url_cannot_be_replaced_by_input(recorder: Recorder):
    with pytest.raises(InvalidToolInput, match="`tenant` is fixed by the url"):
        call(make_tool("http", url=recorder.url + "/?tenant=7"), {"tenant": "8"})

    assert not recorder.received


@pytest.mark.parametrize("value", [{"items": [1, {"ä": None}]}, [1, 2], "text", None, 3])
def test_post_sends_the_input_as_json(value: Any, recorder: Recorder):
    call(make_tool("http", url=recorder.url, method="POST"), value)

    assert recorder.received[0].method == "POST"
    assert recorder.received[0].headers["content-type"] == "application/json"
    assert recorder.received[0].json == value


def test_get_without_input_sends_no_query(recorder: Recorder):
    call(make_tool("http", url=recorder.url + "/health"))

    assert recorder.received[0].path == "/health"


def test_get_with_a_list_as_input_is_a_clear_error(recorder: Recorder):
    with pytest.raises(InvalidToolInput, match="must be an object"):
        call(make_tool("http", url=recorder.url), [1])


def test_a_query_that_no_url_can_hold_is_a_clear_error(recorder: Recorder):
    with pytest.raises(InvalidToolInput, match="use the method POST"):
        call(make_tool("http", url=recorder.url), {"text": "x" * 70_000})


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ("run-1/score/0", "run-1/score/0"),
        ("run/审核 node/0", "run/%E5%AE%A1%E6%A0%B8%20node/0"),
        ("100%", "100%25"),
    ],
)
def test_the_idempotency_key_is_always_sent(key: str, sent: str, recorder: Recorder):
    for method in ("GET", "POST"):
        call(make_tool("http", url=recorder.url, method=method), {}, key=key)

    assert [received.headers["idempotency-key"] for received in recorder.received] == [sent, sent]


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (None, "config.url is missing"),
        ("", "config.url is missing"),
        ("ftp://127.0.0.1/", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("127.0.0.1/path", "http:// or https://"),
        ("http:///path", "names no host"),
        ("http://127.0.0.1:99999/", "port"),
        ("http://127.0.0.1:x/", "cannot be read"),
        ("http://127.0.0.1/\n", None),
        ("http://127.0.0.1/a\x7fb", "cannot be read"),
        ("http://user:pass-word@127.0.0.1/", "credentials"),
        ("http://pass-word@127.0.0.1/", "credentials"),
        ("https://127.0.0.1/${TOKEN}", "for headers, the query and the body"),
    ],
)
def test_a_url_that_cannot_be_called_is_a_clear_error(url: str | None, fault: str | None):
    with pytest.raises(ToolError) as raised:
        call(make_tool("http", url=url), seconds=0.2)

    if fault:
        assert isinstance(raised.value, InvalidTool)
        assert fault in str(raised.value)
    assert "pass-word" not in str(raised.value)


# Answers


@pytest.mark.parametrize(
    ("body", "content_type", "result"),
    [
        (b'{"a": [1, 2.5, null]}', "application/json", {"a": [1, 2.5, None]}),
        (b'{"a": 1}', "application/problem+json; charset=utf-8", {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', "application/json", {"a": 1}),
        (b'{"a": 1}', "text/plain", {"a": 1}),
        (b" [1]\n", "application/octet-stream", [1]),
        (b"7", "application/json", 7),
        (b'"hello"', "application/json", {"text": "hello"}),
        (b"null", "application/json", None),
        (b"7", "text/plain", {"text": "7"}),
        (b"{not json}", "text/plain", {"text": "{not json}"}),
        (b"<h1>hi</h1>", "text/html", {"text": "<h1>hi</h1>"}),
        (b"", "application/json", {"text": ""}),
        (b"", "text/plain", {"text": ""}),
        ("Grüße".encode("latin-1"), "text/plain; charset=ISO-8859-1", {"text": "Grüße"}),
        ("Grüße".encode("utf-16"), 'text/plain; charset="utf-16"', {"text": "Grüße"}),
        ("Grüße".encode(), "text/plain; charset=punycode", {"text": "Grüße"}),
        ("Grüße".encode(), "text/plain; charset=zlib", {"text": "Grüße"}),
        (b"a\xff\x00b", "text/plain", {"text": "a\ufffd\ufffdb"}),
        (b"\xed\xa0\x80", "text/plain", {"text": "\ufffd\ufffd\ufffd"}),
        (b'{"a": "\\u0000"}', "text/plain", {"text": '{"a": "\\u0000"}'}),
    ],
)
def test_an_answer_is_made_json(body: bytes, content_type: str, result: Any, recorder: Recorder):
    recorder.answers(200, body, content_type)

    assert call(make_tool("http", url=recorder.url)) == result


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"<html>", "Expecting value"),
        (b'{"a": 1', "delimiter"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'["\\u0000"]', "cannot be stored"),
        (b'["\\ud800"]', "surrogate"),
        (b"[" * 5_000 + b"]" * 5_000, "deeper than 200"),
        (b"\xff", "UTF-8"),
    ],
)
def test_an_answer_that_calls_itself_json_must_be_canonical_json(body: bytes, fault: str, recorder: Recorder):
    recorder.answers(200, body, "application/json")

    with pytest.raises(InvalidToolOutput, match=fault):
        call(make_tool("http", url=recorder.url))


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_packed_answer_is_unpacked(pack: Any, recorder: Recorder):
    coding = "gzip" if pack is gzip.compress else "deflate"
    recorder.answers(200, pack(b'{"a": 1}'), "application/json", Content_Encoding=coding)

    assert call(make_tool("http", url=recorder.url)) == {"a": 1}
    assert recorder.received[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(("coding", "fault"), [("gzip", "broken content encoding"), ("br", "`br` was not asked for")])
def test_an_answer_that_cannot_be_unpacked_is_a_clear_error(coding: str, fault: str, recorder: Recorder):
    recorder.answers(200, b"{}", Content_Encoding=coding)

    with pytest.raises(InvalidToolOutput, match=fault):
        call(make_tool("http", url=recorder.url))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 451, 499])
def test_a_refusal_of_the_server_is_final(status: int, recorder: Recorder):
    recorder.answers(status, b'{"error": "no such order"}')

    with pytest.raises(HttpRefused, match=rf"{status}.*no such order") as raised:
        call(make_tool("http", url=recorder.url))

    assert not raised.value.retryable


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_a_server_that_cannot_answer_now_may_be_asked_again(status: int, recorder: Recorder):
    recorder.answers(status, b"busy", "text/plain")

    with pytest.raises(HttpFailed, match=f"{status}.*busy") as raised:
        call(make_tool("http", url=recorder.url))

    assert raised.value.retryable
    assert len(recorder.received) == 1  # retries are the step's, never the tool's own


def test_the_text_of_a_refusal_is_cut_and_can_be_stored(recorder: Recorder):
    recorder.answers(400, b"\x00\x1b[31m" + b"word\r\n" * 1_000, "text/plain")

    with pytest.raises(HttpRefused) as raised:
        call(make_tool("http", url=recorder.url))

    assert "word word" in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_the_status_counts_more_than_a_body_that_cannot_be_read(coding: str, recorder: Recorder):
    recorder.answers(503, b"x" * 100, Content_Encoding=coding)

    with pytest.raises(HttpFailed, match=r"503 Service Unavailable$"):
        call(make_tool("http", url=recorder.url))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_is_not_followed(status: int, recorder: Recorder):
    with run_recorder() as elsewhere:
        recorder.answers(status, Location=f"{elsewhere.url}/private?token=abc")

        with pytest.raises(HttpRedirected, match=r"to the host `127\.0\.0\.1`") as raised:
            call(make_tool("http", url=recorder.url))

        assert not elsewhere.received
    assert "abc" not in str(raised.value)
    assert "private" not in str(raised.value)


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest/", "http://[::1/", "file:///etc/passwd", "//x", ""]
)
def test_a_redirect_to_anywhere_is_refused(location: str, recorder: Recorder):
    recorder.answers(302, Location=location)

    with pytest.raises(HttpRedirected):
        call(make_tool("http", url=recorder.url))


# Bounds


def small(max_bytes: int = 50_000, seconds: float = 5) -> Settings:
    return LOCAL.model_copy(update={"http_max_response_bytes": max_bytes, "http_timeout_seconds": seconds})


def test_a_long_answer_is_cut_off_while_it_comes(recorder: Recorder):
    sent: list[int] = []

    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(1_000):
            handler.wfile.write(b"x" * 100_000)
            sent.append(100_000)

    recorder.reply = flood

    with pytest.raises(ResponseTooLong, match="50,000 bytes"):
        call(make_tool("http", url=recorder.url), settings=small())

    assert sum(sent) < 20_000_000  # what socket buffers hold, not the 100 MB


def test_a_gzip_bomb_is_cut_off_while_it_unpacks(recorder: Recorder):
    bomb = gzip.compress(b"0" * 50_000_000)
    assert len(bomb) < 50_000
    recorder.answers(200, bomb, "text/plain", Content_Encoding="gzip")

    with pytest.raises(ResponseTooLong):
        call(make_tool("http", url=recorder.url), settings=small())


def test_a_bomb_in_a_bomb_is_refused(recorder: Recorder):
    recorder.answers(200, gzip.compress(gzip.compress(b"0" * 10_000_000)), Content_Encoding="gzip, gzip")

    with pytest.raises(InvalidToolOutput, match="not asked for"):
        call(make_tool("http", url=recorder.url), settings=small())


def test_an_answer_as_long_as_allowed_is_whole(recorder: Recorder):
    recorder.answers(200, b"x" * 50_000, "text/plain")

    assert call(make_tool("http", url=recorder.url), settings=small()) == {"text": "x" * 50_000}


def drip_head(handler: BaseHTTPRequestHandler) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.02)


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1_000):
        handler.wfile.write(b".")
        time.sleep(0.02)


def say_nothing(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


@pytest.mark.parametrize("reply", [drip_head, drip_body, say_nothing])
@pytest.mark.parametrize("limit", ["setting", "deadline"])
def test_a_slow_server_is_left_in_time(reply: Any, limit: str, recorder: Recorder):
    recorder.reply = reply
    started = time.monotonic()

    with pytest.raises(HttpTimedOut) as raised:
        call(
            make_tool("http", url=recorder.url),
            settings=small(seconds=0.2 if limit == "setting" else 2 * FAR_TOO_LONG_SECONDS),
            seconds=0.2 if limit == "deadline" else 2 * FAR_TOO_LONG_SECONDS,
        )

    assert raised.value.retryable
    assert 0.15 < time.monotonic() - started < 15  # to its end it would take 20


def test_a_server_that_does_not_read_is_left_in_time():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        tool = make_tool("http", url=f"http://127.0.0.1:{listening.getsockname()[1]}", method="POST")
        started = time.monotonic()

        with pytest.raises(HttpTimedOut):
            call(tool, {"text": "x" * 9_000_000}, seconds=0.3)

    assert time.monotonic() - started < FAR_TOO_LONG_SECONDS


def test_no_call_is_made_after_the_deadline(recorder: Recorder):
    with pytest.raises(HttpTimedOut, match="no time was left"):
        call(make_tool("http", url=recorder.url), seconds=-1)

    assert not recorder.received


def answer_raw(data: bytes) -> int:
    """The port of a server that sends `data` to one caller, whatever it asks."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening, listening.accept()[0] as caller:
            caller.recv(65_536)
            caller.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    return listening.getsockname()[1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
    ],
)
def test_an_answer_that_is_cut_short_or_no_http_is_no_success(data: bytes):
    with pytest.raises(HttpUnreachable) as raised:
        call(make_tool("http", url=f"http://127.0.0.1:{answer_raw(data)}/"))

    assert raised.value.retryable


def test_a_server_that_is_not_there_may_be_asked_again():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(HttpUnreachable, match="refused") as raised:
        call(make_tool("http", url=f"http://127.0.0.1:{port}/"))

    assert raised.value.retryable


# Headers


@pytest.mark.parametrize("value", ["line\nbreak-secret", "sch\u00f6n-secret", "nul\x00-secret"])
def test_a_secret_that_no_header_can_hold_is_not_shown(value: str, recorder: Recorder):
    with pytest.raises(InvalidTool, match="header `X-Key`") as raised:
        call(make_tool("http", url=recorder.url, headers={"X-Key": value}))

    assert "secret" not in str(raised.value)
    assert not recorder.received


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Idempotency-Key"])
def test_a_header_that_steers_the_connection_is_refused(name: str, recorder: Recorder):
    with pytest.raises(InvalidTool, match="set by AgentMesh itself"):
        call(make_tool("http", url=recorder.url, headers={name: "1"}))


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\r\nY", "Schön"])
def test_a_header_name_must_be_one(name: str, recorder: Recorder):
    with pytest.raises(InvalidTool, match="no header name"):
        call(make_tool("http", url=recorder.url, headers={name: "1"}))


def test_headers_of_the_tool_take_the_place_of_ours(recorder: Recorder):
    headers = {"Accept": "text/csv", "USER-AGENT": "shop/1", "content-type": "application/vnd.api+json"}
    call(make_tool("http", url=recorder.url, method="POST", headers=headers), {})

    sent = recorder.received[0].headers
    assert (sent["accept"], sent["user-agent"]) == ("text/csv", "shop/1")
    assert sent["content-type"] == "application/vnd.api+json"


# TLS and threads

CERTIFICATE = Path(__file__).with_name("shop.example.pem")


@pytest.mark.parametrize("host", ["shop.example", "other.example"])
def test_tls_checks_the_name_and_not_the_address(host: str):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(CERTIFICATE)
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))

    with run_recorder(serving) as shop:
        url = httpx2.URL(f"https://{host}:{shop.port}/")
        outgoing = OutgoingCall("GET", url, {}, None, Secrets(), time.monotonic() + 5)

        if host == "shop.example":
            answer = send_call(outgoing, LOCAL, resolve=lambda *_: ["127.0.0.1"], ssl_context=trusting)
            assert answer.body == b"{}"
        else:
            with pytest.raises(HttpUnreachable, match="certificate"):
                send_call(outgoing, LOCAL, resolve=lambda *_: ["127.0.0.1"], ssl_context=trusting)
            assert not shop.received


def test_a_certificate_that_the_system_does_not_know_is_refused():
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(CERTIFICATE)

    with run_recorder(serving) as shop, pytest.raises(HttpUnreachable, match="certificate"):
        call(make_tool("http", url=f"https://127.0.0.1:{shop.port}/"))


def test_calls_in_parallel_do_not_disturb_each_other(recorder: Recorder):
    def echo_body(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.02)
        send(handler, 200, json.dumps({"path": handler.path}).encode())

    recorder.reply = echo_body
    tool = make_tool("http", url=recorder.url)

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda number: call(tool, {"n": number}), range(64)))

    assert results == [{"path": f"/?n={number}"} for number in range(64)]
