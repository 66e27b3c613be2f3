"""Event: the workflow is started by what is posted under a name."""

from collections.abc import Iterator
from urllib.parse import quote as quote_address

from agentmesh_dagster.entities.models import EventTrigger
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.trigger_spec import Arrival, TriggerSpec


def _list_issues(trigger: EventTrigger) -> Iterator[FieldIssue]:
    """The name of an event can stand in the address that it is posted to, and there is one way to gather events."""
    if "/" in trigger.name or trigger.name in (".", ".."):
        message = f"The event {quote(trigger.name)} cannot stand in an address: name it as in `order.paid`."
        yield FieldIssue("bad-event-name", "name", message)
    if trigger.batch is not None and trigger.debounce_seconds is not None:
        message = "`debounceSeconds` keeps the last event, and `batch` all of them: take one of the two."
        yield FieldIssue("debounce-and-batch", "debounceSeconds", message)


def _describe(trigger: EventTrigger) -> str:
    condition = f", if {trigger.condition}" if trigger.condition else ""
    return f"when something is posted to /api/events/{quote_address(trigger.name, safe='')}{condition}"


SPEC = TriggerSpec(
    model=EventTrigger,
    type="event",
    label="Event",
    purpose="Starts when something is posted under a name.",
    first={"type": "event", "name": "", "enabled": True},
    unset="The posted body",
    when=lambda trigger: Arrival(trigger.name, debounce_seconds=trigger.debounce_seconds, batch=trigger.batch),
    describe=_describe,
    name=lambda trigger: ("on", trigger.name),
    event={"": "the posted body"},
    condition=lambda trigger: trigger.condition,
    list_issues=_list_issues,
)
