"""A server is asked in the way that its models want; where it refuses one, in the way that it says."""

from typing import Any

import pytest

from agentmesh_dagster.providers.chat import Message, ToolSpec
from agentmesh_dagster.providers.errors import ProviderBusy, ReplyCutShort, ReplyWithheld, RequestRefused
from tests.providers.scripted import ScriptedServer, answer
from tests.providers.wires import LOCAL, OPENAI, ask

CLOCK = ToolSpec("get_time", "What time it is.", {})
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
USE_RESPONSES = "No function tools for this model in /v1/chat/completions. Please use /v1/responses instead."
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VjcmV0"}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_time", "arguments": "{}"}


def respond(*output: dict[str, Any], **fields: Any) -> Any:
    usage = {"input_tokens": 10, "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 7}}
    body = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "usage": usage}
    return answer({**body, "model": "gpt-6-sol", "error": None, "output": [*output], **fields})


def say(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def refuse(message: str, status: int = 400) -> Any:
    return answer({"error": {"message": message, "type": "invalid_request_error"}}, status)


@pytest.mark.parametrize("model", ["gpt-5.6-luna", "gpt-6", "gpt-11-of-tomorrow", "o5-mini", "openai/o3"])
def test_models_that_reason_are_asked_by_responses(server: ScriptedServer, model: str) -> None:
    server.play(respond(REASONING, CALL), respond(say("five")))

    first = OPENAI.complete(server.url, ask(model=model, tools=(CLOCK,)))
    assert [call.name for call in first.tool_calls] == ["get_time"]
    assert (first.usage.output_tokens, first.usage.reasoning_tokens) == (20, 7)
    messages = (Message("user", "?"), first.to_message(), Message("tool", "5", tool_call_id=first.tool_calls[0].id))
    assert OPENAI.complete(server.url, ask(model=model, messages=messages, tools=(CLOCK,))).text == "five"

    assert [seen.path for seen in server.seen] == ["/v1/responses"] * 2
    body = server.seen[1].body
    assert body["include"] == ["reasoning.encrypted_content"]
    assert REASONING in body["input"]
    assert body["input"][-1] == {"type": "function_call_output", "call_id": "call_1", "output": "5"}


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5-chat-latest", "llama3.2"])
def test_others_by_chat_completions(server: ScriptedServer, model: str) -> None:
    server.play(answer(OPENAI.text("hi")))
    OPENAI.complete(server.url, ask(model=model))

    assert server.seen[0].path == "/v1/chat/completions"


def test_a_model_of_an_unknown_name_says_that_it_wants_responses(server: ScriptedServer) -> None:
    server.play(refuse(USE_RESPONSES), respond(say("hi")), respond(say("again")))
    request = ask(model="our-deployment", tools=(CLOCK,))

    assert OPENAI.complete(server.url, request, provider_max_attempts=1).text == "hi"
    assert OPENAI.complete(server.url, request).text == "again"
    assert [seen.path for seen in server.seen] == ["/v1/chat/completions", "/v1/responses", "/v1/responses"]


def test_a_gateway_without_responses_is_asked_by_chat_completions(server: ScriptedServer) -> None:
    server.play(refuse("Not Found", 404), *[answer(OPENAI.text("hi"))] * 2)
    for _ in range(2):
        assert OPENAI.complete(server.url, ask(model="gpt-7-gateway")).text == "hi"

    assert [seen.path for seen in server.seen] == ["/v1/responses", *["/v1/chat/completions"] * 2]


def test_a_model_that_is_not_there_is_looked_for_once(server: ScriptedServer) -> None:
    server.play(refuse("The model `gpt-8` does not exist", 404))

    with pytest.raises(RequestRefused, match="does not exist"):
        OPENAI.complete(server.url, ask(model="gpt-8"))
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("wire", "model", "first", "second"),
    [
        (OPENAI, "odd-1", "max_completion_tokens", "max_tokens"),
        (LOCAL, "odd-2", "max_tokens", "max_completion_tokens"),
    ],
)
def test_the_limit_goes_under_the_other_name_where_the_server_says_so(
    server: ScriptedServer, wire: Any, model: str, first: str, second: str
) -> None:
    server.play(refuse(f"Unsupported parameter: '{first}'. Use '{second}' instead."), answer(wire.text("hi")))
    assert wire.complete(server.url, ask(model=model, max_tokens=9)).text == "hi"

    assert [seen.body.get(name) for seen, name in zip(server.seen, (first, second), strict=True)] == [9, 9]
    assert first not in server.seen[1].body


