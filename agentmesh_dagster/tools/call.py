"""How every tool is called: its input checked, the call made, its result checked."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema, SchemaMismatch
from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, check_json, read_json, write_json
from agentmesh_dagster.entities.models import JsonObject, Tool, ToolType
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.builtin_tools import lookup_builtin
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput, InvalidToolOutput
from agentmesh_dagster.tools.functions import lookup_function
from agentmesh_dagster.tools.http_tool import call_http_tool
from agentmesh_dagster.tools.request import ToolRequest


@dataclass(frozen=True)
class ToolDescription:
    """What a model or an editor is told about a tool."""

    text: str
    input_schema: JsonObject  # {} takes anything
    output_schema: JsonObject


def call_tool(request: ToolRequest, settings: Settings) -> JsonValue:
    """What the tool gives back for `request.input`: canonical JSON, with a text as `{"text": …}`.

    Raises the ToolError family; `retryable` says whether the same call may succeed later. An http call ends
    itself at the deadline, for the others the caller does. Safe to call from several threads.
    """
    description = describe_tool(request.tool)
    # All schemas are compiled before the call: one that is broken must not cost a result.
    takes = [_compile("inputSchema", schema) for schema in _list_input_schemas(request.tool)]
    gives = _compile("outputSchema", description.output_schema)
    try:
        check_json(request.input, max_bytes=settings.max_value_bytes)
        _check(takes, request.input)
    except (InvalidJson, SchemaMismatch) as error:
        raise InvalidToolInput(error.detail) from error
    result = _run(request, settings)
    try:
        value = {"text": result} if isinstance(result, str) else result
        check_json(value, max_bytes=settings.max_value_bytes)
        _check([gives], value)
    except (InvalidJson, SchemaMismatch) as error:
        raise InvalidToolOutput(error.detail) from error
    return value


def describe_tool(tool: Tool) -> ToolDescription:
    """The tool's own description and schemas, else those of the builtin or function that it names.

    Raises InvalidTool, UnknownBuiltin or UnknownFunction when there is no such thing to call.
    """
    text, input_schema, output_schema = "", dict[str, JsonValue](), dict[str, JsonValue]()
    if tool.type is ToolType.BUILTIN:
        builtin = lookup_builtin(_read_function_name(tool))
        text, input_schema, output_schema = builtin.description, builtin.input_schema, builtin.output_schema
    elif tool.type is ToolType.FUNCTION:
        text = lookup_function(_read_function_name(tool)).description
    return ToolDescription(
        tool.description or text, tool.input_schema or input_schema, tool.output_schema or output_schema
    )


def _run(request: ToolRequest, settings: Settings) -> object:
    match request.tool.type:
        case ToolType.HTTP:
            return call_http_tool(request, settings)
        case ToolType.FUNCTION:
            function = lookup_function(_read_function_name(request.tool))
            return function.run(request.input, request.idempotency_key, request.resources)
        case ToolType.BUILTIN:
            return lookup_builtin(_read_function_name(request.tool)).run(request, settings)


def _read_function_name(tool: Tool) -> str:
    if not tool.config.function_name:
        raise InvalidTool("config.functionName is missing")
    return tool.config.function_name


def _list_input_schemas(tool: Tool) -> Iterable[JsonObject]:
    yield tool.input_schema
    if tool.type is ToolType.BUILTIN:
        yield lookup_builtin(_read_function_name(tool)).input_schema  # holds whatever the tool's own allows


def _compile(field: str, schema: JsonObject) -> JsonSchema | None:
    if not schema:
        return None
    try:
        return _compile_text(write_json(schema))
    except InvalidSchema as error:
        raise InvalidTool(f"{field}: {error.detail}") from error


@lru_cache(maxsize=512)
def _compile_text(schema: str) -> JsonSchema:
    return JsonSchema(read_json(schema))


def _check(schemas: Iterable[JsonSchema | None], value: JsonValue) -> None:
    for schema in schemas:
        if schema:
            try:
                schema.check(value)
            except InvalidSchema as error:  # a `$ref` is found to lead nowhere only when it is followed
                raise InvalidTool(error.detail) from error
            except RecursionError:
                raise InvalidTool("a schema refers to itself without end") from None
