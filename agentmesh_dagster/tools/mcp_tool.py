"""Tools of type `mcp`: the functions of a server that the operator declares."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agentmesh_dagster.declared import McpServer
from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, as_object, read_json
from agentmesh_dagster.entities.models import JsonObject, ServerFunction, Tool
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.tools.mcp import find_single, is_included
from agentmesh_dagster.tools.description import ToolDescription
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput, ToolError, cut_excerpt
from agentmesh_dagster.tools.mcp_session import McpSession, Sessions
from agentmesh_dagster.tools.request import ToolRequest
from agentmesh_dagster.tools.secrets import Secrets

if TYPE_CHECKING:
    import mcp

_PARTS = ("description", "input_schema", "output_schema")


class McpFailed(ToolError):
    """The function of the MCP server failed."""


def call_mcp_tool(request: ToolRequest, settings: Settings) -> JsonValue:
    """What the function gives: its structured content, else JSON, else text; of images and the like a note.

    Raises the ToolError family; no call is made twice.
    """
    config = request.tool.config
    server = _find_server(request.tool, settings)
    function, arguments = _read_input(request)
    if not is_included(config, function):
        raise InvalidToolInput(f"the tool has no function {quote(function)} (include, exclude)")
    session = request.sessions.get(config.server or "", server)
    for note in _list_changes(request.tool, function, session, request.deadline):
        request.report(note)
    result = session.call(function, arguments, request.deadline)
    return Secrets(tuple(server.list_keys())).scrub_result(_read_result(result))


def describe_mcp_tool(tool: Tool) -> ToolDescription:
    """The function that the tool is, as it was when the tool was saved; else how one of several is called."""
    known = list_pinned(tool)
    single = find_single(tool.config)
    if single is None:
        names: JsonObject = {"enum": [one.name for one in known]} if known else {"type": "string"}
        several: JsonObject = {
            "type": "object",
            "properties": {"function": names, "arguments": {"type": "object"}},
            "required": ["function"],
        }
        return ToolDescription(f"Calls a function of the MCP server {tool.config.server}.", several)
    found = next((one for one in known if one.name == single), None)
    return ToolDescription(found.description, found.input_schema) if found else ToolDescription()


def expand_mcp_tool(tool: Tool, settings: Settings, sessions: Sessions, deadline: float) -> list[Tool]:
    """Each function as a tool of its own, as a model is offered it; asks the server where nothing is pinned."""
    known = list_pinned(tool)
    if tool.functions is None:
        known = [
            one for one in fetch_functions(tool, settings, sessions, deadline) if is_included(tool.config, one.name)
        ]
    return [
        tool.model_copy(
            update={
                "name": f"{tool.name}_{one.name}",
                "description": "",  # the function's own is told
                "config": tool.config.model_copy(update={"include": [one.name], "exclude": None}),
                "functions": [one],
            }
        )
        for one in known
    ]


def list_pinned(tool: Tool) -> list[ServerFunction]:
    """The tool's functions as they were when it was saved."""
    return [one for one in tool.functions or () if is_included(tool.config, one.name)]


def fetch_functions(tool: Tool, settings: Settings, sessions: Sessions, deadline: float) -> list[ServerFunction]:
    """The functions that the server has now. Raises the ToolError family."""
    session = sessions.get(tool.config.server or "", _find_server(tool, settings))
    return [_describe(one) for one in session.list_functions(deadline)]


def _find_server(tool: Tool, settings: Settings) -> McpServer:
    name, servers = tool.config.server or "", settings.declared.mcp
    if name not in servers:
        raise InvalidTool(
            with_hint(f"agentmesh.toml declares no MCP server {quote(name)} where this runs", name, servers)
        )
    return servers[name]


def _read_input(request: ToolRequest) -> tuple[str, dict[str, Any]]:
    """The function that is meant, and its arguments."""
    if not isinstance(request.input, dict | None):
        raise InvalidToolInput("a function of an MCP server takes an object")
    given = as_object(request.input)
    if single := find_single(request.tool.config):
        return single, given
    function, arguments = given.get("function"), given.get("arguments")
    if not isinstance(function, str) or not isinstance(arguments, dict | None) or len(given) > 2:
        known = join_names([one.name for one in list_pinned(request.tool)], "or")
        raise InvalidToolInput(f"write {{function, arguments}}, or name one in include{known and f': {known}'}")
    return function, as_object(arguments)


def _describe(function: "mcp.types.Tool") -> ServerFunction:
    return ServerFunction(
        name=function.name,
        description=function.description or function.title or "",
        input_schema=function.input_schema,
        output_schema=function.output_schema or {},
    )


def _list_changes(tool: Tool, function: str, session: McpSession, deadline: float) -> Iterator[str]:
    """How a function is not what it was when the tool was saved; told once in a session."""
    pinned = next((one for one in tool.functions or () if one.name == function), None)
    if pinned is None or not session.is_first(function):
        return
    server = quote(tool.config.server or "")
    now = next((one for one in map(_describe, session.list_functions(deadline)) if one.name == function), None)
    if now is None:
        yield f"The MCP server {server} has no function {quote(function)} any more. Save the tool again to see its own."
        return
    changed = [part for part in _PARTS if getattr(pinned, part) != getattr(now, part)]
    if changed:
        names = join_names([ServerFunction.model_fields[part].alias or part for part in changed])
        yield (
            f"{quote(function)} of the MCP server {server} is not what it was when the tool was saved ({names}): it is"
            " still called as it was then. Save the tool again to take the new one."
        )


def _read_result(result: "mcp.types.CallToolResult") -> JsonValue:
    text = "\n".join(block.text for block in result.content if block.type == "text")
    if result.is_error:
        raise McpFailed(cut_excerpt(text) or "it does not say why")
    notes = [_note(block) for block in result.content if block.type != "text"]
    structured: Any = result.structured_content
    value: JsonValue = _read_text(text) if structured is None else structured
    if not notes:
        return value
    return {**(as_object(value) or {"text": text}), "content": notes}


def _read_text(text: str) -> JsonValue:
    """JSON where the text is an object or a list, else the text."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return read_json(text)
        except InvalidJson:
            pass  # it only looks like JSON
    return {"text": text}


def _note(block: Any) -> JsonValue:
    """What is said of content that is no text: of which kind and how large it is."""
    inner = getattr(block, "resource", block)
    note: dict[str, JsonValue] = {"type": block.type}
    for name, key in (("uri", "uri"), ("name", "name"), ("mime_type", "mimeType"), ("text", "text")):
        if value := getattr(inner, name, None):
            note[key] = str(value)
    data = getattr(inner, "data", None) or getattr(inner, "blob", None)
    return note | ({"bytes": len(data) * 3 // 4} if isinstance(data, str) else {})