def test_a_schema_that_the_server_refuses_is_told_in_words(server: ScriptedServer) -> None:
    server.play(refuse("Invalid schema for response_format: recursion"), answer(OPENAI.text('{"a": "b"}')))

    assert OPENAI.complete(server.url, ask(output_schema=SCHEMA)).text == '{"a": "b"}'
    assert "response_format" not in server.seen[1].body
    assert "JSON Schema" in server.seen[1].body["messages"][0]["content"]


def test_a_refusal_for_another_reason_is_final(server: ScriptedServer) -> None:
    server.play(refuse("the schema is fine, and you are not"), *[refuse("no")] * 3)

    with pytest.raises(RequestRefused):
        OPENAI.complete(server.url, ask(output_schema=SCHEMA))
    assert len(server.seen) == 2


@pytest.mark.parametrize("schema", [{"type": "array", "items": {"enum": ["x"]}}, {"type": "integer"}, {"enum": [1, 2]}])
@pytest.mark.parametrize("text", ['{"value": [1]}', "[1]"])
def test_what_is_no_object_is_asked_for_inside_of_one(server: ScriptedServer, schema: Any, text: str) -> None:
    server.play(answer(OPENAI.text(text)))

    assert OPENAI.complete(server.url, ask(output_schema=schema)).text == "[1]"
    sent = server.seen[0].body["response_format"]["json_schema"]["schema"]
    assert sent["properties"] == {"value": schema}


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow"}}, ProviderBusy, "slow"),
        ({"status": "failed", "error": {"code": "invalid_prompt", "message": "no"}}, RequestRefused, "invalid_prompt"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, ReplyCutShort, "maxTokens"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, ReplyWithheld, "filter"),
        ({"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]}, ReplyWithheld, "No."),
        ({"output": [REASONING]}, ReplyCutShort, "reasoning"),
    ],
)
def test_a_response_that_is_no_answer_says_why(
    server: ScriptedServer, fields: dict[str, Any], error: type[Exception], words: str
) -> None:
    server.play(respond(**fields))

    with pytest.raises(error, match=words) as caught:
        OPENAI.complete(server.url, ask(model="gpt-6"), provider_max_attempts=1)
    assert caught.value.usage.output_tokens == 20  # type: ignore[attr-defined]


def test_a_version_in_the_address_goes_with_each_call(server: ScriptedServer) -> None:
    server.play(answer(OPENAI.text("hi")))
    url = f"{server.url}/openai/deployments/ours?api-version=2026-10-01"

    assert OPENAI.complete("", OPENAI_BASE_URL=url).text == "hi"
    assert server.seen[0].path == "/openai/deployments/ours/chat/completions?api-version=2026-10-01"
    assert server.seen[0].headers["api-key"]


def test_what_the_environment_says_of_openai_is_told_to_openai_alone(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Ours: 1")
    server.play(answer(LOCAL.text("hi")))
    LOCAL.complete(server.url.replace("127.0.0.1", "localhost"))

    assert not {"openai-organization", "openai-project", "x-ours"} & server.seen[0].headers.keys()


def test_the_providers_reason_has_the_number_of_the_request(server: ScriptedServer) -> None:
    server.play(answer({"error": {"message": "no"}}, 400, x_request_id="req_77"))

    with pytest.raises(RequestRefused, match="req_77"):
        OPENAI.complete(server.url)


@pytest.mark.parametrize(("status", "should", "tries"), [(500, "false", 1), (400, "true", 2), (425, "", 2)])
def test_the_provider_says_whether_to_try_again(server: ScriptedServer, status: int, should: str, tries: int) -> None:
    headers = {"x_should_retry": should} if should else {}
    server.play(answer({"error": {"message": "hm"}}, status, **headers), answer(OPENAI.text("hi")))
    try:
        OPENAI.complete(server.url)
    except Exception:  # noqa: BLE001 - which one, other tests say
        assert tries == 1
    assert len(server.seen) == tries
