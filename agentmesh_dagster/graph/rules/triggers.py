"""Rules about what starts a workflow by itself."""

import difflib
import zoneinfo
from collections.abc import Iterator, Sequence
from functools import cache

from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema, fit_input
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import CronTrigger, EventTrigger, RunStatus, RunTrigger, Trigger, Workflow
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.graph.cron import list_cron_faults
from agentmesh_dagster.graph.expressions import ExpressionFault, Reference, parse_expression
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.graph.templates import TemplateFault, list_template_faults, parse_template

_LONGEST_TIMEZONE = 60  # characters, of those that a name may be meant for
_ENDS = tuple(status.value for status in RunStatus if status.is_end)


def cron_triggers_say_when(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """`cron` is a cron expression, and `timezone` the name of a time zone."""
    for path, trigger in _list_triggers(graph):
        if not isinstance(trigger, CronTrigger):
            continue
        for fault in list_cron_faults(trigger.cron):
            yield Issue("bad-cron", fault, path=f"{path}.cron")
        if trigger.timezone not in _list_timezones().values():
            message = f"There is no time zone {quote(trigger.timezone)}: {_guess_timezone(trigger.timezone)}"
            yield Issue("bad-timezone", message, path=f"{path}.timezone")


@cache
def _list_timezones() -> dict[str, str]:
    """Their names, by what they are in small letters."""
    return {name.lower(): name for name in sorted(zoneinfo.available_timezones())}


def _guess_timezone(name: str) -> str:
    nearest = difflib.get_close_matches(name[:_LONGEST_TIMEZONE].lower(), _list_timezones(), n=1)
    return f"did you mean {quote(_list_timezones()[nearest[0]])}?" if nearest else "write it as in `Europe/Berlin`."


def event_triggers_can_be_posted_to(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """The name of an event can stand in the address that it is posted to."""
    for path, trigger in _list_triggers(graph):
        if isinstance(trigger, EventTrigger) and ("/" in trigger.name or trigger.name in (".", "..")):
            message = f"The event {quote(trigger.name)} cannot stand in an address: name it as in `order.paid`."
            yield Issue("bad-event-name", message, path=f"{path}.name")


def run_triggers_name_a_workflow_and_its_end(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """A run trigger names another workflow that exists, and an end that a run can have."""
    for path, trigger in _list_triggers(graph):
        if not isinstance(trigger, RunTrigger):
            continue
        if not trigger.status.is_end:
            message = f"A run that is {trigger.status.value} has not ended: use {join_names(_ENDS, 'or')}."
            yield Issue("bad-trigger-status", message, path=f"{path}.status")
        known = lookup.workflows
        if known is not None and trigger.workflow not in known and trigger.workflow != graph.workflow.id:
            message = with_hint(f"There is no workflow {quote(trigger.workflow)}", trigger.workflow, known)
            yield Issue("unknown-workflow", message, path=f"{path}.workflow")


def workflows_do_not_start_themselves(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """No workflow waits for its own end, be it through others."""
    for path, trigger in _list_triggers(graph):
        if not isinstance(trigger, RunTrigger):
            continue
        ring = _find_ring(graph.workflow, trigger.workflow, lookup)
        if ring is None:
            continue
        through = f" through {join_names(ring)}" if ring else ""
        message = f"The workflow would start itself again and again{through}: remove one of the triggers."
        yield Issue("trigger-ring", message, path=f"{path}.workflow")


def _find_ring(workflow: Workflow, first: str, lookup: Lookup) -> list[str] | None:
    """The workflows between `first`, that included, and the one that has the trigger; None where there is no ring."""
    ways: dict[str, list[str]] = {first: [] if first == workflow.id else [first]}
    waiting = [first]
    for current in waiting:  # grows while it is walked
        if current == workflow.id:
            return ways[current]
        known = (lookup.workflows or {}).get(current)
        for trigger in known.triggers if known else ():
            if isinstance(trigger, RunTrigger) and trigger.workflow not in ways:
                beyond = [] if trigger.workflow == workflow.id else [trigger.workflow]
                ways[trigger.workflow] = ways[current] + beyond
                waiting.append(trigger.workflow)
    return None


def triggers_look_at_the_event(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Conditions and inputs of triggers parse, and look only at `context.event`."""
    for path, trigger in _list_triggers(graph):
        if isinstance(trigger, EventTrigger) and trigger.condition:
            try:
                references = parse_expression(trigger.condition).references
            except ExpressionFault as fault:
                yield Issue("bad-expression", str(fault), path=f"{path}.condition")
            else:
                yield from _check_references(references, f"{path}.condition")
        if faults := list_template_faults(trigger.input):
            for fault in faults:
                yield Issue("bad-template", _describe_fault(fault), path=f"{path}.input{fault.path}")
        else:
            for reference in parse_template(trigger.input).references:
                yield from _check_references([reference], f"{path}.input{reference.place}")


def _describe_fault(fault: TemplateFault) -> str:
    return f"{fault.reason} (column {fault.column})" if fault.column else fault.reason


def _check_references(references: Sequence[Reference], path: str) -> Iterator[Issue]:
    for reference in references:
        if reference.path[:1] != ("event",):
            message = f"Before a run there is only `context.event`: use that (column {reference.column})."
            yield Issue("unknown-context-field", message, path=path)


def fixed_inputs_of_triggers_fit(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """The input that a trigger always gives fits the workflow's inputSchema."""
    schema = graph.workflow.input_schema
    if schema is None:
        return
    for path, trigger in _list_triggers(graph):
        is_missing = trigger.input is None
        if is_missing and not isinstance(trigger, CronTrigger):
            continue  # it is given what comes
        given: JsonValue = {} if is_missing else trigger.input
        if list_template_faults(given) or not parse_template(given).is_constant:
            continue
        try:
            faults = JsonSchema(schema).list_faults(fit_input(schema, parse_template(given).render({})))
        except (InvalidSchema, TemplateFault):
            continue  # told by other rules, or it has no value, as the tick will say
        for fault in faults:
            message = f"The input does not fit the workflow's inputSchema: {fault.message}."
            if is_missing:
                message = f"Without `input` the run gets {{}}, which does not fit its inputSchema: {fault.message}."
            place = path if is_missing else f"{path}.input{fault.path[1:]}"
            yield Issue("trigger-input-mismatch", message, path=place)


def _list_triggers(graph: Graph) -> Iterator[tuple[str, Trigger]]:
    for position, trigger in enumerate(graph.workflow.triggers):
        yield f"$.triggers[{position}]", trigger
