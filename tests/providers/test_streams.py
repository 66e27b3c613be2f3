"""Where an answer may take long it is asked for in pieces; what they make is the same reply."""

import json
import time
from typing import Any

import pytest

from agentmesh_dagster.providers.chat import ChatReply, ToolSpec
from agentmesh_dagster.providers.errors import MalformedReply, ProviderTimeout
from tests.costs import FAR_TOO_LONG_SECONDS
from tests.providers.scripted import ScriptedServer, Step, answer
from tests.providers.wires import ANTHROPIC, LOCAL, OPENAI, Wire, ask

CLOCK = ToolSpec("get_time", "What time it is.", {})


def stream(*events: Any, is_done: bool = True) -> Step:
    lines = [f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n" for event in events]
    return answer("".join(lines) + ("data: [DONE]\n\n" if is_done else ""), content_type="text/event-stream")


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "c", "model": "some-model", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def part_of_call(arguments: str, **fields: Any) -> dict[str, Any]:
    named = {"name": fields.pop("name")} if "name" in fields else {}
    return chunk(tool_calls=[{"index": 0, "function": {**named, "arguments": arguments}, **fields}])


def complete(server: ScriptedServer, wire: Wire, *steps: Step, **fields: Any) -> ChatReply:
    """A call whose node has set a longer limit than calls have."""
    server.play(*steps)
    request = ask(has_own_limit=True, tools=(CLOCK,), **fields)
    return wire.complete(server.url, request, provider_timeout_seconds=0.5, provider_max_attempts=1)


USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}


def test_pieces_of_a_chat_completion_are_put_together(server: ScriptedServer) -> None:
    pieces = [chunk(role="assistant", content="<thi"), chunk(content="nk>hm</think>he"), chunk(content="llo")]
    reply = complete(server, OPENAI, stream(*pieces, chunk("stop"), USAGE))

    assert (reply.text, reply.reasoning) == ("hello", "hm")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (3, 4)
    assert server.seen[0].body["stream"] is True


def test_calls_are_told_apart_where_all_have_the_same_index(server: ScriptedServer) -> None:
    pieces = [
        part_of_call("{}", id="", name="get_time"),
        part_of_call('{"zone"', id="", name="get_time"),
        part_of_call(': "UTC"', name="get_time"),
        part_of_call("}"),
    ]
    reply = complete(server, LOCAL, stream(*pieces, chunk("tool_calls")))

    assert [(call.name, call.arguments) for call in reply.tool_calls] == [
        ("get_time", {}),
        ("get_time", {"zone": "UTC"}),
    ]


CLAUDE = [
    {"type": "message_start", "message": {**ANTHROPIC.text(None, None), "usage": {"input_tokens": 9}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "get_time"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"zone": '}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '"UTC"}'}},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}},
]


def test_pieces_of_claude_are_put_together(server: ScriptedServer) -> None:
    reply = complete(server, ANTHROPIC, stream(*CLAUDE, {"type": "message_stop"}, is_done=False))

    assert [(call.id, call.arguments) for call in reply.tool_calls] == [("t", {"zone": "UTC"})]
    assert reply.reasoning == "hm"
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (9, 7)


def test_a_response_is_what_its_last_event_has(server: ScriptedServer) -> None:
    whole = {"id": "r", "status": "completed", "output": [{"type": "message", "content": [{"text": "hi"}]}]}
    whole["output"][0]["content"][0]["type"] = "output_text"  # type: ignore[index]
    events = [{"type": "response.created", "response": {"id": "r"}}, {"type": "response.completed", "response": whole}]

    assert complete(server, OPENAI, stream(*events, is_done=False), model="gpt-6").text == "hi"


@pytest.mark.parametrize(
    ("wire", "step", "words"),
    [
        (OPENAI, stream(chunk(content="he"), is_done=False), "broke off"),
        (ANTHROPIC, stream(*CLAUDE, is_done=False), "broke off"),
        (OPENAI, stream(chunk(content="he"), {"error": {"message": "overloaded"}}), "overloaded"),
        (ANTHROPIC, stream({"type": "error", "error": {"type": "x", "message": "overloaded"}}), "overloaded"),
        (OPENAI, answer("data: {", content_type="text/event-stream"), "not JSON"),
    ],
)
def test_a_stream_that_stops_early_is_no_answer(server: ScriptedServer, wire: Wire, step: Step, words: str) -> None:
    with pytest.raises(MalformedReply, match=words):
        complete(server, wire, step)


def test_who_answers_at_once_all_the_same_is_read(server: ScriptedServer, wire: Wire) -> None:
    assert complete(server, wire, answer(wire.text("hi"))).text == "hi"


def test_who_gives_no_streams_is_asked_for_the_whole(server: ScriptedServer) -> None:
    refusal = answer({"error": {"message": "stream is not supported"}}, 400)

    assert complete(server, LOCAL, refusal, answer(LOCAL.text("hi")), model="whole").text == "hi"
    assert server.seen[1].body["stream"] is False


def test_the_nodes_own_limit_rules(server: ScriptedServer, wire: Wire) -> None:
    server.play(server.hang)
    started = time.monotonic()

    with pytest.raises(ProviderTimeout, match="raise its timeoutSeconds"):
        wire.complete(server.url, ask(has_own_limit=True, deadline=started + 2), provider_timeout_seconds=0.5)
    assert 1.8 < time.monotonic() - started < FAR_TOO_LONG_SECONDS
