"""Tool nodes: something is called, and what it gives goes on."""

from agentmesh_dagster.graph.read import is_set
from agentmesh_dagster.runtime.tool_use import ToolUse, use_tool
from agentmesh_dagster.runtime.work import Result, Work
from agentmesh_dagster.specs.nodes.tool import ToolNodeConfig


def run(work: Work) -> Result:
    """Calls the node's tool with `config.input`, else with the node's input."""
    tool = work.plan.tools[work.node.tool_id or ""]
    assert isinstance(work.node.config, ToolNodeConfig)
    tool_input = work.render("input") if is_set(work.node.config, "input") else work.input
    return Result(use_tool(work, ToolUse(tool, tool_input, work.idempotency_key)), notes={"tool": tool.name})
