"""The main paths against LLMock, an independent server that speaks both wire formats and judges its clients."""

import json
from collections.abc import Iterator

import pytest
from llmock.pytest_plugin import LLMock
from llmock.scenarios import Fail, Reply, ToolCall
from llmock.testing import LLMockServer

from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.providers.chat import Message, ToolSpec
from agentmesh_dagster.providers.errors import ProviderError, RequestRefused
from tests.providers.wires import ANTHROPIC, LOCAL, OPENAI, Wire, ask

WEATHER = ToolSpec(
    "get_weather",
    "The weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CLOCK = ToolSpec("get_time", "What time it is.", {})
VERDICT_SCHEMA = {
    "type": "object",
    "properties": {
        "verdict": {"enum": ["approve", "reject"]},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "reasons": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["verdict", "score"],
}


@pytest.fixture(scope="module")
def llmock_server() -> Iterator[LLMockServer]:
    with LLMockServer() as server:
        yield server


@pytest.fixture
def mock(llmock_server: LLMockServer) -> LLMock:
    return LLMock(llmock_server).reset()


def address(mock: LLMock, wire: Wire) -> str:
    return mock.base_url("anthropic") if wire is ANTHROPIC else mock.url


def test_a_text_answer(mock: LLMock, each_provider: Wire) -> None:
    mock.reply("The sky is blue.")
    messages = (Message("system", "Be brief."), Message("user", "Why is the sky blue?"))

    reply = each_provider.complete(address(mock, each_provider), ask(messages=messages))

    assert (reply.text, reply.tool_calls, reply.stop_reason) == ("The sky is blue.", (), "end")
    assert reply.id
    assert reply.model == "some-model"
    assert reply.usage.input_tokens > 0 < reply.usage.output_tokens
    assert reply.usage.cost_usd is None


def test_tools_are_called_in_parallel_and_their_results_lead_to_an_answer(mock: LLMock, each_provider: Wire) -> None:
    mock.add(Reply(tool_calls=(ToolCall("get_weather", {"city": "Paris"}), ToolCall("get_time", {}))))
    url = address(mock, each_provider)
    prompt = Message("user", "Weather and time in Paris?")

    first = each_provider.complete(url, ask(messages=(prompt,), tools=(WEATHER, CLOCK)))
    assert first.stop_reason == "tool_calls"
    assert [(call.name, call.arguments, call.fault) for call in first.tool_calls] == [
        ("get_weather", {"city": "Paris"}, None),
        ("get_time", {}, None),
    ]

    results = [Message("tool", "sunny", tool_call_id=call.id) for call in first.tool_calls]
    second = each_provider.complete(url, ask(messages=(prompt, first.to_message(), *results), tools=(WEATHER, CLOCK)))
    assert second.stop_reason == "end"
    assert second.text


def test_an_offered_tool_is_called_with_arguments_for_its_schema(mock: LLMock, wire: Wire) -> None:
    reply = wire.complete(address(mock, wire), ask("What is the weather in Paris?", tools=(WEATHER,)))

    (call,) = reply.tool_calls
    assert call.name == "get_weather"
    JsonSchema(WEATHER.input_schema).check(call.arguments)


def test_a_structured_answer_follows_the_schema_that_was_sent(mock: LLMock) -> None:
    reply = OPENAI.complete(mock.url, ask(output_schema=VERDICT_SCHEMA))

    JsonSchema(VERDICT_SCHEMA).check(json.loads(reply.text))


def test_anthropic_gets_the_schema_as_its_output_format(mock: LLMock) -> None:
    mock.reply('{"verdict": "approve", "score": 0.5}')

    reply = ANTHROPIC.complete(mock.base_url("anthropic"), ask(output_schema=VERDICT_SCHEMA))

    assert json.loads(reply.text) == {"verdict": "approve", "score": 0.5}
    sent = mock.last_request.body["output_config"]["format"]
    assert sent["type"] == "json_schema"
    assert sent["schema"]["required"] == ["verdict", "score"]


def test_a_tool_call_that_was_never_offered_is_left_to_the_caller(mock: LLMock, wire: Wire) -> None:
    mock.break_tool_call("unknown_tool")

    reply = wire.complete(address(mock, wire), ask("What is the weather in Paris?", tools=(WEATHER,)))

    assert [call.name for call in reply.tool_calls] == ["llmock_unknown_tool"]


def test_tool_arguments_that_are_no_json_become_the_calls_fault(mock: LLMock) -> None:
    mock.break_tool_call("malformed_arguments")

    reply = OPENAI.complete(mock.url, ask("What is the weather in Paris?", tools=(WEATHER,)))

    (call,) = reply.tool_calls
    assert call.fault is not None
    assert call.fault.startswith("the arguments are not valid JSON")


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_llmock_finds_nothing_wrong_with_the_retries(mock: LLMock, wire: Wire, status: int) -> None:
    mock.add(Fail(status, times=2, retry_after=0.05)).reply("at last")

    assert wire.complete(address(mock, wire)).text == "at last"
    mock.assert_resilient()


def test_llmock_agrees_that_retry_after_is_obeyed(mock: LLMock, wire: Wire) -> None:
    mock.rate_limit(times=2, retry_after=0.3).reply("at last")

    assert wire.complete(address(mock, wire)).text == "at last"
    mock.assert_resilient(strict=True)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_llmock_agrees_that_refusals_are_not_tried_again(mock: LLMock, wire: Wire, status: int) -> None:
    mock.fail(status)

    with pytest.raises(ProviderError):
        wire.complete(address(mock, wire))
    mock.assert_resilient(strict=True)


def test_a_prompt_that_is_too_long_is_said_in_the_providers_words(mock: LLMock, wire: Wire) -> None:
    mock.context_overflow()

    with pytest.raises(RequestRefused, match="maximum context length"):
        wire.complete(address(mock, wire))


def test_a_local_server_speaks_the_same_language(mock: LLMock) -> None:
    mock.reply("from here")

    reply = LOCAL.complete(mock.url, ask(max_tokens=50, temperature=0.1))

    assert reply.text == "from here"
    assert mock.last_request.body["max_tokens"] == 50
