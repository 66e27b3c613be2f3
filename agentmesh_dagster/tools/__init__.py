"""Tools of agents and of tool nodes: http calls, registered functions, builtins; one way to call them all."""

from agentmesh_dagster.tools.builtin_tools import Builtin, list_builtins, lookup_builtin
from agentmesh_dagster.tools.call import call_tool, describe_tool, expand_tool, pin_tool
from agentmesh_dagster.tools.description import ToolDescription
from agentmesh_dagster.tools.errors import ToolError
from agentmesh_dagster.tools.functions import ToolFunction, list_functions, lookup_function, tool
from agentmesh_dagster.tools.mcp_session import Sessions
from agentmesh_dagster.tools.request import ToolRequest

__all__ = [
    "Builtin",
    "Sessions",
    "ToolDescription",
    "ToolError",
    "ToolFunction",
    "ToolRequest",
    "call_tool",
    "describe_tool",
    "expand_tool",
    "list_builtins",
    "list_functions",
    "lookup_builtin",
    "lookup_function",
    "pin_tool",
    "tool",
]
