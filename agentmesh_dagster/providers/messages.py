"""The conversation in our words and in those of pydantic-ai, whose models carry the wire."""

from collections.abc import Iterator, Sequence
from typing import cast

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.chat import Message, ToolCall
from agentmesh_dagster.providers.records import LIBRARY, check_library, stamp_state
from agentmesh_dagster.providers.replies import read_tool_call, write_tool_arguments

ECHO = "agentmesh_echo"  # in a reply's provider_details: what its SDK does not know, and its server wants back


def write_conversation(messages: Sequence[Message], *, marks_errors: bool) -> list[ModelMessage]:
    """The messages as the library has them; replies of its own are those that came, whole.

    `marks_errors`: the API has a mark for a tool's error, so its text needs none.
    """
    written: list[ModelMessage] = []
    parts: list[ModelRequestPart] = []
    names: dict[str, str] = {}
    for message in messages:
        if message.role == "assistant":
            if parts:
                written.append(ModelRequest(parts))
                parts = []
            names |= {call.id: call.name for call in message.tool_calls}
            written.append(_read_response(message.provider_state) or _write_response(message))
        else:
            parts.append(_write_part(message, names, marks_errors=marks_errors))
    return [*written, ModelRequest(parts)] if parts else written


def _write_part(message: Message, names: dict[str, str], *, marks_errors: bool) -> ModelRequestPart:
    if message.role == "system":
        return SystemPromptPart(message.text)
    if message.role == "user":
        return UserPromptPart(message.text)
    call_id = message.tool_call_id or ""
    text = message.text if marks_errors or not message.is_error else f"Error: {message.text}"
    outcome = "failed" if message.is_error and marks_errors else "success"
    return ToolReturnPart(names.get(call_id, "tool"), text, call_id, outcome=outcome)


def _write_response(message: Message) -> ModelResponse:
    parts: list[ModelResponsePart] = [TextPart(message.text)] if message.text.strip() else []
    calls = [ToolCallPart(call.name, write_tool_arguments(call), call.id) for call in message.tool_calls]
    return ModelResponse([*parts, *calls])


def write_state(response: ModelResponse) -> JsonObject:
    """The reply as it is stored: an older library must not read what a newer one wrote."""
    # Where it came from is the endpoint's affair, and its address may hold a password.
    response.provider_url = None
    (written,) = ModelMessagesTypeAdapter.dump_python([response], mode="json")
    short = _leave_out_empty(written)
    short["parts"] = [_leave_out_empty(part) for part in written["parts"]]
    short["usage"] = {name: count for name, count in written["usage"].items() if count}
    return stamp_state(short)


def _leave_out_empty(fields: JsonObject) -> JsonObject:
    return {name: value for name, value in fields.items() if value is not None}


def _read_response(state: JsonValue) -> ModelResponse | None:
    stored = as_object(state)
    if stored.get("library") != LIBRARY:
        return None
    check_library(state)
    (response,) = ModelMessagesTypeAdapter.validate_python([stored["response"]])
    return cast("ModelResponse", response)


def read_text(response: ModelResponse) -> str:
    return "".join(part.content for part in response.parts if isinstance(part, TextPart))


def read_reasoning(response: ModelResponse) -> str:
    return "\n\n".join(part.content for part in response.parts if isinstance(part, ThinkingPart) and part.content)


def read_tool_calls(response: ModelResponse) -> tuple[ToolCall, ...]:
    return tuple(
        read_tool_call(part.tool_call_id, part.tool_name, cast("JsonValue", part.args))
        for part in response.parts
        if isinstance(part, ToolCallPart)
    )


def list_used_ids(messages: Sequence[Message]) -> Iterator[str]:
    """The ids of all tool calls of the conversation."""
    for message in messages:
        yield from (call.id for call in message.tool_calls)


def list_echoes(messages: Sequence[ModelMessage], provider: str) -> list[JsonObject]:
    """What goes back beside each reply of the conversation, to the provider that sent it."""
    replies = [message for message in messages if isinstance(message, ModelResponse)]
    return [
        as_object((reply.provider_details or {}).get(ECHO)) if reply.provider_name == provider else {}
        for reply in replies
    ]
