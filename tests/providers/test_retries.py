"""The retry budget, against a server whose faults are scripted."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from agentmesh_dagster.providers.errors import (
    AccessRefused,
    MalformedReply,
    ProviderBroken,
    ProviderBusy,
    ProviderTimeout,
    ProviderUnreachable,
    QuotaUsedUp,
    RequestRefused,
    WaitTooLong,
)
from agentmesh_dagster.providers.retries import read_retry_after
from tests.costs import FAR_TOO_LONG_SECONDS
from tests.providers.scripted import ScriptedServer, Step, answer, break_off, hang_up
from tests.providers.wires import LOCAL, OPENAI, Wire, ask

HTML = "<html><body><h1>Please sign in</h1></body></html>"

PASSING_FAULTS: dict[str, Callable[[Wire], Step]] = {
    **{
        str(status): lambda wire, status=status: answer(wire.error("not now"), status)
        for status in (408, 409, 429, 500, 502, 503, 504, 529)
    },
    "html": lambda _: answer(HTML, content_type="text/html"),
    "html with 502": lambda _: answer(HTML, 502, content_type="text/html"),
    "truncated": lambda _: answer('{"id": "chat-1", "choices": [{"mess'),
    "broken off": lambda wire: break_off(wire.text("hello")),
    "hung up": lambda _: hang_up,
    "empty body": lambda _: answer(""),
    "empty answer": lambda wire: answer(wire.text("")),
    "not finished": lambda wire: answer(wire.text("hello", "error")),
    "error in a 200": lambda wire: answer(wire.error("overloaded")),
}


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS)
def test_a_fault_that_may_pass_is_tried_again(
    server: ScriptedServer, wire: Wire, fault: Callable[[Wire], Step]
) -> None:
    server.play(fault(wire), answer(wire.text("hello")))

    assert wire.complete(server.url).text == "hello"
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RequestRefused),
        (401, AccessRefused),
        (402, QuotaUsedUp),
        (403, AccessRefused),
        (404, RequestRefused),
        (413, RequestRefused),
        (422, RequestRefused),
        (501, RequestRefused),
    ],
)
def test_a_fault_that_stays_is_not_tried_again(
    server: ScriptedServer, wire: Wire, status: int, error: type[Exception]
) -> None:
    server.play(answer(wire.error("no"), status), answer(wire.text("hello")))

    with pytest.raises(error):
        wire.complete(server.url)
    assert len(server.seen) == 1


def test_an_account_without_credit_is_not_asked_again(server: ScriptedServer) -> None:
    body = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    server.play(answer(body, 429))

    with pytest.raises(QuotaUsedUp, match="billing"):
        OPENAI.complete(server.url)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (answer("busy", 529), ProviderBusy),
        (answer("oh", 500), ProviderBroken),
        (answer(HTML, content_type="text/html"), MalformedReply),
    ],
    ids=["529", "500", "html"],
)
def test_after_the_last_try_the_fault_itself_is_raised(
    server: ScriptedServer, wire: Wire, step: Step, error: type[Exception]
) -> None:
    server.play(*[step] * 9)

    with pytest.raises(error, match=r"3 tries in \d+\.\d s"):
        wire.complete(server.url, provider_max_attempts=3)
    assert len(server.seen) == 3


def test_one_attempt_means_no_retry(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer("busy", 503), answer(wire.text("hello")))

    with pytest.raises(ProviderBusy):
        wire.complete(server.url, provider_max_attempts=1)
    assert len(server.seen) == 1


def test_retry_after_is_waited_for(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer(wire.error("slow down"), 429, retry_after="1"), answer(wire.text("hello")))
    started = time.monotonic()

    assert wire.complete(server.url).text == "hello"
    assert time.monotonic() - started >= 1


def test_retry_after_in_milliseconds_is_waited_for(server: ScriptedServer, wire: Wire) -> None:
    step = answer(wire.error("slow down"), 429, retry_after_ms="300", retry_after="60")
    server.play(step, answer(wire.text("hello")))
    started = time.monotonic()

    assert wire.complete(server.url).text == "hello"
    assert 0.3 <= time.monotonic() - started < FAR_TOO_LONG_SECONDS


def test_a_longer_retry_after_than_allowed_fails_at_once(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer(wire.error("slow down"), 429, retry_after="600"))
    started = time.monotonic()

    with pytest.raises(WaitTooLong, match=r"asks to wait 600 s, and 30 s are allowed.*MAX_RETRY_AFTER"):
        wire.complete(server.url)
    assert time.monotonic() - started < FAR_TOO_LONG_SECONDS
    assert len(server.seen) == 1


@pytest.mark.parametrize("rubbish", ["soon", "-5", "nan", "inf", "1e9", "1_0", "", "Wed, 99 Foo 2026"])
def test_a_retry_after_that_is_rubbish_is_ignored(server: ScriptedServer, wire: Wire, rubbish: str) -> None:
    server.play(answer(wire.error("slow down"), 429, retry_after=rubbish), answer(wire.text("hello")))
    started = time.monotonic()

    assert wire.complete(server.url).text == "hello"
    assert time.monotonic() - started < FAR_TOO_LONG_SECONDS


def test_a_wait_that_the_deadline_does_not_allow_is_not_begun(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer(wire.error("slow down"), 429, retry_after="29"))
    started = time.monotonic()

    with pytest.raises(ProviderBusy, match="no time for another try"):
        wire.complete(server.url, ask(deadline=started + 20))
    assert time.monotonic() - started < 20


def test_nothing_is_sent_after_the_deadline(server: ScriptedServer, wire: Wire) -> None:
    with pytest.raises(ProviderTimeout, match="no time was left"):
        wire.complete(server.url, ask(deadline=time.monotonic() - 1))
    assert server.seen == []


def test_every_try_carries_the_same_idempotency_key(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer("busy", 503), hang_up, answer(wire.text("hello")))

    wire.complete(server.url, ask(idempotency_key="run-1/write draft/2"))
    assert [seen.headers["idempotency-key"] for seen in server.seen] == ["run-1/write draft/2"] * 3


def test_an_idempotency_key_in_any_script_goes_into_the_header(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer(wire.text("hello")))

    wire.complete(server.url, ask(idempotency_key="run-1/草稿"))
    assert server.seen[0].headers["idempotency-key"] == "run-1/%E8%8D%89%E7%A8%BF"


def test_without_a_key_there_is_no_header(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer(wire.text("hello")))

    wire.complete(server.url)
    assert "idempotency-key" not in server.seen[0].headers


def test_a_server_that_is_not_there_is_named(wire: Wire) -> None:
    with pytest.raises(ProviderUnreachable, match=r"http://127\.0\.0\.1:9: .*BASE_URL.*2 tries"):
        wire.complete("http://127.0.0.1:9", provider_max_attempts=2)


def test_a_local_server_gets_the_same_budget(server: ScriptedServer) -> None:
    server.play(answer("loading the model", 503), answer(LOCAL.text("hello")))

    assert LOCAL.complete(server.url).text == "hello"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "1"}, 1),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "9" * 20}, 1e20),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "rubbish", "retry-after": "9"}, 9),
        (
            {"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"},
            30,
        ),
        ({"retry-after": "Sun, 22 Nov 2020 10:00:30 GMT"}, 0),
        ({"retry-after": "later"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "\u0661"}, None),
    ],
)
def test_reading_retry_after(headers: dict[str, Any], seconds: float | None) -> None:
    assert read_retry_after(headers) == seconds


def test_a_date_in_retry_after_counts_from_now_without_a_date_header() -> None:
    in_ten_seconds = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 10))

    assert read_retry_after({"retry-after": in_ten_seconds}) in (9, 10)
