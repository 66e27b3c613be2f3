"""Workflow: another workflow is run, and what it gives goes on."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from agentmesh_dagster.entities.bounds import MaxChildren
from agentmesh_dagster.entities.text import escape_markdown
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.form import form
from agentmesh_dagster.specs.node_config import SpendingConfig, Written
from agentmesh_dagster.specs.node_spec import NodeFacts, NodeSpec


class WorkflowNodeConfig(SpendingConfig):
    input: Annotated[Any, Written.TEMPLATE] = Field(
        default=None,
        title="Input",
        description="What the other workflow gets; the node's input unless given.",
        json_schema_extra=form(control="named_input", unset="The node's input"),
    )
    mode: Literal["inline", "run"] = Field(
        default="inline",
        title="Mode",
        description="Whether the other workflow's steps are part of this run, or of a run of their own.",
        json_schema_extra=form(choices={"inline": "Inline", "run": "Run of its own"}),
    )
    concurrency: MaxChildren | None = Field(
        default=None,
        title="Concurrency",
        description="Inside of what is done for each item: how many of these runs go on at once; all unless given.",
        json_schema_extra=form(unset="No limit", only_with=("mode", ("run",))),
    )

    @property
    def is_run(self) -> bool:
        """Whether the other workflow gets a run of its own."""
        return self.mode == "run"


_ON_STEPS = "Set it on the other workflow's nodes"
_REMEDIES: Mapping[str, Mapping[str, str]] = {  # by mode: what has no effect, and what to do instead
    "inline": {
        "retry": f"{_ON_STEPS}.",
        "timeout_seconds": f"{_ON_STEPS}, or mode: run.",
        "pool": f"{_ON_STEPS}.",
        "concurrency": "Set mode: run.",
    },
    "run": {
        "retry": f"{_ON_STEPS}: a run that failed goes on when this one is retried.",
        "pool": f"{_ON_STEPS}, or `concurrency` here.",
    },
}


def _list_issues(facts: NodeFacts) -> Iterator[FieldIssue]:
    config = facts.config
    if not isinstance(config, WorkflowNodeConfig):
        return
    for name, remedy in _REMEDIES[config.mode].items():
        if name in config.model_fields_set and getattr(config, name) is not None:
            field = WorkflowNodeConfig.model_fields[name].alias or name
            message = f"`{field}` has no effect with mode: {config.mode}. {remedy}"
            yield FieldIssue("setting-without-effect", field, message)


def _describe(facts: NodeFacts) -> str:
    if facts.workflow is None:
        return ""
    about = f"Workflow **{escape_markdown(facts.workflow.name)}**."
    return f"{about} {facts.workflow.description}" if facts.workflow.description else about


SPEC = NodeSpec(
    type="workflow",
    label="Workflow",
    purpose="Runs another workflow.",
    icon="workflow",
    stem="workflow",
    kind="workflow",
    config=WorkflowNodeConfig,
    names="workflow",
    waits_if="is_run",
    inlines=lambda config: isinstance(config, WorkflowNodeConfig) and not config.is_run,
    tone="accent",
    output=lambda facts: facts.find_result(),
    describe=_describe,
    list_issues=_list_issues,
)
