"""Agents: prompts, the tool loop, structured replies, what is recorded of them."""

import datetime
import sys
from decimal import Decimal
from typing import Any, Literal

import pytest

from agentmesh_dagster.entities.models import Agent, EventType, RunStatus, StepStatus, Tool
from agentmesh_dagster.providers.chat import ChatRequest
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.testing import FinishedRun, ScriptedProvider, run_workflow, use_provider
from agentmesh_dagster.tools import tool
from tests.shapes import function_tool, node, save, workflow

SCORE = {"type": "object", "required": ["score"], "properties": {"score": {"type": "number"}}}


@tool
def add(a: int, b: int) -> int:
    return a + b


@tool
def say_often(text: str, times: int) -> str:
    return text * times


@tool
def explode() -> None:
    raise RuntimeError("the pump is broken")


@tool
async def book(day: datetime.date, seats: Literal[1, 2] = 1) -> dict[str, Any]:
    """Books a table.

    Args:
        day: When.
    """
    return {"booked": day + datetime.timedelta(days=1), "price": Decimal("9.90") * seats}


@tool
def leave() -> None:
    sys.exit(3)


def run_agent(services: Services, provider: ScriptedProvider, *, tools: list[Tool] | None = None, **config: Any):
    """Runs start → ask (an agent) → end."""
    tools = tools or []
    agent = Agent.model_validate(
        {
            "id": "helper",
            "name": "Helper",
            "modelProvider": "local",
            "modelName": "small",
            "systemPrompt": "Be brief.",
            "temperature": 0.5,
            "tools": [tool.id for tool in tools],
        }
    )
    nodes = [node("start", "start"), node("ask", "agent", agentId="helper", **config), node("end", "end")]
    flow = workflow("w", nodes, ["start -> ask", "ask -> end"])
    save(services, agent, *tools, flow)
    return run_workflow(use_provider(services, provider), flow, {"question": "What is 2 + 3?"})


def texts(request: ChatRequest) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in request.messages]


def payloads(run: FinishedRun, event_type: EventType) -> list[dict[str, Any]]:
    return [event.payload for event in run.events if event.type is event_type]


def test_a_prompt_with_placeholders_is_all_that_the_user_says(services: Services):
    provider = ScriptedProvider(["five"])

    run = run_agent(services, provider, prompt="Answer: {{ context.input.question }}")

    assert texts(provider.requests[0]) == [("system", "Be brief."), ("user", "Answer: What is 2 + 3?")]
    assert run.output["text"] == "five"


def test_a_fixed_prompt_gets_the_input_as_context_before_it(services: Services):
    provider = ScriptedProvider(["five"])

    run_agent(services, provider, prompt="Answer the question.")

    assert texts(provider.requests[0])[1:] == [
        ("user", 'Context:\n{"question":"What is 2 + 3?"}'),
        ("user", "Answer the question."),
    ]


def test_without_a_prompt_the_input_is_the_prompt(services: Services):
    provider = ScriptedProvider(["five"])

    run_agent(services, provider)

    assert texts(provider.requests[0])[1:] == [("user", '{"question":"What is 2 + 3?"}')]


def test_the_node_overrides_the_agent(services: Services):
    provider = ScriptedProvider(["five"])

    run_agent(services, provider, systemPrompt="Be long.", modelName="large", temperature=0, maxTokens=7)

    request = provider.requests[0]
    assert (request.model, request.temperature, request.max_tokens) == ("large", 0, 7)
    assert texts(request)[0] == ("system", "Be long.")


def test_a_json_reply_stands_beside_text_and_raw(services: Services):
    run = run_agent(services, ScriptedProvider(['```json\n{"score": 0.9}\n```']), outputSchema=SCORE)

    assert run.output["score"] == 0.9
    assert run.output["raw"]["usage"] == {"inputTokens": 10, "outputTokens": 5}


def test_a_reply_that_does_not_fit_is_sent_back_once_with_the_fault(services: Services):
    provider = ScriptedProvider(['{"score": "high"}', '{"score": 1}'])

    run = run_agent(services, provider, outputSchema=SCORE)

    assert run.output["score"] == 1
    assert "$.score" in provider.requests[1].messages[-1].text
    assert run.output["raw"]["usage"] == {"inputTokens": 20, "outputTokens": 10}


def test_a_reply_that_does_not_fit_twice_fails_the_step(services: Services):
    run = run_agent(services, ScriptedProvider(["no", "still no"]), outputSchema=SCORE)

    assert run.status is RunStatus.FAILED
    assert run.run.error
    assert "does not fit" in run.run.error


def test_tools_are_called_and_their_results_go_back(services: Services):
    provider = ScriptedProvider([[("add", {"a": 2, "b": 3}), ("add", {"a": 1, "b": 1})], "five and two"])

    run = run_agent(services, provider, tools=[function_tool("add")])

    assert [message.text for message in provider.requests[1].messages if message.role == "tool"] == ["5", "2"]
    assert [call["output"] for call in run.output["raw"]["toolCalls"]] == [5, 2]
    assert [payload["input"] for payload in payloads(run, EventType.TOOL_REQUEST)].count({"a": 2, "b": 3}) == 1
    keys = {payload["idempotencyKey"] for payload in payloads(run, EventType.TOOL_REQUEST)}
    assert len(keys) == 2, "another call has another key"


