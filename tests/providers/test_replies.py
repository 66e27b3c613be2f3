"""A reply is only a success when it is whole, finished and of the right shape."""

from typing import Any

import pytest

from agentmesh_dagster.providers.errors import MalformedReply, ProviderError, ReplyCutShort, ReplyWithheld
from tests.providers.scripted import ScriptedServer, answer
from tests.providers.wires import ANTHROPIC, OPENAI, Wire, ask


def complete_once(server: ScriptedServer, wire: Wire, body: Any) -> Any:
    server.play(answer(body))
    return wire.complete(server.url, ask(), provider_max_attempts=1)


@pytest.mark.parametrize(
    ("stop", "error", "advice"),
    [("length", ReplyCutShort, "maxTokens"), ("filter", ReplyWithheld, "change the prompt")],
)
def test_a_reply_that_stopped_early_is_no_success_and_not_tried_again(
    server: ScriptedServer, wire: Wire, stop: str, error: type[ProviderError], advice: str
) -> None:
    server.play(answer(wire.text("Once upon a", stop)), answer(wire.text("hello")))

    with pytest.raises(error, match=advice):
        wire.complete(server.url)
    assert len(server.seen) == 1


def test_a_refusal_is_told_in_the_models_words(server: ScriptedServer) -> None:
    body = OPENAI.text(None)
    body["choices"][0]["message"]["refusal"] = "I cannot help with that."

    with pytest.raises(ReplyWithheld, match="I cannot help with that"):
        complete_once(server, OPENAI, body)


def test_a_full_context_window_is_no_success(server: ScriptedServer) -> None:
    with pytest.raises(ReplyCutShort, match="context window"):
        complete_once(server, ANTHROPIC, ANTHROPIC.text("Once", "model_context_window_exceeded"))


MALFORMED_OPENAI: dict[str, tuple[Any, str]] = {
    "no choices": (OPENAI.text("hi", choices=[]), "no choices"),
    "choices missing": ({"id": "x", "model": "m"}, "`choices` is missing"),
    "choices of text": (OPENAI.text("hi", choices=["hi"]), "`choices`"),
    "no message": (OPENAI.text("hi", choices=[{"finish_reason": "stop"}]), "`message` is missing"),
    "no content": (
        OPENAI.text("hi", choices=[{"finish_reason": "stop", "message": {"role": "assistant"}}]),
        "`content` is missing",
    ),
    "content null": (OPENAI.text(None), "empty"),
    "content of parts": (OPENAI.text(["a"]), "`content`"),  # type: ignore[arg-type]
    "unknown finish": (OPENAI.text("hi", "because"), 'finish_reason "because"'),
    "calls announced, none made": (OPENAI.text("hi", "tool_calls"), "not there"),
    "a list": ([1, 2], "a JSON object was expected"),
    "a text": ('"hello"', "a JSON object was expected"),
    "not a number": ('{"a": NaN}', "NaN is not JSON"),
    "call without name": (OPENAI.tool_calls(("1", "", "{}")), "no name"),
}

MALFORMED_ANTHROPIC: dict[str, tuple[Any, str]] = {
    "no content": (ANTHROPIC.text(None), "empty"),
    "content missing": ({**ANTHROPIC.text("hi"), "content": None}, "`content` is missing"),
    "content of text": (ANTHROPIC.text("hi", content=["hi"]), "`content`"),
    "another type": (ANTHROPIC.text("hi", type="completion"), "no assistant message"),
    "another role": (ANTHROPIC.text("hi", role="user"), "no assistant message"),
    "paused": (ANTHROPIC.text("hi", "pause_turn"), 'stop_reason "pause_turn"'),
    "calls announced, none made": (ANTHROPIC.text("hi", "tool_use"), "not there"),
    "text without text": (ANTHROPIC.text("hi", content=[{"type": "text"}]), "`text` is missing"),
}


@pytest.mark.parametrize(("body", "reason"), MALFORMED_OPENAI.values(), ids=MALFORMED_OPENAI)
def test_an_openai_reply_of_the_wrong_shape_is_no_success(server: ScriptedServer, body: Any, reason: str) -> None:
    with pytest.raises(MalformedReply, match=reason):
        complete_once(server, OPENAI, body)


