"""What the two wire formats make of a conversation, as the server sees it."""

from typing import Any

import pytest

from agentmesh_dagster.providers.chat import ChatRequest, Message, ToolCall, ToolSpec
from tests.providers.scripted import ScriptedServer, answer
from tests.providers.wires import ANTHROPIC, LOCAL, OPENAI, Wire, ask

SCHEMA = {"type": "object", "properties": {"score": {"type": "number", "minimum": 0}}, "required": ["score"]}
CONVERSATION = (
    Message("system", "Be brief."),
    Message("user", "Weather?"),
    Message(
        "assistant",
        "I look.",
        tool_calls=(
            ToolCall("1", "get_weather", {"city": "Paris"}, None),
            ToolCall("2", "get_weather", '{"city": ', "the arguments are not valid JSON"),
        ),
    ),
    Message("tool", "sunny", tool_call_id="1"),
    Message("tool", "the arguments are not valid JSON", tool_call_id="2", is_error=True),
)


def send(server: ScriptedServer, wire: Wire, request: ChatRequest) -> Any:
    server.play(answer(wire.text("{}")))
    wire.complete(server.url, request)
    return server.seen[-1]


def test_a_conversation_in_openais_format(server: ScriptedServer) -> None:
    seen = send(server, OPENAI, ask(messages=CONVERSATION))

    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"].startswith("Bearer ")
    assert seen.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {
                    "id": "1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
                },
                {
                    "id": "2",
                    "type": "function",
                    "function": {
                        "name": "get_weather",
                        "arguments": '{"invalid_arguments":"{\\"city\\": "}',
                    },
                },
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "2", "content": "Error: the arguments are not valid JSON"},
    ]


def test_a_conversation_in_anthropics_format(server: ScriptedServer) -> None:
    seen = send(server, ANTHROPIC, ask(messages=CONVERSATION))

    assert seen.path == "/v1/messages"
    assert seen.body["system"] == "Be brief."
    assert seen.body["messages"] == [
        {"role": "user", "content": [say("Weather?")]},
        {
            "role": "assistant",
            "content": [
                say("I look."),
                {"type": "tool_use", "id": "1", "name": "get_weather", "input": {"city": "Paris"}},
                {
                    "type": "tool_use",
                    "id": "2",
                    "name": "get_weather",
                    "input": {"invalid_arguments": '{"city": '},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": [say("sunny")], "is_error": False},
                {
                    "type": "tool_result",
                    "tool_use_id": "2",
                    "content": [say("the arguments are not valid JSON")],
                    "is_error": True,
                },
            ],
        },
    ]


def say(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def test_claudes_thinking_goes_back_word_for_word(server: ScriptedServer) -> None:
    content = [
        {"type": "thinking", "thinking": "", "signature": "c2lnbmVk"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "1", "name": "get_weather", "input": {"city": "Paris"}},
    ]
    server.play(answer(ANTHROPIC.text(None, "tool_use", content=content)))
    reply = ANTHROPIC.complete(server.url)

    seen = send(server, ANTHROPIC, ask(messages=(Message("user", "Weather?"), reply.to_message())))

    assert reply.text == "I look."
    assert seen.body["messages"][1] == {"role": "assistant", "content": content}


def test_a_tool_without_a_schema_takes_any_object(server: ScriptedServer, wire: Wire) -> None:
    seen = send(server, wire, ask(tools=(ToolSpec("get_time", "What time it is.", {}),)))

    (tool,) = seen.body["tools"]
    schema = tool["function"]["parameters"] if wire.is_openai_format else tool["input_schema"]
    assert schema == {"type": "object", "properties": {}}


def test_what_is_not_asked_for_is_not_sent(server: ScriptedServer, wire: Wire) -> None:
    seen = send(server, wire, ask())

    assert not {"tools", "temperature", "response_format", "output_config"} & seen.body.keys()


@pytest.mark.parametrize(
    ("wire", "name"), [(OPENAI, "max_completion_tokens"), (ANTHROPIC, "max_tokens"), (LOCAL, "max_tokens")]
)
def test_the_token_limit_goes_under_the_name_that_the_server_knows(
    server: ScriptedServer, wire: Wire, name: str
) -> None:
    assert send(server, wire, ask(max_tokens=77)).body[name] == 77


def test_anthropic_always_gets_a_token_limit(server: ScriptedServer) -> None:
    assert send(server, ANTHROPIC, ask()).body["max_tokens"] == 16_000


@pytest.mark.parametrize("model", ["some-model", "claude-opus-5-5", "gpt-4o"])
def test_a_temperature_is_sent_to_any_model(server: ScriptedServer, wire: Wire, model: str) -> None:
    assert send(server, wire, ask(model=model, temperature=0.0)).body["temperature"] == 0.0


def test_anthropic_takes_a_temperature_only_with_the_older_version(server: ScriptedServer) -> None:
    assert send(server, ANTHROPIC, ask(temperature=0.5)).headers["anthropic-version"] == "2023-06-01"
    assert send(server, ANTHROPIC, ask()).headers["anthropic-version"] > "2023-06-01"


@pytest.mark.parametrize("wire", [OPENAI, LOCAL], ids=["openai", "local"])
def test_openai_gets_the_schema_as_it_is(server: ScriptedServer, wire: Wire) -> None:
    body = send(server, wire, ask(output_schema=SCHEMA)).body

    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA, "strict": False},
    }


def test_a_schema_that_the_provider_cannot_enforce_is_told_in_words(server: ScriptedServer) -> None:
    open_object = {"type": "object", "additionalProperties": {"type": "number"}}

    body = send(
        server,
        ANTHROPIC,
        ask(messages=(Message("system", "Be brief."), Message("user", "?")), output_schema=open_object),
    ).body

    assert "output_config" not in body
    assert body["system"].startswith("Be brief.\n\nAnswer with one JSON value")
    assert '"additionalProperties"' in body["system"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "properties": {"a": {"type": ["string", "null"]}}},
        {"type": "object", "properties": {"a": {"type": "array"}}},
        {"type": "object", "properties": {"a": {"enum": [[1], {}]}}},
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
        {"type": "object", "properties": {"a": True}},
    ],
)
def test_such_schemas_are_told_to_claude_in_words(server: ScriptedServer, schema: dict[str, Any]) -> None:
    body = send(server, ANTHROPIC, ask(output_schema=schema)).body

    assert "output_config" not in body
    assert "JSON Schema" in body["system"]


@pytest.mark.parametrize(
    "part",
    [
        {"enum": ["a", "b"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "integer"}}}},
        {"type": "string", "maxLength": 10, "default": "x"},
    ],
)
def test_such_schemas_are_enforced_for_claude(server: ScriptedServer, part: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"a": part}, "required": ["a"]}
    body = send(server, ANTHROPIC, ask(output_schema=schema)).body

    assert body["output_config"]["format"]["schema"]["additionalProperties"] is False
    assert "system" not in body


def test_a_schema_that_is_no_objects_is_told_to_openai_in_words(server: ScriptedServer) -> None:
    body = send(server, OPENAI, ask(output_schema={"type": "array"})).body

    assert "response_format" not in body
    assert "JSON Schema" in body["messages"][0]["content"]