def test_a_typed_function_is_offered_with_its_parameters_and_gets_them_as_they_are_typed(services: Services):
    provider = ScriptedProvider([[("book", {"day": "2026-12-30", "seats": 2})], "done"])

    run = run_agent(services, provider, tools=[function_tool("book")])

    offered = provider.requests[0].tools[0]
    assert offered.description == "Books a table."
    assert offered.input_schema["properties"]["day"] == {"type": "string", "format": "date", "description": "When."}
    assert offered.input_schema["required"] == ["day"]
    assert payloads(run, EventType.TOOL_RESPONSE)[0]["output"] == {"booked": "2026-12-31", "price": "19.80"}


def test_a_function_that_would_end_the_worker_fails_its_step_alone(services: Services):
    flow = workflow(
        "w",
        [
            node("start", "start"),
            node("leave", "tool", toolId="leave", input={}),
            node("rest", "tool", toolId="add"),
            node("end", "end"),
        ],
        ["start -> leave", "leave -> end", "start -> rest", "rest -> end"],
    )
    save(services, function_tool("leave"), function_tool("add"), flow)

    run = run_workflow(services, flow, {"a": 1, "b": 2})

    ended = {step.node_id: step.status for step in run.steps}
    assert (ended["leave"], ended["rest"]) == (StepStatus.FAILED, StepStatus.SUCCEEDED)
    assert "it called sys.exit(3)" in (run.run.error or "")


def test_a_long_result_is_cut_for_the_model_and_whole_in_the_event(services: Services):
    provider = ScriptedProvider([[("say_often", {"text": "ab", "times": 100})], "long"])
    repeating = function_tool("say_often").model_copy(update={"max_result_tokens": 10})

    run = run_agent(services, provider, tools=[repeating])

    told = provider.requests[1].messages[-1].text
    assert told.startswith('{"text":"abab')
    assert told.endswith("\n[Cut here: the result has 211 characters, and these are the first 40.]")
    [response] = payloads(run, EventType.TOOL_RESPONSE)
    assert response["output"] == {"text": "ab" * 100}


@pytest.mark.parametrize(
    ("call", "told"), [(("explode", {}), "the pump is broken"), (("nonsense", {}), "there is no tool `nonsense`")]
)
def test_what_goes_wrong_with_a_tool_is_told_to_the_model(services: Services, call: tuple[str, Any], told: str):
    provider = ScriptedProvider([[call], "sorry"])

    run = run_agent(services, provider, tools=[function_tool("explode")])

    answer = provider.requests[1].messages[-1]
    assert answer.is_error
    assert told in answer.text
    assert run.status is RunStatus.SUCCEEDED


def test_a_model_that_never_answers_is_ended_after_max_tool_rounds(services: Services):
    provider = ScriptedProvider([[("add", {"a": 1, "b": 1})]] * 3)

    run = run_agent(services, provider, tools=[function_tool("add")], maxToolRounds=2)

    assert run.status is RunStatus.FAILED
    assert "2 rounds (maxToolRounds)" in str(run.run.error)


def test_a_model_that_has_used_up_its_rounds_may_be_asked_for_an_answer_without_tools(services: Services):
    calls = [("add", {"a": 1, "b": 1})]
    provider = ScriptedProvider([calls, calls, "two"])

    run = run_agent(services, provider, tools=[function_tool("add")], maxToolRounds=2, onTooManyRounds="answer")

    assert run.output["text"] == "two"
    assert [request.options.tool_choice for request in provider.requests] == [None, None, "none"]


def test_one_that_calls_tools_all_the_same_fails(services: Services):
    provider = ScriptedProvider([[("add", {"a": 1, "b": 1})]] * 2)

    run = run_agent(services, provider, tools=[function_tool("add")], maxToolRounds=1, onTooManyRounds="answer")

    assert "1 rounds (maxToolRounds)" in str(run.run.error)


def test_each_request_and_response_is_an_event_in_order(services: Services):
    provider = ScriptedProvider([[("add", {"a": 2, "b": 3})], "five"])

    run = run_agent(services, provider, tools=[function_tool("add")])

    of_agent = [event.type for event in run.events if event.step_id == run.steps[1].id]
    assert of_agent == [
        EventType.STEP_STARTED,
        EventType.AGENT_REQUEST,
        EventType.AGENT_RESPONSE,
        EventType.TOOL_REQUEST,
        EventType.TOOL_RESPONSE,
        EventType.AGENT_REQUEST,
        EventType.AGENT_RESPONSE,
        EventType.STEP_COMPLETED,
    ]
    first, second = payloads(run, EventType.AGENT_REQUEST)
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert [message["role"] for message in second["messages"]] == ["assistant", "tool"], "only what is new"


def test_a_retried_agent_goes_on_behind_the_tools_that_have_answered(services: Services):
    provider = ScriptedProvider([[("add", {"a": 2, "b": 3})], "no", "no", '{"score": 1}'])

    run = run_agent(services, provider, tools=[function_tool("add")], outputSchema=SCORE, retry={"maxAttempts": 2})

    assert len(payloads(run, EventType.TOOL_REQUEST)) == 1
    step = next(step for step in run.steps if step.node_id == "ask")
    assert (step.status, step.attempt) == (StepStatus.SUCCEEDED, 2)
    assert [event.type for event in run.events].count(EventType.STEP_RETRYING) == 1
