"""Human approval, a gate: a person is asked, and the answer says how it goes on."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from agentmesh_dagster.entities.assets import AssetCheck
from agentmesh_dagster.entities.bounds import DeadlineSeconds
from agentmesh_dagster.entities.models import Entity, JsonObject
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.form import Section, form
from agentmesh_dagster.specs.made_shapes import unite
from agentmesh_dagster.specs.node_config import WorkConfig, Written
from agentmesh_dagster.specs.node_spec import EdgeWords, NodeFacts, NodeSpec, Ports
from agentmesh_dagster.specs.shapes import SchemaShape, Shape, describe

APPROVED = "approved"

# The answer of a gate that has no `schema`. Other fields may stand beside these.
IMPLIED_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {APPROVED: {"type": "boolean"}, "comment": {"type": "string"}, "payload": {}},
    "required": [APPROVED],
}
# No more than its fields: a gate whose edges ask for other things takes those, also an answer that is no object.
_ANSWERED: JsonObject = {"properties": IMPLIED_SCHEMA["properties"]}
_USUAL_ANSWER = SchemaShape(_ANSWERED, _ANSWERED, "the answer of a gate without a schema", is_usual=True)
_OF_DEADLINE: JsonObject = {
    "type": "object",
    "properties": {APPROVED: {"type": "boolean"}, "comment": {"type": "string"}},
    "required": [APPROVED],
    "additionalProperties": False,
}
_DEADLINE_ANSWER = SchemaShape(_OF_DEADLINE, _OF_DEADLINE, "the answer of a deadline")


_TIME_AND_NOTICE = Section("Deadline and notification", unset="No deadline")


class Notify(Entity):
    url: str = Field(title="Webhook", description="Its address.", examples=["https://chat.example.com/hook"])


class GateConfig(WorkConfig):
    instructions: Annotated[str, Written.TEMPLATE] = Field(
        default="",
        title="Instructions",
        description="What the person is asked, in Markdown.",
        examples=["What is to be decided, and by what?"],
        json_schema_extra=form(control="markdown", rows=4),
    )
    assignees: Annotated[list[str], Written.TEMPLATE] = Field(
        default_factory=list[str],
        title="Assigned to",
        description="Who is asked: names of people or of teams; none is anyone who may answer.",
        json_schema_extra=form(unset="Anyone who may answer"),
    )
    payload: Annotated[Any, Written.TEMPLATE] = Field(
        default=None,
        title="Payload",
        description="What the person sees and may edit.",
        json_schema_extra=form(unset="Nothing"),
    )
    answer_schema: Annotated[JsonObject | None, Written.SCHEMA] = Field(
        default=None,
        alias="schema",
        title="Answer schema",
        description=f"Of the answer; without any: {', '.join(IMPLIED_SCHEMA['properties'])}.",
    )
    deadline_seconds: DeadlineSeconds | None = Field(
        default=None,
        title="Deadline after",
        description="How long the gate stays open.",
        json_schema_extra=form(control="duration", section=_TIME_AND_NOTICE),
    )
    on_deadline: Literal["fail", "approve", "reject"] = Field(
        default="fail",
        title="On deadline",
        description="What happens when nobody has answered by then.",
        json_schema_extra=form(
            choices={"fail": "Fail the run", "approve": "Approve", "reject": "Reject"},
            section=_TIME_AND_NOTICE,
            only_with=("deadlineSeconds", ()),
        ),
    )
    on_arm_failure: Literal["wait", "cancel"] = Field(
        default="wait",
        title="If another step fails",
        description="The run can then only fail: the gate stays open all the same, or is canceled.",
        json_schema_extra=form(choices={"wait": "Stay open", "cancel": "Cancel the gate"}, section=_TIME_AND_NOTICE),
    )
    notify: Annotated[Notify | None, Written.TEMPLATE] = Field(
        default=None,
        title="Webhook",
        description="Called when the gate opens, with a link to it.",
        json_schema_extra=form(section=_TIME_AND_NOTICE),
    )


class CheckedConfig(GateConfig):
    """Of a gate that opens only if a check of the workflow's asset fails: documents have none such."""

    checks: list[AssetCheck]


def _read_output(facts: NodeFacts) -> Shape | None:
    config = facts.config
    if isinstance(config, GateConfig) and config.answer_schema is None:
        return _USUAL_ANSWER  # a deadline's too
    if not isinstance(config, GateConfig):
        return None
    answer = describe(config.answer_schema, f"the schema of {quote(facts.title)}")
    # What a deadline answers need not fit the schema.
    return answer if config.on_deadline == "fail" else unite((answer, _DEADLINE_ANSWER))


def _describe(facts: NodeFacts) -> str:
    if isinstance(facts.config, CheckedConfig):
        return f"A person is asked if a check fails: {join_names([check.name for check in facts.config.checks])}."
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
    asks=True,
    ports=lambda _: Ports.CHOICE_IF_ASKED,
    may_choose=True,
    edge_words={
        None: EdgeWords(
            "An edge without a condition is the default: taken when no other is.",
            plain_hint="A rejection ends the run as failed, unless conditions say where to go on.",
            example=f"context.last_output.{APPROVED}",
        )
    },
    summary_field="assignees",
    tone="wait",
    output=_read_output,
    describe=_describe,
    list_issues=_list_issues,
)
