"""Options as each API has them; what nobody asked for is not sent."""

from typing import Any

import pytest

from agentmesh_dagster.entities.model_options import ModelOptions
from agentmesh_dagster.providers.chat import Message, ToolCall, ToolSpec
from tests.providers.scripted import ScriptedServer, answer
from tests.providers.test_ways import respond, say
from tests.providers.wires import ANTHROPIC, LOCAL, OPENAI, Wire, ask

CLOCK = ToolSpec("get_time", "What time it is.", {})


def send(server: ScriptedServer, wire: Wire, model: str, **fields: Any) -> dict[str, Any]:
    server.play(respond(say("hi")) if model == "gpt-6" else answer(wire.text("hi")))
    wire.complete(server.url, ask(model=model, tools=(CLOCK,), **fields))
    return server.seen[-1].body


@pytest.mark.parametrize(
    ("wire", "model", "options", "sent"),
    [
        (OPENAI, "gpt-4o", {"reasoningEffort": "low"}, {"reasoning_effort": "low"}),
        (LOCAL, "qwen3", {"reasoningEffort": "none"}, {"reasoning_effort": "none"}),
        (OPENAI, "gpt-6", {"reasoningEffort": "high"}, {"reasoning": {"effort": "high"}}),
        (ANTHROPIC, "claude-opus-5-5", {"reasoningEffort": "low"}, {"output_config": {"effort": "low"}}),
        (OPENAI, "gpt-4o", {"toolChoice": "required"}, {"tool_choice": "required"}),
        (ANTHROPIC, "some", {"toolChoice": "required"}, {"tool_choice": {"type": "any"}}),
        (OPENAI, "gpt-6", {"parallelToolCalls": False}, {"parallel_tool_calls": False}),
        (ANTHROPIC, "some", {"stop": ["END"], "topP": 0.5}, {"stop_sequences": ["END"], "top_p": 0.5}),
        (OPENAI, "gpt-6", {"serviceTier": "flex", "seed": 3}, {"service_tier": "flex", "seed": 3}),
        (ANTHROPIC, "some", {"cache": True}, {"cache_control": {"type": "ephemeral", "ttl": "5m"}}),
        (LOCAL, "qwen3", {"extraBody": {"min_p": 0.1}, "stop": ["END"]}, {"min_p": 0.1, "stop": ["END"]}),
    ],
)
def test_an_option_goes_under_the_name_that_the_api_has(
    server: ScriptedServer, wire: Wire, model: str, options: dict[str, Any], sent: dict[str, Any]
) -> None:
    plain = send(server, wire, model)
    body = send(server, wire, model, options=ModelOptions.model_validate(options))

    assert {name: body.get(name) for name in sent} == sent
    assert body.keys() - plain.keys() <= {*sent, "thinking"}


def test_a_call_must_be_made_once_and_not_in_each_round(server: ScriptedServer) -> None:
    called = Message("assistant", "", tool_calls=(ToolCall("1", "get_time", {}, None),))
    messages = (Message("user", "?"), called, Message("tool", "5", tool_call_id="1"))

    body = send(server, OPENAI, "gpt-4o", messages=messages, options=ModelOptions(tool_choice="required"))
    assert body["tool_choice"] == "auto"
