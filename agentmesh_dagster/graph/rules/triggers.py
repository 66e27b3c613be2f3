"""Rules about what starts a workflow by itself."""

from collections.abc import Iterator

from agentmesh_dagster.entities.models import EventTrigger
from agentmesh_dagster.graph.expressions import ExpressionFault, parse_expression
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.rules.lookup import Lookup


def conditions_of_triggers_look_at_the_event(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """The condition of an event trigger parses, and looks only at `context.event`."""
    for position, trigger in enumerate(graph.workflow.triggers):
        if not isinstance(trigger, EventTrigger) or not trigger.condition:
            continue
        path = f"$.triggers[{position}].condition"
        try:
            references = parse_expression(trigger.condition).references
        except ExpressionFault as fault:
            yield Issue("bad-expression", str(fault), path=path)
            continue
        for reference in references:
            if reference.path[:1] != ("event",):
                message = f"Before a run there is only `context.event`: use that (column {reference.column})."
                yield Issue("unknown-context-field", message, path=path)
