"""Rules about what starts a workflow by itself."""

from collections.abc import Iterator, Sequence

from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema, fit_input
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Trigger, Workflow
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.graph.expressions import ExpressionFault, Reference, parse_expression
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.graph.templates import TemplateFault, list_template_faults, parse_template
from agentmesh_dagster.graph.triggers import find_followed
from agentmesh_dagster.specs import TRIGGER_SPECS
from agentmesh_dagster.specs.trigger_spec import Schedule


def triggers_are_what_their_type_wants(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Each trigger's own fields have no faults, as its spec sees them."""
    for path, trigger in _list_triggers(graph):
        for fault in TRIGGER_SPECS[trigger.type].list_issues(trigger):
            severity = Severity.WARNING if fault.is_warning else Severity.ERROR
            yield Issue(fault.code, fault.message, path=f"{path}.{fault.field}", severity=severity)


def triggers_follow_a_workflow_that_exists(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """A trigger that waits for runs of a workflow names one that exists."""
    known = lookup.followed
    for path, trigger in _list_triggers(graph):
        followed = find_followed(trigger)
        if followed and known is not None and followed not in known and followed != graph.workflow.id:
            message = with_hint(f"There is no workflow {quote(followed)}", followed, known)
            yield Issue("unknown-workflow", message, path=f"{path}.workflow")


def workflows_do_not_start_themselves(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """No workflow waits for its own end, be it through others."""
    for path, trigger in _list_triggers(graph):
        followed = find_followed(trigger)
        ring = _find_ring(graph.workflow, followed, lookup) if followed else None
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
        known = (lookup.followed or {}).get(current)
        for trigger in known.triggers if known else ():
            followed = find_followed(trigger)
            if followed and followed not in ways:
                ways[followed] = ways[current] + ([] if followed == workflow.id else [followed])
                waiting.append(followed)
    return None


def triggers_look_at_the_event(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Conditions and inputs of triggers parse, and look only at `context.event`."""
    for path, trigger in _list_triggers(graph):
        if condition := TRIGGER_SPECS[trigger.type].condition(trigger):
            try:
                references = parse_expression(condition).references
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
        spec = TRIGGER_SPECS[trigger.type]
        if is_missing and not isinstance(spec.when(trigger), Schedule):
            continue  # it is given what comes
        given: JsonValue = spec.choose_input(trigger, None) if is_missing else trigger.input
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
