"""Against llama.cpp itself: what it refuses and forbids nobody has written down for a test."""

import json
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.providers.chat import ChatReply, Message, ToolSpec
from agentmesh_dagster.providers.errors import ReplyCutShort
from tests.providers.llama import run_llama
from tests.providers.wires import LOCAL, ask

CLOCK = ToolSpec("current_time", "The time now.", {"type": "object", "properties": {}})
HALF = {"type": "object", "additionalProperties": False, "required": ["t"], "properties": {"t": {"enum": ["am", "pm"]}}}


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if missing := [name for name in ("xllamacpp", "gguf") if find_spec(name) is None]:
        reason = f"llama.cpp is needed: pip install {' '.join(missing)}"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    folder: Path = tmp_path_factory.mktemp("llama")
    with run_llama(folder) as address:
        yield address


def complete(llama: str, **fields: Any) -> ChatReply:
    return LOCAL.complete(llama, ask("What time is it?", **{"max_tokens": 300, **fields}), provider_max_attempts=1)


def test_a_schema_does_not_keep_it_from_its_tools(llama: str) -> None:
    reply = complete(llama, tools=(CLOCK,), output_schema=HALF)

    assert [call.name for call in reply.tool_calls] == ["current_time"]
    messages = (
        Message("user", "What time is it?"),
        reply.to_message(),
        Message("tool", "noon", tool_call_id=reply.tool_calls[0].id),
    )
    # The model is random: an answer of its own that fits would be luck. Held to the schema it has no choice.
    answer = complete(llama, messages=messages, tools=(CLOCK,), output_schema=HALF, tools_are_done=True)
    JsonSchema(HALF).check(json.loads(answer.text))


@pytest.mark.parametrize(
    "schema",
    [HALF, {"type": "array", "minItems": 1, "maxItems": 2, "items": {"enum": ["x", "y"]}}, {"enum": ["x", "y"]}],
)
def test_an_answer_is_held_to_its_schema(llama: str, schema: dict[str, Any]) -> None:
    JsonSchema(schema).check(json.loads(complete(llama, output_schema=schema).text))


def test_an_answer_that_was_cut_is_none_and_counted(llama: str) -> None:
    with pytest.raises(ReplyCutShort) as caught:
        complete(llama, max_tokens=5)

    assert caught.value.usage is not None
    assert caught.value.usage.output_tokens == 5
