"""Triggers: what starts a workflow by itself, read once, with what they look up in `context.event`."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Trigger
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.expressions import Expression, ExpressionFault, parse_expression
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.graph.templates import Template, TemplateFault, parse_template
from agentmesh_dagster.specs import TRIGGER_SPECS
from agentmesh_dagster.specs.trigger_spec import Arrival, Schedule, TriggerSpec


class TriggerFault(AgentMeshError):
    """No run can be started for this."""


@dataclass(frozen=True)
class GraphTrigger:
    """A trigger with its condition and its input parsed."""

    key: str  # says what it waits for, so that it stays the same while other triggers come and go
    name: str  # for Dagster, behind the job's name; unique in the workflow, without `__`
    definition: Trigger
    condition: Expression | None  # None: every event starts a run
    input: Template | None  # None: what its type says

    @property
    def spec(self) -> TriggerSpec[Any]:
        """What its type says of itself."""
        return TRIGGER_SPECS[self.definition.type]

    @property
    def when(self) -> Schedule | Arrival:
        """What starts it."""
        return self.spec.when(self.definition)

    def is_met_by(self, event: JsonValue) -> bool:
        """Whether the event starts a run. Raises TriggerFault."""
        try:
            return self.condition is None or self.condition.evaluate_condition({"event": event})
        except ExpressionFault as fault:
            raise TriggerFault(f"its condition: {fault}") from fault

    def build_input(self, event: JsonValue) -> JsonValue:
        """The input of the run that the event starts. Raises TriggerFault."""
        try:
            if self.input is None:
                return self.spec.choose_input(self.definition, event)
            return self.input.render({"event": event})
        except TemplateFault as fault:
            raise TriggerFault(f"its input: {fault}") from fault


def read_triggers(triggers: Sequence[Trigger]) -> list[GraphTrigger]:
    """The triggers of a workflow without faults, in the document's order. Raises ExpressionFault, TemplateFault."""
    named = zip(triggers, key_triggers(triggers), name_triggers(triggers), strict=True)
    return [_read_trigger(trigger, key, name) for trigger, key, name in named]


def _read_trigger(trigger: Trigger, key: str, name: str) -> GraphTrigger:
    condition = TRIGGER_SPECS[trigger.type].condition(trigger)
    return GraphTrigger(
        key,
        name,
        trigger,
        parse_expression(condition) if condition else None,
        None if trigger.input is None else parse_template(trigger.input),
    )


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
    when = TRIGGER_SPECS[trigger.type].when(trigger)
    if isinstance(when, Schedule):
        return (trigger.type,)  # its times may change
    return (trigger.type, *((when.status,) if when.status else ()), when.source)


def name_triggers(triggers: Sequence[Trigger]) -> list[str]:
    """A Dagster-safe name for each trigger, such as `cron`, `cron_2`, `on_order_paid`, `after_nightly_failed`.

    No name has `__` in it. So no two of all `<job>__<name>` are equal: what stands before the last `__` is the job.
    """
    names: list[str] = []
    for trigger in triggers:
        parts = TRIGGER_SPECS[trigger.type].name(trigger)
        plain = re.sub("_+", "_", "_".join(map(safe_name, parts))).strip("_")
        names.append(safe_name(plain, names))
    return names


def find_followed(trigger: Trigger) -> str | None:
    """The id of the workflow whose runs the trigger waits for; None where it waits for something else."""
    return TRIGGER_SPECS[trigger.type].follows(trigger)
