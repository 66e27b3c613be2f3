"""Cron: the workflow is started at certain times."""

from collections.abc import Iterator

from agentmesh_dagster.entities.models import CronTrigger
from agentmesh_dagster.specs.cron import find_timezone_fault, list_cron_faults
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.trigger_spec import MAX_CATCH_UP, Schedule, TriggerSpec


def _list_issues(trigger: CronTrigger) -> Iterator[FieldIssue]:
    """`cron` is a cron expression, and `timezone` the name of a time zone."""
    for fault in list_cron_faults(trigger.cron):
        yield FieldIssue("bad-cron", "cron", fault)
    if fault := find_timezone_fault(trigger.timezone):
        yield FieldIssue("bad-timezone", "timezone", fault)
    if trigger.max_catch_up is not None and trigger.catch_up != "all":
        message = "`maxCatchUp` says how many of the missed times, and only `catchUp: all` makes up for several."
        yield FieldIssue("no-effect", "maxCatchUp", message)


def _read_times(trigger: CronTrigger) -> Schedule:
    return Schedule(
        trigger.cron.strip().lower(),
        trigger.timezone,
        trigger.catch_up or "last",
        trigger.max_catch_up or MAX_CATCH_UP,
        trigger.jitter_seconds or 0.0,
    )


SPEC = TriggerSpec(
    model=CronTrigger,
    type="cron",
    label="Schedule",
    purpose="Starts at certain times.",
    first={"type": "cron", "cron": "0 9 * * 1-5", "timezone": "UTC", "enabled": True},
    unset="An empty object",
    when=_read_times,
    describe=lambda trigger: f"at {trigger.cron} ({trigger.timezone})",
    name=lambda _: ("cron",),
    event={".scheduledAt": "text · when it was due"},
    choose_input=lambda _trigger, _event: {},
    list_issues=_list_issues,
)
