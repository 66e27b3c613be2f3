"""The MCP server of one request: no sessions, so nothing is left behind, and any web process answers any call."""

import json
from importlib.metadata import version
from typing import Any

import anyio
import mcp_types as mcp
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic.json_schema import GenerateJsonSchema
from starlette.types import ASGIApp, Receive, Scope, Send

from agentmesh_dagster.api.mcp.asking import Api, Refused
from agentmesh_dagster.api.mcp.tools import TOOLS, McpTool
from agentmesh_dagster.api.problems import build_problem
from agentmesh_dagster.api.requests import read_body
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.settings import Settings

_MAX_ANSWER_CHARS = 200_000
_API_KEY = "agentmesh.mcp_api"  # in the ASGI scope

_INSTRUCTIONS = """\
AgentMesh runs workflows of agents, tools, branches and human approvals as Dagster jobs.
To run one: list_workflows, run_workflow with what its inputSchema asks for, get_run with waitSeconds until it ends.
A run whose waitingOn names a gate waits for a person: get_gate shows what is asked, answer_gate answers it.
Why a run failed: its error, list_run_steps, get_step, list_run_events.
To write workflows: get_document_schema, export_document of one that is like it, validate_document, apply_document.
Large values are left out, and `cut` tells their size and beginning; `url` is the page that shows them whole."""


async def serve(app: ASGIApp, settings: Settings, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers one message; `app` is the API."""
    async with anyio.create_task_group() as tasks:
        api = Api(app, scope, tasks, settings.public_url)
        manager = StreamableHTTPSessionManager(
            _SERVER, json_response=True, stateless=True, max_request_body_size=settings.max_value_bytes
        )
        async with manager.run():
            await manager.handle_request({**scope, _API_KEY: api}, receive, send)


async def _list_tools(context: ServerRequestContext[Any], _: mcp.PaginatedRequestParams | None) -> mcp.ListToolsResult:
    identity = _get_api(context).identity
    return mcp.ListToolsResult(tools=[_describe(tool) for tool in TOOLS.values() if identity.may(tool.permission)])


async def _call_tool(context: ServerRequestContext[Any], called: mcp.CallToolRequestParams) -> mcp.CallToolResult:
    tool = TOOLS.get(called.name)
    if tool is None:
        return _answer_fault(f"There is no tool `{called.name}`: {', '.join(TOOLS)}.")
    try:
        wanted = read_body(tool.arguments, called.arguments or {})
        value = await tool.call(_get_api(context), wanted)
    except Refused as refusal:
        return _answer_problem(refusal.problem)
    except AgentMeshError as error:
        return _answer_problem(build_problem(error).to_wire())
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _MAX_ANSWER_CHARS:
        reason = f"The answer has {len(text):,} characters, and {_MAX_ANSWER_CHARS:,} are told at once."
        return _answer_fault(f"{reason} Ask for fewer items, or look at the pages of the web app.")
    return mcp.CallToolResult(content=[mcp.TextContent(text=text)], structured_content=value)


def _get_api(context: ServerRequestContext[Any]) -> Api:
    request: Any = context.request
    api: object = request.scope[_API_KEY]
    assert isinstance(api, Api)
    return api


def _describe(tool: McpTool) -> mcp.Tool:
    return mcp.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=_SCHEMAS[tool.name],
        annotations=mcp.ToolAnnotations(
            read_only_hint=tool.only_reads,
            destructive_hint=tool.destroys,
            idempotent_hint=tool.only_reads or tool.repeats,
            open_world_hint=tool.is_open,
        ),
    )


def _answer_problem(problem: JsonObject) -> mcp.CallToolResult:
    title, detail = problem["title"], problem["detail"]
    issues = [_write_issue(issue) for issue in problem.get("issues", [])]
    return _answer_fault("\n".join([title, *(issues or ([] if detail == title else [detail]))]), problem)


def _write_issue(issue: JsonObject) -> str:
    return f"- {issue['path']}: {issue['message']}" if issue.get("path") else f"- {issue['message']}"


def _answer_fault(text: str, problem: JsonObject | None = None) -> mcp.CallToolResult:
    return mcp.CallToolResult(content=[mcp.TextContent(text=text)], structured_content=problem, is_error=True)


class _Untitled(GenerateJsonSchema):
    """Without titles, which would only say the names of fields once more."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False


_SCHEMAS = {name: tool.arguments.model_json_schema(schema_generator=_Untitled) for name, tool in TOOLS.items()}

_SERVER = Server[Any](
    "agentmesh",
    title="AgentMesh",
    version=version("agentmesh-dagster"),
    instructions=_INSTRUCTIONS,
    on_list_tools=_list_tools,
    on_call_tool=_call_tool,
    get_tool_input_schema=_SCHEMAS.get,
)
