"""How every tool is called: its input checked, the call made, its result checked."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import lru_cache

from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema, SchemaMismatch
from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, check_json, read_json, write_json
from agentmesh_dagster.entities.models import JsonObject, Tool
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.secret_values import without_secrets
from agentmesh_dagster.tools.description import ToolDescription
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput, InvalidToolOutput
from agentmesh_dagster.tools.kinds import KINDS, find_kind
from agentmesh_dagster.tools.mcp_session import Sessions
from agentmesh_dagster.tools.request import ToolRequest


def call_tool(request: ToolRequest, settings: Settings) -> JsonValue:
    """What the tool gives back for `request.input`: canonical JSON, with a text as `{"text": …}`.

    Raises the ToolError family; `retryable` says whether the same call may succeed later. An http call ends
    itself at the deadline, for the others the caller does. Safe to call from several threads.
    """
    kind = find_kind(request.tool)
    own = kind.describe(request.tool)
    if kind.checks_itself:
        own = ToolDescription()
    # All schemas are compiled before the call: one that is broken must not cost a result. What is called may have an
    # inputSchema of its own, which holds whatever the tool's allows.
    takes = [_compile("inputSchema", schema) for schema in (request.tool.input_schema, own.input_schema)]
    gives = _compile("outputSchema", request.tool.output_schema or own.output_schema)
    try:
        check_json(request.input, max_bytes=settings.max_value_bytes)
        _check(takes, request.input)
    except (InvalidJson, SchemaMismatch) as error:
        raise InvalidToolInput(error.detail) from error
    with without_secrets(settings):
        result = kind.run(request, settings)
    try:
        value = check_json({"text": result} if isinstance(result, str) else result, max_bytes=settings.max_value_bytes)
        _check([gives], value)
    except (InvalidJson, SchemaMismatch) as error:
        raise InvalidToolOutput(error.detail) from error
    return value


def describe_tool(tool: Tool) -> ToolDescription:
    """The tool's own description and schemas, else those of the builtin or function that it names.

    Raises InvalidTool, UnknownBuiltin or UnknownFunction when there is no such thing to call.
    """
    own = find_kind(tool).describe(tool)
    return ToolDescription(
        tool.description or own.text, tool.input_schema or own.input_schema, tool.output_schema or own.output_schema
    )


def expand_tool(tool: Tool, settings: Settings, sessions: Sessions, deadline: float) -> Sequence[Tool]:
    """What a model is offered of a tool: the tool, or each of its functions as one. Raises the ToolError family."""
    expand = find_kind(tool).expand
    if expand is None:
        return [tool]
    with without_secrets(settings):
        return expand(tool, settings, sessions, deadline)


def pin_tool(tool: Tool, settings: Settings, deadline: float) -> Tool:
    """The tool with the functions that it stands for, as they are now. Raises the ToolError family."""
    kind = KINDS.get(tool.type)
    if kind is None or kind.fetch is None:
        return tool.model_copy(update={"functions": None})
    with without_secrets(settings), closing(Sessions()) as sessions:
        return tool.model_copy(update={"functions": kind.fetch(tool, settings, sessions, deadline)})


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
