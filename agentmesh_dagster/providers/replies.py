"""Checks that every provider's reply goes through: nothing is believed about its shape."""

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, as_list, as_object, read_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.chat import ChatReply, ToolCall, Usage
from agentmesh_dagster.providers.errors import MalformedReply
from agentmesh_dagster.providers.prices import compute_cost


def get_object(fields: JsonObject, key: str) -> JsonObject:
    """The object at `key`; MalformedReply when there is none."""
    value: JsonValue = fields.get(key)
    if not isinstance(value, dict):
        raise MalformedReply(f"`{key}` is missing or no object")
    return value


def get_objects(fields: JsonObject, key: str) -> list[JsonObject]:
    """The objects in the list at `key`; MalformedReply when it is something else."""
    value: JsonValue = fields.get(key)
    found = [item for item in as_list(value) if isinstance(item, dict)]
    if not isinstance(value, list) or len(found) < len(value):
        raise MalformedReply(f"`{key}` is missing or no list of objects")
    return found


def get_text(fields: JsonObject, key: str) -> str:
    """The text at `key`, "" for null; MalformedReply when it is something else or missing."""
    value = fields.get(key, 0)
    if value is not None and not isinstance(value, str):
        raise MalformedReply(f"`{key}` is missing or no text")
    return value or ""


def read_tool_call(call_id: str, name: str, arguments: JsonValue) -> ToolCall:
    """The call; arguments that are no JSON object become its fault, for the model to correct.

    `arguments` is an object, or the text of one. A name that was not offered is the caller's affair.
    """
    if not name:
        raise MalformedReply("a tool call has no name")
    value: JsonValue = arguments
    if isinstance(arguments, str):
        try:
            value = read_json(arguments) if arguments.strip() else {}
        except InvalidJson as error:
            return ToolCall(call_id, name, arguments, f"the arguments are not valid JSON: {error.reason}")
    if not isinstance(value, dict):
        return ToolCall(call_id, name, arguments, "the arguments must be a JSON object")
    return ToolCall(call_id, name, value, None)


def write_tool_arguments(call: ToolCall) -> JsonObject:
    """The arguments as they go back to the model; servers refuse a conversation that holds broken ones."""
    if call.fault is None:
        return as_object(call.arguments)
    return {"invalid_arguments": call.arguments}


def read_count(fields: JsonObject, key: str) -> int | None:
    """A number of tokens; None when the reply does not say."""
    value = fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def build_usage(model: str, input_tokens: int | None, output_tokens: int | None, cached_tokens: int = 0) -> Usage:
    """The usage with its cost, unknown when a count or the price is; the input includes `cached_tokens`."""
    if input_tokens is None or output_tokens is None:
        return Usage(input_tokens or 0, output_tokens or 0, None)
    return Usage(input_tokens, output_tokens, compute_cost(model, input_tokens, output_tokens, cached_tokens))


def check_reply(reply: ChatReply) -> ChatReply:
    """The reply; MalformedReply when it says and calls nothing, or its calls cannot be told apart."""
    if not reply.tool_calls and not reply.text.strip():
        raise MalformedReply("the model's answer is empty")
    ids = {call.id for call in reply.tool_calls} - {""}
    if len(ids) < len(reply.tool_calls):
        raise MalformedReply("its tool calls need ids of their own")
    return reply
