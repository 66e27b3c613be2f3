"""What servers write otherwise than the API they imitate is read, where the message is whole."""

import json
from typing import Any

import pytest

from agentmesh_dagster.providers.chat import ChatReply, Message, ToolSpec
from agentmesh_dagster.providers.errors import MalformedReply, ReplyCutShort, ReplyWithheld
from tests.providers.scripted import ScriptedServer, answer
from tests.providers.wires import ANTHROPIC, LOCAL, OPENAI, Wire, ask

CLOCK = ToolSpec("get_time", "What time it is.", {})


def say(message: dict[str, Any], finish: Any = "stop") -> dict[str, Any]:
    body = LOCAL.text(None)
    body["choices"] = [{"message": {"role": "assistant", **message}, "finish_reason": finish}]
    return body


def call(**fields: Any) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": "get_time", "arguments": "{}"}, **fields}


def hear(server: ScriptedServer, body: Any, *messages: Message, wire: Wire = LOCAL) -> ChatReply:
    server.play(answer(body))
    request = ask(messages=messages or (Message("user", "?"),), tools=(CLOCK,))
    return wire.complete(server.url, request, provider_max_attempts=1)


THINKS: dict[str, dict[str, Any]] = {
    "a list of parts": {
        "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"text": "hi"}]
    },
    "a tag": {"content": "<think>\nhm\n</think>\n\nhi"},
    "a tag that the template has opened": {"content": "hm</think>hi"},
    "another tag": {"content": "<reasoning>hm</reasoning>hi"},
    "DeepSeek's field": {"content": "hi", "reasoning_content": "hm"},
    "OpenRouter's fields": {"content": "hi", "reasoning": "hm", "reasoning_details": [{"text": "hm"}]},
}


@pytest.mark.parametrize("message", THINKS.values(), ids=THINKS)
def test_reasoning_is_apart_from_the_answer(server: ScriptedServer, message: dict[str, Any]) -> None:
    reply = hear(server, say(message))

    assert (reply.text, reply.reasoning) == ("hi", "hm")


BACK: dict[str, dict[str, Any]] = {
    **THINKS,
    "an empty field": {"content": None, "reasoning_content": ""},
    "a signature at the call": {"content": None, "tool_calls": [call(extra_content={"google": {"thought": "s=="}})]},
    "what nobody knows": {"content": None, "tomorrow": {"deep": ["x"]}},
}


@pytest.mark.parametrize("message", BACK.values(), ids=BACK)
def test_all_that_came_goes_back_in_the_next_round(server: ScriptedServer, message: dict[str, Any]) -> None:
    said = {"tool_calls": [call()], **message}
    reply = hear(server, say(said, "tool_calls"))
    hear(
        server,
        say({"content": "five"}),
        Message("user", "?"),
        reply.to_message(),
        Message("tool", "5", tool_call_id="1"),
    )

    assert server.seen[-1].body["messages"][1] == {"role": "assistant", **said}


CALLS: dict[str, tuple[list[dict[str, Any]], list[str], list[Any]]] = {
    "the same id": ([call(), call()], ["1", "1_2"], [{}, {}]),
    "no id": ([call(id=None), call(id="")], ["call_0", "call_1"], [{}, {}]),
    "a number": ([call(id=7)], ["7"], [{}]),
    "no type": ([{"id": "1", "function": {"name": "get_time", "arguments": "{}"}}], ["1"], [{}]),
    "an object": ([call(function={"name": "get_time", "arguments": {"zone": "UTC"}})], ["1"], [{"zone": "UTC"}]),
    "null": ([call(function={"name": "get_time", "arguments": None})], ["1"], [{}]),
    "no arguments": ([call(function={"name": "get_time"})], ["1"], [{}]),
}


