"""Human approval, a gate: a person is asked, and the answer says how it goes on."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from agentmesh_dagster.entities.bounds import DeadlineSeconds
from agentmesh_dagster.entities.models import Entity, JsonObject
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.node_config import NodeConfig, Written
from agentmesh_dagster.specs.node_spec import NodeFacts, NodeSpec, Ports
from agentmesh_dagster.specs.shapes import Shape, describe

APPROVED = "approved"

# The answer of a gate that has no `schema`. Other fields may stand beside these.
IMPLIED_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {APPROVED: {"type": "boolean"}, "comment": {"type": "string"}, "payload": {}},
    "required": [APPROVED],
}
# No more than its fields: a gate whose edges ask for other things takes those, also an answer that is no object.
_ANSWERED: JsonObject = {"properties": IMPLIED_SCHEMA["properties"]}
_USUAL_ANSWER = Shape(_ANSWERED, _ANSWERED, "the answer of a gate without a schema", is_usual=True)


class Notify(Entity):
    url: str = Field(description="The webhook's address. May hold {{ expressions }}.")


class GateConfig(NodeConfig):
    instructions: Annotated[str, Written.TEMPLATE] = Field(default="", description="What the person is asked.")
    payload: Annotated[Any, Written.TEMPLATE] = Field(default=None, description="What the person sees and may edit.")
    answer_schema: Annotated[JsonObject | None, Written.SCHEMA] = Field(
        default=None, alias="schema", description="Of the answer."
    )
    assignees: Annotated[list[str], Written.TEMPLATE] = Field(default_factory=list[str], description="Who is asked.")
    deadline_seconds: DeadlineSeconds | None = Field(
        default=None, description="How long the gate stays open; without it, for ever."
    )
    on_deadline: Literal["fail", "approve", "reject"] = Field(default="fail", description="What happens then.")
    on_arm_failure: Literal["wait", "cancel"] = Field(
        default="wait",
        description="What happens when another step fails, so that the run can only fail: cancel closes the gate.",
    )
    notify: Annotated[Notify | None, Written.TEMPLATE] = Field(
        default=None, description="A webhook that is called when the gate opens."
    )


def _read_output(facts: NodeFacts) -> Shape | None:
    config = facts.config
    if isinstance(config, GateConfig) and config.answer_schema is None:
        return _USUAL_ANSWER  # a deadline's too
    if not isinstance(config, GateConfig) or config.on_deadline != "fail":
        return None  # what a deadline answers need not fit the schema
    return describe(config.answer_schema, f"the schema of {quote(facts.title)}")


def _describe(facts: NodeFacts) -> str:
    instructions = facts.config.instructions if isinstance(facts.config, GateConfig) else ""
    return f"A person is asked: {instructions}" if instructions else "A person is asked."


def _list_issues(facts: NodeFacts) -> Iterator[FieldIssue]:
    config = facts.config
    if not isinstance(config, GateConfig):
        return
    if "on_deadline" in config.model_fields_set and config.deadline_seconds is None:
        message = f"`onDeadline` of {quote(facts.title)} never happens: set `deadlineSeconds` too, or remove it."
        yield FieldIssue("setting-without-effect", "onDeadline", message, is_warning=True)
    url = config.notify.url if config.notify else None
    if url is not None and not url.startswith(("http://", "https://", "{{")):
        message = "`notify.url` must be a web address: begin it with https:// or http://."
        yield FieldIssue("bad-notify-url", "notify.url", message)


SPEC = NodeSpec(
    type="human_approval",
    label="Approval",
    purpose="Waits for a person to answer.",
    icon="person",
    stem="approval",
    kind="human",
    config=GateConfig,
    waits=True,
    ports=lambda _: Ports.CHOICE_IF_ASKED,
    may_choose=True,
    output=_read_output,
    describe=_describe,
    list_issues=_list_issues,
)
