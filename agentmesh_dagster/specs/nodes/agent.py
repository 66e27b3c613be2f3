"""Agent: a model is asked, and may call tools before it answers."""

from typing import Annotated, Literal

from pydantic import Field

from agentmesh_dagster.entities.bounds import MaxTokens, MaxToolRounds, Temperature
from agentmesh_dagster.entities.model_options import ConnectionName, ModelOptions
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.entities.text import escape_markdown, quote
from agentmesh_dagster.specs.form import Section, form
from agentmesh_dagster.specs.made_shapes import Extended, Fields
from agentmesh_dagster.specs.node_config import SpendingConfig, Written
from agentmesh_dagster.specs.node_spec import NodeFacts, NodeSpec
from agentmesh_dagster.specs.shapes import SchemaShape, Shape

VALUE = "value"  # the field of the output under which a reply stands that is no object
_RAW: JsonObject = {
    "type": "object",
    "properties": {
        "id": {},
        "model": {},
        "usage": {"type": "object"},
        "stopReason": {},
        "toolCalls": {"type": "array", "items": {"type": "object"}},
    },
}
# What stands beside the reply's own fields.
_BESIDE: JsonObject = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "raw": _RAW},
    "required": ["text", "raw"],
}
_OVERRIDES = Section("Overrides", unset="inherited from agent")


class AgentConfig(SpendingConfig):
    prompt: Annotated[str | None, Written.TEMPLATE] = Field(
        default=None,
        title="Prompt",
        description="What the agent is asked; the node's input unless given.",
        json_schema_extra=form(rows=4, unset="The node's input"),
    )
    output_schema: Annotated[JsonObject | None, Written.SCHEMA] = Field(
        default=None,
        title="Output schema",
        description="The reply is asked for, and checked, as JSON that fits; without any the model answers as text.",
    )
    # The next six take the place of what the agent says.
    system_prompt: Annotated[str | None, Written.TEMPLATE] = Field(
        default=None,
        title="System prompt",
        description="Instead of the agent's own.",
        json_schema_extra=form(rows=3, section=_OVERRIDES, is_inherited=True),
    )
    model_name: Annotated[str | None, Written.TEMPLATE] = Field(
        default=None,
        title="Model",
        description="Instead of the agent's own.",
        json_schema_extra=form(section=_OVERRIDES, is_inherited=True),
    )
    connection: ConnectionName | None = Field(
        default=None,
        title="Connection",
        description="To models, as the operator has declared it in agentmesh.toml; instead of the agent's own.",
        json_schema_extra=form(section=_OVERRIDES, is_inherited=True),
    )
    options: ModelOptions | None = Field(
        default=None,
        title="Options",
        description="Of the model call, such as reasoningEffort; each comes before the agent's own.",
        json_schema_extra=form(section=_OVERRIDES),
    )
    temperature: Temperature | None = Field(
        default=None,
        title="Temperature",
        description="Instead of the agent's own.",
        json_schema_extra=form(section=_OVERRIDES, is_inherited=True),
    )
    max_tokens: MaxTokens | None = Field(
        default=None, title="Max tokens", description="Longest reply.", json_schema_extra=form(section=_OVERRIDES)
    )
    max_tool_rounds: MaxToolRounds = Field(
        default=8,
        title="Max tool rounds",
        description="How often the model may call tools before it must answer.",
        json_schema_extra=form(section=_OVERRIDES),
    )
    on_too_many_rounds: Literal["fail", "answer"] = Field(
        default="fail",
        title="After the last round",
        description="What happens when the model has used up its tool rounds: the step fails, or it is asked once more "
        "for an answer, without tools.",
        json_schema_extra=form(choices={"fail": "Fail", "answer": "Answer without tools"}, section=_OVERRIDES),
    )


def _read_output(facts: NodeFacts) -> Shape | None:
    """The reply's own fields stand beside `text` and `raw`, or it under `value`; without a schema any may."""
    schema = facts.config.output_schema if isinstance(facts.config, AgentConfig) else None
    owner = f"the outputSchema of {quote(facts.title)}"
    beside = SchemaShape(_BESIDE, _BESIDE, owner)
    if schema is None:
        return beside
    own = SchemaShape(schema, schema, owner)
    if own.kinds is not None and "object" not in own.kinds:
        return Fields({VALUE: own, "text": beside.find_field("text"), "raw": beside.find_field("raw")}, owner)
    fields = {name: beside.find_field(name) for name in ("text", "raw")}
    return Extended(own, {**fields, "text": None} if "text" in own.field_names else fields)


def _describe(facts: NodeFacts) -> str:
    if facts.agent is None:
        return ""
    agent = facts.agent
    about = f"Agent **{escape_markdown(agent.name)}** on `{agent.model_provider}/{agent.model_name}`."
    return f"{about} {agent.description}" if agent.description else about


SPEC = NodeSpec(
    type="agent",
    label="Agent",
    purpose="Asks a model.",
    icon="agent",
    stem="agent",
    kind="agent",
    config=AgentConfig,
    names="agent",
    tone="accent",
    output=_read_output,
    beside=("text", "raw"),
    describe=_describe,
)