@pytest.mark.parametrize(("calls", "ids", "arguments"), CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("finish", ["tool_calls", "tool_call", "stop", None])
def test_calls_of_any_shape_are_read(
    server: ScriptedServer, calls: list[Any], ids: list[str], arguments: list[Any], finish: str | None
) -> None:
    reply = hear(server, say({"content": None, "tool_calls": calls}, finish))

    assert [made.id for made in reply.tool_calls] == ids
    assert [made.arguments for made in reply.tool_calls] == arguments


def test_an_id_that_an_earlier_round_had_is_made_another(server: ScriptedServer) -> None:
    first = hear(server, say({"content": None, "tool_calls": [call()]}))
    before = (Message("user", "?"), first.to_message(), Message("tool", "5", tool_call_id="1"))
    second = hear(server, say({"content": None, "tool_calls": [call()]}), *before)
    hear(server, say({"content": "hi"}), *before, second.to_message(), Message("tool", "6", tool_call_id="1_2"))

    sent = server.seen[-1].body["messages"]
    assert [made["id"] for message in sent for made in message.get("tool_calls", ())] == ["1", "1_2"]
    assert [message["tool_call_id"] for message in sent if message["role"] == "tool"] == ["1", "1_2"]


def test_the_call_of_an_old_server_is_read(server: ScriptedServer) -> None:
    reply = hear(
        server, say({"content": None, "function_call": {"name": "get_time", "arguments": "{}"}}, "function_call")
    )

    assert [made.name for made in reply.tool_calls] == ["get_time"]


@pytest.mark.parametrize("finish", ["end_turn", "eos", "STOP", "", None])
def test_an_end_in_other_words_is_an_end(server: ScriptedServer, finish: Any) -> None:
    assert hear(server, say({"content": "hi"}, finish)).text == "hi"


ODD: dict[str, dict[str, Any]] = {
    "no id, model, index, role": {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]},
    "odd fields": {**say({"content": "hi", "audio": [], "annotations": "x", "refusal": None}), "service_tier": 7},
    "usage of texts": {**say({"content": "hi"}), "usage": {"prompt_tokens": "3", "completion_tokens": None}},
    "usage null": {**say({"content": "hi"}), "usage": None, "created": None},
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_what_is_missing_or_odd_around_the_message_is_no_matter(server: ScriptedServer, body: dict[str, Any]) -> None:
    reply = hear(server, body)

    assert reply.text == "hi"
    assert reply.model


def test_characters_that_no_text_may_hold_are_replaced_and_told(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer(wire.text("a\x00b\ud800c \U0001f600")))

    reply = wire.complete(server.url, provider_max_attempts=1)
    assert reply.text == "a\ufffdb\ufffdc \U0001f600"
    assert reply.notes == ("2 characters of the reply that no text may hold were replaced",)


def test_a_byte_order_mark_is_no_part_of_the_reply(server: ScriptedServer) -> None:
    assert hear(server, "\ufeff" + json.dumps(say({"content": "hi"}))).text == "hi"


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (LOCAL, say({"content": "", "reasoning_content": "hm"}, "length")),
        (LOCAL, say({"content": None, "reasoning": "hm"})),
        (LOCAL, say({"content": "<think>hm</think>"})),
        (ANTHROPIC, ANTHROPIC.text(None, content=[{"type": "thinking", "thinking": "hm", "signature": "s"}])),
    ],
)
def test_nothing_but_reasoning_is_said_in_words_and_asked_once(server: ScriptedServer, wire: Wire, body: Any) -> None:
    server.play(answer(body), answer(wire.text("hi")))

    with pytest.raises(ReplyCutShort, match=r"all that it wrote is reasoning.*raise maxTokens"):
        wire.complete(server.url)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("stop", "error"), [("length", ReplyCutShort), ("filter", ReplyWithheld), ("because", MalformedReply)]
)
def test_what_was_paid_for_is_counted_although_it_is_no_answer(
    server: ScriptedServer, wire: Wire, stop: str, error: type[Exception]
) -> None:
    server.play(*[answer(wire.text("Once upon", stop))] * 2)

    with pytest.raises(error) as caught:
        wire.complete(server.url, provider_max_attempts=2)
    tries = len(server.seen)
    usage = caught.value.usage  # type: ignore[attr-defined]
    assert (usage.input_tokens, usage.output_tokens) == (10 * tries, 5 * tries)


def test_tries_before_the_answer_are_counted_with_it(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer(wire.text("")), answer(wire.text("hi")))

    assert wire.complete(server.url).usage.input_tokens == 20


def test_what_claude_wrote_to_the_cache_has_its_own_price(server: ScriptedServer) -> None:
    usage = {"input_tokens": 0, "cache_creation_input_tokens": 100_000, "output_tokens": 0}
    server.play(answer(ANTHROPIC.text("hi", model="claude-sonnet-4-5", usage=usage)))

    reply = ANTHROPIC.complete(server.url)
    assert reply.usage.input_tokens == 100_000
    assert reply.usage.cost_usd == pytest.approx(0.375)


def test_a_block_of_claude_that_nobody_knows_does_not_stand_in_the_way(server: ScriptedServer) -> None:
    body = ANTHROPIC.text(None, content=[{"type": "tomorrow", "x": 1}, {"type": "text", "text": "hi"}])

    reply = hear(server, body, wire=ANTHROPIC)
    assert reply.text == "hi"
    assert "tomorrow" in reply.notes[0]

    hear(
        server, ANTHROPIC.text("so"), Message("user", "?"), reply.to_message(), Message("user", "And?"), wire=ANTHROPIC
    )
    assert server.seen[-1].body["messages"][1]["content"] == body["content"], "and goes back"


def test_openai_is_asked_for_calls_and_answer_at_once(server: ScriptedServer) -> None:
    server.play(answer(OPENAI.text('{"a": 1}')))
    OPENAI.complete(server.url, ask(tools=(CLOCK,), output_schema={"type": "object"}))

    assert {"tools", "response_format"} <= server.seen[-1].body.keys()


def test_a_server_with_grammars_is_first_asked_for_calls_alone(server: ScriptedServer) -> None:
    schema = {"type": "object", "properties": {"a": {}}}
    server.play(*[answer(LOCAL.text('{"a": 1}'))] * 2)
    LOCAL.complete(server.url, ask(tools=(CLOCK,), output_schema=schema))
    LOCAL.complete(server.url, ask(tools=(CLOCK,), output_schema=schema, tools_are_done=True))

    first, second = (seen.body for seen in server.seen)
    assert "response_format" not in first
    assert "JSON Schema" in first["messages"][0]["content"]
    assert first["tools"]
    assert second["response_format"]["json_schema"]["schema"] == schema
    assert "tools" not in second
