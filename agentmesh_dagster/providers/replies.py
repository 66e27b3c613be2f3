"""Tool calls of a reply: nothing is believed about their arguments."""

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, as_object, read_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.chat import ToolCall


def read_tool_call(call_id: str, name: str, arguments: JsonValue) -> ToolCall:
    """The call; arguments that are no JSON object become its fault, for the model to correct.

    `arguments` is an object, or the text of one. A name that was not offered is the caller's affair.
    """
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
