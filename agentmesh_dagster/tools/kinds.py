"""What does the work of each tool type: one entry for each of `specs/tools`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agentmesh_dagster.entities.models import JsonObject, Tool
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.builtin_tools import lookup_builtin
from agentmesh_dagster.tools.errors import InvalidTool
from agentmesh_dagster.tools.functions import lookup_function
from agentmesh_dagster.tools.http_tool import call_http_tool
from agentmesh_dagster.tools.request import ToolRequest


@dataclass(frozen=True)
class ToolDescription:
    """What a model or an editor is told about a tool."""

    text: str = ""
    input_schema: JsonObject = field(default_factory=dict[str, object])  # {} takes anything
    output_schema: JsonObject = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class ToolKind:
    """How tools of a type are called; both raise the ToolError family."""

    run: Callable[[ToolRequest, Settings], object]
    describe: Callable[[Tool], ToolDescription]  # what is called, in its own words


def _describe_nothing(_: Tool) -> ToolDescription:
    return ToolDescription()


def _run_function(request: ToolRequest, _: Settings) -> object:
    function = lookup_function(_read_function_name(request.tool))
    return function.run(request.input, request.idempotency_key, request.resources)


def _describe_function(tool: Tool) -> ToolDescription:
    return ToolDescription(lookup_function(_read_function_name(tool)).description)


def _run_builtin(request: ToolRequest, settings: Settings) -> object:
    return lookup_builtin(_read_function_name(request.tool)).run(request, settings)


def _describe_builtin(tool: Tool) -> ToolDescription:
    builtin = lookup_builtin(_read_function_name(tool))
    return ToolDescription(builtin.description, builtin.input_schema, builtin.output_schema)


def _read_function_name(tool: Tool) -> str:
    if not tool.config.function_name:
        raise InvalidTool("config.functionName is missing")
    return tool.config.function_name


KINDS: Mapping[str, ToolKind] = {
    "http": ToolKind(call_http_tool, _describe_nothing),
    "function": ToolKind(_run_function, _describe_function),
    "builtin": ToolKind(_run_builtin, _describe_builtin),
}


def find_kind(tool: Tool) -> ToolKind:
    """What does the work of the tool's type. Raises InvalidTool for a type that there is not."""
    kind = KINDS.get(tool.type)
    if kind is None:
        raise InvalidTool(with_hint(f"there is no tool type {quote(tool.type)}", tool.type, KINDS))
    return kind
