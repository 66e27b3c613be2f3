"""Tool: something is called, and what it gives goes on."""

from typing import Annotated, Any

from pydantic import Field

from agentmesh_dagster.entities.text import escape_markdown, quote
from agentmesh_dagster.specs.form import form
from agentmesh_dagster.specs.node_config import WorkConfig, Written
from agentmesh_dagster.specs.node_spec import NodeFacts, NodeSpec
from agentmesh_dagster.specs.shapes import Shape, describe


class ToolNodeConfig(WorkConfig):
    input: Annotated[Any, Written.TEMPLATE] = Field(
        default=None,
        title="Input",
        description="What the tool gets; the node's input unless given.",
        json_schema_extra=form(control="named_input", unset="The node's input"),
    )


def _read_output(facts: NodeFacts) -> Shape | None:
    tool = facts.tool
    return describe(tool.output_schema, f"the outputSchema of the tool {quote(tool.name)}") if tool else None


def _describe(facts: NodeFacts) -> str:
    if facts.tool is None:
        return ""
    about = f"Tool **{escape_markdown(facts.tool.name)}** ({facts.tool.type})."
    return f"{about} {facts.tool.description}" if facts.tool.description else about


SPEC = NodeSpec(
    type="tool",
    label="Tool",
    purpose="Calls an address, a function or a built-in tool.",
    icon="tool",
    stem="tool",
    kind="python",
    config=ToolNodeConfig,
    names="tool",
    tone="busy",
    output=_read_output,
    describe=_describe,
)