@pytest.mark.parametrize(("body", "reason"), MALFORMED_ANTHROPIC.values(), ids=MALFORMED_ANTHROPIC)
def test_an_anthropic_reply_of_the_wrong_shape_is_no_success(server: ScriptedServer, body: Any, reason: str) -> None:
    with pytest.raises(MalformedReply, match=reason):
        complete_once(server, ANTHROPIC, body)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ('{"city": ', "not valid JSON: Expecting value"),
        ('{"city": NaN}', "NaN is not JSON"),
        ('{"city": "a", "city": "b"}', "stands twice"),
        ('{"city": "\\u0000"}', "u0000"),
        ('["Paris"]', "must be a JSON object"),
    ],
)
def test_tool_arguments_that_cannot_be_used_are_the_calls_fault(
    server: ScriptedServer, arguments: str, fault: str
) -> None:
    reply = complete_once(server, OPENAI, OPENAI.tool_calls(("1", "get_weather", arguments)))

    (call,) = reply.tool_calls
    assert fault in call.fault
    assert call.arguments == arguments
    assert reply.stop_reason == "tool_calls"


def test_no_arguments_are_an_empty_object(server: ScriptedServer) -> None:
    reply = complete_once(server, OPENAI, OPENAI.tool_calls(("1", "get_time", "")))

    assert (reply.tool_calls[0].arguments, reply.tool_calls[0].fault) == ({}, None)


def test_tool_input_that_is_no_object_is_the_calls_fault(server: ScriptedServer) -> None:
    reply = complete_once(server, ANTHROPIC, ANTHROPIC.tool_calls(("1", "get_weather", "[1]")))

    assert reply.tool_calls[0].fault == "the arguments must be a JSON object"


def test_calls_count_although_the_server_says_stop(server: ScriptedServer) -> None:
    body = OPENAI.tool_calls(("1", "get_time", "{}"))
    body["choices"][0]["finish_reason"] = "stop"

    assert complete_once(server, OPENAI, body).stop_reason == "tool_calls"


def test_calls_without_ids_get_some(server: ScriptedServer) -> None:
    reply = complete_once(server, OPENAI, OPENAI.tool_calls(("", "a", "{}"), ("", "b", "{}")))

    assert [call.id for call in reply.tool_calls] == ["call_0", "call_1"]


def test_a_reply_without_usage_costs_nobody_knows_what(server: ScriptedServer, wire: Wire) -> None:
    reply = complete_once(server, wire, wire.text("hi", usage=None))

    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cost_usd) == (0, 0, None)


def test_the_cost_is_that_of_the_model_which_answered(server: ScriptedServer) -> None:
    usage = {
        "prompt_tokens": 2_000_000,
        "completion_tokens": 1_000_000,
        "prompt_tokens_details": {"cached_tokens": 1_000_000},
    }
    reply = complete_once(server, OPENAI, OPENAI.text("hi", model="gpt-4o-mini-2024-07-18", usage=usage))

    assert reply.usage.cost_usd == pytest.approx(0.15 + 0.075 + 0.6)


def test_tokens_from_claudes_cache_are_part_of_the_input(server: ScriptedServer) -> None:
    usage = {"input_tokens": 1_000_000, "cache_read_input_tokens": 1_000_000, "output_tokens": 0}
    reply = complete_once(server, ANTHROPIC, ANTHROPIC.text("hi", model="claude-opus-5-5", usage=usage))

    assert reply.usage.input_tokens == 2_000_000
    assert reply.usage.cost_usd == pytest.approx(4 + 0.2)


def test_a_code_fence_around_a_structured_answer_is_removed(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer(wire.text('```json\n{"a": 1}\n```')))

    reply = wire.complete(server.url, ask(output_schema={"type": "object"}))
    assert reply.text == '{"a": 1}'


def test_a_code_fence_in_a_free_answer_stays(server: ScriptedServer, wire: Wire) -> None:
    assert complete_once(server, wire, wire.text("```\nx\n```")).text == "```\nx\n```"
