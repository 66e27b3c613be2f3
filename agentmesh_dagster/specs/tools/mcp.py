"""The functions of an MCP server."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pydantic import Field

from agentmesh_dagster.entities.models import Entity, ToolConfig
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.specs.declared_names import check_declared
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.form import form
from agentmesh_dagster.specs.tool_spec import ToolSpec


class McpConfig(Entity):
    server: str = Field(
        title="Server",
        description="A name that agentmesh.toml declares.",
        json_schema_extra=form(control="mcp_server"),
    )
    include: list[str] | None = Field(
        default=None,
        title="Only these functions",
        description="Their names, * for any part of one; all of the server's unless given. With one name the tool is"
        " that function, and its input the arguments; else the input is {function, arguments}.",
        examples=[["search_*"]],
    )
    exclude: list[str] | None = Field(
        default=None, title="Not these functions", description="Names as above, which are left out."
    )


def is_included(config: ToolConfig, function: str) -> bool:
    """Whether a function of the server is one of the tool's."""
    includes = config.include is None or any(fnmatchcase(function, name) for name in config.include)
    return includes and not any(fnmatchcase(function, name) for name in config.exclude or ())


def find_single(config: ToolConfig) -> str | None:
    """The one function that the tool is; None for one that may have several."""
    names = config.include or []
    return names[0] if len(names) == 1 and not set("*?[") & set(names[0]) else None


def _list_issues(config: ToolConfig) -> Iterator[FieldIssue]:
    yield from check_declared(config.server, get_settings().declared.mcp, "server", "MCP server")


SPEC = ToolSpec(
    type="mcp",
    label="MCP",
    purpose="Calls functions of an MCP server.",
    config=McpConfig,
    summary=("server",),
    list_issues=_list_issues,
)
