"""Cron: the workflow is started at certain times."""

import difflib
import zoneinfo
from collections.abc import Iterator
from functools import cache

from agentmesh_dagster.entities.models import CronTrigger
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.specs.cron import list_cron_faults
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.trigger_spec import MAX_CATCH_UP, Schedule, TriggerSpec

_LONGEST_TIMEZONE = 60  # characters, of those that a name may be meant for


def _list_issues(trigger: CronTrigger) -> Iterator[FieldIssue]:
    """`cron` is a cron expression, and `timezone` the name of a time zone."""
    for fault in list_cron_faults(trigger.cron):
        yield FieldIssue("bad-cron", "cron", fault)
    if trigger.timezone not in _list_timezones().values():
        message = f"There is no time zone {quote(trigger.timezone)}: {_guess_timezone(trigger.timezone)}"
        yield FieldIssue("bad-timezone", "timezone", message)
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


@cache
def _list_timezones() -> dict[str, str]:
    """Their names, by what they are in small letters."""
    return {name.lower(): name for name in sorted(zoneinfo.available_timezones())}


def _guess_timezone(name: str) -> str:
    nearest = difflib.get_close_matches(name[:_LONGEST_TIMEZONE].lower(), _list_timezones(), n=1)
    return f"did you mean {quote(_list_timezones()[nearest[0]])}?" if nearest else "write it as in `Europe/Berlin`."


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
