"""The built-in model: the same answer to the same request, useful enough for a demo."""

import json
import time
from typing import Any

import pytest

from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.providers import get_provider
from agentmesh_dagster.providers.chat import ChatReply, Message, ToolSpec
from agentmesh_dagster.providers.errors import OfflineModelStuck
from agentmesh_dagster.settings import Settings
from tests.providers.wires import ask

TICKET = (
    "Ticket from Ada: I was charged twice for order ORD-1182 on 2026-10-03, 49.90 EUR each time. "
    "Please refund one of them and write to ada@example.com. The printer works."
)
LOOK_UP = ToolSpec(
    "look_up_order",
    "An order by its number.",
    {
        "type": "object",
        "properties": {"order": {"type": "string", "pattern": "^ORD-\\d+$"}},
        "required": ["order"],
    },
)
CALCULATOR = ToolSpec(
    "calculator",
    "Computes.",
    {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]},
)
SEARCH = ToolSpec(
    "search",
    "Finds pages.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)


def complete(prompt: str = TICKET, **fields: Any) -> ChatReply:
    return get_provider("local", Settings()).complete(ask(prompt, **fields))


def structured(schema: dict[str, Any], prompt: str = TICKET) -> Any:
    value = json.loads(complete(prompt, output_schema=schema).text)
    JsonSchema(schema).check(value)
    return value


def test_a_free_answer_is_labelled_and_says_what_it_is_about() -> None:
    reply = complete()

    assert reply.text.startswith("[offline model] Ticket from Ada: I was charged twice for order ORD-1182")
    assert "Key words: " in reply.text
    assert (reply.model, reply.stop_reason) == ("offline", "end")


def test_it_counts_tokens_and_costs_nothing() -> None:
    usage = complete("a" * 400).usage

    assert usage.input_tokens == 100
    assert usage.output_tokens > 10
    assert usage.cost_usd == 0


def test_the_same_request_gets_the_same_reply_at_any_time() -> None:
    schema = {"type": "object", "properties": {"score": {"type": "number"}, "good": {"type": "boolean"}}}

    first = complete(output_schema=schema, idempotency_key="a", deadline=time.monotonic() + 1)
    second = complete(output_schema=schema, idempotency_key="b", deadline=time.monotonic() + 9)
    assert first == second


def test_another_prompt_gets_another_score() -> None:
    schema = {
        "type": "object",
        "properties": {"score": {"type": "number", "minimum": 0, "maximum": 1}},
        "required": ["score"],
    }

    assert len({structured(schema, f"draft {number}")["score"] for number in range(20)}) > 5


def test_a_structured_answer_is_made_from_the_prompt() -> None:
    schema = {
        "type": "object",
        "properties": {
            "category": {"enum": ["technical", "refund", "other"]},
            "email": {"type": "string", "format": "email"},
            "order": {"type": "string", "pattern": "^ORD-\\d+$"},
            "amount": {"type": "number"},
            "date": {"type": "string", "format": "date"},
            "summary": {"type": "string"},
            "title": {"type": "string", "maxLength": 20},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        },
    }

    answer = structured(schema)
    assert answer["category"] == "refund"
    assert answer["email"] == "ada@example.com"
    assert answer["order"] == "ORD-1182"
    assert answer["amount"] == 49.9
    assert answer["date"] == "2026-10-03"
    assert answer["summary"].startswith("Ticket from Ada: I was charged twice")
    assert len(answer["title"]) <= 20
    assert len(answer["tags"]) == 2


def test_a_prompt_of_json_gives_its_fields() -> None:
    schema = {"type": "object", "properties": {"id": {"type": "integer"}, "note": {"type": "string"}}}
    prompt = json.dumps({"id": 77, "text": "The door is stuck. Help!"})

    assert structured(schema, prompt) == {"id": 77, "note": "The door is stuck."}
    assert complete(prompt).text.startswith("[offline model] The door is stuck.")


def test_it_calls_the_tools_that_the_prompt_speaks_of_once_then_answers() -> None:
    prompt = "Look up order ORD-1182, then calculate 49.90 * 2."
    tools = (SEARCH, LOOK_UP, CALCULATOR)

    first = complete(prompt, tools=tools)
    assert first.stop_reason == "tool_calls"
    assert [(call.name, call.arguments) for call in first.tool_calls] == [
        ("look_up_order", {"order": "ORD-1182"}),
        ("calculator", {"expression": "49.90 * 2"}),
    ]

    results = [Message("tool", f"result {call.name}", tool_call_id=call.id) for call in first.tool_calls]
    second = complete(messages=(Message("user", prompt), first.to_message(), *results), tools=tools)
    assert second.stop_reason == "end"
    assert second.text == (
        "[offline model] look_up_order answered: result look_up_order "
        "calculator answered: result calculator This was asked: Look up order ORD-1182, then calculate "
        "49.90 * 2."
    )


def test_a_prompt_that_speaks_of_no_tool_goes_to_the_first() -> None:
    reply = complete("Who painted this?", tools=(SEARCH, CALCULATOR))

    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("search", {"query": "Who painted this?"})]


def test_after_the_tools_comes_the_structured_answer() -> None:
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    first = complete(tools=(SEARCH,), output_schema=schema)
    results = [Message("tool", "found", tool_call_id=call.id) for call in first.tool_calls]

    second = complete(
        messages=(Message("user", TICKET), first.to_message(), *results),
        tools=(SEARCH,),
        output_schema=schema,
    )
    JsonSchema(schema).check(json.loads(second.text))


def test_a_tool_whose_schema_nothing_fits_is_called_with_nothing() -> None:
    impossible = ToolSpec("odd", "Odd.", {"type": "object", "required": ["a"], "properties": {"a": False}})

    assert complete(tools=(impossible,)).tool_calls[0].arguments == {}


def test_a_schema_that_nothing_fits_is_a_clear_error() -> None:
    with pytest.raises(OfflineModelStuck, match="simplify it"):
        complete(output_schema={"type": "object", "minProperties": 2, "maxProperties": 1})


@pytest.mark.parametrize("prompt", ["", " \n", "?", "客户说打印机坏了。请修理。", "a" * 100_000, "[]", "null"])
def test_any_prompt_gets_an_answer(prompt: str) -> None:
    assert complete(prompt).text.startswith("[offline model] ")
