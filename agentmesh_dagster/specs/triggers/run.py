"""Run: the workflow is started by the end of a run of another one."""

from collections.abc import Iterator

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import RunStatus, RunTrigger
from agentmesh_dagster.entities.text import join_names
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.trigger_spec import Arrival, TriggerSpec

_ENDS = tuple(status.value for status in RunStatus if status.is_end)
_HAS_ENDED = {RunStatus.SUCCEEDED: "succeeded", RunStatus.FAILED: "failed", RunStatus.CANCELED: "been canceled"}


def _list_issues(trigger: RunTrigger) -> Iterator[FieldIssue]:
    """The status is an end that a run can have."""
    if not trigger.status.is_end:
        message = f"A run that is {trigger.status.value} has not ended: use {join_names(_ENDS, 'or')}."
        yield FieldIssue("bad-trigger-status", "status", message)


def _choose_input(trigger: RunTrigger, event: JsonValue) -> JsonValue:
    return as_object(event)["output"] if trigger.status is RunStatus.SUCCEEDED else event


SPEC = TriggerSpec(
    model=RunTrigger,
    type="run",
    label="Run of another workflow",
    purpose="Starts when a run of another workflow has ended.",
    first={"type": "run", "workflow": "", "status": "succeeded", "enabled": True},
    unset="The output of that run",
    when=lambda trigger: Arrival(trigger.workflow, trigger.status.value),
    describe=lambda trigger: f"when a run of the workflow {trigger.workflow} has {_HAS_ENDED[trigger.status]}",
    name=lambda trigger: ("after", trigger.workflow, trigger.status.value),
    event={
        ".output": "what the run gave",
        ".input": "what the run was given",
        ".status": "text · succeeded, failed or canceled",
        ".error": "text · why it failed",
        ".runId": "text",
        ".workflowId": "text",
        ".workflowName": "text",
    },
    choose_input=_choose_input,
    follows=lambda trigger: trigger.workflow,
    list_issues=_list_issues,
)
