"""Triggers: what starts a workflow by itself, read once, with what they look up in `context.event`."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import CronTrigger, EventTrigger, RunStatus, RunTrigger, Trigger
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.expressions import Expression, ExpressionFault, parse_expression
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.graph.templates import Template, TemplateFault, parse_template


class TriggerFault(AgentMeshError):
    """No run can be started for this."""


@dataclass(frozen=True)
class GraphTrigger:
    """A trigger with its condition and its input parsed."""

    key: str  # says what it waits for, so that it stays the same while other triggers come and go
    name: str  # for Dagster, behind the job's name; unique in the workflow, without `__`
    definition: Trigger
    condition: Expression | None  # None: every event starts a run
    input: Template | None  # None: what `choose_input` says

    def is_met_by(self, event: JsonValue) -> bool:
        """Whether the event starts a run. Raises TriggerFault."""
        try:
            return self.condition is None or self.condition.evaluate_condition({"event": event})
        except ExpressionFault as fault:
            raise TriggerFault(f"its condition: {fault}") from fault

    def build_input(self, event: JsonValue) -> JsonValue:
        """The input of the run that the event starts. Raises TriggerFault."""
        try:
            return choose_input(self.definition, event) if self.input is None else self.input.render({"event": event})
        except TemplateFault as fault:
            raise TriggerFault(f"its input: {fault}") from fault


def choose_input(trigger: Trigger, event: JsonValue) -> JsonValue:
    """The run's input of a trigger without `input`: {} for a cron, the output of the run before, or the event."""
    match trigger:
        case CronTrigger():
            return {}
        case RunTrigger(status=RunStatus.SUCCEEDED):
            return as_object(event)["output"]
        case _:
            return event


def read_triggers(triggers: Sequence[Trigger]) -> list[GraphTrigger]:
    """The triggers of a workflow without faults, in the document's order. Raises ExpressionFault, TemplateFault."""
    return [
        GraphTrigger(
            key,
            name,
            trigger,
            parse_expression(trigger.condition) if isinstance(trigger, EventTrigger) and trigger.condition else None,
            None if trigger.input is None else parse_template(trigger.input),
        )
        for trigger, key, name in zip(triggers, key_triggers(triggers), name_triggers(triggers), strict=True)
    ]


def key_triggers(triggers: Sequence[Trigger]) -> list[str]:
    """A key for each trigger, made from what it waits for; those that wait for the same are numbered."""
    seen: Counter[tuple[str, ...]] = Counter()
    keys: list[str] = []
    for trigger in triggers:
        kind, *source = awaited = _list_awaited(trigger)
        seen[awaited] += 1
        keys.append(":".join((kind, str(seen[awaited]), *source)))
    return keys


def _list_awaited(trigger: Trigger) -> tuple[str, ...]:
    match trigger:
        case CronTrigger():
            return ("cron",)
        case EventTrigger():
            return ("event", trigger.name)
        case RunTrigger():
            return ("run", trigger.status.value, trigger.workflow)


def name_triggers(triggers: Sequence[Trigger]) -> list[str]:
    """A Dagster-safe name for each trigger, such as `cron`, `cron_2`, `on_order_paid`, `after_nightly_failed`.

    No name has `__` in it. So no two of all `<job>__<name>` are equal: what stands before the last `__` is the job.
    """
    names: list[str] = []
    for trigger in triggers:
        plain = re.sub("_+", "_", _say_when(trigger)).strip("_")
        names.append(safe_name(plain, names))
    return names


def _say_when(trigger: Trigger) -> str:
    match trigger:
        case CronTrigger():
            return "cron"
        case EventTrigger():
            return f"on_{safe_name(trigger.name)}"
        case RunTrigger():
            return f"after_{safe_name(trigger.workflow)}_{trigger.status.value}"
