"""What does the work of each tool type: one entry for each of `specs/tools`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentmesh_dagster.entities.models import ServerFunction, Tool
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs import PLUGINS
from agentmesh_dagster.specs.plugins import Group, Registry
from agentmesh_dagster.specs.tool_spec import ToolSpec
from agentmesh_dagster.specs.tools import builtin, function, http, mcp, sql
from agentmesh_dagster.tools.builtin_tools import lookup_builtin
from agentmesh_dagster.tools.description import ToolDescription
from agentmesh_dagster.tools.errors import InvalidTool
from agentmesh_dagster.tools.functions import lookup_function
from agentmesh_dagster.tools.http_tool import call_http_tool
from agentmesh_dagster.tools.mcp_session import Sessions
from agentmesh_dagster.tools.mcp_tool import call_mcp_tool, describe_mcp_tool, expand_mcp_tool, fetch_functions
from agentmesh_dagster.tools.request import ToolRequest
from agentmesh_dagster.tools.sql_tool import call_sql_tool, describe_sql_tool


def _describe_nothing(_: Tool) -> ToolDescription:
    return ToolDescription()


@dataclass(frozen=True)
class ToolKind:
    """A tool type, whole: the entry point of a package in `agentmesh.tool_types` names one."""

    spec: ToolSpec
    run: Callable[[ToolRequest, Settings], object]  # gives JSON; raises the ToolError family
    describe: Callable[[Tool], ToolDescription] = _describe_nothing  # what is called, in its own words; as `run`
    # Of a tool that stands for several functions: each as a tool of its own, and what there is of them now.
    expand: Callable[[Tool, Settings, Sessions, float], Sequence[Tool]] | None = None
    fetch: Callable[[Tool, Settings, Sessions, float], list[ServerFunction]] | None = None
    checks_itself: bool = False  # `run` checks the input against what `describe` says; a result may be another


def _run_function(request: ToolRequest, _: Settings) -> object:
    found = lookup_function(_read_function_name(request.tool))
    return found.run(request.input, request.idempotency_key, request.resources, request.deadline)


def _describe_function(tool: Tool) -> ToolDescription:
    found = lookup_function(_read_function_name(tool))
    return ToolDescription(found.description, found.input_schema, found.output_schema)


def _run_builtin(request: ToolRequest, settings: Settings) -> object:
    return lookup_builtin(_read_function_name(request.tool)).run(request, settings)


def _describe_builtin(tool: Tool) -> ToolDescription:
    found = lookup_builtin(_read_function_name(tool))
    return ToolDescription(found.description, found.input_schema, found.output_schema)


def _read_function_name(tool: Tool) -> str:
    if not tool.config.function_name:
        raise InvalidTool("config.functionName is missing")
    return tool.config.function_name


OURS = (
    ToolKind(http.SPEC, call_http_tool),
    ToolKind(function.SPEC, _run_function, _describe_function, checks_itself=True),
    ToolKind(builtin.SPEC, _run_builtin, _describe_builtin),
    ToolKind(sql.SPEC, call_sql_tool, describe_sql_tool),
    ToolKind(mcp.SPEC, call_mcp_tool, describe_mcp_tool, expand=expand_mcp_tool, fetch=fetch_functions),
)
KINDS: Registry[ToolKind] = PLUGINS.join(Group.TOOLS, {kind.spec.type: kind for kind in OURS}, lambda kind: kind)


def find_kind(tool: Tool) -> ToolKind:
    """What does the work of the tool's type. Raises InvalidTool for a type that there is not."""
    kind = KINDS.get(tool.type)
    if kind is None:
        raise InvalidTool(with_hint(f"there is no tool type {quote(tool.type)}", tool.type, KINDS))
    return kind
