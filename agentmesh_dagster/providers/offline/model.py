"""The built-in offline model: no network, no key, the same answer to the same request."""

import re
from hashlib import sha256

from agentmesh_dagster.entities.json_values import JsonValue, as_object, write_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.chat import ChatReply, ChatRequest, ToolCall, ToolSpec, Usage
from agentmesh_dagster.providers.errors import OfflineModelStuck
from agentmesh_dagster.providers.offline.texts import Hints
from agentmesh_dagster.providers.offline.values import make_value
from agentmesh_dagster.providers.offline.words import find_first_sentence, find_key_words, read_prompt

LABEL = "[offline model]"
_MOST_TOOLS = 4
_LONGEST_RESULT = 300  # characters of a tool's result in an answer
_CHARACTERS_PER_TOKEN = 4


class OfflineModel:
    """Stands in for `local` where no server is set: for demos, dry runs and tests."""

    name = "local"

    def complete(self, request: ChatRequest) -> ChatReply:
        """Calls fitting tools once, then answers with an extract of the prompt or a value for the schema.

        Raises OfflineModelStuck when it finds no value for the output schema.
        """
        seed = _hash_request(request)
        asked = next((message.text for message in reversed(request.messages) if message.role == "user"), "")
        prose, value = read_prompt(asked)
        fields = as_object(value)
        text, calls = "", ()
        if request.tools and not any(message.role == "tool" for message in request.messages):
            calls = _call_tools(request.tools, Hints(prose, asked.strip(), fields, seed))
        elif request.output_schema is not None:
            hints = Hints(prose, find_first_sentence(prose), fields, seed)
            text = write_json(make_value(request.output_schema, hints))
        else:
            text = _write_answer(request, prose)
        return ChatReply(
            id=f"offline-{seed[:24]}",
            model="offline",
            text=text,
            tool_calls=calls,
            stop_reason="tool_calls" if calls else "end",
            usage=_count_usage(request, text, calls),
        )


def _hash_request(request: ChatRequest) -> str:
    """A digest of all that the answer may depend on: neither the time nor the try."""
    parts: JsonValue = [
        request.model,
        [[message.role, message.text, len(message.tool_calls)] for message in request.messages],
        [[tool.name, tool.input_schema] for tool in request.tools],
        request.output_schema,
    ]
    return sha256(write_json(parts).encode()).hexdigest()


def _call_tools(tools: tuple[ToolSpec, ...], hints: Hints) -> tuple[ToolCall, ...]:
    """One call for each tool that the prompt seems to speak of; for the first where it speaks of none."""
    fitting = [tool for tool in tools if _speaks_of(tool, hints.text)] or [tools[0]]
    return tuple(
        ToolCall(f"offline_{hints.seed[:16]}_{index}", tool.name, _make_arguments(tool, hints), None)
        for index, tool in enumerate(fitting[:_MOST_TOOLS])
    )


def _speaks_of(tool: ToolSpec, text: str) -> bool:
    words = [word.lower() for word in re.split(r"[^a-zA-Z0-9]+", tool.name) if len(word) > 3]
    # A word's first letters stand for its other forms: calculator, calculate.
    return any(word[: max(4, len(word) - 3)] in text.lower() for word in words)


def _make_arguments(tool: ToolSpec, hints: Hints) -> JsonObject:
    try:
        return as_object(make_value({"allOf": [{"type": "object"}, tool.input_schema]}, hints))
    except OfflineModelStuck:
        return {}  # the tool will say what it misses, as to any model that gets it wrong


def _write_answer(request: ChatRequest, prose: str) -> str:
    names = {call.id: call.name for message in request.messages for call in message.tool_calls}
    results = [message for message in request.messages if message.role == "tool"]
    lines = [
        f"{names.get(message.tool_call_id or '', 'tool')} {'failed' if message.is_error else 'answered'}: "
        f"{find_first_sentence(message.text, _LONGEST_RESULT)}"
        for message in results
    ]
    said = find_first_sentence(prose) or "nothing was asked"
    if lines:
        return f"{LABEL} {' '.join(lines)} This was asked: {said}"
    words = find_key_words(prose)
    return f"{LABEL} {said}" + (f" Key words: {', '.join(words)}." if len(prose) > len(said) else "")


def _count_usage(request: ChatRequest, text: str, calls: tuple[ToolCall, ...]) -> Usage:
    read = sum(len(message.text) for message in request.messages)
    read += sum(len(write_json(tool.input_schema)) + len(tool.description) for tool in request.tools)
    written = len(text) + sum(len(write_json(call.arguments)) for call in calls)
    return Usage(max(1, read // _CHARACTERS_PER_TOKEN), max(1, written // _CHARACTERS_PER_TOKEN), 0.0)
